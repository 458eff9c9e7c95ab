#include "model/quality_release.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace sotto {
namespace {

constexpr double kNoticeable = 3;

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// The nearest values of the same sum, which is positive, of which none is negative.
std::vector<double> without_negative(std::vector<double> values) {
  std::vector<double> descending = values;
  std::sort(descending.begin(), descending.end(), std::greater<>{});
  const double total = sum_of(values);
  double shift = 0, largest = 0;  // of those that stay above 0
  for (size_t kept = 1; kept <= descending.size(); ++kept) {
    largest += descending[kept - 1];
    const double would = (largest - total) / static_cast<double>(kept);
    if (!(descending[kept - 1] > would)) break;
    shift = would;
  }
  for (double& value : values) value = std::max(0.0, value - shift);
  return values;
}

double quantile(const std::vector<double>& bins, double share) {
  const auto n = static_cast<double>(bins.size());
  double left = share * sum_of(bins);
  for (size_t j = 0; j < bins.size(); ++j) {
    if (bins[j] > 0 && left <= bins[j]) return (static_cast<double>(j) + left / bins[j]) / n;
    left -= bins[j];
  }
  return 1;
}

}  // namespace

std::optional<QualityRelease> decode_quality(const Release& release) {
  const auto buckets = static_cast<double>(release.sum.size());
  const double n = buckets - 1;
  double surplus = -static_cast<double>(release.reports);
  for (const int64_t bucket : release.sum) surplus += static_cast<double>(bucket) * release.unit;

  QualityRelease quality;
  for (const int64_t bin : release.sum.subspan(1))
    quality.bins.push_back(static_cast<double>(bin) * release.unit - surplus / buckets);
  quality.devices = sum_of(quality.bins);
  if (!(quality.devices > kNoticeable * release.noise_sd * std::sqrt(n / buckets)))
    return std::nullopt;

  const auto midpoint = [&](size_t j) { return (static_cast<double>(j) + 0.5) / n; };
  for (size_t j = 0; j < quality.bins.size(); ++j)
    quality.mean += quality.bins[j] * midpoint(j) / quality.devices;
  double squares = 0;
  for (size_t j = 0; j < quality.bins.size(); ++j)
    squares += (midpoint(j) - quality.mean) * (midpoint(j) - quality.mean);
  quality.mean_sd = release.noise_sd * std::sqrt(squares) / quality.devices;

  const std::vector<double> possible = without_negative(quality.bins);
  quality.p10 = quantile(possible, 0.1);
  quality.median = quantile(possible, 0.5);
  quality.p90 = quantile(possible, 0.9);
  return quality;
}

}  // namespace sotto
