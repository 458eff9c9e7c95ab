#include "model/tuning_gate.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "base/random.hpp"

namespace sotto {
namespace {

TEST_CASE("the gate follows the crowd where a user's own points are few") {
  const CrowdPrior good{0.05, 0.01, 0.5};
  const std::vector<double> one_bad{-0.3};
  CHECK(keep_fine_tuning(good, {}));
  CHECK(keep_fine_tuning(good, one_bad));
  const std::vector<double> many_bad(40, -0.3);
  CHECK_FALSE(keep_fine_tuning(good, many_bad));
  const CrowdPrior bad{-0.05, 0.01, 0.5};
  CHECK_FALSE(keep_fine_tuning(bad, {}));
  const std::vector<double> many_good(40, 0.3);
  CHECK(keep_fine_tuning(bad, many_good));
}

TEST_CASE("the gate stays shut for what is not a number") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> gains{nan};
  CHECK_FALSE(keep_fine_tuning({1, 0.01, 0.5}, gains));
  CHECK_FALSE(keep_fine_tuning({nan, 0.01, 0.5}, {}));
  CHECK_FALSE(keep_fine_tuning({1, 0, 0.5}, {}));
  CHECK_FALSE(keep_fine_tuning({1, 0.01, -1}, {}));
}

// Seeded; the tolerances are over 5 standard errors of these 20,000 users.
TEST_CASE("the crowd's prior recovers the variances that made the gains") {
  Random random(3);
  std::vector<HoldOutGains> users(20000);
  for (auto& user : users) {
    const double truth = 0.1 + 0.2 * random.normal();
    for (auto* gains : {&user.earlier, &user.later})
      for (uint64_t j = 1 + random.below(5); j > 0; --j)
        gains->push_back(truth + 0.5 * random.normal());
  }
  users.push_back({{}, {100}});  // not both: left out
  const CrowdPrior prior = estimate_crowd_prior(users);
  CHECK(prior.mean_gain == doctest::Approx(0.1).epsilon(0.15));
  CHECK(prior.between_users == doctest::Approx(0.04).epsilon(0.2));
  CHECK(prior.within_user == doctest::Approx(0.25).epsilon(0.1));
  CHECK(estimate_crowd_prior({}).between_users > 0);
}

TEST_CASE("what a hold-out's points have in common is noise unless the other one shares it") {
  Random random(4);
  std::vector<HoldOutGains> users(5000);
  for (auto& user : users)
    for (auto* gains : {&user.earlier, &user.later}) gains->assign(4, 0.02 + 0.3 * random.normal());
  const CrowdPrior prior = estimate_crowd_prior(users);
  // The covariance of 5,000 pairs has standard error 0.09 / sqrt(5000) = 0.0013.
  CHECK(prior.between_users < 0.0065);
  CHECK(prior.within_user > 0.25);
}

}  // namespace
}  // namespace sotto
