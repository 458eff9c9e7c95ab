// Field32: the integers modulo the prime q = 4293918721 = 2^32 - 2^20 + 1
// (draft-chen-cfrg-vdaf-pine-01, section 6.1).
//
// A field is a struct of static functions over its Element, so that vector code, proofs and
// instances are written once and given the field as a template argument. No branch and no index
// depends on a value.
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vdaf/constant_time.hpp"

namespace sotto {

struct Field32 {
  /// Canonical: 0 .. q - 1. Every function takes and gives canonical elements only.
  using Element = uint32_t;

  static constexpr Element kModulus = 4293918721;
  /// Bytes of one element on the wire: little-endian.
  static constexpr size_t kEncodedSize = 4;
  /// Generates the subgroup of order 2^kLogOrder.
  static constexpr Element kGenerator = 3925978153;
  static constexpr size_t kLogOrder = 20;

  static constexpr bool is_canonical(uint32_t value) { return value < kModulus; }

  // q - b is in 1 .. q, so a - (q - b) borrows exactly when a + b < q.
  static constexpr Element add(Element a, Element b) { return subtract(a, kModulus - b); }
  // The top bit of `borrow` is set exactly when a < b. Spelled out in bits, since compilers make a
  // branch of some comparisons, and so that vectors of it are SIMD everywhere.
  static constexpr Element subtract(Element a, Element b) {
    const uint32_t difference = a - b;
    const uint32_t borrow = (~a & b) | (~(a ^ b) & difference);
    return difference + (kModulus & sign_mask(borrow));
  }
  static constexpr Element negate(Element a) { return subtract(0, a); }
  static constexpr Element multiply(Element a, Element b) { return reduce(uint64_t{a} * b); }

  /// value mod q, for every value. 2^32 = 2^20 - 1 mod q, so the upper half folds into the lower:
  /// what is left is below 2^53, then below 2^41, then below 2^32 + 2^29 < 2q.
  static constexpr Element reduce(uint64_t value) {
    for (int i = 0; i < 3; ++i) {
      const uint64_t high = value >> 32;
      value = (value & 0xffffffff) + (high << 20) - high;
    }
    const uint64_t less = value - kModulus;
    return static_cast<Element>(less) + (kModulus & sign_mask(static_cast<uint32_t>(less >> 32)));
  }

  /// value mod q, for every value.
  static constexpr Element from_signed(int64_t value) {
    constexpr uint64_t kOffset = uint64_t{1} << 63;
    return subtract(reduce(static_cast<uint64_t>(value) + kOffset), reduce(kOffset));
  }
  /// The same for 32 bits, faster.
  static constexpr Element from_signed(int32_t value) {
    return static_cast<uint32_t>(value) + (kModulus & sign_mask(static_cast<uint32_t>(value)));
  }
  /// The representative between -q/2 and q/2, both exclusive.
  static constexpr int64_t to_signed(Element a) {
    return int64_t{a} - int64_t{only_if(a > kModulus / 2, kModulus)};
  }
  static constexpr bool fits_int64(Element /*a*/) { return true; }

  /// kEncodedSize bytes each. What load gives may be non-canonical: check it.
  static uint32_t load(const uint8_t* bytes) {
    uint32_t value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  static void store(uint8_t* bytes, Element a) { std::memcpy(bytes, &a, sizeof a); }

 private:
  // All ones when the top bit is set, else 0.
  static constexpr uint32_t sign_mask(uint32_t bits) {
    return static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31);
  }
};

}  // namespace sotto
