#include "model/item_step.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "model/random_data.hpp"

namespace sotto {
namespace {

constexpr uint32_t kItems = 40;
constexpr uint32_t kDim = 6;
constexpr Regularization kReg{0.3F, 0.02F};

// Exact sums over devices, and the exact second moments of each item's users.
struct Exact {
  RowsAggregate sums;
  std::vector<Eigen::MatrixXd> moments;
  std::vector<double> frequencies;
};

Exact add_up(const Histories& users, const Matrix& items) {
  Exact exact;
  exact.sums.gram = SquareMatrix::Zero(kDim, kDim);
  exact.sums.rows = Matrix::Zero(kItems, kDim);
  exact.sums.counts.assign(kItems, 0);
  exact.sums.residuals.assign(kItems, 0);
  exact.moments.assign(kItems, Eigen::MatrixXd::Zero(kDim, kDim));
  const FoldIn fold_in(items, kReg);
  for (size_t u = 0; u < users.size(); ++u) {
    const Vector x = fold_in.solve(users[u]);
    exact.sums.gram += x * x.transpose();
    for (const uint32_t item : users[u]) {
      const float r = 1 - items.row(item).dot(x);
      exact.sums.rows.row(item) += r * x.transpose();
      exact.sums.counts[item] += 1;
      exact.sums.residuals[item] += double{r};
      exact.moments[item] += (x * x.transpose()).cast<double>();
    }
  }
  exact.sums.devices = static_cast<double>(users.size());
  for (const double count : exact.sums.counts)
    exact.frequencies.push_back(count / exact.sums.devices);
  return exact;
}

double objective(const Histories& users, const Matrix& items) {
  const Exact exact = add_up(users, items);
  return objective_per_device(items, exact.sums, exact.frequencies, kReg);
}

TEST_CASE("the step agrees with dense formulas of gradient and curvature") {
  const Histories users = random_histories(100, kItems, 8, 1);
  const Matrix items = random_matrix(kItems, kDim, 2, 0.3F);
  const Exact exact = add_up(users, items);
  ItemStepOptions options;
  options.reg = kReg;
  options.trust_radius = 1e9;
  options.step_size = 0.7;
  SerialExecutor executor;
  const Matrix next = item_step(items, exact.sums, exact.frequencies, options, executor);

  const double n = exact.sums.devices;
  const Eigen::MatrixXd gram = exact.sums.gram.cast<double>();
  for (uint32_t i = 0; i < kItems; ++i) {
    const Eigen::VectorXd v = items.row(i).transpose().cast<double>();
    const Eigen::VectorXd b = exact.sums.rows.row(i).transpose().cast<double>();
    const double n_i = exact.sums.counts[i];
    const double lambda_i = double{kReg.lambda} * (n_i + double{kReg.a0} * n);
    const Eigen::VectorXd gradient = b - double{kReg.a0} * gram * v - lambda_i * v;
    const double h = 2 * (1 + std::sqrt(kDim / std::max(n_i, 1.0)));
    const Eigen::VectorXd mean = b / std::max(exact.sums.residuals[i], 0.05 * n_i);
    Eigen::MatrixXd curvature = (h * n_i / n + double{kReg.a0}) * gram;
    if (n_i > 0) curvature += n_i * mean * mean.transpose();
    curvature.diagonal().array() += lambda_i;
    const Eigen::VectorXd expected = v + 0.7 * curvature.ldlt().solve(gradient);
    CHECK((next.row(i).transpose().cast<double>() - expected).norm() <
          1e-3 * (1 + expected.norm()));
  }
}

TEST_CASE("scalar curvature, for comparison, is the same without the rank-one part") {
  const Histories users = random_histories(100, kItems, 8, 1);
  const Matrix items = random_matrix(kItems, kDim, 2, 0.3F);
  const Exact exact = add_up(users, items);
  ItemStepOptions options;
  options.reg = kReg;
  options.trust_radius = 1e9;
  options.curvature = Curvature::kScalar;
  options.h = 4;
  SerialExecutor executor;
  const Matrix next = item_step(items, exact.sums, exact.frequencies, options, executor);
  const double n = exact.sums.devices;
  const Eigen::MatrixXd gram = exact.sums.gram.cast<double>();
  for (uint32_t i = 0; i < kItems; ++i) {
    const Eigen::VectorXd v = items.row(i).transpose().cast<double>();
    const double n_i = exact.sums.counts[i];
    const double lambda_i = double{kReg.lambda} * (n_i + double{kReg.a0} * n);
    Eigen::MatrixXd curvature = (4 * n_i / n + double{kReg.a0}) * gram;
    curvature.diagonal().array() += lambda_i;
    const Eigen::VectorXd gradient = exact.sums.rows.row(i).transpose().cast<double>() -
                                     double{kReg.a0} * gram * v - lambda_i * v;
    const Eigen::VectorXd expected = v + curvature.ldlt().solve(gradient);
    CHECK((next.row(i).transpose().cast<double>() - expected).norm() <
          1e-3 * (1 + expected.norm()));
  }
}

TEST_CASE("the exact ALS solution of the items is a fixed point") {
  const Histories users = random_histories(100, kItems, 8, 3);
  Matrix items = random_matrix(kItems, kDim, 4, 0.3F);
  SerialExecutor executor;
  ItemStepOptions options;
  options.reg = kReg;
  for (int round = 0; round < 300; ++round) {
    const Exact exact = add_up(users, items);
    items = item_step(items, exact.sums, exact.frequencies, options, executor);
  }
  // One exact ALS sweep from there moves nothing.
  const Exact exact = add_up(users, items);
  for (uint32_t i = 0; i < kItems; ++i) {
    const double n_i = exact.sums.counts[i];
    Eigen::MatrixXd normal = exact.moments[i] + double{kReg.a0} * exact.sums.gram.cast<double>();
    normal.diagonal().array() += double{kReg.lambda} * (n_i + double{kReg.a0} * exact.sums.devices);
    const Eigen::VectorXd v = items.row(i).transpose().cast<double>();
    const Eigen::VectorXd right =
        exact.sums.rows.row(i).transpose().cast<double>() + exact.moments[i] * v;
    CHECK((normal.ldlt().solve(right) - v).norm() < 0.02 * (0.05 + v.norm()));
  }
}

TEST_CASE("the objective falls with every round, dense or sparse") {
  SerialExecutor executor;
  for (const size_t longest : {3, 30}) {
    const Histories users = random_histories(150, kItems, longest, 5);
    Matrix items = random_matrix(kItems, kDim, 6, 0.04F);
    ItemStepOptions options;
    options.reg = kReg;
    double last = 1e30;
    for (int round = 0; round < 12; ++round) {
      const Exact exact = add_up(users, items);
      items = item_step(items, exact.sums, exact.frequencies, options, executor);
      const double value = objective(users, items);
      CHECK(value < last * 1.0001);
      last = value;
    }
  }
}

TEST_CASE("no row leaves the trust region") {
  const Histories users = random_histories(100, kItems, 8, 7);
  const Matrix items = random_matrix(kItems, kDim, 8, 0.3F);
  const Exact exact = add_up(users, items);
  ItemStepOptions options;
  options.reg = kReg;
  options.trust_radius = 0.01;
  SerialExecutor executor;
  const Matrix next = item_step(items, exact.sums, exact.frequencies, options, executor);
  const double typical = std::sqrt(double{exact.sums.gram.trace()} / exact.sums.devices);
  for (uint32_t i = 0; i < kItems; ++i)
    CHECK(double{(next.row(i) - items.row(i)).norm()} * typical <= 0.01 * (1 + 1e-4));
}

TEST_CASE("items that nobody touched are only pulled towards zero") {
  Histories users;
  users.add(std::vector<uint32_t>{0, 1, 2});
  users.add(std::vector<uint32_t>{1, 3});
  const Matrix items = random_matrix(kItems, kDim, 9, 0.3F);
  const Exact exact = add_up(users, items);
  ItemStepOptions options;
  options.reg = kReg;
  SerialExecutor executor;
  const Matrix next = item_step(items, exact.sums, exact.frequencies, options, executor);
  CHECK(next.allFinite());
  for (uint32_t i = 4; i < kItems; ++i) CHECK(next.row(i).norm() <= items.row(i).norm());
}

}  // namespace
}  // namespace sotto
