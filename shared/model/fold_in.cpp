#include "model/fold_in.hpp"

#include <Eigen/Cholesky>
#include <cmath>

namespace sotto {

FoldInState::FoldInState(const SquareMatrix& gram, Eigen::Index n_items, const Regularization& reg)
    : normal_(reg.a0 * gram),
      right_(Vector::Zero(gram.rows())),
      n_items_(static_cast<float>(n_items)),
      reg_(reg) {}

void FoldInState::add(const Eigen::Ref<const Eigen::RowVectorXf>& row, float weight) {
  normal_.selfadjointView<Eigen::Lower>().rankUpdate(row.transpose(), weight);
  right_ += weight * row.transpose();
  weight_sum_ += weight;
}

void FoldInState::add_rows(const Matrix& rows, std::span<const float> weights) {
  if (rows.rows() == 0) return;  // Eigen's rank update divides by the number of rows
  if (weights.empty()) {
    normal_.selfadjointView<Eigen::Lower>().rankUpdate(rows.transpose());
    right_ += rows.colwise().sum().transpose();
    weight_sum_ += static_cast<float>(rows.rows());
    return;
  }
  const Eigen::Map<const Vector> c(weights.data(), rows.rows());
  const Matrix scaled = c.cwiseSqrt().asDiagonal() * rows;
  normal_.selfadjointView<Eigen::Lower>().rankUpdate(scaled.transpose());
  right_.noalias() += rows.transpose() * c;
  weight_sum_ += c.sum();
}

float FoldInState::lambda_u() const { return reg_.lambda * (weight_sum_ + reg_.a0 * n_items_); }

Vector FoldInState::solve() const { return apply_inverse(right_); }

Vector FoldInState::apply_inverse(const Vector& x) const {
  SquareMatrix normal = normal_;
  normal.diagonal().array() += lambda_u();
  return normal.selfadjointView<Eigen::Lower>().llt().solve(x);
}

FoldIn::FoldIn(const Matrix& items, const Regularization& reg)
    : items_(&items), gram_(items.transpose() * items), reg_(reg) {}

Vector FoldIn::solve(std::span<const uint32_t> history, std::span<const float> weights) const {
  FoldInState state = start();
  state.add_rows(gather_rows(*items_, history), weights);
  return state.solve();
}

float fold_in_loss(const Matrix& rows, std::span<const float> weights, const Vector& user) {
  const Vector residual = Vector::Ones(rows.rows()) - rows * user;
  if (weights.empty()) return residual.sum();
  return residual.dot(Eigen::Map<const Vector>(weights.data(), rows.rows()));
}

Matrix gather_rows(const Matrix& items, std::span<const uint32_t> history) {
  Matrix rows(static_cast<Eigen::Index>(history.size()), items.cols());
  for (size_t j = 0; j < history.size(); ++j)
    rows.row(static_cast<Eigen::Index>(j)) = items.row(static_cast<Eigen::Index>(history[j]));
  return rows;
}

}  // namespace sotto
