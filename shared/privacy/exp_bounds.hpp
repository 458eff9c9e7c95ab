// exp(-rational) enclosed between integers, to any precision: what makes the noise sampler exact.
// Internal to this room (and its tests).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/entropy.hpp"

namespace sotto {

/// A natural number of any size, with the few operations that exp_bounds needs.
/// Thread safety: a plain value.
class Natural {
 public:
  explicit Natural(uint64_t value = 0);

  Natural& operator<<=(size_t bits);
  Natural& operator*=(uint64_t factor);
  /// Quotient rounded down; returns whether there was a remainder. divisor >= 1.
  bool divide_down(uint64_t divisor);
  /// Quotient rounded up. divisor >= 1.
  void divide_up(uint64_t divisor);
  Natural& operator+=(const Natural& other);
  /// Requires *this >= other.
  Natural& operator-=(const Natural& other);
  /// floor(*this / 2^shift). Requires that it fits into 64 bits.
  uint64_t top(size_t shift) const;

  friend bool operator<=(const Natural& a, const Natural& b);

 private:
  void trim();

  std::vector<uint64_t> limbs_;  // little-endian, no leading zero limb
};

/// low <= exp(-a b / (2 sigma^2)) 2^bits <= high.
struct ExpBounds {
  Natural low, high;
  size_t bits = 0;
};

/// Bounds with at least `min_bits` bits after the point, about as far apart as the last of them.
/// sigma 1 .. 2^26. Exact (low == high) when a b == 0. Meant for exponents up to some thousands:
/// time and memory grow with the exponent. Thread safety: pure.
ExpBounds exp_bounds(uint64_t a, uint64_t b, uint64_t sigma, size_t min_bits);

/// One exact Bernoulli trial: whether U height < 2^shift scale exp(-x^2 / (2 sigma^2)) for a
/// uniform real U in [0, 1) whose first n_digits binary digits are `digits` (n_digits = 0: none is
/// known yet). Further digits are drawn 32 at a time, and the exponential is enclosed ever more
/// tightly, until the comparison is decided: no probability is ever rounded.
bool uniform_below_exp(uint64_t digits, size_t n_digits, uint64_t height, uint64_t scale,
                       size_t shift, uint64_t x, uint64_t sigma, EntropyWords& entropy);

}  // namespace sotto
