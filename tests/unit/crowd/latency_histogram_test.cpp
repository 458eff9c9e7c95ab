#include "crowd/latency_histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.hpp"

namespace sotto {
namespace {

TEST_CASE("a percentile is at least the true one and above it by at most 1 in 64") {
  Random random(3);
  LatencyHistogram histogram;
  std::vector<uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<uint64_t>(std::exp(20 * random.uniform())));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
    const uint64_t exact = values[rank - 1];
    CAPTURE(share);
    CHECK(histogram.percentile_us(share) >= exact);
    CHECK(histogram.percentile_us(share) <= exact + exact / LatencyHistogram::kSteps);
  }
  CHECK(histogram.max_us() == values.back());
  CHECK(histogram.percentile_us(1) == values.back());
  CHECK(histogram.count() == values.size());
}

TEST_CASE("small values are exact, the largest one fits, and nothing is a percentile of nothing") {
  LatencyHistogram histogram;
  CHECK(histogram.percentile_us(0.5) == 0);
  CHECK(histogram.mean_us() == 0);
  for (uint64_t us = 0; us < LatencyHistogram::kSteps; ++us) {
    LatencyHistogram one;
    one.record(us);
    one.record(std::numeric_limits<uint64_t>::max());
    CHECK(one.percentile_us(0.5) == us);
    CHECK(one.percentile_us(1) == std::numeric_limits<uint64_t>::max());
  }
}

TEST_CASE("merging is recording what both have recorded") {
  Random random(4);
  LatencyHistogram all, first, second;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t us = random.below(1'000'000);
    all.record(us);
    (i % 3 == 0 ? first : second).record(us);
  }
  first.merge(second);
  for (const double share : {0.1, 0.5, 0.9, 0.99})
    CHECK(first.percentile_us(share) == all.percentile_us(share));
  CHECK(first.mean_us() == doctest::Approx(all.mean_us()));
  CHECK(first.max_us() == all.max_us());
}

}  // namespace
}  // namespace sotto
