#include "evaluation/significance.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "base/random.hpp"

using namespace sotto;

namespace {

std::vector<double> normals(Random& random, size_t n, double mean) {
  std::vector<double> values(n);
  for (auto& value : values) value = mean + random.normal();
  return values;
}

}  // namespace

TEST_CASE("the interval holds the mean and is as wide as the normal one") {
  Random random(1);
  const auto values = normals(random, 2000, 3);
  const Interval interval = bootstrap_mean(values);
  CHECK(interval.low < interval.mean);
  CHECK(interval.mean < interval.high);
  // 2 * 1.96 / sqrt(2000) = 0.0877, within the error of the sample's and the bootstrap's own.
  CHECK(interval.high - interval.low == doctest::Approx(0.0877).epsilon(0.12));
}

TEST_CASE("nine of ten intervals of confidence 0.9 hold the true mean") {
  // 400 samples of 60 values: coverage of the percentile interval is about 0.89, and 6 standard
  // deviations of the count are 38 (false alarm once in 5e8 runs).
  Random random(2);
  int covered = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    const Interval interval = bootstrap_mean(normals(random, 60, 5), 0.9, 300, i);
    covered += interval.low <= 5 && 5 <= interval.high ? 1 : 0;
  }
  CHECK(std::abs(covered - 356) <= 38);
}

TEST_CASE("under no difference a p-value below 0.1 comes once in ten times") {
  // 400 pairs of samples: about 44 of them, 6 standard deviations are 38.
  Random random(3);
  int small = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    const auto a = normals(random, 60, 1), b = normals(random, 60, 1);
    small += paired_bootstrap(a, b, 0.9, 300, i).p_value < 0.1 ? 1 : 0;
  }
  CHECK(std::abs(small - 44) <= 38);
}

TEST_CASE("equal vectors differ by exactly nothing") {
  const std::vector<double> values{.1, .2, .7, .4};
  const auto result = paired_bootstrap(values, values);
  CHECK(result.difference.mean == 0);
  CHECK(result.difference.low == 0);
  CHECK(result.difference.high == 0);
  CHECK(result.p_value == 1);
}

TEST_CASE("pairing finds a small difference between noisy users") {
  Random random(4);
  const auto base = normals(random, 300, 0);
  std::vector<double> better(base);
  for (auto& value : better) value += 0.02 + 0.01 * random.normal();
  const auto result = paired_bootstrap(better, base);
  CHECK(result.difference.low > 0.016);
  CHECK(result.difference.high < 0.024);
  CHECK(result.p_value == doctest::Approx(2.0 / 2001));  // never zero
  const auto reversed = paired_bootstrap(base, better);
  CHECK(reversed.difference.mean == doctest::Approx(-result.difference.mean));
  CHECK(reversed.p_value == doctest::Approx(2.0 / 2001));
}

TEST_CASE("the same seed gives the same interval, another seed another") {
  Random random(5);
  const auto values = normals(random, 100, 0);
  const Interval a = bootstrap_mean(values, 0.95, 500, 7), b = bootstrap_mean(values, 0.95, 500, 7);
  CHECK(a.low == b.low);
  CHECK(a.high == b.high);
  CHECK(bootstrap_mean(values, 0.95, 500, 8).low != a.low);
}

TEST_CASE("a single user gives an interval of no width") {
  const std::vector<double> one{0.3};
  const Interval interval = bootstrap_mean(one);
  CHECK(interval.low == interval.mean);
  CHECK(interval.high == interval.mean);
}
