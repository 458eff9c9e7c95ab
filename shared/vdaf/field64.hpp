// Field64: the integers modulo the prime q = 2^64 - 2^32 + 1 (draft-irtf-cfrg-vdaf section 6.1.2),
// "Goldilocks". See field.hpp.
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vdaf/field.hpp"

namespace sotto {

struct Field64 {
  using Element = uint64_t;

  static constexpr Element kModulus = (uint64_t{1} << 32) * 4294967295 + 1;
  static constexpr size_t kEncodedSize = 8;
  static constexpr size_t kLogOrder = 32;
  static const Element kGenerator;  ///< 7^4294967295

  static constexpr bool is_canonical(uint64_t value) { return value < kModulus; }

  // q - b is in 1 .. q, so a - (q - b) borrows exactly when a + b < q.
  static constexpr Element add(Element a, Element b) {
    const uint64_t complement = kModulus - b;
    return a - complement + only_if(a < complement, kModulus);
  }
  static constexpr Element subtract(Element a, Element b) {
    return a - b + only_if(a < b, kModulus);
  }
  static constexpr Element negate(Element a) { return subtract(0, a); }

  // 2^64 = kFold and 2^96 = -1 mod q. A borrow or carry is 2^64 too much or too little; neither
  // happens twice, since what is left then is far from the other end.
  static constexpr Element multiply(Element a, Element b) {
    constexpr uint64_t kFold = 0xffffffff;
    const Uint128 product = Uint128{a} * b;
    const auto low = static_cast<uint64_t>(product);
    const auto high = static_cast<uint64_t>(product >> 64);
    const uint64_t top = high >> 32;
    const uint64_t less = low - top - only_if(low < top, kFold);
    const uint64_t folded = (high & kFold) * kFold;
    const uint64_t sum = less + folded;
    const uint64_t value = sum + only_if(sum < folded, kFold);
    return value - only_if(value >= kModulus, kModulus);
  }

  static constexpr Element from_signed(int64_t value) {
    return static_cast<uint64_t>(value) + only_if(value < 0, kModulus);
  }
  static constexpr int64_t to_signed(Element a) {
    return static_cast<int64_t>(a - only_if(a > kModulus / 2, kModulus));
  }
  static constexpr bool fits_int64(Element /*a*/) { return true; }

  static uint64_t load(const uint8_t* bytes) {
    uint64_t value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  static void store(uint8_t* bytes, Element a) { std::memcpy(bytes, &a, sizeof a); }
};

inline constexpr Field64::Element Field64::kGenerator = power<Field64>(7, 4294967295);
static_assert(PrimeField<Field64>);

}  // namespace sotto
