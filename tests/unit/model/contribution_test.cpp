#include "model/contribution.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "model/item_step.hpp"
#include "model/random_data.hpp"

namespace sotto {
namespace {

double norm(const Contribution& contribution) {
  double sum = 0;
  for (const float value : contribution.values) sum += double{value} * double{value};
  return std::sqrt(sum);
}

void check_indices(const Contribution& contribution, size_t dimension) {
  REQUIRE(contribution.indices.size() == contribution.values.size());
  const std::set<uint32_t> distinct(contribution.indices.begin(), contribution.indices.end());
  CHECK(distinct.size() == contribution.indices.size());
  if (!distinct.empty()) CHECK(*distinct.rbegin() < dimension);
}

WhitenedTask whitened_task(uint32_t n_items, uint32_t dim, uint64_t seed) {
  Random random(seed);
  WhitenedTask task;
  task.slot.assign(n_items, -1);
  task.row_weight.assign(n_items, 0);
  task.popularity.assign(n_items, 0);
  int32_t next = 0;
  for (uint32_t i = 0; i < n_items; ++i) {
    if (random.uniform() < 0.3) continue;
    task.slot[i] = next++;
    task.row_weight[i] = 0.5F + static_cast<float>(random.uniform());
    task.popularity[i] = 0.01F + static_cast<float>(random.uniform());
  }
  task.layout = {static_cast<uint32_t>(next), dim};
  const SquareMatrix raw = random_matrix(dim, dim, seed + 1);
  task.whitening = raw * raw.transpose();
  task.reg = {0.2F, 0.005F};
  return task;
}

TEST_CASE("quality: one vote, in the bin of the ndcg; none without placements") {
  const QualityTask task{{50, 31}};
  Contribution out;
  const auto bucket = [&](float devices, float ndcg) -> int {
    out.put(7, 3);  // of an earlier one
    contribute_quality(task, std::vector<float>{devices, 0.9F, ndcg, 0.8F}, out);
    if (out.values.empty()) return 0;
    check_indices(out, task.layout.dimension());
    REQUIRE(out.values.size() == 1);
    CHECK(out.values[0] == 1);
    return static_cast<int>(out.indices[0]);
  };
  CHECK(bucket(0, 0) == 0);
  CHECK(bucket(1, 0) == 1);
  CHECK(bucket(1, 0.99F / 31) == 1);
  CHECK(bucket(1, 1.01F / 31) == 2);
  CHECK(bucket(1, 0.5F) == 16);
  CHECK(bucket(1, 0.999F) == 31);
  CHECK(bucket(1, 1) == 31);
  // What no device has.
  const float no_number = std::numeric_limits<float>::quiet_NaN();
  CHECK(bucket(1, -3) == 1);
  CHECK(bucket(1, 7) == 31);
  CHECK(bucket(1, no_number) == 1);
  CHECK(bucket(no_number, 0.5F) == 0);
  contribute_quality(task, {}, out);
  CHECK(out.values.empty());
}

TEST_CASE("counts: norm one for any history, zero for none, at most max_items") {
  Random random(1);
  Contribution out;
  const CountsTask task{{50}, 20};
  for (const size_t n : {1, 7, 50}) {
    contribute_counts(task, random_history(50, n, random), random, out);
    check_indices(out, task.layout.dimension());
    CHECK(out.indices.size() == std::min<size_t>(n, 20) + 1);
    CHECK(norm(out) == doctest::Approx(1).epsilon(1e-5));
  }
  contribute_counts(task, {}, random, out);
  CHECK(out.values.empty());
}

TEST_CASE("rows: no history up to max_weight reaches the clip, on any model") {
  Random random(2);
  Contribution out;
  for (const float scale : {1e-3F, 0.1F, 1.0F, 30.0F}) {
    for (const float lambda : {1e-4F, 0.01F, 1.0F}) {
      const Matrix items = random_matrix(60, 8, 3, scale);
      const Regularization reg{0.1F, lambda};
      const FoldIn fold_in(items, reg);
      const RowsTask task = make_rows_task({60, 8}, reg, 40);
      for (int n = 1; n <= 40; ++n) {
        const auto history = random_history(60, static_cast<size_t>(n), random);
        contribute_rows(task, contribution_input(history, fold_in), out);
        check_indices(out, task.layout.dimension());
        CHECK(norm(out) <= task.clip * (1 + 1e-5));
      }
    }
  }
}

TEST_CASE("rows: the sums of contributions are the terms of the ALS gradient") {
  const uint32_t m = 30, k = 5;
  const Matrix items = random_matrix(m, k, 4, 0.3F);
  const Regularization reg{0.2F, 0.02F};
  const FoldIn fold_in(items, reg);
  const RowsTask task = make_rows_task({m, k}, reg, 30);
  const Histories users = random_histories(40, m, 12, 5);

  const double unit = task.clip / (1 << 15);
  std::vector<int64_t> sum(task.layout.dimension(), 0);
  Contribution out;
  SquareMatrix gram = SquareMatrix::Zero(k, k);
  Matrix rows = Matrix::Zero(m, k);
  std::vector<double> counts(m, 0), residuals(m, 0);
  for (size_t u = 0; u < users.size(); ++u) {
    contribute_rows(task, contribution_input(users[u], fold_in), out);
    for (size_t j = 0; j < out.values.size(); ++j)
      sum[out.indices[j]] += std::llround(double{out.values[j]} / unit);
    const Vector x = fold_in.solve(users[u]);
    gram += x * x.transpose();
    for (const uint32_t item : users[u]) {
      const float r = 1 - items.row(item).dot(x);
      rows.row(item) += r * x.transpose();
      counts[item] += 1;
      residuals[item] += double{r};
    }
  }
  const RowsAggregate aggregate = decode_rows(sum, task, unit);
  CHECK((aggregate.gram - gram).norm() < 1e-2F * gram.norm());
  CHECK((aggregate.rows - rows).norm() < 1e-2F * rows.norm());
  CHECK(aggregate.devices == doctest::Approx(40).epsilon(1e-3));
  for (size_t i = 0; i < m; ++i) {
    CHECK(aggregate.counts[i] == doctest::Approx(counts[i]).epsilon(0.01));
    CHECK(aggregate.residuals[i] == doctest::Approx(residuals[i]).epsilon(0.02));
  }
}

TEST_CASE("whitened: norm at most one however hostile history, model and task") {
  Random random(6);
  Contribution out;
  for (uint64_t trial = 0; trial < 200; ++trial) {
    WhitenedTask task = whitened_task(80, 6, 100 + trial);
    const auto scale = static_cast<float>(std::pow(10, -4 + 8 * random.uniform()));
    const Matrix items = random_matrix(80, 6, 7 + trial, scale);
    task.residual = trial % 2 == 0;
    task.max_items = trial % 3 == 0 ? 10 : 200;
    task.gram_weight = static_cast<float>(std::pow(10, -2 + 4 * random.uniform()));
    task.z_clip = static_cast<float>(std::pow(10, -2 + 4 * random.uniform()));
    for (float& weight : task.row_weight) weight *= 100;
    const FoldIn fold_in(items, task.reg);
    const auto history = random_history(80, 1 + random.below(80), random);
    contribute_whitened(task, contribution_input(history, fold_in), random, out);
    check_indices(out, task.layout.dimension());
    CHECK(norm(out) <= 1 + 1e-5);
  }
}

TEST_CASE("whitened: items outside the slice are not contributed, long histories are cut") {
  Random random(8);
  WhitenedTask task = whitened_task(80, 6, 9);
  task.max_items = 10;
  const Matrix items = random_matrix(80, 6, 10, 0.2F);
  const FoldIn fold_in(items, task.reg);
  Contribution out;
  const auto everything = random_history(80, 80, random);
  contribute_whitened(task, contribution_input(everything, fold_in), random, out);
  const size_t rows = (out.values.size() - packed_size(7) - 1) / 7;
  CHECK(rows == 10);

  std::vector<uint32_t> outside;
  for (uint32_t i = 0; i < 80; ++i)
    if (task.slot[i] < 0) outside.push_back(i);
  contribute_whitened(task, contribution_input(outside, fold_in), random, out);
  CHECK(out.values.empty());
}

// What a device may put there: all 0 or 1 and three means in [0, 1].
std::vector<float> random_metrics(Random& random) {
  if (random.below(4) == 0) return std::vector<float>(kPrequentialMetrics, 0);
  std::vector<float> metrics{1};
  while (metrics.size() < kPrequentialMetrics)
    metrics.push_back(random.below(3) == 0 ? 1 : static_cast<float>(random.uniform()));
  return metrics;
}

std::vector<float> dense(const Contribution& contribution, size_t dimension) {
  std::vector<float> all(dimension, 0);
  for (size_t j = 0; j < contribution.indices.size(); ++j)
    all[contribution.indices[j]] = contribution.values[j];
  return all;
}

TEST_CASE("rows with metrics: no history and no metrics reach the clip, on any model") {
  Random random(12);
  Contribution out;
  for (const float scale : {1e-3F, 0.1F, 1.0F, 30.0F}) {
    for (const float lambda : {1e-4F, 0.01F, 1.0F}) {
      const Matrix items = random_matrix(60, 8, 3, scale);
      const Regularization reg{0.1F, lambda};
      const FoldIn fold_in(items, reg);
      for (const double max_weight : {1.0, 5.0, 40.0}) {
        const RowsTask task = make_rows_task({60, 8, kPrequentialMetrics}, reg, max_weight);
        for (int n = 1; n <= static_cast<int>(max_weight); ++n) {
          const auto history = random_history(60, static_cast<size_t>(n), random);
          ContributionInput input = contribution_input(history, fold_in);
          const auto metrics = random_metrics(random);
          input.metrics = metrics;
          contribute_rows(task, input, out);
          check_indices(out, task.layout.dimension());
          CHECK(norm(out) <= task.clip * (1 + 1e-5));
        }
      }
    }
  }
}

TEST_CASE(
    "rows with metrics: the last coordinates are gamma_m times the metrics, the rest as ever") {
  Random random(13);
  const Matrix items = random_matrix(20, 4, 3, 0.3F);
  const Regularization reg{0.1F, 0.01F};
  const FoldIn fold_in(items, reg);
  RowsTask task = make_rows_task({20, 4, kPrequentialMetrics}, reg, 10);
  CHECK(task.layout.dimension() == packed_size(4) + 20 * 6 + 1 + 4);
  CHECK(task.layout.metrics() == task.layout.dimension() - 4);
  // A tenth of the clip, spread over four metrics of at most one.
  CHECK(double{task.gamma_m} * 2 == doctest::Approx(0.1 * task.clip));
  const auto history = random_history(20, 7, random);
  ContributionInput input = contribution_input(history, fold_in);
  const std::vector<float> metrics{1, 0.5F, 0.25F, 0.75F};
  input.metrics = metrics;
  Contribution out;
  contribute_rows(task, input, out);
  const auto with_metrics = dense(out, task.layout.dimension());
  for (size_t j = 0; j < 4; ++j)
    CHECK(with_metrics[task.layout.metrics() + j] == task.gamma_m * metrics[j]);

  input.metrics = {};
  contribute_rows(task, input, out);
  const auto without = dense(out, task.layout.dimension());
  for (size_t j = 0; j < 4; ++j) CHECK(without[task.layout.metrics() + j] == 0);
  CHECK(std::equal(without.begin(), without.end() - 4, with_metrics.begin()));

  // A layout without metrics leaves them out, whatever the device brings.
  task.layout.n_metrics = 0;
  input.metrics = metrics;
  contribute_rows(task, input, out);
  check_indices(out, task.layout.dimension());
  CHECK(dense(out, task.layout.dimension()) ==
        std::vector<float>(without.begin(), without.end() - 4));
}

TEST_CASE("whitened with metrics: norm at most one however hostile history, model and task") {
  Random random(14);
  Contribution out;
  for (uint64_t trial = 0; trial < 200; ++trial) {
    WhitenedTask task = whitened_task(80, 6, 300 + trial);
    task.layout.n_metrics = kPrequentialMetrics;
    const auto scale = static_cast<float>(std::pow(10, -4 + 8 * random.uniform()));
    const Matrix items = random_matrix(80, 6, 7 + trial, scale);
    task.residual = trial % 2 == 0;
    task.max_items = trial % 3 == 0 ? 10 : 200;
    task.metric_weight = static_cast<float>(std::pow(10, -3 + 6 * random.uniform()));
    task.gram_weight = static_cast<float>(std::pow(10, -2 + 4 * random.uniform()));
    const FoldIn fold_in(items, task.reg);
    const auto history = random_history(80, 1 + random.below(80), random);
    ContributionInput input = contribution_input(history, fold_in);
    const auto metrics = random_metrics(random);
    input.metrics = metrics;
    contribute_whitened(task, input, random, out);
    check_indices(out, task.layout.dimension());
    CHECK(norm(out) <= 1 + 1e-5);
  }
}

TEST_CASE(
    "whitened with metrics: the last coordinates are w_m times the metrics, scaled with all") {
  WhitenedTask task = whitened_task(40, 5, 15);
  task.layout.n_metrics = kPrequentialMetrics;
  task.metric_weight = 0.5F;
  const Matrix items = random_matrix(40, 5, 16, 0.3F);
  const FoldIn fold_in(items, task.reg);
  Random random(17);
  const auto history = random_history(40, 30, random);
  ContributionInput input = contribution_input(history, fold_in);
  const std::vector<float> metrics{1, 0.5F, 0.25F, 0.75F};
  for (const bool with_metrics : {true, false}) {
    input.metrics = with_metrics ? std::span<const float>(metrics) : std::span<const float>{};
    Contribution out;
    contribute_whitened(task, input, random, out);
    const auto all = dense(out, task.layout.dimension());
    // The normaliser is the scale itself, and here the norm is above its floor.
    const float scale = all[task.layout.normaliser()];
    CHECK(scale > 0);
    CHECK(norm(out) == doctest::Approx(1).epsilon(1e-5));
    for (size_t j = 0; j < 4; ++j)
      CHECK(all[task.layout.metrics() + j] ==
            doctest::Approx(with_metrics ? double{scale * 0.5F * metrics[j]} : 0.0));
  }
  CHECK(task.layout.metrics() + 4 == task.layout.dimension());
  CHECK(task.layout.normaliser() + 1 == task.layout.metrics());
}

}  // namespace
}  // namespace sotto
