#include "model/quantization.hpp"

#include <cmath>

namespace sotto {

QuantizedMatrix quantize_rows(const Matrix& values) {
  constexpr float kLargestCode = 127;
  QuantizedMatrix out;
  out.codes.resize(values.rows(), values.cols());
  out.scales.resize(static_cast<size_t>(values.rows()));
  for (Eigen::Index i = 0; i < values.rows(); ++i) {
    const float largest = values.cols() > 0 ? values.row(i).cwiseAbs().maxCoeff() : 0;
    const float scale = largest / kLargestCode;
    out.scales[static_cast<size_t>(i)] = scale;
    for (Eigen::Index j = 0; j < values.cols(); ++j)
      out.codes(i, j) =
          scale > 0 ? static_cast<int8_t>(std::nearbyint(values(i, j) / scale)) : int8_t{0};
  }
  return out;
}

Matrix dequantize(const QuantizedMatrix& matrix) {
  Matrix values = matrix.codes.cast<float>();
  for (Eigen::Index i = 0; i < values.rows(); ++i)
    values.row(i) *= matrix.scales[static_cast<size_t>(i)];
  return values;
}

Matrix as_published(const Matrix& values) { return dequantize(quantize_rows(values)); }

}  // namespace sotto
