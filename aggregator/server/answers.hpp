// What answers of the API are made of, whoever asked. Internal to api.
#pragma once

#include <boost/json/value.hpp>
#include <charconv>
#include <optional>
#include <string_view>

#include "http/message.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

inline constexpr const char* kJsonType = "application/json";

HttpResponse json_response(const boost::json::value& value);
/// 404 NOT_FOUND.
HttpResponse not_found(std::string_view what);
/// As the configuration names it; "prio3" for what no configuration asks for.
const char* vdaf_name(VdafId id);

/// Absent for anything but digits (and a sign where the type has one), and beyond the type's range.
template <class Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace sotto
