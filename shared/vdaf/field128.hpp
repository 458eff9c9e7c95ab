// Field128: the integers modulo the prime q = 2^128 - 28 * 2^64 + 1 = 2^66 * 4611686018427387897 +
// 1 (draft-irtf-cfrg-vdaf section 6.1.2). See field.hpp. Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vdaf/field.hpp"

namespace sotto {

struct Field128 {
  using Element = Uint128;

  static constexpr Element kModulus = (Uint128{4611686018427387897} << 66) + 1;
  static constexpr size_t kEncodedSize = 16;
  static constexpr size_t kLogOrder = 66;
  static const Element kGenerator;  ///< 7^4611686018427387897

  static constexpr bool is_canonical(Uint128 value) { return value < kModulus; }

  // q - b is in 1 .. q, so a - (q - b) borrows exactly when a + b < q.
  static constexpr Element add(Element a, Element b) {
    const Uint128 complement = kModulus - b;
    return a - complement + only_if(a < complement, kModulus);
  }
  static constexpr Element subtract(Element a, Element b) {
    return a - b + only_if(a < b, kModulus);
  }
  static constexpr Element negate(Element a) { return subtract(0, a); }

  static constexpr Element multiply(Element a, Element b) {
    const Uint128 product00 = Uint128{low(a)} * low(b);
    const Uint128 product01 = Uint128{low(a)} * high(b);
    const Uint128 product10 = Uint128{high(a)} * low(b);
    const Uint128 product11 = Uint128{high(a)} * high(b);
    const Uint128 middle = Uint128{high(product00)} + low(product01) + low(product10);
    Wide value{(middle << 64) | low(product00),
               product11 + high(product01) + high(product10) + high(middle)};
    // 2^128 = 28 * 2^64 - 1 mod q. The upper part falls from 128 bits to 70, to 11, to 1, to none.
    for (int i = 0; i < 4; ++i) value = fold(value);
    return value.low - only_if(value.low >= kModulus, kModulus);
  }

  static constexpr Element from_signed(int64_t value) {
    return static_cast<Uint128>(Int128{value}) + only_if(value < 0, kModulus);
  }
  /// Requires fits_int64(a).
  static constexpr int64_t to_signed(Element a) {
    return static_cast<int64_t>(low(a - only_if(a > kModulus / 2, kModulus)));
  }
  /// Whether the representative between -q/2 and q/2 is an int64_t. Asked of results only.
  static constexpr bool fits_int64(Element a) {
    constexpr Uint128 kHalf = Uint128{1} << 63;
    return a < kHalf || a >= kModulus - kHalf;
  }

  static Uint128 load(const uint8_t* bytes) {
    Uint128 value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  static void store(uint8_t* bytes, Element a) { std::memcpy(bytes, &a, sizeof a); }

 private:
  struct Wide {
    Uint128 low, high;
  };
  static constexpr uint64_t low(Uint128 value) { return static_cast<uint64_t>(value); }
  static constexpr uint64_t high(Uint128 value) { return static_cast<uint64_t>(value >> 64); }

  // low + high * (28 * 2^64 - 1), which is not negative.
  static constexpr Wide fold(Wide value) {
    const Uint128 times0 = Uint128{low(value.high)} * 28;
    const Uint128 times1 = Uint128{high(value.high)} * 28 + high(times0);
    const Uint128 shifted = (times1 << 64) | low(times0);  // the lower 128 bits of 28 * high
    const Uint128 lower = Uint128{low(shifted)} << 64;
    Uint128 upper = Uint128{high(shifted)} | Uint128{high(times1)} << 64;
    const Uint128 less = lower - value.high;
    upper -= only_if(lower < value.high, Uint128{1});
    const Uint128 sum = less + value.low;
    upper += only_if(sum < less, Uint128{1});
    return {sum, upper};
  }
};

inline constexpr Field128::Element Field128::kGenerator = power<Field128>(7, 4611686018427387897);
static_assert(PrimeField<Field128>);

}  // namespace sotto
