#include "model/fold_in.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>

#include "model/random_data.hpp"

namespace sotto {
namespace {

// The formula of the header, with dense double matrices and a general solver.
Eigen::VectorXd reference(const Matrix& items, const std::vector<uint32_t>& history,
                          const std::vector<float>& weights, const Regularization& reg) {
  const Eigen::MatrixXd v = items.cast<double>();
  Eigen::MatrixXd a = double{reg.a0} * v.transpose() * v;
  Eigen::VectorXd b = Eigen::VectorXd::Zero(v.cols());
  double sum = 0;
  for (size_t j = 0; j < history.size(); ++j) {
    const double c = weights.empty() ? 1 : double{weights[j]};
    a += c * v.row(history[j]).transpose() * v.row(history[j]);
    b += c * v.row(history[j]).transpose();
    sum += c;
  }
  a.diagonal().array() +=
      double{reg.lambda} * (sum + double{reg.a0} * static_cast<double>(v.rows()));
  return a.fullPivLu().solve(b);
}

constexpr Regularization kReg{0.3F, 0.01F};

TEST_CASE("fold-in solves the weighted normal equations") {
  const Matrix items = random_matrix(60, 12, 1, 0.3F);
  const FoldIn fold_in(items, kReg);
  Random random(2);
  for (const size_t n : {1, 5, 40}) {
    const auto history = random_history(60, n, random);
    CHECK((fold_in.solve(history).cast<double>() - reference(items, history, {}, kReg)).norm() <
          1e-4);
    std::vector<float> weights(n);
    for (float& weight : weights) weight = 0.05F + static_cast<float>(random.uniform());
    CHECK(
        (fold_in.solve(history, weights).cast<double>() - reference(items, history, weights, kReg))
            .norm() < 1e-4);
  }
}

TEST_CASE("an empty history folds in to zero") {
  const Matrix items = random_matrix(20, 4, 3);
  CHECK(FoldIn(items, kReg).solve({}).norm() == 0);
}

TEST_CASE("incremental fold-in equals a full one, also after taking events away") {
  const Matrix items = random_matrix(80, 16, 4, 0.3F);
  const FoldIn fold_in(items, kReg);
  Random random(5);
  const auto history = random_history(80, 30, random);
  FoldInState state = fold_in.start();
  for (const uint32_t item : history) state.add(items.row(item), 1);
  CHECK((state.solve() - fold_in.solve(history)).norm() < 1e-4F);

  for (size_t j = 20; j < 30; ++j) state.add(items.row(history[j]), -1);
  const std::vector<uint32_t> shorter(history.begin(), history.begin() + 20);
  CHECK((state.solve() - fold_in.solve(shorter)).norm() < 1e-4F);
  CHECK(state.weight_sum() == doctest::Approx(20));
}

TEST_CASE("the inverse of the normal equations is that which solves them") {
  const Matrix items = random_matrix(80, 16, 8, 0.3F);
  const FoldIn fold_in(items, kReg);
  Random random(9);
  const auto history = random_history(80, 30, random);
  FoldInState state = fold_in.start();
  Vector right = Vector::Zero(16);
  for (const uint32_t item : history) {
    state.add(items.row(item), 1);
    right += items.row(item).transpose();
  }
  CHECK(state.dim() == 16);
  CHECK(state.regularization().lambda == kReg.lambda);
  CHECK((state.apply_inverse(right) - state.solve()).norm() < 1e-5F);
  // Symmetric, and linear.
  const Vector x = items.row(1).transpose(), y = items.row(2).transpose();
  CHECK(y.dot(state.apply_inverse(x)) ==
        doctest::Approx(x.dot(state.apply_inverse(y))).epsilon(1e-3));
}

TEST_CASE("the loss at the solution is the whole objective and lies between 0 and the weights") {
  const Matrix items = random_matrix(50, 8, 6, 0.4F);
  const FoldIn fold_in(items, kReg);
  Random random(7);
  const auto history = random_history(50, 12, random);
  const Matrix rows = gather_rows(items, history);
  const Vector u = fold_in.solve(history);
  const Vector residual = Vector::Ones(12) - rows * u;
  const float lambda_u = kReg.lambda * (12 + kReg.a0 * 50);
  const float objective =
      residual.squaredNorm() + kReg.a0 * (items * u).squaredNorm() + lambda_u * u.squaredNorm();
  const float loss = fold_in_loss(rows, {}, u);
  CHECK(loss == doctest::Approx(objective).epsilon(1e-4));
  CHECK(loss > 0);
  CHECK(loss < 12);
}

}  // namespace
}  // namespace sotto
