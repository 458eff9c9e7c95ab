#include "privacy/discrete_gaussian.hpp"

#include "privacy/exp_bounds.hpp"

namespace sotto {
namespace {

__extension__ using uint128 = unsigned __int128;

constexpr uint64_t kOne = uint64_t{1} << 63;

// A number in [0, 1] between low and high, in units of 2^-63.
struct Bounds {
  uint64_t low = kOne;
  uint64_t high = kOne;

  Bounds& operator*=(const Bounds& other) {
    low = static_cast<uint64_t>((uint128{low} * other.low) >> 63);
    high = static_cast<uint64_t>((uint128{high} * other.high + (kOne - 1)) >> 63);
    return *this;
  }
};

Bounds exp_minus(uint64_t a, uint64_t b, uint64_t sigma) {
  if (a == 0 || b == 0) return {};
  const ExpBounds exact = exp_bounds(a, b, sigma, 64);
  const uint64_t high = exact.high.top(exact.bits - 63) + 1;
  return {exact.low.top(exact.bits - 63), high < kOne ? high : kOne};
}

uint64_t ceil_shift(uint128 value, unsigned shift) {
  return static_cast<uint64_t>((value + (uint128{1} << shift) - 1) >> shift);
}

}  // namespace

Result<DiscreteGaussian> DiscreteGaussian::create(uint64_t sigma) {
  // Strips of sigma / 12 up to 10 sigma: fine enough that 3% of the proposals are rejected and 6%
  // need an exponential, coarse enough that the table stays in the first-level cache.
  const uint64_t width = (sigma + 11) / 12;
  if (sigma == 0 || sigma > kMaxSigma)
    return Error{ErrorCode::kInvalidArgument, "sigma: must be 1 .. 2^26 grid units"};
  return create_with_strips(sigma, width, static_cast<size_t>((10 * sigma + width - 1) / width));
}

Result<DiscreteGaussian> DiscreteGaussian::create_with_strips(uint64_t sigma, uint64_t width,
                                                              size_t n_strips) {
  if (sigma == 0 || sigma > kMaxSigma)
    return Error{ErrorCode::kInvalidArgument, "sigma: must be 1 .. 2^26 grid units"};
  if (width == 0 || width > sigma || n_strips == 0 || n_strips > kMaxStrips)
    return Error{ErrorCode::kInvalidArgument, "strips: width or number out of range"};
  // From T = width n_strips on, f falls within a block by exp(-T width / sigma^2) or more, and
  // exp(-7/10) < 1/2.
  if (10 * width * width * n_strips < 7 * sigma * sigma)
    return Error{ErrorCode::kInvalidArgument, "strips: the tail would begin too early"};
  return DiscreteGaussian(sigma, static_cast<uint32_t>(width), n_strips);
}

DiscreteGaussian::DiscreteGaussian(uint64_t sigma, uint32_t width, size_t n_strips)
    : sigma_(sigma),
      width_(width),
      redraw_below_((0 - width) % width),
      n_strips_(static_cast<uint32_t>(n_strips)),
      strips_{},
      guide_{} {
  // f at the first and the last point of every strip. From one strip to the next the argument of
  // either grows by width, so f is multiplied by a ratio that itself shrinks by a constant factor.
  std::array<Bounds, kMaxStrips + 1> at_start, at_end;
  const uint64_t w = width;
  const Bounds shrink = exp_minus(w, 2 * w, sigma);
  Bounds start, start_ratio = exp_minus(w, w, sigma);
  Bounds end = exp_minus(w - 1, w - 1, sigma), end_ratio = exp_minus(w, 3 * w - 2, sigma);
  uint128 sum = 0;
  for (size_t i = 0; i <= n_strips; ++i) {
    at_start[i] = start;
    at_end[i] = end;
    sum += start.high;
    start *= start_ratio;
    start_ratio *= shrink;
    end *= end_ratio;
    end_ratio *= shrink;
  }
  sum += at_start[n_strips].high;  // the tail weighs twice its first block

  // Rounding up adds less than one to every strip and less than two to the tail, so that the
  // heights stay below 2^32; strip 0 gets what is left.
  const uint64_t room = (uint64_t{1} << 32) - n_strips - 2;
  scale_ = static_cast<uint32_t>((uint128{room} << 63) / sum);
  tail_height_ =
      static_cast<uint32_t>(2 * ceil_shift(uint128{scale_} * at_start[n_strips].high, 63));
  uint64_t used = tail_height_;
  for (size_t i = 0; i < n_strips; ++i) {
    strips_[i].height = static_cast<uint32_t>(ceil_shift(uint128{scale_} * at_start[i].high, 63));
    used += strips_[i].height;
  }
  strips_[0].height += static_cast<uint32_t>((uint64_t{1} << 32) - used);
  strips_[n_strips].height = tail_height_;

  uint64_t next_word = 0;
  for (size_t i = 0; i <= n_strips; ++i) {
    auto& strip = strips_[i];
    next_word += strip.height;
    strip.last = static_cast<uint32_t>(next_word - 1);
    strip.start_low = static_cast<uint64_t>((uint128{scale_} * at_start[i].low) >> 32);
    strip.start_high = ceil_shift(uint128{scale_} * at_start[i].high, 32);
    // digits < accept_below  =>  U h < (digits + 1) 2^-31 h <= M f(end).
    strip.accept_below = static_cast<uint32_t>(
        static_cast<uint64_t>((uint128{scale_} * at_end[i].low) >> 32) / strip.height);
  }
  size_t strip = 0;
  for (size_t byte = 0; byte < guide_.size(); ++byte) {
    while (strips_[strip].last < (byte << 24)) ++strip;
    guide_[byte] = static_cast<uint8_t>(strip);
  }
}

int64_t DiscreteGaussian::sample(EntropyWords& entropy) const {
  for (;;) {
    const uint32_t word = entropy.next32();
    uint32_t i = guide_[word >> 24];
    while (word > strips_[i].last) ++i;

    uint64_t magnitude;
    bool negative;
    if (i < n_strips_) [[likely]] {
      const uint64_t start = uint64_t{i} * width_;
      const uint32_t offset = offset_in_strip(entropy);
      const uint32_t digits_and_sign = entropy.next32();
      const uint32_t digits = digits_and_sign >> 1;
      negative = (digits_and_sign & 1) != 0;
      magnitude = start + offset;
      if (digits >= strips_[i].accept_below && !accept(strips_[i], start, offset, digits, entropy))
        continue;
    } else {
      const auto tail = sample_tail(entropy);
      if (!tail) continue;
      magnitude = *tail;
      negative = (entropy.next32() & 1) != 0;
    }
    if (magnitude == 0 && negative) continue;
    const auto value = static_cast<int64_t>(magnitude);
    return negative ? -value : value;
  }
}

void DiscreteGaussian::add_to(std::span<int64_t> values, EntropyWords& entropy) const {
  for (auto& value : values) value += sample(entropy);
}

// Lemire 2019: the high half of word * width, redrawn where some results had one word too many.
uint32_t DiscreteGaussian::offset_in_strip(EntropyWords& entropy) const {
  if (width_ == 1) return 0;
  uint64_t product;
  do {
    product = uint64_t{entropy.next32()} * width_;
  } while (static_cast<uint32_t>(product) < redraw_below_);
  return static_cast<uint32_t>(product >> 32);
}

// U h < M f(start) exp(-d) with d = offset (2 start + offset) / (2 sigma^2).
bool DiscreteGaussian::accept(const Strip& strip, uint64_t start, uint32_t offset, uint32_t digits,
                              EntropyWords& entropy) const {
  const uint128 numerator = (uint128{offset} * (2 * start + offset)) << 32;
  const auto exponent = static_cast<uint64_t>(numerator / (2 * sigma_ * sigma_));
  if (exponent >> 32 == 0) {
    // The alternating series of exp(-d) in units of 2^-32 for d < 1, d itself rounded down. The
    // k-th term is short by e_k <= (e_{k-1} + 1) / k + 1 units, so e_1 .. e_12 <= 2.5 each; odd and
    // even terms count against each other, which leaves less than 12; the rest of the series after
    // d^12 / 12! is less than 1.
    constexpr uint64_t kError = 16;
    uint64_t term = uint64_t{1} << 32, value = term;
    for (uint64_t k = 1; k <= 12 && term > 0; ++k) {
      term = ((term * exponent) >> 32) / k;
      value += k % 2 == 0 ? term : 0 - term;
    }
    const uint64_t low = value > kError ? value - kError : 0, high = value + kError;
    const uint64_t left = uint64_t{digits} * strip.height;
    if (left + strip.height <= static_cast<uint64_t>((uint128{strip.start_low} * low) >> 32))
      return true;
    if (left >= ceil_shift(uint128{strip.start_high} * high, 32)) return false;
  }
  return uniform_below_exp(digits, 31, strip.height, scale_, 0, start + offset, sigma_, entropy);
}

// Block k with probability 2^-(k+1), a point in it, and the exact trial against its height
// t 2^-(k+1).
std::optional<uint64_t> DiscreteGaussian::sample_tail(EntropyWords& entropy) const {
  uint64_t block = 0;
  while ((entropy.next32() & 1) != 0) ++block;
  const uint64_t x = (n_strips_ + block) * width_ + offset_in_strip(entropy);
  if (!uniform_below_exp(0, 0, tail_height_, scale_, static_cast<size_t>(block) + 1, x, sigma_,
                         entropy))
    return std::nullopt;
  return x;
}

}  // namespace sotto
