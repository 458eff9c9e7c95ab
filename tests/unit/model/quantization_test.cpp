#include "model/quantization.hpp"

#include <doctest/doctest.h>

#include "model/random_data.hpp"

namespace sotto {
namespace {

TEST_CASE("int8 rows are within half a code of the values") {
  Matrix values = random_matrix(50, 16, 1, 3);
  values.row(7).setZero();
  values.row(8) *= 1e-6F;
  const QuantizedMatrix quantized = quantize_rows(values);
  const Matrix back = dequantize(quantized);
  for (Eigen::Index i = 0; i < values.rows(); ++i) {
    const float scale = quantized.scales[static_cast<size_t>(i)];
    CHECK((back.row(i) - values.row(i)).cwiseAbs().maxCoeff() <= 0.5001F * scale);
  }
  CHECK(back.row(7).norm() == 0);
}

TEST_CASE("publishing what is published changes nothing, to the bit") {
  for (const float size : {1e-20F, 1e-3F, 1.0F, 3e7F}) {
    Matrix values = random_matrix(300, 16, 2, size);
    values.row(3).setConstant(-size);
    values.row(4) *= 1e-15F;
    const QuantizedMatrix once = quantize_rows(values);
    const Matrix published = dequantize(once);
    const QuantizedMatrix twice = quantize_rows(published);
    CHECK(twice.codes == once.codes);
    CHECK(twice.scales == once.scales);
    CHECK(dequantize(twice) == published);
  }
}

TEST_CASE("scale times code is exact in float") {
  const QuantizedMatrix quantized = quantize_rows(random_matrix(200, 8, 3));
  for (size_t i = 0; i < quantized.scales.size(); ++i)
    for (Eigen::Index j = 0; j < 8; ++j) {
      const int code = quantized.codes(static_cast<Eigen::Index>(i), j);
      CHECK(double{quantized.scales[i] * static_cast<float>(code)} ==
            double{quantized.scales[i]} * static_cast<double>(code));
    }
}

}  // namespace
}  // namespace sotto
