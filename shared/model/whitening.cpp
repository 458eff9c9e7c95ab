#include "model/whitening.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

namespace sotto {

UserMoments predict_user_moments(const Matrix& items, const Vector& frequencies,
                                 const Regularization& reg) {
  SquareMatrix normal = reg.a0 * (items.transpose() * items);
  normal.noalias() += items.transpose() * frequencies.asDiagonal() * items;
  normal.diagonal().array() +=
      reg.lambda * (frequencies.sum() + reg.a0 * static_cast<float>(items.rows()));
  const Eigen::LLT<SquareMatrix> solver(normal);

  UserMoments moments;
  moments.mean = solver.solve(items.transpose() * frequencies);
  const Vector variance = (frequencies.array() * (1 - frequencies.array()).max(0)).matrix();
  const SquareMatrix scatter = items.transpose() * variance.asDiagonal() * items;
  const SquareMatrix half = solver.solve(scatter);
  const SquareMatrix covariance = solver.solve(half.transpose());
  moments.covariance = 0.5F * (covariance + covariance.transpose());
  return moments;
}

Whitening make_whitening(const SquareMatrix& second_moment, float exponent) {
  const Eigen::SelfAdjointEigenSolver<SquareMatrix> solver(second_moment);
  const float floor = solver.eigenvalues().maxCoeff() * 1e-4F + 1e-20F;
  const Vector spectrum = solver.eigenvalues().cwiseMax(floor);
  Vector powers = spectrum.array().pow(-0.5F * exponent);
  powers /= std::sqrt(powers.cwiseAbs2().dot(spectrum));
  const SquareMatrix& basis = solver.eigenvectors();
  return {basis * powers.asDiagonal() * basis.transpose(),
          basis * powers.cwiseInverse().asDiagonal() * basis.transpose()};
}

}  // namespace sotto
