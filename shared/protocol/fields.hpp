// Reading the fixed-size fields that all messages have. Internal to this room.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace sotto {

/// Errors: kMalformed.
template <size_t N>
Status get_array(ByteReader& in, std::array<uint8_t, N>& out, const char* what) {
  SOTTO_TRY(const auto bytes, in.get_bytes(N, what));
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return {};
}

}  // namespace sotto
