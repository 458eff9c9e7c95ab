#include "model/fine_tuning.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "model/fold_in.hpp"
#include "model/random_data.hpp"

namespace sotto {
namespace {

constexpr uint32_t kItems = 120;

struct Setting {
  Matrix items = random_matrix(kItems, 8, 1, 0.3F);
  FoldIn fold_in{items, {0.3F, 0.01F}};
  std::vector<uint32_t> history{3, 14, 15, 92, 65, 35};
  std::vector<float> weights = std::vector<float>(6, 1);
  Vector start = fold_in.solve(history);
};

// Mean number of items that stand above an item of the history.
double mean_rank(const Vector& scores, const std::vector<uint32_t>& history) {
  double sum = 0;
  for (const uint32_t item : history)
    sum += static_cast<double>((scores.array() > scores[item]).count());
  return sum / static_cast<double>(history.size());
}

TEST_CASE("fine-tuning lifts the history above the rest") {
  const Setting s;
  FineTuningOptions options;
  options.epochs = 20;
  FineTuning tuning(s.items, s.history, s.weights, s.start, options, 1);
  const double before = mean_rank(tuning.scores(), s.history);
  CHECK(before == doctest::Approx(mean_rank(s.items * s.start, s.history)));
  tuning.run(tuning.steps_left());
  CHECK(mean_rank(tuning.scores(), s.history) < before);
}

TEST_CASE("slices of any size end with the same vectors") {
  const Setting s;
  FineTuning whole(s.items, s.history, s.weights, s.start, {}, 1);
  CHECK_FALSE(whole.run(whole.steps_left()));
  FineTuning sliced(s.items, s.history, s.weights, s.start, {}, 1);
  while (sliced.run(7)) CHECK(sliced.steps_left() > 0);
  CHECK((whole.scores() - sliced.scores()).norm() == 0);
}

TEST_CASE("offsets stay small, and are for items near the history only") {
  const Setting s;
  FineTuningOptions options;
  options.epochs = 200;
  options.learning_rate = 1;
  options.neighbours = 3;
  FineTuning tuning(s.items, s.history, s.weights, s.start, options, 1);
  tuning.run(tuning.steps_left());
  CHECK(tuning.offsets() <= s.history.size() * 4);
  const Vector plain = s.items * tuning.user();
  const Vector scores = tuning.scores();
  CHECK(scores.allFinite());
  for (uint32_t i = 0; i < kItems; ++i)
    CHECK(std::abs(scores[i] - plain[i]) <=
          options.largest_offset * s.items.row(i).norm() * tuning.user().norm() * 1.001F + 1e-6F);

  options.neighbours = 0;
  CHECK(FineTuning(s.items, s.history, s.weights, s.start, options, 1).offsets() == 0);
}

TEST_CASE("a new event continues from what was learned") {
  const Setting s;
  FineTuning tuning(s.items, s.history, s.weights, s.start, {}, 1);
  tuning.run(tuning.steps_left());
  CHECK(tuning.steps_left() == 0);
  std::vector<uint32_t> longer = s.history;
  longer.push_back(77);
  tuning.add(77, 1, s.fold_in.solve(longer));
  CHECK(tuning.steps_left() == longer.size());
  const float before = tuning.scores()[77];
  tuning.run(tuning.steps_left());
  CHECK(tuning.scores().allFinite());
  CHECK(tuning.scores()[77] != before);
}

TEST_CASE("an empty history has nothing to tune") {
  const Setting s;
  FineTuning tuning(s.items, {}, {}, Vector::Zero(8), {}, 1);
  CHECK_FALSE(tuning.run(10));
  CHECK(tuning.scores().norm() == 0);
}

TEST_CASE("the gate follows the crowd where a user's own points are few") {
  const CrowdPrior good{0.05, 0.01, 0.5};
  const std::vector<double> one_bad{-0.3};
  CHECK(keep_fine_tuning(good, {}));
  CHECK(keep_fine_tuning(good, one_bad));
  const std::vector<double> many_bad(40, -0.3);
  CHECK_FALSE(keep_fine_tuning(good, many_bad));
  const CrowdPrior bad{-0.05, 0.01, 0.5};
  CHECK_FALSE(keep_fine_tuning(bad, {}));
}

TEST_CASE("the crowd's prior recovers the variances that made the gains") {
  Random random(3);
  std::vector<std::vector<double>> gains;
  for (int u = 0; u < 4000; ++u) {
    const double truth = 0.1 + 0.2 * random.normal();
    std::vector<double> points;
    for (int j = 0; j < 1 + static_cast<int>(random.below(5)); ++j)
      points.push_back(truth + 0.5 * random.normal());
    gains.push_back(points);
  }
  const CrowdPrior prior = estimate_crowd_prior(gains);
  CHECK(prior.mean_gain == doctest::Approx(0.1).epsilon(0.2));
  CHECK(prior.between_users == doctest::Approx(0.04).epsilon(0.3));
  CHECK(prior.within_user == doctest::Approx(0.25).epsilon(0.1));
  CHECK(estimate_crowd_prior({}).between_users > 0);
}

}  // namespace
}  // namespace sotto
