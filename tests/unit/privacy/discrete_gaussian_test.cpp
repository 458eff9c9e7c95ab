#include "privacy/discrete_gaussian.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

using namespace sotto;

namespace {

// How chi-square distributed counts are judged: the value exceeded once in 1e6 runs. All sources
// here are seeded, so a test that passes keeps passing until the sampler changes.
double critical_value(size_t degrees_of_freedom) {
  switch (degrees_of_freedom) {
    case 8: return 42.70;
    case 20: return 65.42;
    case 30: return 82.04;
  }
  return 0;
}

// P[X < edge] for X discrete Gaussian.
double below(int64_t edge, uint64_t sigma) {
  const auto s = static_cast<double>(sigma);
  // Sums of a smooth function over so fine a grid equal its integral to every digit of a double.
  if (sigma > 1000) return std::erfc(-(static_cast<double>(edge) - 0.5) / s / std::sqrt(2.0)) / 2;
  double inside = 0, all = 0;
  const auto range = static_cast<int64_t>(40 * sigma);
  for (int64_t x = -range; x <= range; ++x) {
    const double density = std::exp(-static_cast<double>(x * x) / (2 * s * s));
    all += density;
    if (x < edge) inside += density;
  }
  return inside / all;
}

// n_samples counted in cells: below first, n_inner cells of `width`, the rest.
void check_distribution(const DiscreteGaussian& gaussian, int64_t first, int64_t width,
                        size_t n_inner, size_t n_samples) {
  TestEntropy source(gaussian.sigma());
  EntropyWords words(source);
  std::vector<double> counts(n_inner + 2);
  for (size_t i = 0; i < n_samples; ++i) {
    const int64_t x = gaussian.sample(words);
    const int64_t cell = x < first ? 0 : 1 + (x - first) / width;
    ++counts[std::min(static_cast<size_t>(cell), n_inner + 1)];
  }
  double chi_square = 0, left = 0;
  for (size_t cell = 0; cell < counts.size(); ++cell) {
    const double right =
        cell <= n_inner ? below(first + static_cast<int64_t>(cell) * width, gaussian.sigma()) : 1;
    const double expected = (right - left) * static_cast<double>(n_samples);
    REQUIRE(expected > 4);
    chi_square += (counts[cell] - expected) * (counts[cell] - expected) / expected;
    left = right;
  }
  CAPTURE(gaussian.sigma());
  CHECK(chi_square < critical_value(counts.size() - 1));
}

// Serves four words, then small numbers: the sampler makes a zero of those.
class ScriptedSource final : public EntropySource {
 public:
  explicit ScriptedSource(std::array<uint32_t, 4> words) : words_(words) {}
  void fill(std::span<uint8_t> out) override {
    static constexpr uint32_t kSmall = 1 << 16;
    for (size_t i = 0; i < out.size(); i += sizeof kSmall)
      std::memcpy(out.data() + i, &kSmall, sizeof kSmall);
    std::memcpy(out.data(), words_.data(), sizeof words_);
    words_.fill(kSmall);
  }

 private:
  std::array<uint32_t, 4> words_;
};

// What becomes of one proposal: the word that picks the strip, the offset in it, 31 digits of U,
// and the next 32, which are drawn only where those 31 do not decide. Nothing when it is rejected:
// then the next proposal is zero and accepted.
std::optional<int64_t> propose(const DiscreteGaussian& gaussian, uint64_t width, uint32_t word,
                               uint64_t offset, uint32_t digits, uint32_t further) {
  const uint64_t offset_word = ((2 * offset + 1) << 31) / width;  // the middle of its range
  ScriptedSource source({word, static_cast<uint32_t>(offset_word), digits << 1, further});
  EntropyWords words(source);
  const int64_t x = gaussian.sample(words);
  return x == 0 ? std::nullopt : std::optional(x);
}

// The last value in [0, end) for which `holds` is true; it is true up to some point.
template <class Predicate>
uint64_t last_where(uint64_t end, Predicate holds) {
  uint64_t low = 0;
  while (end - low > 1) (holds((low + end) / 2) ? low : end) = (low + end) / 2;
  return low;
}

}  // namespace

TEST_CASE("what is proposed and accepted is proportional to the density, to nine digits") {
  // Not by chance but by measuring the decisions themselves: how many words pick a strip, and up to
  // which U a point in it is kept.
  constexpr uint32_t kOnes = ~uint32_t{0};
  for (const uint64_t sigma : {64U, 1000U, 500'000U}) {
    const uint64_t width = (sigma + 11) / 12;
    const auto gaussian = DiscreteGaussian::create(sigma).value();
    const double s = static_cast<double>(sigma);
    double constant = 0;
    uint64_t first_word = 0;
    for (uint64_t strip = 0; strip < 45; ++strip) {
      const uint64_t end = (strip + 1) * width;
      const uint64_t next_word =
          1 + last_where(uint64_t{1} << 32, [&](uint64_t word) {
            const auto x = propose(gaussian, width, static_cast<uint32_t>(word), width - 1, 0, 0);
            return x && static_cast<uint64_t>(*x) < end;
          });
      const auto word = static_cast<uint32_t>(first_word);
      for (const uint64_t offset : {width - 1, width / 2, uint64_t{1}}) {
        const auto x = static_cast<int64_t>(strip * width + offset);
        CAPTURE(x);
        const auto edge = static_cast<uint32_t>(last_where(uint64_t{1} << 31, [&](uint64_t digits) {
          return propose(gaussian, width, word, offset, static_cast<uint32_t>(digits), 0)
              .has_value();
        }));
        // There the 31 digits leave the comparison open, one below and above they do not.
        CHECK(propose(gaussian, width, word, offset, edge, 0) == x);
        CHECK_FALSE(propose(gaussian, width, word, offset, edge, kOnes).has_value());
        CHECK(propose(gaussian, width, word, offset, edge - 1, kOnes) == x);
        CHECK_FALSE(propose(gaussian, width, word, offset, edge + 1, 0).has_value());

        const double mass = static_cast<double>(next_word - first_word) * edge *
                            std::exp(static_cast<double>(x * x) / (2 * s * s));
        if (constant == 0) constant = mass;
        CHECK(std::abs(mass / constant - 1) < 3e-9);
      }
      first_word = next_word;
    }
  }
}

TEST_CASE("samples of a small sigma have the discrete Gaussian's distribution") {
  check_distribution(DiscreteGaussian::create(1).value(), -3, 1, 7, 400'000);
  check_distribution(DiscreteGaussian::create(3).value(), -9, 1, 19, 400'000);
}

TEST_CASE("samples of a large sigma have the discrete Gaussian's distribution") {
  // 29 inner cells of sigma / 5.
  for (const int64_t sigma : {100, 4095, 500'000, 1 << 26})
    check_distribution(DiscreteGaussian::create(static_cast<uint64_t>(sigma)).value(),
                       -29 * (sigma / 5) / 2, sigma / 5, 29, 400'000);
}

TEST_CASE("coarse tables, where the exact comparison and the tail decide, change nothing") {
  check_distribution(DiscreteGaussian::create_with_strips(1, 1, 1).value(), -3, 1, 7, 40'000);
  check_distribution(DiscreteGaussian::create_with_strips(3, 3, 1).value(), -9, 1, 19, 10'000);
  check_distribution(DiscreteGaussian::create_with_strips(100, 100, 1).value(), -290, 20, 29,
                     10'000);
  check_distribution(DiscreteGaussian::create_with_strips(100, 50, 3).value(), -290, 20, 29,
                     10'000);
  check_distribution(DiscreteGaussian::create_with_strips(100'000, 100'000, 1).value(), -290'000,
                     20'000, 29, 10'000);
}

TEST_CASE("mean and variance are those of the distribution") {
  // A million samples; tolerances are 6 standard deviations (false alarm once in 5e8 runs).
  constexpr int kSamples = 1'000'000;
  const auto gaussian = DiscreteGaussian::create(64).value();
  TestEntropy source(7);
  EntropyWords words(source);
  double sum = 0, squares = 0;
  for (int i = 0; i < kSamples; ++i) {
    const auto x = static_cast<double>(gaussian.sample(words));
    sum += x;
    squares += x * x;
  }
  CHECK(std::abs(sum / kSamples) < 6 * 64 / 1e3);
  CHECK(std::abs(squares / kSamples / (64 * 64) - 1) < 6 * std::sqrt(2.0) / 1e3);
}

TEST_CASE("add_to adds the same samples that sample draws") {
  const auto gaussian = DiscreteGaussian::create(500).value();
  TestEntropy source_a(8), source_b(8);
  EntropyWords words_a(source_a), words_b(source_b);
  std::vector<int64_t> values(1000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(i) << 40;
  gaussian.add_to(values, words_a);
  for (size_t i = 0; i < values.size(); ++i)
    REQUIRE(values[i] == (static_cast<int64_t>(i) << 40) + gaussian.sample(words_b));
}

TEST_CASE("the same entropy gives the same noise on every platform") {
  const auto gaussian = DiscreteGaussian::create(1000).value();
  TestEntropy source(1);
  EntropyWords words(source);
  const std::vector<int64_t> expected{-719, -1801, -635, -1501, 689, -654,
                                      -510, 374,   708,  -938,  952, 225};
  for (const int64_t x : expected) CHECK(gaussian.sample(words) == x);
}

TEST_CASE("a sigma or a table outside the range is refused") {
  for (const uint64_t sigma : {uint64_t{0}, DiscreteGaussian::kMaxSigma + 1, ~uint64_t{0}})
    CHECK(DiscreteGaussian::create(sigma).error().code == ErrorCode::kInvalidArgument);
  for (uint64_t sigma = 1; sigma < 3000; ++sigma) REQUIRE(DiscreteGaussian::create(sigma).ok());
  CHECK(DiscreteGaussian::create(DiscreteGaussian::kMaxSigma).ok());
  CHECK_FALSE(DiscreteGaussian::create_with_strips(10, 0, 5).ok());
  CHECK_FALSE(DiscreteGaussian::create_with_strips(10, 11, 5).ok());
  CHECK_FALSE(DiscreteGaussian::create_with_strips(10, 5, 0).ok());
  CHECK_FALSE(DiscreteGaussian::create_with_strips(10, 5, 121).ok());
  CHECK_FALSE(DiscreteGaussian::create_with_strips(10, 5, 2).ok());
  CHECK(DiscreteGaussian::create_with_strips(10, 5, 3).ok());
}
