// What a sequence of noised releases costs.
//
// z is the noise multiplier: sigma / sensitivity, both in grid units. One release with discrete
// Gaussian noise satisfies rho-zCDP with rho = 1 / (2 z^2) (Canonne, Kamath, Steinke 2020, theorem
// 4; Bun, Steinke 2016); rho adds up, also when later releases depend on earlier ones.
// No amplification by sampling is ever counted: nobody can prove to a device that it was sampled.
// Thread safety: pure functions and plain values.
#pragma once

#include "base/result.hpp"

namespace sotto {

/// rho = 1 / (2 z^2). z > 0.
double zcdp_rho(double z);

/// The epsilon that (rho)-zCDP certifies at delta:
/// min over a > 1 of  a rho + (log(1/delta) + (a-1) log(1 - 1/a) - log a) / (a - 1)
/// (Canonne, Kamath, Steinke 2020, corollary 13). rho >= 0, delta in (0, 1). 0 for rho = 0.
double zcdp_epsilon(double rho, double delta);

/// The largest rho with zcdp_epsilon(rho, delta) <= epsilon. epsilon > 0.
double zcdp_rho_for(double epsilon, double delta);

/// Gaussian differential privacy (Dong, Roth, Su 2019): the exact curve of Gaussian noise with
/// mu = sqrt(sum 1 / z_j^2): delta(eps) = Phi(-eps/mu + mu/2) - e^eps Phi(-eps/mu - mu/2).
/// For discrete noise of sigma >= 1000 grid units it is the tighter estimate, shown beside the
/// certified epsilon. mu > 0.
double gaussian_delta(double epsilon, double mu);
/// The smallest epsilon >= 0 with gaussian_delta(epsilon, mu) <= delta.
double gaussian_epsilon(double mu, double delta);
/// The largest mu with gaussian_delta(epsilon, mu) <= delta.
double gaussian_mu_for(double epsilon, double delta);

enum class Accounting { kZcdp, kGaussian };

/// Adds up what one device's reports have cost.
class Accountant {
 public:
  /// One more report under noise multiplier z > 0.
  void add(double z);
  double rho() const { return rho_; }
  /// mu = sqrt(2 rho): both notions add 1/z^2.
  double mu() const;
  /// 0 when nothing was added.
  double epsilon(Accounting accounting, double delta) const;

 private:
  double rho_ = 0;
};

/// The noise multiplier z of ONE release that spends exactly (epsilon, delta). Several releases
/// share it: z_j = z / sqrt(share_j) with shares that sum to one.
/// Errors: kInvalidArgument unless epsilon > 0 and finite and delta in (0, 1).
Result<double> noise_multiplier_for(Accounting accounting, double epsilon, double delta);

}  // namespace sotto
