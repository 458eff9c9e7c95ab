#include "model/packing.hpp"

#include <numbers>

namespace sotto {
namespace {

constexpr float kSqrt2 = std::numbers::sqrt2_v<float>;

}  // namespace

void pack_symmetric(const SquareMatrix& matrix, std::span<float> out) {
  size_t next = 0;
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < i; ++j) out[next++] = kSqrt2 * matrix(i, j);
    out[next++] = matrix(i, i);
  }
}

void pack_outer(const Eigen::Ref<const Vector>& u, std::span<float> out) {
  size_t next = 0;
  for (Eigen::Index i = 0; i < u.size(); ++i) {
    for (Eigen::Index j = 0; j < i; ++j) out[next++] = kSqrt2 * u[i] * u[j];
    out[next++] = u[i] * u[i];
  }
}

SquareMatrix unpack_symmetric(std::span<const float> packed, size_t k) {
  const auto n = static_cast<Eigen::Index>(k);
  SquareMatrix matrix(n, n);
  size_t next = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < i; ++j) matrix(i, j) = matrix(j, i) = packed[next++] / kSqrt2;
    matrix(i, i) = packed[next++];
  }
  return matrix;
}

}  // namespace sotto
