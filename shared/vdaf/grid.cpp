#include "vdaf/grid.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "vdaf/field32.hpp"

namespace sotto {
namespace {

constexpr int32_t kMaxBound = 1 << 20;
constexpr double kHalfModulus = static_cast<double>(Field32::kModulus) / 2;
/// How many standard deviations of noise a sum must hold: beyond 12 lie 4e-33.
constexpr double kNoiseMargin = 12;

bool valid(const Grid& grid) {
  return grid.bound >= 1 && grid.bound <= kMaxBound && std::isfinite(grid.clip) && grid.clip > 0;
}

// At 2^52 and above doubles are whole numbers, so adding 3 * 2^51 makes the hardware round to them,
// half to even. What std::nearbyint does, inline and vectorised. |x| < 2^51.
double round_half_even(double x) {
  static_assert(FLT_EVAL_METHOD == 0, "no excess precision");
  constexpr double kShift = 0x1.8p52;
  return (x + kShift) - kShift;
}

// Moves coordinates towards zero, one unit each, until the norm is within the bound: about as many
// as rounding pushed it over. (Scaling everything and truncating would take a unit from every
// coordinate.) One pass is enough but for the rounding of the real norm, since every coordinate
// that was rounded away from zero is then nearer to it than its real value; in any case every step
// lowers the sum by at least one.
void shrink(std::span<int32_t> values, uint64_t norm, uint64_t limit) {
  while (norm > limit) {
    for (size_t j = 0; j < values.size() && norm > limit; ++j) {
      if (values[j] == 0) continue;
      const auto magnitude = static_cast<uint64_t>(std::abs(values[j]));
      norm -= 2 * magnitude - 1;
      values[j] += values[j] > 0 ? -1 : 1;
    }
  }
}

bool fits(double batch, double bound, double sigma_total) {
  return batch * bound + kNoiseMargin * sigma_total < kHalfModulus;
}

}  // namespace

Status encode_on_grid(std::span<const float> values, const Grid& grid, std::span<int32_t> out) {
  if (out.size() != values.size() || uint64_t{values.size()} > uint64_t{1} << 32)
    return {ErrorCode::kInvalidArgument, "grid: sizes of values and out differ or are too large"};
  if (!valid(grid))
    return {ErrorCode::kInvalidArgument, "grid: bound must be 1 .. 2^20, clip finite and positive"};

  double sum = 0;  // of at most 2^32 squares below 2^256: cannot overflow
  for (const float value : values) sum += static_cast<double>(value) * value;
  std::fill(out.begin(), out.end(), 0);
  if (!std::isfinite(sum)) return {ErrorCode::kNumerical, "grid: a value is not finite"};

  // value * bound is exact, so the quotient is rounded once and a half is a half.
  const double divisor = std::max(std::sqrt(sum), grid.clip);
  const double bound = grid.bound;
  for (size_t j = 0; j < values.size(); ++j)
    out[j] = static_cast<int32_t>(round_half_even(values[j] * bound / divisor));

  // Rounding at most doubles a coordinate that does not become zero: below 2^43 in all.
  const auto limit = static_cast<uint64_t>(grid.bound) * static_cast<uint64_t>(grid.bound);
  if (const uint64_t norm = squared_norm(out); norm > limit) shrink(out, norm, limit);
  return {};
}

uint64_t squared_norm(std::span<const int32_t> values) {
  uint64_t sum = 0;
  for (const int32_t value : values) sum += static_cast<uint64_t>(int64_t{value} * value);
  return sum;
}

Status check_batch_fits(uint64_t max_batch, const Grid& grid, double sigma_total) {
  if (!valid(grid) || max_batch == 0 || !(sigma_total >= 0))
    return {ErrorCode::kInvalidArgument, "batch: grid, size or noise out of range"};
  if (!fits(static_cast<double>(max_batch), grid.bound, sigma_total))
    return {ErrorCode::kInvalidArgument,
            "batch: sums of max_batch reports and the noise do not fit into the field"};
  return {};
}

uint64_t largest_batch(const Grid& grid, double sigma_total) {
  if (!valid(grid) || !(sigma_total >= 0)) return 0;
  const double estimate = std::floor((kHalfModulus - kNoiseMargin * sigma_total) / grid.bound) + 1;
  if (!(estimate > 0)) return 0;
  auto batch = static_cast<uint64_t>(estimate);  // at most 2 too large
  while (batch > 0 && !fits(static_cast<double>(batch), grid.bound, sigma_total)) --batch;
  return batch;
}

}  // namespace sotto
