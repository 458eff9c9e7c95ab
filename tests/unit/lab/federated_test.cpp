#include "lab/federated.hpp"

#include <doctest/doctest.h>

#include "lab/measure.hpp"
#include "lab/small_world.hpp"
#include "lab/thread_pool.hpp"
#include "model/ials.hpp"

namespace sotto {
namespace {

FederatedOptions small_options(const Split& split) {
  FederatedOptions options;
  options.dim = 12;
  options.rounds = 8;
  options.reg = default_regularization(
      static_cast<double>(split.train.items.size()) / static_cast<double>(split.train.size()),
      split.n_items);
  return options;
}

Matrix train(const Split& split, const FederatedOptions& options, unsigned threads) {
  ThreadPool pool(threads);
  auto training = FederatedTraining::create(split.train, split.n_items, options, pool);
  REQUIRE(training.ok());
  while (!training->finished()) REQUIRE(training->run_round().ok());
  return training->published();
}

double ndcg(const Split& split, const Matrix& items, const Regularization& reg) {
  ThreadPool pool(1);
  return measure(split, factor_scorer(items, reg), pool).all_items[metric_index("ndcg@100")];
}

TEST_CASE("eight rounds come close to centralised training, which beats popularity") {
  const SmallWorld world = small_world();
  const FederatedOptions options = small_options(world.split);
  ThreadPool pool(2);
  const auto central =
      train_ials(world.split.train, world.split.n_items, {options.dim, 16, options.reg, 1}, pool);
  REQUIRE(central.ok());
  const double best = ndcg(world.split, *central, options.reg);
  const double popular = measure(world.split, popularity_scorer(world.split), pool)
                             .all_items[metric_index("ndcg@100")];
  CHECK(best > popular);
  CHECK(ndcg(world.split, train(world.split, options, 2), options.reg) > 0.96 * best);
}

TEST_CASE("same seed, same model, whatever the number of threads") {
  const SmallWorld world = small_world();
  FederatedOptions options = small_options(world.split);
  options.participation = 0.3;
  options.dropout = 0.2;
  options.max_batch = 40;
  const Matrix one = train(world.split, options, 1);
  const Matrix four = train(world.split, options, 4);
  CHECK((one - four).cwiseAbs().maxCoeff() == 0);
  options.seed = 2;
  CHECK((one - train(world.split, options, 1)).norm() > 0);
}

TEST_CASE("a run that continues from its state ends with the same model") {
  const SmallWorld world = small_world();
  FederatedOptions options = small_options(world.split);
  options.participation = 0.25;
  const Matrix whole = train(world.split, options, 2);

  ThreadPool pool(2);
  auto first = FederatedTraining::create(world.split.train, world.split.n_items, options, pool);
  REQUIRE(first.ok());
  for (int round = 0; round < 3; ++round) REQUIRE(first->run_round().ok());
  auto second = FederatedTraining::create(world.split.train, world.split.n_items, options, pool);
  REQUIRE(second.ok());
  REQUIRE(second->restore(first->state()).ok());
  while (!second->finished()) REQUIRE(second->run_round().ok());
  CHECK((whole - second->published()).cwiseAbs().maxCoeff() == 0);

  FederatedState wrong = first->state();
  wrong.items.conservativeResize(wrong.items.rows(), 3);
  CHECK(second->restore(wrong).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a round that gives no model leaves the one before, if asked, and fails otherwise") {
  const SmallWorld world = small_world();
  ThreadPool pool(1);
  FederatedOptions options = small_options(world.split);
  options.rounds = 4;
  const auto attacked = [](const SumJob& job, Executor& executor,
                           const SumProgress& progress) -> Result<DeviceSum> {
    if (job.stream == 1) return Error{ErrorCode::kTooFewReports, "too few"};
    SOTTO_TRY(DeviceSum sum, sum_in_clear(job, executor, progress));
    if (job.stream == 2) sum.sum.back() = -1;  // the normaliser
    return sum;
  };
  options.sum = attacked;
  const auto create = [&] {
    return FederatedTraining::create(world.split.train, world.split.n_items, options, pool).value();
  };
  FederatedTraining strict = create();
  REQUIRE(strict.run_round().ok());
  CHECK(strict.run_round().error().code == ErrorCode::kTooFewReports);

  options.keep_model = true;
  FederatedTraining training = create();
  REQUIRE(training.run_round().ok());
  const Matrix first = training.published();
  CHECK((first.array() == strict.published().array()).all());
  CHECK(training.run_round()->kept_because == "too few");
  CHECK_FALSE(training.run_round()->kept_because.empty());
  CHECK((training.published().array() == first.array()).all());
  CHECK(training.run_round()->kept_because.empty());
  CHECK_FALSE((training.published().array() == first.array()).all());
  CHECK(training.finished());
}

TEST_CASE("options out of range are refused by name") {
  const SmallWorld world = small_world();
  ThreadPool pool(1);
  FederatedOptions options = small_options(world.split);
  options.participation = 0;
  const auto refused =
      FederatedTraining::create(world.split.train, world.split.n_items, options, pool);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("participation") != std::string::npos);
}

}  // namespace
}  // namespace sotto
