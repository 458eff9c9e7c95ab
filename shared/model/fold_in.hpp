// Fold-in: from a history of items to the user's vector. The user's half of weighted implicit ALS
// (Hu, Koren, Volinsky 2008; regularisation as in Rendle et al. 2022), closed form.
//
//   u = (a0 V'V + sum_{i in S} c_i v_i v_i' + lambda_u I)^-1  sum_{i in S} c_i v_i
//   lambda_u = lambda (sum c_i + a0 m)
//
// V: m x k item matrix. S: the history, c_i > 0 the weight of an item in it.
#pragma once

#include <cstdint>
#include <span>

#include "base/matrix.hpp"

namespace sotto {

struct Regularization {
  float a0 = 0.3F;        ///< Weight of an unobserved (user, item) pair. > 0.
  float lambda = 0.005F;  ///< Strength of the frequency-scaled L2 penalty. > 0.
};

/// The normal equations of one user, kept so that single events can be added and taken away.
/// Equal to a fresh fold-in of the same history up to float rounding.
/// Thread safety: one thread at a time per object.
class FoldInState {
 public:
  /// gram: V'V (k x k, both triangles). n_items: m.
  FoldInState(const SquareMatrix& gram, Eigen::Index n_items, const Regularization& reg);

  /// row: v_i. weight: c_i; negative to take an event away again.
  void add(const Eigen::Ref<const Eigen::RowVectorXf>& row, float weight);
  /// Many rows at once: rows is |S| x k, weights |S| or empty (all 1). The same bits in parts, if
  /// each but the last has a multiple of kRowsAtOnce rows (dense.hpp).
  void add_rows(const Matrix& rows, std::span<const float> weights);

  /// The user vector (k); zero for an empty history. O(k^3 / 6).
  Vector solve() const;
  /// A^-1 x for any x (k), A the matrix of the normal equations of the history so far. O(k^3 / 6).
  Vector apply_inverse(const Vector& x) const;
  Eigen::Index dim() const { return right_.size(); }
  float weight_sum() const { return weight_sum_; }
  const Regularization& regularization() const { return reg_; }
  /// lambda_u of the history so far.
  float lambda_u() const;

 private:
  SquareMatrix normal_;  // a0 V'V + sum c v v', lower triangle
  Vector right_;         // sum c v
  float weight_sum_ = 0;
  float n_items_;
  Regularization reg_;
};

/// Fold-in against one item matrix; V'V is computed once.
/// Thread safety: const methods from several threads. Keeps a reference to `items`.
class FoldIn {
 public:
  FoldIn(const Matrix& items, const Regularization& reg);

  /// history: item numbers < items.rows(); weights: one each, > 0, or empty for all 1.
  Vector solve(std::span<const uint32_t> history, std::span<const float> weights = {}) const;
  /// The normal equations of a history, for incremental use.
  FoldInState start() const { return {gram_, items_->rows(), reg_}; }

  const Matrix& items() const { return *items_; }
  const SquareMatrix& gram() const { return gram_; }
  const Regularization& regularization() const { return reg_; }

 private:
  const Matrix* items_;
  SquareMatrix gram_;
  Regularization reg_;
};

/// The minimum of the fold-in objective, which the solution u attains:
/// sum_i c_i (1 - u.v_i)^2 + a0 |V u|^2 + lambda_u |u|^2 = sum_i c_i (1 - u.v_i).
/// Between 0 and sum c_i. rows: the history's rows of V (|S| x k); weights as in add_rows.
float fold_in_loss(const Matrix& rows, std::span<const float> weights, const Vector& user);

/// Rows of `items` by number, |history| x k.
Matrix gather_rows(const Matrix& items, std::span<const uint32_t> history);

}  // namespace sotto
