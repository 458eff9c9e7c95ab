#include "lab/fine_tuned.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "lab/small_world.hpp"
#include "lab/thread_pool.hpp"
#include "model/ials.hpp"

namespace sotto {
namespace {

TEST_CASE("nearest items: by cosine, best first, never itself, zero rows near nothing") {
  Matrix items(4, 2);
  items << 1, 0, 2, 1, 0, 0, 1, 3;
  SerialExecutor executor;
  const auto near = nearest_items(items, 5, executor);
  REQUIRE(near.size() == 4);
  CHECK(near[2].empty());
  REQUIRE(near[0].size() == 2);
  CHECK(near[0][0].item == 1);
  CHECK(near[0][0].cosine == doctest::Approx(2 / std::sqrt(5.0)));
  CHECK(near[0][1].item == 3);
  CHECK(nearest_items(items, 1, executor)[3].size() == 1);
}

TEST_CASE("fine-tuned scorer: the fold-in where both rates are 0, another list where not") {
  const SmallWorld world = small_world();
  ThreadPool pool(2);
  const Regularization reg{0.3F, 0.01F};
  const Matrix items =
      train_ials(world.split.train, world.split.n_items, {8, 3, reg, 1}, pool).value();
  FineTuningOptions options;
  const auto near = nearest_items(items, options.neighbours, pool);
  std::vector<float> plain(world.split.n_items), tuned(plain);
  const auto history = world.split.fold_in[0];
  const Scorer fold_in = factor_scorer(items, reg);
  fold_in(history, plain);
  const Scorer moved = fine_tuned_scorer(items, near, reg, {}, options, 1);
  moved(history, tuned);
  CHECK(plain != tuned);
  options.rate = options.offset_rate = 0;
  fine_tuned_scorer(items, near, reg, {}, options, 1)(history, tuned);
  for (size_t i = 0; i < plain.size(); ++i) CHECK(tuned[i] == doctest::Approx(plain[i]));

  const CrowdPrior sure{1, 1e-6, 1}, never{-1, 1e-6, 1};
  std::vector<float> gated(plain.size()), wanted(plain.size());
  gated_scorer(fold_in, moved, never, world.split.n_items)(history, gated);
  CHECK(gated == plain);
  gated_scorer(fold_in, moved, sure, world.split.n_items)(history, gated);
  moved(history, wanted);
  CHECK(gated == wanted);

  const CrowdPrior same = crowd_prior(fold_in, fold_in, world.split, pool);
  CHECK(same.mean_gain == 0);
}

TEST_CASE("a hold-out is the last fifth, at most five; short histories have none") {
  const Scorer good = [](auto, std::span<float> scores) {
    for (size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<float>(i);
  };
  const Scorer bad = [](auto, std::span<float> scores) {
    for (size_t i = 0; i < scores.size(); ++i) scores[i] = -static_cast<float>(i);
  };
  std::vector<uint32_t> history(60);
  for (uint32_t i = 0; i < 60; ++i) history[i] = i + 40;
  CHECK(hold_out_gains(bad, good, history, 100).size() == 5);
  const auto gains = hold_out_gains(bad, good, std::span(history).last(10), 100);
  REQUIRE(gains.size() == 2);
  // Items 98 and 99 of 92 unseen: ranks 1 and 0 by `good`, 90 and 91 by `bad`.
  CHECK(gains[0] == doctest::Approx(1 / std::log2(3.0) - 1 / std::log2(92.0)));
  CHECK(gains[1] == doctest::Approx(1 - 1 / std::log2(93.0)));
  CHECK(hold_out_gains(bad, good, std::span(history).last(4), 100).empty());
}

}  // namespace
}  // namespace sotto
