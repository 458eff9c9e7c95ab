// Whether fine-tuning is kept for a user: the user's own evidence, shrunk towards the crowd's.
#pragma once

#include <span>
#include <vector>

namespace sotto {

/// What the crowd knows about the worth of fine-tuning, as released statistics of users' gains on
/// their own hold-outs (e.g. difference of reciprocal ranks).
struct CrowdPrior {
  double mean_gain = 0;         ///< Over users.
  double between_users = 0.01;  ///< Variance of users' true gains. > 0.
  double within_user = 0.05;    ///< Variance of one hold-out point. > 0.
};

/// Whether to keep the fine-tuned list for this user: the posterior mean of the user's gain,
/// shrunk towards the crowd's, is positive. One user's few points alone are too noisy a judge.
/// False when anything is not a number or a variance not positive. Thread safety: pure, as below.
bool keep_fine_tuning(const CrowdPrior& prior, std::span<const double> gains);

/// A user's gains on two hold-outs of the history, the later one and one that ends before it.
struct HoldOutGains {
  std::vector<double> earlier, later;
};

/// The prior that users' gains suggest: what varies between users is what their two hold-outs have
/// in common, i.e. the covariance of the two means; the rest of a mean's variance is noise. (The
/// scatter of points within one hold-out says too little of that noise: they share one tuned
/// model.) Users without both are left out; gains are finite.
CrowdPrior estimate_crowd_prior(std::span<const HoldOutGains> users);

}  // namespace sotto
