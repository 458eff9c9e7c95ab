#include "privacy/exp_bounds.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.hpp"

using namespace sotto;

namespace {

__extension__ using uint128 = unsigned __int128;

Natural natural(uint128 value) {
  Natural result(static_cast<uint64_t>(value >> 64));
  result <<= 64;
  result += Natural(static_cast<uint64_t>(value));
  return result;
}

bool equal(const Natural& a, const Natural& b) { return a <= b && b <= a; }

uint128 random128(Random& random) {
  const uint128 value = (uint128{random.next()} << 64) | random.next();
  return value >> random.below(128);
}

// Serves the given words, then zeros.
class ScriptedSource final : public EntropySource {
 public:
  explicit ScriptedSource(std::vector<uint32_t> words) : words_(std::move(words)) {}
  void fill(std::span<uint8_t> out) override {
    std::fill(out.begin(), out.end(), uint8_t{0});
    std::memcpy(out.data(), words_.data(), words_.size() * sizeof(uint32_t));
    words_.clear();
  }

 private:
  std::vector<uint32_t> words_;
};

// exp(-1/2) = 0.9b4597e37cb04ff3d675a35530cdd767... in base 16.
bool below_exp_of_minus_half(uint32_t third_word, uint32_t fourth_word) {
  ScriptedSource source({0x7cb04ff3, third_word, fourth_word});
  EntropyWords words(source);
  return uniform_below_exp(0x9b4597e3, 32, 1, 1, 0, 1, 1, words);
}

}  // namespace

TEST_CASE("naturals compute like 128-bit integers") {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const uint128 a = random128(random) >> 1, b = random128(random) >> 1;
    const uint64_t c = (random.next() >> random.below(63)) | 1;
    Natural sum = natural(a);
    sum += natural(b);
    CHECK(equal(sum, natural(a + b)));
    CHECK((natural(a) <= natural(b)) == (a <= b));

    Natural difference = natural(std::max(a, b));
    difference -= natural(std::min(a, b));
    CHECK(equal(difference, natural(std::max(a, b) - std::min(a, b))));

    Natural product(static_cast<uint64_t>(a));
    product *= c;
    CHECK(equal(product, natural(uint128{static_cast<uint64_t>(a)} * c)));

    Natural down = natural(a), up = natural(a);
    CHECK(down.divide_down(c) == (a % c != 0));
    up.divide_up(c);
    CHECK(equal(down, natural(a / c)));
    CHECK(equal(up, natural(a / c + (a % c != 0 ? 1 : 0))));

    const auto shift = static_cast<size_t>(random.below(200));
    Natural shifted(c);
    shifted <<= shift;
    CHECK(shifted.top(shift) == c);
  }
}

TEST_CASE("the bounds enclose exp to 128 digits and are as tight as asked for") {
  struct Case {
    uint64_t a, b;
    uint128 digits;  // floor(exp(-a b / 2) 2^128)
  };
  for (const auto& [a, b, digits] :
       {Case{1, 1, (uint128{0x9b4597e37cb04ff3} << 64) | 0xd675a35530cdd767},
        Case{1, 2, (uint128{0x5e2d58d8b3bcdf1a} << 64) | 0xbadec7829054f90d},
        Case{3, 3, (uint128{0x02d80a08d2b882e7} << 64) | 0xa4347e73a3caf88b}}) {
    for (const size_t min_bits : {128U, 200U}) {
      const ExpBounds bounds = exp_bounds(a, b, 1, min_bits);
      Natural below = natural(digits), above = natural(digits + 1);
      below <<= bounds.bits - 128;
      above <<= bounds.bits - 128;
      CHECK(below <= bounds.high);
      CHECK(bounds.low <= above);
      Natural gap = bounds.high;
      gap -= bounds.low;
      CHECK(gap.top(bounds.bits - min_bits) == 0);
    }
  }
}

TEST_CASE("exp of nothing is exactly one") {
  const ExpBounds bounds = exp_bounds(0, 5, 3, 64);
  CHECK(bounds.low.top(bounds.bits) == 1);
  CHECK(equal(bounds.low, bounds.high));
}

TEST_CASE("longer bounds lie within shorter ones") {
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    const uint64_t sigma = 1 + random.below(1000);
    const uint64_t a = random.below(8 * sigma), b = random.below(8 * sigma);
    const ExpBounds coarse = exp_bounds(a, b, sigma, 64), fine = exp_bounds(a, b, sigma, 160);
    Natural low = coarse.low, high = coarse.high;
    low <<= fine.bits - coarse.bits;
    high <<= fine.bits - coarse.bits;
    CHECK(low <= fine.low);
    CHECK(fine.low <= fine.high);
    CHECK(fine.high <= high);
    const double s = static_cast<double>(sigma);
    const double expected = std::exp(-static_cast<double>(a * b) / (2 * s * s));
    CHECK(static_cast<double>(fine.low.top(fine.bits - 63)) * 0x1p-63 ==
          doctest::Approx(expected).epsilon(1e-9));
  }
}

TEST_CASE("a uniform number that agrees in 96 digits is still compared rightly") {
  CHECK(below_exp_of_minus_half(0xd675a355, 0x30cdd766));
  CHECK_FALSE(below_exp_of_minus_half(0xd675a355, 0x30cdd768));
  CHECK(below_exp_of_minus_half(0xd675a354, 0xffffffff));
  CHECK_FALSE(below_exp_of_minus_half(0xd675a356, 0));
}

TEST_CASE("the exact trial has its probability") {
  // 2 * 5 / 7 exp(-9/8) = 0.46378; 20,000 trials, 6 standard deviations: once in 5e8 runs.
  TestEntropy source(3);
  EntropyWords words(source);
  int hits = 0;
  for (int i = 0; i < 20000; ++i) hits += uniform_below_exp(0, 0, 7, 5, 1, 3, 2, words) ? 1 : 0;
  const double p = 10.0 / 7 * std::exp(-9.0 / 8);
  CHECK(std::abs(hits - 20000 * p) < 6 * std::sqrt(20000 * p * (1 - p)));
}
