#include "model/tuning_gate.hpp"

#include <algorithm>
#include <numeric>

namespace sotto {
namespace {

constexpr double kLeastVariance = 1e-9;

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

bool keep_fine_tuning(const CrowdPrior& prior, std::span<const double> gains) {
  if (!(prior.between_users > 0 && prior.within_user > 0)) return false;
  const double n = static_cast<double>(gains.size());
  const double sum = std::accumulate(gains.begin(), gains.end(), 0.0);
  const double precision = 1 / prior.between_users + n / prior.within_user;
  return (prior.mean_gain / prior.between_users + sum / prior.within_user) / precision > 0;
}

CrowdPrior estimate_crowd_prior(std::span<const HoldOutGains> users) {
  double n = 0, inverse = 0, earlier = 0, later = 0, variance = 0, covariance = 0;
  const auto each = [users](auto&& visit) {
    for (const auto& user : users)
      if (!user.earlier.empty() && !user.later.empty())
        visit(mean(user.earlier), mean(user.later), static_cast<double>(user.later.size()));
  };
  each([&](double mean_earlier, double mean_later, double points) {
    ++n;
    earlier += mean_earlier;
    later += mean_later;
    inverse += 1 / points;
  });
  CrowdPrior prior;
  if (n < 2) return prior;
  earlier /= n;
  later /= n;
  each([&](double mean_earlier, double mean_later, double) {
    covariance += (mean_earlier - earlier) * (mean_later - later) / (n - 1);
    variance += (mean_later - later) * (mean_later - later) / (n - 1);
  });
  prior.mean_gain = later;
  prior.between_users = std::max(kLeastVariance, covariance);
  prior.within_user = std::max(kLeastVariance, (variance - prior.between_users) * n / inverse);
  return prior;
}

}  // namespace sotto
