// Choosing without branching, where the choice may depend on a secret.
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <type_traits>

namespace sotto {

// NOLINTBEGIN(modernize-use-using): __extension__ is for typedefs only
__extension__ typedef unsigned __int128 Uint128;
__extension__ typedef __int128 Int128;
// NOLINTEND(modernize-use-using)

/// `value` when `condition`, else 0. An empty instruction hides from the compiler that the mask is
/// one of two, so that it makes no branch of it, as it does of conditional expressions of 64 bits.
template <class T>
constexpr T only_if(bool condition, T value) {
  uint64_t mask = uint64_t{0} - static_cast<uint64_t>(condition);
  if (!std::is_constant_evaluated()) __asm__("" : "+r"(mask));
  if constexpr (sizeof(T) > sizeof mask) return value & (T{mask} << 64 | mask);
  return value & static_cast<T>(mask);
}

}  // namespace sotto
