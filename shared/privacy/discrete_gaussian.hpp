// The exact discrete Gaussian sampler.
//
// What it samples: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy",
// 2020. Integers only: no floating-point number decides anything, so there are no floating-point
// holes in the noise. How: instead of their algorithm 3 (discrete Laplace proposals, some twenty
// coins a sample) rejection from a staircase of strips, which needs three random words and, for
// all but about 6% of the proposals, no exponential. It is exact for these reasons, with
// f(x) = exp(-x^2 / (2 sigma^2)):
//   1. |x| is cut into strips of w integers. Strip i has an integer height h_i >= M f(start of i),
//      and beyond T >= 10 sigma blocks of w integers have heights t/2, t/4, t/8 .. that stay above
//      M f too (there f falls by more than half from block to block). M is an integer constant and
//      all heights together are exactly 2^32, so one 32-bit word picks a strip with probability
//      h_i / 2^32, without rounding; a point in it is picked uniformly, without bias.
//   2. A point x is kept when U h_i < M f(x), U uniform in [0, 1). So P[x] is proportional to
//      f(x) exactly, whatever the heights are: the table decides the speed, not the distribution.
//   3. U is a real number of which only as many binary digits are drawn as the comparison needs,
//      and M f(x) is known only by proven lower and upper bounds (rounded outwards, in integers):
//      first the strip's own, then 32 bits of a series, then ever longer ones (exp_bounds.hpp).
//      A comparison that the present digits and bounds leave open is never guessed.
//   4. The sign is a fair coin; "minus zero" is drawn again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/entropy.hpp"
#include "base/result.hpp"

namespace sotto {

/// N_Z(0, sigma^2): P[x] proportional to exp(-x^2 / (2 sigma^2)) on the integers.
/// The running time depends on the numbers drawn (rejection), never on the data they are added to.
/// Making one costs tens of microseconds and 4 KiB: make it once a task.
/// Thread safety: immutable; each thread brings its own EntropyWords.
class DiscreteGaussian {
 public:
  static constexpr uint64_t kMaxSigma = uint64_t{1} << 26;
  static constexpr size_t kMaxStrips = 120;

  /// sigma in grid units, a whole number (round up: more noise, never less), 1 .. kMaxSigma.
  /// Errors: kInvalidArgument.
  static Result<DiscreteGaussian> create(uint64_t sigma);
  /// The same distribution from a table of another shape: n_strips (1 .. kMaxStrips) of `width`
  /// integers. A coarse one makes the rare branches frequent, which is what the tests want.
  /// Errors: kInvalidArgument, also when 10 width^2 n_strips < 7 sigma^2 (the tail's blocks would
  /// not halve) or width > sigma.
  static Result<DiscreteGaussian> create_with_strips(uint64_t sigma, uint64_t width,
                                                     size_t n_strips);

  uint64_t sigma() const { return sigma_; }
  int64_t sample(EntropyWords& entropy) const;
  /// Adds one independent sample to every element.
  void add_to(std::span<int64_t> values, EntropyWords& entropy) const;

 private:
  struct Strip {
    uint32_t last;          // the last 32-bit word that picks this strip
    uint32_t height;        // h_i
    uint32_t accept_below;  // 31 digits of U below this accept whatever the point
    uint64_t start_low;     // bounds of M f(start) 2^31
    uint64_t start_high;
  };

  DiscreteGaussian(uint64_t sigma, uint32_t width, size_t n_strips);
  uint32_t offset_in_strip(EntropyWords& entropy) const;
  bool accept(const Strip& strip, uint64_t start, uint32_t offset, uint32_t digits,
              EntropyWords& entropy) const;
  std::optional<uint64_t> sample_tail(EntropyWords& entropy) const;

  uint64_t sigma_;
  uint32_t width_;         // w
  uint32_t redraw_below_;  // 2^32 mod w, for the unbiased offset
  uint32_t n_strips_;
  uint32_t scale_;                            // M
  uint32_t tail_height_;                      // t
  std::array<Strip, kMaxStrips + 1> strips_;  // the last one in use stands for the tail
  std::array<uint8_t, 256> guide_;  // the strip that a word's first 8 bits start the search at
};

}  // namespace sotto
