#include "model/quality_release.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "base/random.hpp"

using namespace sotto;

namespace {

// Four bins: 10 devices in the first, 40 in the second, 40 in the third, 10 in the last.
const std::vector<int64_t> kSum{20, 10, 40, 40, 10};
constexpr uint64_t kReports = 120;

}  // namespace

TEST_CASE("without noise the histogram is what it is") {
  const auto quality = decode_quality({kSum, 1, 1e-9, kReports});
  REQUIRE(quality.has_value());
  CHECK(quality->bins == std::vector<double>{10, 40, 40, 10});
  CHECK(quality->devices == 100);
  CHECK(quality->mean == doctest::Approx(0.5));
  CHECK(quality->p10 == doctest::Approx(0.25));
  CHECK(quality->median == doctest::Approx(0.5));
  CHECK(quality->p90 == doctest::Approx(0.75));
  CHECK(quality->mean_sd ==
        doctest::Approx(1e-11 * std::sqrt(2 * (0.375 * 0.375 + 0.125 * 0.125))));
}

TEST_CASE("reports are counted: what the buckets have too much is noise, taken from all alike") {
  const std::vector<int64_t> noised{25, 15, 45, 45, 15};
  const auto quality = decode_quality({noised, 1, 1, kReports});
  REQUIRE(quality.has_value());
  CHECK(quality->bins == std::vector<double>{10, 40, 40, 10});
}

TEST_CASE("one bin alone, and bins that noise took below zero: quantiles stay where votes are") {
  const std::vector<int64_t> alone{0, 0, 60, 0, 0};
  const auto one = decode_quality({alone, 1, 1, 60}).value();
  CHECK(one.p10 == doctest::Approx(0.25 + 0.25 * 0.1));
  CHECK(one.p90 == doctest::Approx(0.25 + 0.25 * 0.9));
  // Shifted by 5/2: 57.5 and 2.5 stay.
  const std::vector<int64_t> negative{0, -5, 60, 5, 0};
  const auto two = decode_quality({negative, 1, 1, 60}).value();
  CHECK(two.bins == std::vector<double>{-5, 60, 5, 0});
  CHECK(two.devices == 60);
  CHECK(two.p10 == doctest::Approx(0.25 + 0.25 * 6 / 57.5));
  CHECK(two.p90 == doctest::Approx(0.25 + 0.25 * 54 / 57.5));
  const std::vector<int64_t> last{0, -5, -5, -5, 75};
  CHECK(decode_quality({last, 1, 1, 60})->p90 == doctest::Approx(0.75 + 0.25 * 0.9));
}

TEST_CASE("no more devices than noise: it says nothing") {
  const std::vector<int64_t> silent{100, 1, -1, 0, 0};
  CHECK_FALSE(decode_quality({silent, 1, 1, 100}).has_value());
  CHECK_FALSE(decode_quality({kSum, 1, 40, kReports}).has_value());
  CHECK(decode_quality({kSum, 1, 30, kReports}).has_value());
}

TEST_CASE("the noise in devices and mean is what it is said to be, and quantiles are near") {
  constexpr size_t kBins = 31;
  constexpr double kNoise = 6;
  Random random(3);
  std::vector<double> truth(kBins + 1);
  truth[0] = 400;
  for (size_t j = 1; j <= kBins; ++j)
    truth[j] = 3000 * std::exp(-std::pow((static_cast<double>(j) - 12) / 4, 2) / 2) / 10;
  double devices = 0, mean = 0;
  for (size_t j = 0; j <= kBins; ++j) {
    truth[j] = std::round(truth[j]);
    if (j == 0) continue;
    devices += truth[j];
    mean += truth[j] * (static_cast<double>(j) - 0.5) / kBins;
  }
  mean /= devices;
  const auto reports = static_cast<uint64_t>(devices + truth[0]);
  constexpr int kTrials = 4000;
  double devices_squares = 0, mean_squares = 0, stated = 0, median = 0, p10 = 0, p90 = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<int64_t> sum;
    for (const double bucket : truth)
      sum.push_back(std::llround(bucket + kNoise * random.normal()));
    const auto quality = decode_quality({sum, 1, kNoise, reports});
    REQUIRE(quality.has_value());
    devices_squares += std::pow(quality->devices - devices, 2) / kTrials;
    mean_squares += std::pow(quality->mean - mean, 2) / kTrials;
    stated += quality->mean_sd / kTrials;
    p10 += quality->p10 / kTrials;
    median += quality->median / kTrials;
    p90 += quality->p90 / kTrials;
  }
  // Squares of 4000 normal numbers: a standard deviation of 2.2%, of the root 1.1%. Five of them
  // fail once in 1.7 million.
  CHECK(std::sqrt(devices_squares) ==
        doctest::Approx(kNoise * std::sqrt(double{kBins} / (kBins + 1))).epsilon(0.056));
  // The constraint takes a little of it that is not reckoned with.
  CHECK(std::sqrt(mean_squares) < 1.056 * stated);
  CHECK(std::sqrt(mean_squares) > 0.85 * stated);
  const std::vector<int64_t> exact(truth.begin(), truth.end());
  const auto clear = decode_quality({exact, 1, 1e-9, reports}).value();
  for (const auto& [found, is] :
       {std::pair(p10, clear.p10), std::pair(median, clear.median), std::pair(p90, clear.p90)})
    CHECK(found == doctest::Approx(is).epsilon(0.01));
}
