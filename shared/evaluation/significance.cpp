#include "evaluation/significance.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.hpp"

namespace sotto {
namespace {

// Means of `resamples` draws with replacement, ascending.
std::vector<double> resampled_means(std::span<const double> values, uint32_t resamples,
                                    uint64_t seed) {
  Random random(seed);
  std::vector<double> means(resamples);
  for (auto& mean : means) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i)
      sum += values[static_cast<size_t>(random.below(values.size()))];
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  return means;
}

double quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

Interval interval(std::span<const double> values, const std::vector<double>& means,
                  double confidence) {
  double sum = 0;
  for (const double value : values) sum += value;
  const double outside = (1 - confidence) / 2;
  return {sum / static_cast<double>(values.size()), quantile(means, outside),
          quantile(means, 1 - outside)};
}

}  // namespace

Interval bootstrap_mean(std::span<const double> values, double confidence, uint32_t resamples,
                        uint64_t seed) {
  return interval(values, resampled_means(values, resamples, seed), confidence);
}

PairedDifference paired_bootstrap(std::span<const double> a, std::span<const double> b,
                                  double confidence, uint32_t resamples, uint64_t seed) {
  std::vector<double> differences(a.size());
  for (size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
  const auto means = resampled_means(differences, resamples, seed);

  const auto not_above = std::upper_bound(means.begin(), means.end(), 0.0) - means.begin();
  const auto not_below = means.end() - std::lower_bound(means.begin(), means.end(), 0.0);
  const double rarer = static_cast<double>(std::min(not_above, not_below)) + 1;
  return {interval(differences, means, confidence),
          std::min(1.0, 2 * rarer / (static_cast<double>(resamples) + 1))};
}

}  // namespace sotto
