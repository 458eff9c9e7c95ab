#include "model/private_trainer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "model/quantization.hpp"
#include "model/random_data.hpp"

namespace sotto {
namespace {

constexpr uint32_t kItems = 60;
constexpr double kUnit = 1.0 / (1 << 15);

PrivateRecipe small_recipe() {
  PrivateRecipe recipe;
  recipe.dim = 8;
  return recipe;
}

// The integer sum of `layout` contributions and one fixed noise.
template <class ContributeOne>
std::vector<int64_t> release(const Histories& users, size_t dimension, double sd, uint64_t seed,
                             ContributeOne contribute) {
  std::vector<int64_t> sum(dimension, 0);
  Contribution out;
  for (size_t u = 0; u < users.size(); ++u) {
    contribute(users[u], out);
    for (size_t j = 0; j < out.values.size(); ++j)
      sum[out.indices[j]] += std::llround(double{out.values[j]} / kUnit);
  }
  Random random(seed);
  for (auto& x : sum) x += std::llround(sd / kUnit * random.normal());
  return sum;
}

PrivateTrainer train(const Histories& users, double sd) {
  SerialExecutor executor;
  Random random(5);
  auto trainer = PrivateTrainer::create(small_recipe(), random_matrix(kItems, 4, 1), 3);
  REQUIRE(trainer.ok());
  const CountsTask counts{trainer->counts_layout(), 100};
  const auto counted =
      release(users, counts.layout.dimension(), sd, 1,
              [&](auto history, auto& out) { contribute_counts(counts, history, random, out); });
  REQUIRE(trainer->accept_counts({counted, kUnit, sd, users.size()}).ok());
  while (trainer->rounds_done() < 2) {
    const WhitenedTask task = trainer->next_task();
    const FoldIn fold_in(trainer->items(), task.reg);
    const auto sum =
        release(users, task.layout.dimension(), sd, 2 + trainer->rounds_done(),
                [&](auto history, auto& out) {
                  contribute_whitened(task, contribution_input(history, fold_in), random, out);
                });
    REQUIRE(trainer->accept_rows({sum, kUnit, sd, users.size()}, executor).ok());
  }
  return std::move(trainer).value();
}

TEST_CASE("every stage leaves a finite model, also when the noise drowns everything") {
  const Histories users = random_histories(200, kItems, 10, 2);
  for (const double sd : {0.01, 1.0, 1000.0}) CHECK(train(users, sd).items().allFinite());
}

TEST_CASE("a release of another length is refused and changes nothing") {
  auto trainer = PrivateTrainer::create(small_recipe(), random_matrix(kItems, 4, 1), 3);
  REQUIRE(trainer.ok());
  const std::vector<int64_t> wrong(kItems, 0);
  CHECK(trainer->accept_counts({wrong, kUnit, 1, 10}).error().code == ErrorCode::kMalformed);
  CHECK(trainer->items().norm() == 0);
}

TEST_CASE("the slice holds the items above the noise") {
  Histories users;
  for (int u = 0; u < 400; ++u) users.add(std::vector<uint32_t>{0, 1, 2});
  CHECK(train(users, 3.0).slice_size() < kItems);
  const PrivateTrainer trainer = train(users, 3.0);
  const WhitenedTask task = trainer.next_task();
  for (uint32_t item = 0; item < 3; ++item) CHECK(task.slot[item] >= 0);
}

TEST_CASE("no items, or a recipe out of range, is refused") {
  CHECK_FALSE(PrivateTrainer::create(small_recipe(), Matrix(0, 3), 1).ok());
  PrivateRecipe recipe;
  recipe.dim = 0;
  CHECK_FALSE(PrivateTrainer::create(recipe, Matrix::Ones(3, 1), 1).ok());
}

TEST_CASE("V0 before any release: every item as popular as any other, as it is published") {
  const auto trainer = PrivateTrainer::create(small_recipe(), random_matrix(kItems, 4, 1), 3);
  REQUIRE(trainer.ok());
  const Matrix start = trainer->content_model();
  CHECK(start.rows() == kItems);
  CHECK(start.cols() == 8);
  CHECK((start.rowwise().squaredNorm().array() > 0).all());
  CHECK(as_published(start) == start);
  CHECK(trainer->items().isZero(0));
}

TEST_CASE("rounds go on from the model that devices have: moments and residuals are of it") {
  const Histories users = random_histories(200, kItems, 10, 2);
  PrivateTrainer trainer = train(users, 0.01);
  const Matrix other = as_published(random_matrix(kItems, 8, 7));
  const WhitenedTask before = trainer.next_task();
  REQUIRE(trainer.continue_from(other).ok());
  CHECK(trainer.items() == other);
  CHECK(trainer.next_task().whitening != before.whitening);
  CHECK(trainer.next_task().slot == before.slot);

  Matrix bad = other;
  bad(3, 2) = std::numeric_limits<float>::infinity();
  CHECK(trainer.continue_from(bad).error().code == ErrorCode::kInvalidArgument);
  CHECK(trainer.continue_from(other.topRows(5)).error().code == ErrorCode::kInvalidArgument);
  CHECK(trainer.continue_from(other.leftCols(5)).error().code == ErrorCode::kInvalidArgument);
  CHECK(trainer.items() == other);
}

TEST_CASE("metrics ride in rounds when the recipe weighs them, and the item step ignores them") {
  PrivateRecipe recipe = small_recipe();
  const Matrix content = random_matrix(kItems, 4, 1);
  recipe.metric_weight = 0.5F;
  auto with = PrivateTrainer::create(recipe, content, 3);
  auto without = PrivateTrainer::create(small_recipe(), content, 3);
  REQUIRE(with.ok());
  std::vector<int64_t> counts(kItems + 1, 1 << 22);
  const double sd = 0.01;
  REQUIRE(with->accept_counts({counts, kUnit, sd, 200}).ok());
  REQUIRE(without->accept_counts({counts, kUnit, sd, 200}).ok());
  const WhitenedTask task = with->next_task();
  CHECK(task.layout.n_metrics == kPrequentialMetrics);
  CHECK(task.metric_weight == 0.5F);
  CHECK(without->next_task().layout.n_metrics == 0);

  std::vector<int64_t> sum(without->next_layout().dimension());
  Random random(9);
  for (auto& x : sum) x = std::llround(1e5 * random.normal());
  sum[task.layout.normaliser()] = 1 << 22;
  SerialExecutor executor;
  REQUIRE(without->accept_rows({sum, kUnit, sd, 200}, executor).ok());
  CHECK(with->accept_rows({sum, kUnit, sd, 200}, executor).error().code == ErrorCode::kMalformed);
  for (const int64_t metric : {9, 8, 7, 6}) sum.push_back(metric);
  REQUIRE(with->accept_rows({sum, kUnit, sd, 200}, executor).ok());
  CHECK(with->items() == without->items());
  recipe.metric_weight = -1;
  CHECK(recipe.validate().error().message.find("metric_weight") != std::string::npos);
}

}  // namespace
}  // namespace sotto
