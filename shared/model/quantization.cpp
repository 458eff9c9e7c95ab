#include "model/quantization.hpp"

#include <cmath>
#include <cstring>

namespace sotto {
namespace {

constexpr float kLargestCode = 127;
/// Below it products of scale and code could leave the normal numbers; such rows count as zero.
constexpr float kLeastScale = 1e-30F;

// The least number >= x with 17 significant bits, so that its product with a code (7 bits) is
// exact. x: positive, normal, and far from the largest float.
float round_up_to_17_bits(float x) {
  constexpr uint32_t kDropped = (1U << 7) - 1;
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits = (bits + kDropped) & ~kDropped;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

float scale_for(float largest) {
  const float scale = largest / kLargestCode;
  return scale < kLeastScale ? 0 : round_up_to_17_bits(scale);
}

}  // namespace

QuantizedMatrix quantize_rows(const Matrix& values) {
  QuantizedMatrix out;
  out.codes.resize(values.rows(), values.cols());
  out.scales.resize(static_cast<size_t>(values.rows()));
  for (Eigen::Index i = 0; i < values.rows(); ++i) {
    const float largest = values.cols() > 0 ? values.row(i).cwiseAbs().maxCoeff() : 0;
    const float scale = scale_for(largest);
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

void dequantize_row(std::span<const int8_t> codes, float scale, std::span<float> row) {
  for (size_t j = 0; j < row.size(); ++j) row[j] = scale * static_cast<float>(codes[j]);
}

Matrix as_published(const Matrix& values) { return dequantize(quantize_rows(values)); }

}  // namespace sotto
