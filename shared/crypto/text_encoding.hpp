// Bytes as text: hexadecimal and base64 (RFC 4648), through libsodium, in time that does not depend
// on the bytes. For ids in URLs, keys in files and signatures in headers.
// Thread safety: pure.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace sotto {

/// Two lower-case digits a byte.
std::string to_hex(std::span<const uint8_t> bytes);
/// The bytes of exactly 2 n lower-case digits into `out` (n bytes). false: anything else.
bool from_hex(std::string_view text, std::span<uint8_t> out);
/// The same as an array. Absent: anything else.
template <class Array>
std::optional<Array> from_hex(std::string_view text) {
  Array bytes{};
  if (!from_hex(text, std::span<uint8_t>(bytes))) return std::nullopt;
  return bytes;
}

/// With padding.
std::string to_base64(std::span<const uint8_t> bytes);
/// Absent for anything that to_base64 does not write.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace sotto
