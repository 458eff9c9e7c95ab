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

TEST_CASE("publishing what is published changes nothing") {
  const Matrix published = as_published(random_matrix(50, 16, 2));
  CHECK((as_published(published) - published).cwiseAbs().maxCoeff() < 1e-6F);
}

}  // namespace
}  // namespace sotto
