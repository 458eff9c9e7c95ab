// Small dense linear algebra on contiguous floats: what a fold-in is made of.
//
// Everything is a sum of scaled columns, in an order of its own, so that compilers use SIMD without
// being allowed to reorder, native and WASM round alike, and a page need not download Eigen's
// blocked products and factorisations of any shape. Servers, whose matrices are large, use Eigen.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <span>

#include "base/matrix.hpp"

namespace sotto {

inline std::span<const float> span_of(const Vector& x) {
  return {x.data(), static_cast<size_t>(x.size())};
}
inline std::span<float> span_of(Vector& x) { return {x.data(), static_cast<size_t>(x.size())}; }
inline std::span<const float> row_of(const Matrix& rows, size_t i) {
  const auto k = static_cast<size_t>(rows.cols());
  return {rows.data() + i * k, k};
}

/// x . y in four partial sums. Equal sizes, here and below.
float dot(std::span<const float> x, std::span<const float> y);
/// y += a x.
void add_scaled(float a, std::span<const float> x, std::span<float> y);
bool all_finite(std::span<const float> x);

/// Lower triangle of `matrix` (k x k) += sum_s c_s v_s v_s' over the rows v_s (n x k, one after the
/// other). weights: c_s of either sign, n of them, or empty for all 1. Rows are added kRowsAtOnce
/// at a time: in parts, each but the last with a multiple of that, they give the same bits.
inline constexpr size_t kRowsAtOnce = 4;
void add_outer_products(std::span<const float> rows, std::span<const float> weights,
                        SquareMatrix& matrix);
/// The upper triangle becomes the lower one's mirror.
void mirror_lower(SquareMatrix& matrix);
/// x <- A^-1 x by Cholesky's factorisation, which replaces the lower triangle of `matrix`, all that
/// is read of A. Not a number where A is not positive definite. O(k^3 / 6).
void solve_positive(SquareMatrix& matrix, std::span<float> x);

}  // namespace sotto
