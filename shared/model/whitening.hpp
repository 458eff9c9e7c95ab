// Whitening: shaping user vectors so that one noise level suits all of their directions.
//
// The second moment of user vectors is predicted from released item frequencies f and the public V,
// so that no device sends anything for it (docs/model.md, step 3).
#pragma once

#include "base/matrix.hpp"
#include "model/fold_in.hpp"

namespace sotto {

/// First and second moments of user vectors u.
struct UserMoments {
  Vector mean;              ///< E u, k.
  SquareMatrix covariance;  ///< k x k.

  SquareMatrix second_moment() const { return covariance + mean * mean.transpose(); }
};

/// A user whose items are drawn independently with chances f_i folds in, to first order, to
/// u ~ A^-1 sum_{i in S} v_i with A = a0 V'V + V' diag(f) V + lambda (sum f + a0 m) I, so
/// mean = A^-1 V' f,  covariance = A^-1 V' diag(f (1 - f)) V A^-1.
/// frequencies: f_i >= 0, one an item.
UserMoments predict_user_moments(const Matrix& items, const Vector& frequencies,
                                 const Regularization& reg);

struct Whitening {
  SquareMatrix forward;   ///< P, scaled so that E |P u|^2 = 1 under the predicted moment.
  SquareMatrix backward;  ///< P^-1.
};

/// P = c S^(-exponent / 2), S the second moment with eigenvalues floored at 1e-4 of the largest.
/// exponent 0: a plain scale; 1: full whitening.
Whitening make_whitening(const SquareMatrix& second_moment, float exponent);

}  // namespace sotto
