// Field40: the integers modulo the prime q = 2^40 - 21 * 2^20 + 1 = 2^20 * 1048555 + 1
// (draft-chen-cfrg-vdaf-pine, reference code). See field.hpp.
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vdaf/field.hpp"

namespace sotto {

struct Field40 {
  using Element = uint64_t;

  static constexpr Element kModulus = (uint64_t{1} << 20) * 1048555 + 1;
  static constexpr size_t kEncodedSize = 5;
  static constexpr size_t kLogOrder = 20;
  static const Element kGenerator;  ///< 7^1048555

  static constexpr bool is_canonical(uint64_t value) { return value < kModulus; }

  static constexpr Element add(Element a, Element b) { return less_modulus(a + b); }
  static constexpr Element subtract(Element a, Element b) {
    return a - b + only_if(a < b, kModulus);
  }
  static constexpr Element negate(Element a) { return subtract(0, a); }

  // 2^60 = 440 * 2^20 - 21 mod q, so the upper 20 bits of the product fold into the lower 60: what
  // is left is below 2^61.
  static constexpr Element multiply(Element a, Element b) {
    const Uint128 product = Uint128{a} * b;
    const auto high = static_cast<uint64_t>(product >> 60);
    const uint64_t low = static_cast<uint64_t>(product) & ((uint64_t{1} << 60) - 1);
    return reduce(low + high * ((uint64_t{440} << 20) - 21));
  }

  /// value mod q, for every value. 2^40 = 21 * 2^20 - 1 mod q: what is left is below 2^49, then
  /// below 2^40 + 2^34 < 2q.
  static constexpr Element reduce(uint64_t value) {
    for (int i = 0; i < 2; ++i)
      value = (value & ((uint64_t{1} << 40) - 1)) + (value >> 40) * ((uint64_t{21} << 20) - 1);
    return less_modulus(value);
  }

  static constexpr Element from_signed(int64_t value) {
    constexpr uint64_t kOffset = uint64_t{1} << 63;
    return subtract(reduce(static_cast<uint64_t>(value) + kOffset), reduce(kOffset));
  }
  static constexpr int64_t to_signed(Element a) {
    return static_cast<int64_t>(a - only_if(a > kModulus / 2, kModulus));
  }
  static constexpr bool fits_int64(Element /*a*/) { return true; }

  static uint64_t load(const uint8_t* bytes) {
    uint32_t low;
    std::memcpy(&low, bytes, sizeof low);
    return low | uint64_t{bytes[4]} << 32;
  }
  static void store(uint8_t* bytes, Element a) {
    const auto low = static_cast<uint32_t>(a);
    std::memcpy(bytes, &low, sizeof low);
    bytes[4] = static_cast<uint8_t>(a >> 32);
  }

 private:
  // value mod q, for values below 2q.
  static constexpr Element less_modulus(uint64_t value) {
    return value - only_if(value >= kModulus, kModulus);
  }
};

inline constexpr Field40::Element Field40::kGenerator = power<Field40>(7, 1048555);
static_assert(PrimeField<Field40>);

}  // namespace sotto
