// The published form of an item matrix: int8 rows with one scale each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"

namespace sotto {

/// v_ij ~ scale_i * code_ij. The dequantised matrix *is* the model: for scoring, for contributions
/// and for the item step, so that devices and servers speak of the same numbers.
struct QuantizedMatrix {
  using Codes = Eigen::Matrix<int8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  Codes codes;                ///< m x k, each in [-127, 127].
  std::vector<float> scales;  ///< m; 0 for an all-zero row.
};

/// scale_i = max_j |v_ij| / 127, rounded up to 17 significant bits, codes rounded half to even: so
/// scale_i * code_ij is exact in float, and quantising a dequantised matrix gives it back to the
/// bit. Rows whose scale would be below 1e-30 become zero. values must be finite, below 1e37.
QuantizedMatrix quantize_rows(const Matrix& values);
Matrix dequantize(const QuantizedMatrix& matrix);
/// One row: row[j] <- scale codes[j]. At least as many codes as numbers.
void dequantize_row(std::span<const int8_t> codes, float scale, std::span<float> row);

/// What devices see of `values`: dequantize(quantize_rows(values)). Idempotent, to the bit.
Matrix as_published(const Matrix& values);

}  // namespace sotto
