// Symmetric matrices as vectors, without losing their norm.
#pragma once

#include <cstddef>
#include <span>

#include "base/matrix.hpp"

namespace sotto {

/// Length of a packed k x k symmetric matrix: k (k + 1) / 2.
constexpr size_t packed_size(size_t k) { return k * (k + 1) / 2; }

/// Lower triangle, row by row, with off-diagonal elements multiplied by sqrt(2):
/// |pack(A)| equals the Frobenius norm of A, so |pack(u u')| = |u|^2, and independent noise of
/// equal variance on the packed elements is invariant under rotations of u. out.size() ==
/// packed_size(k). Thread safety: pure.
void pack_symmetric(const SquareMatrix& matrix, std::span<float> out);
/// pack(u u') without forming the matrix.
void pack_outer(const Eigen::Ref<const Vector>& u, std::span<float> out);
/// The inverse of pack_symmetric; both triangles are filled.
SquareMatrix unpack_symmetric(std::span<const float> packed, size_t k);

}  // namespace sotto
