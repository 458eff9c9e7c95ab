// Reading header values: trimming, comparing, numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sotto {

/// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text);
/// ASCII only.
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Decimal digits only, at least one. Larger numbers than fit are the largest.
std::optional<uint64_t> parse_decimal(std::string_view text);
/// Cuts the part before `separator` off the front of `rest`, trimmed; the last part leaves it
/// empty.
std::string_view next_part(std::string_view& rest, char separator);

}  // namespace sotto
