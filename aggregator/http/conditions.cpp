#include "http/conditions.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace sotto {
namespace {

// Takes one quoted tag off the front of `rest`; tags may hold commas, so quotes decide.
std::optional<std::string_view> next_etag(std::string_view& rest) {
  rest = trim(rest);
  if (rest.starts_with("W/")) rest.remove_prefix(2);
  if (!rest.starts_with('"')) return std::nullopt;
  const size_t end = rest.find('"', 1);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view tag = rest.substr(1, end - 1);
  rest = trim(rest.substr(end + 1));
  return tag;
}

// Weights (12.4.2) have three decimals at most: "0", "0.", "0.0", ... "0.000" forbid.
bool forbids(std::string_view weight) {
  if (!weight.starts_with('0')) return false;
  return std::all_of(weight.begin(), weight.end(), [](char c) { return c == '0' || c == '.'; });
}

}  // namespace

bool etag_listed(std::string_view list, std::string_view etag) {
  list = trim(list);
  if (list == "*") return true;
  while (!list.empty()) {
    if (list.front() == ',') {
      list = trim(list.substr(1));
      continue;
    }
    const auto tag = next_etag(list);
    if (!tag) return false;
    if (*tag == etag) return true;
    if (!list.empty() && list.front() != ',') return false;
  }
  return false;
}

bool range_applies(std::string_view if_range, std::string_view etag) {
  if_range = trim(if_range);
  return if_range.size() == etag.size() + 2 && if_range.front() == '"' && if_range.back() == '"' &&
         if_range.substr(1, etag.size()) == etag;
}

std::variant<WholeResource, ByteRange, UnsatisfiableRange> parse_range(std::string_view range,
                                                                       uint64_t size) {
  const std::string_view unit = next_part(range, '=');
  if (!equal_ignoring_case(unit, "bytes")) return WholeResource{};
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return WholeResource{};
  const std::string_view first_text = trim(range.substr(0, dash));
  const std::string_view last_text = trim(range.substr(dash + 1));
  const auto last = parse_decimal(last_text);

  if (first_text.empty()) {
    if (!last) return WholeResource{};
    const uint64_t length = std::min(*last, size);
    if (length == 0) return UnsatisfiableRange{};
    return ByteRange{size - length, length};
  }
  const auto first = parse_decimal(first_text);
  if (!first || (!last && !last_text.empty())) return WholeResource{};
  if (last && *last < *first) return WholeResource{};
  if (*first >= size) return UnsatisfiableRange{};
  const uint64_t left = size - *first;
  return ByteRange{*first, last ? std::min(left, *last - *first + 1) : left};
}

bool coding_accepted(std::string_view accept_encoding, std::string_view coding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view entry = next_part(accept_encoding, ',');
    const std::string_view name = next_part(entry, ';');
    const std::string_view key = next_part(entry, '=');
    const bool accepted = !(equal_ignoring_case(key, "q") && forbids(trim(entry)));
    if (equal_ignoring_case(name, coding)) return accepted;
    if (name == "*") any = accepted;
  }
  return any;
}

}  // namespace sotto
