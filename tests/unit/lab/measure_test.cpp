#include "lab/measure.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "lab/thread_pool.hpp"

namespace sotto {
namespace {

// Five items, three training users, two measured ones.
Split hand_made() {
  Split split;
  split.n_items = 5;
  split.train.add(std::vector<uint32_t>{0, 1});
  split.train.add(std::vector<uint32_t>{0, 1, 2});
  split.train.add(std::vector<uint32_t>{0, 3});
  split.fold_in.add(std::vector<uint32_t>{0});
  split.targets.add(std::vector<uint32_t>{2});
  split.fold_in.add(std::vector<uint32_t>{3});
  split.targets.add(std::vector<uint32_t>{0, 4});
  return split;
}

TEST_CASE("popularity: training counts, seen items out, ties by item number") {
  const Split split = hand_made();
  ThreadPool pool(2);
  // Counts 3 2 1 1 0. User 0 sees 1 2 3 4: target 2 has rank 1. User 1 sees 0 1 2 4: targets 0, 4
  // have ranks 0 and 3.
  const Measurement m = measure(split, popularity_scorer(split), pool);
  const double first = 1 / std::log2(3.0);
  const double second = (1 + 1 / std::log2(5.0)) / (1 + 1 / std::log2(3.0));
  CHECK(m.all_items[metric_index("ndcg@100")] == doctest::Approx((first + second) / 2));
  CHECK(m.all_items[metric_index("mrr")] == doctest::Approx((0.5 + 1) / 2));
  CHECK(m.coverage == 1);
}

TEST_CASE("item-kNN: cosines over training users") {
  const Split split = hand_made();
  ThreadPool pool(1);
  const Scorer knn = item_knn_scorer(split, 10, pool);
  std::vector<float> scores(5);
  knn(std::vector<uint32_t>{0}, scores);
  CHECK(scores[1] == doctest::Approx(2 / std::sqrt(6.0)));
  CHECK(scores[2] == doctest::Approx(1 / std::sqrt(3.0)));
  CHECK(scores[3] == doctest::Approx(1 / std::sqrt(3.0)));
  CHECK(scores[4] == 0);
}

TEST_CASE("with candidates the sampled ranking stands beside the other") {
  Split split = hand_made();
  split.candidates.add(std::vector<uint32_t>{4});
  split.candidates.add(std::vector<uint32_t>{1});
  ThreadPool pool(1);
  const Measurement m = measure(split, popularity_scorer(split), pool);
  REQUIRE(m.sampled.has_value());
  CHECK((*m.sampled)[metric_index("mrr")] == doctest::Approx(1));
}

}  // namespace
}  // namespace sotto
