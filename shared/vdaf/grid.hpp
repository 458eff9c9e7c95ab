// The integer grid: real vectors become integers whose L2 norm is bounded exactly.
//
// Everything that is added up over devices is integers from here on, so sums are exact and
// independent of order, shares can be additive modulo a prime, and the sensitivity of one report
// is exactly `bound` grid units with no rounding term.
// Source: protocol notes in docs/privacy.md; Canonne, Kamath, Steinke 2020, section 6 (discretise
// first, then add discrete noise).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hpp"

namespace sotto {

/// How a task maps real vectors to integers. The same for all devices of a task.
struct Grid {
  /// L2 norm bound in grid units, the sensitivity of a report. 1 .. 2^20.
  int32_t bound = 1 << 15;
  /// L2 norm of the real vector that maps to `bound`. Finite, > 0. Longer vectors are scaled down
  /// to it, as a whole.
  double clip = 1;

  /// Real value of one grid unit.
  double unit() const { return clip / bound; }
};

/// Encodes one contribution: out[j] = round_half_even(values[j] * bound / clip), after scaling the
/// whole vector down to norm `clip` where it is longer; then, should rounding have pushed the
/// integer norm over the bound, coordinates are moved towards zero by one unit each, from the first
/// on and in integers, until sum out[j]^2 <= bound^2. The real arithmetic is double; whatever it
/// rounds, the integers are within the bound. Zero coordinates may be left out of `values`: they
/// encode to zero and change nothing.
/// Requires out.size() == values.size() <= 2^32.
/// Errors: kInvalidArgument for sizes or grid out of range, kNumerical when a value is not finite
/// (then `out` is all zero).
/// Thread safety: pure.
Status encode_on_grid(std::span<const float> values, const Grid& grid, std::span<int32_t> out);

/// Exact sum of squares. Requires that it is below 2^64: so it is for everything that
/// encode_on_grid writes (at most bound^2 <= 2^40), and for up to 2^22 values of magnitude < 2^21.
uint64_t squared_norm(std::span<const int32_t> values);

/// Whether sums of max_batch reports and the noise fit between -q/2 and q/2, with q of Field32, the
/// smallest field that sums are made in:
/// max_batch * bound + 12 * sigma_total < q / 2, where sigma_total (grid units) is the standard
/// deviation of all the noise that will be in the sum. The bound is real: the squares in
/// pack(u u') all have one sign.
/// Errors: kInvalidArgument when they do not fit, and for a grid out of range, max_batch 0 or a
/// sigma_total that is negative or NaN.
Status check_batch_fits(uint64_t max_batch, const Grid& grid, double sigma_total);

/// The largest batch for which check_batch_fits holds; 0 when none does.
/// 65,520 without noise at bound 2^15.
uint64_t largest_batch(const Grid& grid, double sigma_total);

}  // namespace sotto
