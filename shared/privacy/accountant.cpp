#include "privacy/accountant.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sotto {
namespace {

// The last double of [0, infinity) for which `holds` is true, where it is true up to some point
// > 0 and false beyond. Plain bisection down to neighbouring doubles: nothing here is hot, and it
// cannot diverge.
template <class Predicate>
double last_where(Predicate holds) {
  double low = 1, high = 1;
  while (!holds(low) && low > 0) low /= 2;
  while (holds(high) && std::isfinite(high)) high *= 2;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return low;
    (holds(middle) ? low : high) = middle;
  }
}

// exp(x^2) erfc(x) for x >= 0.
double scaled_erfc(double x) {
  if (x < 5) {
    // exp(x^2) with the rounding error of x^2 put back.
    const double square = x * x;
    return std::exp(square) * (1 + std::fma(x, x, -square)) * std::erfc(x);
  }
  // Laplace's continued fraction 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))); from 5 on 30 steps
  // leave less than 1e-17.
  double tail = x;
  for (int k = 30; k >= 1; --k) tail = x + k * 0.5 / tail;
  return 1 / (std::sqrt(std::numbers::pi) * tail);
}

}  // namespace

double zcdp_rho(double z) { return 1 / (2 * z * z); }

// With s = a - 1 the derivative is rho - (log(1/delta) - log(1 + s)) / s^2, so the minimum is where
// rho s^2 + log(1 + s) = log(1/delta): the left side only rises.
double zcdp_epsilon(double rho, double delta) {
  if (rho <= 0) return 0;
  const double target = -std::log(delta);
  const double s = last_where([&](double x) { return rho * x * x + std::log1p(x) <= target; });
  const double epsilon = (1 + s) * rho - std::log1p(1 / s) + (target - std::log1p(s)) / s;
  return std::max(0.0, epsilon);
}

double zcdp_rho_for(double epsilon, double delta) {
  return last_where([&](double rho) { return zcdp_epsilon(rho, delta) <= epsilon; });
}

// e^epsilon phi(b) = phi(a) for a = epsilon/mu - mu/2 and b = epsilon/mu + mu/2, so the second term
// is exp(-a^2/2) times a scaled erfc and never overflows.
double gaussian_delta(double epsilon, double mu) {
  const double a = (epsilon / mu - mu / 2) / std::numbers::sqrt2;
  const double b = (epsilon / mu + mu / 2) / std::numbers::sqrt2;
  if (a <= 0) return (std::erfc(a) - std::exp(-a * a) * scaled_erfc(b)) / 2;
  return std::exp(-a * a) * (scaled_erfc(a) - scaled_erfc(b)) / 2;
}

double gaussian_epsilon(double mu, double delta) {
  if (gaussian_delta(0, mu) <= delta) return 0;
  const double below =
      last_where([&](double epsilon) { return gaussian_delta(epsilon, mu) > delta; });
  return std::nextafter(below, INFINITY);
}

double gaussian_mu_for(double epsilon, double delta) {
  return last_where([&](double mu) { return gaussian_delta(epsilon, mu) <= delta; });
}

void Accountant::add(double z) { rho_ += zcdp_rho(z); }

double Accountant::mu() const { return std::sqrt(2 * rho_); }

double Accountant::epsilon(Accounting accounting, double delta) const {
  if (rho_ <= 0) return 0;
  return accounting == Accounting::kZcdp ? zcdp_epsilon(rho_, delta)
                                         : gaussian_epsilon(mu(), delta);
}

Result<double> noise_multiplier_for(Accounting accounting, double epsilon, double delta) {
  if (!(epsilon > 0) || !std::isfinite(epsilon))
    return Error{ErrorCode::kInvalidArgument, "epsilon: must be positive and finite"};
  if (!(delta > 0) || !(delta < 1))
    return Error{ErrorCode::kInvalidArgument, "delta: must be between 0 and 1"};
  return accounting == Accounting::kZcdp ? 1 / std::sqrt(2 * zcdp_rho_for(epsilon, delta))
                                         : 1 / gaussian_mu_for(epsilon, delta);
}

}  // namespace sotto
