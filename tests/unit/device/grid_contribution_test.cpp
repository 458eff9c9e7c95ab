#include "device/grid_contribution.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "hex.hpp"
#include "model/random_data.hpp"

using namespace sotto;

namespace {

constexpr uint32_t kItems = 30;
constexpr Regularization kReg{0.2F, 0.02F};

template <class R>
ErrorCode code_of(const R& result) {
  return result.ok() ? ErrorCode::kOk : result.error().code;
}

WhitenedTask whitened_task(Random& random) {
  WhitenedTask task;
  task.layout = {kItems / 2, 4, kPrequentialMetrics};
  task.reg = kReg;
  task.slot.assign(kItems, -1);
  task.row_weight.assign(kItems, 0);
  task.popularity.assign(kItems, 0);
  for (uint32_t i = 0; i < kItems; i += 2) {
    task.slot[i] = static_cast<int32_t>(i / 2);
    task.row_weight[i] = 0.5F + static_cast<float>(random.uniform());
    task.popularity[i] = 0.01F + static_cast<float>(random.uniform());
  }
  task.whitening = random_matrix(4, 4, random.next(), 3);
  task.max_items = 6;
  return task;
}

std::vector<TaskLayout> layouts(Random& random) {
  return {CountsTask{{kItems}, 10}, make_rows_task({kItems, 4, kPrequentialMetrics}, kReg, 12),
          make_rows_task({kItems, 4, 0}, kReg, 3), whitened_task(random),
          QualityTask{{kItems, 31}}};
}

uint64_t squares(const std::vector<int32_t>& values) {
  uint64_t sum = 0;
  for (const int32_t value : values) sum += static_cast<uint64_t>(int64_t{value} * int64_t{value});
  return sum;
}

}  // namespace

TEST_CASE("a contribution on the grid is within the bound, exactly, whatever goes in") {
  Random random(1);
  TestEntropy entropy(2);
  for (int trial = 0; trial < 200; ++trial) {
    const auto scale = static_cast<float>(std::pow(10, -3 + 5 * random.uniform()));
    const Matrix items = random_matrix(kItems, 4, random.next(), scale);
    const FoldIn fold_in(items, kReg);
    const auto history = random_history(kItems, random.below(kItems + 1), random);
    ContributionInput input = contribution_input(history, fold_in);
    // Also metrics that no device can have.
    const float metric = trial % 3 == 0 ? 1e6F : 1;
    const std::vector<float> metrics(kPrequentialMetrics, metric);
    input.metrics = metrics;
    for (const TaskLayout& layout : layouts(random)) {
      CAPTURE(layout_name(layout));
      const Grid grid{static_cast<int32_t>(1 + random.below(uint64_t{1} << 20)),
                      layout_clip(layout)};
      const auto out = grid_contribution(layout, grid, input, entropy);
      REQUIRE(out.ok());
      REQUIRE(out->indices.size() == out->values.size());
      const auto bound = static_cast<uint64_t>(grid.bound);
      CHECK(squares(out->values) <= bound * bound);
      const std::set<uint32_t> distinct(out->indices.begin(), out->indices.end());
      CHECK(distinct.size() == out->indices.size());
      if (!distinct.empty()) CHECK(*distinct.rbegin() < layout_dimension(layout));
      const auto dense = out->dense(layout_dimension(layout));
      CHECK(squares(dense) == squares(out->values));
      if (history.empty()) CHECK(out->zero());
    }
  }
}

TEST_CASE("the seed of the device's choices is 8 bytes of its entropy, and no more") {
  Random random(3);
  const Matrix items = random_matrix(kItems, 4, 4, 0.5F);
  const FoldIn fold_in(items, kReg);
  const auto history = random_history(kItems, kItems, random);
  const ContributionInput input = contribution_input(history, fold_in);
  for (const TaskLayout& layout : layouts(random)) {
    CAPTURE(layout_name(layout));
    const Grid grid{1 << 15, layout_clip(layout)};
    FixedEntropy seed({1, 2, 3, 4, 5, 6, 7, 8}), again({1, 2, 3, 4, 5, 6, 7, 8});
    const auto first = grid_contribution(layout, grid, input, seed).value();
    CHECK(seed.used_up());
    const auto second = grid_contribution(layout, grid, input, again).value();
    CHECK(first.indices == second.indices);
    CHECK(first.values == second.values);

    // The same as the layout's own vector, put on the grid.
    Random own(0x0807060504030201);
    Contribution real;
    REQUIRE(contribute(layout, input, own, real).ok());
    std::vector<int32_t> encoded(real.values.size());
    REQUIRE(encode_on_grid(real.values, grid, encoded).ok());
    CHECK(first.indices == real.indices);
    CHECK(first.values == encoded);
  }
}

TEST_CASE(
    "which of too many items are kept differs from seed to seed, and every item has a chance") {
  const CountsTask task{{kItems}, 5};
  Random random(5);
  const auto history = random_history(kItems, kItems, random);
  ContributionInput input;
  input.history = history;
  TestEntropy entropy(6);
  std::map<uint32_t, int> kept;
  for (int trial = 0; trial < 600; ++trial) {
    const auto out = grid_contribution(task, {1 << 15, 1}, input, entropy).value();
    CHECK(out.indices.size() == 6);
    for (const uint32_t index : out.indices) ++kept[index];
  }
  // 100 of 600 expected, standard deviation 9.1: all within 5 of them but for one run in 50,000.
  for (uint32_t item = 0; item < kItems; ++item) CHECK(std::abs(kept[item] - 100) < 46);
  CHECK(kept[kItems] == 600);
}

TEST_CASE("an empty history gives nothing: no coordinate, also with metrics") {
  TestEntropy entropy(7);
  Random random(8);
  const Matrix items = random_matrix(kItems, 4, 9);
  const FoldIn fold_in(items, kReg);
  ContributionInput input = contribution_input({}, fold_in);
  const std::vector<float> metrics{1, 1, 1, 1};
  input.metrics = metrics;
  for (const TaskLayout& layout : layouts(random)) {
    const auto out = grid_contribution(layout, {1 << 15, layout_clip(layout)}, input, entropy);
    REQUIRE(out.ok());
    CHECK(out->zero());
    CHECK(out->dense(layout_dimension(layout)) ==
          std::vector<int32_t>(layout_dimension(layout), 0));
  }
}

TEST_CASE("what does not fit the layout, the grid or the finite numbers gives no contribution") {
  TestEntropy entropy(10);
  const Matrix items = random_matrix(kItems, 4, 11);
  const FoldIn fold_in(items, kReg);
  const std::vector<uint32_t> history{1, 2, 3};
  const ContributionInput good = contribution_input(history, fold_in);
  const TaskLayout rows = make_rows_task({kItems, 4, kPrequentialMetrics}, kReg, 12);
  const Grid grid{1 << 15, layout_clip(rows)};
  REQUIRE(grid_contribution(rows, grid, good, entropy).ok());

  const TaskLayout fewer = make_rows_task({3, 4, 0}, kReg, 12);
  CHECK(code_of(grid_contribution(fewer, grid, good, entropy)) == ErrorCode::kInvalidArgument);
  const TaskLayout wider = make_rows_task({kItems, 5, 0}, kReg, 12);
  CHECK(code_of(grid_contribution(wider, grid, good, entropy)) == ErrorCode::kInvalidArgument);
  ContributionInput bad = good;
  const std::vector<float> three(3, 1);
  bad.metrics = three;
  CHECK(code_of(grid_contribution(rows, grid, bad, entropy)) == ErrorCode::kInvalidArgument);
  for (const float no_number :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::vector<float> metrics{1, no_number, 0, 0};
    bad.metrics = metrics;
    CHECK(code_of(grid_contribution(rows, grid, bad, entropy)) == ErrorCode::kNumerical);
    bad.metrics = {};
    bad.rows(0, 0) = no_number;
    CHECK(code_of(grid_contribution(rows, grid, bad, entropy)) == ErrorCode::kNumerical);
    bad = good;
  }
  for (const Grid& wrong :
       {Grid{0, 1}, Grid{-1, 1}, Grid{(1 << 20) + 1, 1}, Grid{1 << 15, 0}, Grid{1 << 15, -1},
        Grid{1 << 15, std::nan("")}, Grid{1 << 15, std::numeric_limits<double>::infinity()}})
    CHECK(code_of(grid_contribution(rows, wrong, good, entropy)) == ErrorCode::kInvalidArgument);
}
