#include "model/fold_in.hpp"

#include <Eigen/Core>

#include "model/dense.hpp"

namespace sotto {

FoldInState::FoldInState(const SquareMatrix& gram, Eigen::Index n_items, const Regularization& reg)
    : normal_(gram),
      right_(Vector::Zero(gram.rows())),
      n_items_(static_cast<float>(n_items)),
      reg_(reg) {
  for (Eigen::Index i = 0; i < normal_.size(); ++i) normal_.data()[i] *= reg.a0;
}

void FoldInState::add(const Eigen::Ref<const Eigen::RowVectorXf>& row, float weight) {
  const std::span<const float> values(row.data(), static_cast<size_t>(row.size()));
  add_outer_products(values, {&weight, 1}, normal_);
  add_scaled(weight, values, span_of(right_));
  weight_sum_ += weight;
}

void FoldInState::add_rows(const Matrix& rows, std::span<const float> weights) {
  add_outer_products({rows.data(), static_cast<size_t>(rows.size())}, weights, normal_);
  for (size_t s = 0; s < static_cast<size_t>(rows.rows()); ++s) {
    const float weight = weights.empty() ? 1.0F : weights[s];
    add_scaled(weight, row_of(rows, s), span_of(right_));
    weight_sum_ += weight;
  }
}

float FoldInState::lambda_u() const { return reg_.lambda * (weight_sum_ + reg_.a0 * n_items_); }

Vector FoldInState::solve() const { return apply_inverse(right_); }

Vector FoldInState::apply_inverse(const Vector& x) const {
  SquareMatrix normal = normal_;
  for (Eigen::Index i = 0; i < normal.rows(); ++i) normal(i, i) += lambda_u();
  Vector solution = x;
  solve_positive(normal, span_of(solution));
  return solution;
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
