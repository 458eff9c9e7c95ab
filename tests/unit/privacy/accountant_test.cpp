#include "privacy/accountant.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace sotto;

namespace {

bool near(double actual, double expected) { return std::abs(actual - expected) < 1e-9; }

}  // namespace

TEST_CASE("zCDP converts to epsilon as published") {
  CHECK(near(zcdp_epsilon(.5, 1e-5), 4.728386984943));
  CHECK(near(zcdp_epsilon(1.25, 1e-6), 8.845889348462));
  CHECK(near(zcdp_epsilon(3.125, 1e-6), 15.327529574826));
  CHECK(near(zcdp_epsilon(.5, 1e-6), 5.22153444453));
  CHECK(near(zcdp_epsilon(.234375, 1e-8), 4.016607704884));
}

TEST_CASE("no alpha gives a smaller epsilon than the one that is chosen") {
  for (const double rho : {1e-6, 1e-3, .1, .5, 3., 40., 1e4}) {
    for (const double delta : {1e-2, 1e-6, 1e-12}) {
      const double epsilon = zcdp_epsilon(rho, delta);
      for (int step = 0; step < 2800; ++step) {
        const double s = 1e-3 * std::pow(1.01, step);  // up to 1.2e9
        const double a = 1 + s;
        const double other = a * rho + (-std::log(delta) - s * std::log1p(1 / s) - std::log(a)) / s;
        REQUIRE(epsilon <= std::max(0.0, other) + 1e-12 * (1 + epsilon));
      }
    }
  }
}

TEST_CASE("the Gaussian curve has its golden values") {
  const auto epsilon = [](double z, double k, double delta) {
    return gaussian_epsilon(std::sqrt(k) / z, delta);
  };
  CHECK(near(epsilon(1, 1, 1e-5), 4.377178095681));
  CHECK(near(epsilon(2, 10, 1e-6), 8.306225049955));
  CHECK(near(epsilon(4, 100, 1e-6), 14.450776965991));
  CHECK(near(epsilon(10, 100, 1e-6), 4.886554117462));
  CHECK(near(epsilon(8, 30, 1e-8), 3.806042422918));
  CHECK(near(1 / gaussian_mu_for(1, 1e-5), 3.730631634816));
  CHECK(near(1 / gaussian_mu_for(1, 1e-6), 4.224678889327));
  CHECK(near(1 / gaussian_mu_for(4, 1e-6), 1.193518587158));
  CHECK(std::abs(gaussian_delta(1, 1) - 0.12693673750664378) < 1e-15);
}

TEST_CASE("the Gaussian curve is finite, falling and accurate far out in the tail") {
  for (const double mu : {1e-3, .1, 1., 10., 100.}) {
    double previous = 1;
    const int steps = static_cast<int>(7 * (50 + mu));
    for (int step = 0; step < steps; ++step) {
      const double epsilon = step * mu / 7;
      const double delta = gaussian_delta(epsilon, mu);
      REQUIRE(std::isfinite(delta));
      REQUIRE(delta >= 0);
      REQUIRE(delta <= previous);
      previous = delta;
    }
  }
  // e^epsilon alone is infinite here. To 50 digits, from the continued fractions of both terms:
  // phi(a) (Q(a)/phi(a) - Q(b)/phi(b)) with a = 10, b = 110.
  CHECK(std::abs(gaussian_delta(6000, 100) / 6.920401854427357e-24 - 1) < 1e-12);
}

TEST_CASE("epsilon rises with the price and falls with delta") {
  double zcdp = 0, gaussian = 0;
  for (int step = 0; step < 53; ++step) {
    const double rho = 1e-4 * std::pow(1.3, step);  // up to 84
    CHECK(zcdp_epsilon(rho, 1e-6) > zcdp);
    CHECK(gaussian_epsilon(std::sqrt(2 * rho), 1e-6) > gaussian);
    zcdp = zcdp_epsilon(rho, 1e-6);
    gaussian = gaussian_epsilon(std::sqrt(2 * rho), 1e-6);
    CHECK(gaussian < zcdp);  // the certified figure is never below the exact curve
    CHECK(zcdp_epsilon(rho, 1e-8) > zcdp);
    CHECK(gaussian_epsilon(std::sqrt(2 * rho), 1e-8) > gaussian);
  }
}

TEST_CASE("the inverse functions are inverse, and on the safe side") {
  for (const double epsilon : {.01, .5, 1., 4., 20., 300.}) {
    for (const double delta : {1e-4, 1e-6, 1e-10}) {
      const double rho = zcdp_rho_for(epsilon, delta);
      CHECK(zcdp_epsilon(rho, delta) <= epsilon);
      CHECK(zcdp_epsilon(rho, delta) == doctest::Approx(epsilon).epsilon(1e-9));
      const double mu = gaussian_mu_for(epsilon, delta);
      CHECK(gaussian_delta(epsilon, mu) <= delta);
      CHECK(gaussian_epsilon(mu, delta) == doctest::Approx(epsilon).epsilon(1e-9));
    }
  }
}

TEST_CASE("nothing released costs nothing") {
  const Accountant accountant;
  CHECK(accountant.epsilon(Accounting::kZcdp, 1e-6) == 0);
  CHECK(accountant.epsilon(Accounting::kGaussian, 1e-6) == 0);
  CHECK(zcdp_epsilon(0, 1e-6) == 0);
  CHECK(gaussian_epsilon(1e-9, 1e-6) == 0);
}

TEST_CASE("the accountant adds up what the formulas say") {
  Accountant accountant;
  for (int i = 0; i < 10; ++i) accountant.add(2);
  CHECK(accountant.rho() == doctest::Approx(1.25));
  CHECK(accountant.mu() == doctest::Approx(std::sqrt(2.5)));
  CHECK(near(accountant.epsilon(Accounting::kZcdp, 1e-6), 8.845889348462));
  CHECK(near(accountant.epsilon(Accounting::kGaussian, 1e-6), 8.306225049955));
}

TEST_CASE("releases that share one budget spend exactly that budget") {
  for (const auto accounting : {Accounting::kZcdp, Accounting::kGaussian}) {
    const double z = noise_multiplier_for(accounting, 2, 1e-6).value();
    Accountant accountant;
    for (const double share : {.5, .3, .2}) accountant.add(z / std::sqrt(share));
    CHECK(near(accountant.epsilon(accounting, 1e-6), 2));
  }
  CHECK(near(noise_multiplier_for(Accounting::kGaussian, 4, 1e-6).value(), 1.193518587158));
}

TEST_CASE("a budget outside the range is refused") {
  for (const double epsilon : {0., -1., double{INFINITY}, double{NAN}})
    CHECK_FALSE(noise_multiplier_for(Accounting::kZcdp, epsilon, 1e-6).ok());
  for (const double delta : {0., 1., -1e-6, double{NAN}})
    CHECK_FALSE(noise_multiplier_for(Accounting::kGaussian, 1, delta).ok());
}
