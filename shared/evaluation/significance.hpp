// How sure a difference is: bootstrap confidence intervals (Efron 1979), percentile method, users
// as the unit. Thread safety: pure functions; the same seed gives the same interval.
#pragma once

#include <cstdint>
#include <span>

namespace sotto {

struct Interval {
  double mean = 0;
  double low = 0;   ///< Lower end of the confidence interval.
  double high = 0;  ///< Upper end.
};

/// Confidence interval of a mean over users. values: one a user, not empty.
/// confidence in (0, 1), resamples >= 100.
Interval bootstrap_mean(std::span<const double> values, double confidence = 0.95,
                        uint32_t resamples = 2000, uint64_t seed = 1);

struct PairedDifference {
  Interval difference;  ///< Of mean(a - b), users resampled in pairs.
  /// Two-sided: 2 min(P[mean* <= 0], P[mean* >= 0]), at most 1, where each P counts the observed
  /// sample as one more resample ((count + 1) / (resamples + 1)): never 0.
  double p_value = 1;
};

/// Paired bootstrap of mean(a) - mean(b). a.size() == b.size() >= 1.
PairedDifference paired_bootstrap(std::span<const double> a, std::span<const double> b,
                                  double confidence = 0.95, uint32_t resamples = 2000,
                                  uint64_t seed = 1);

}  // namespace sotto
