#include "retrieval/item_rows.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "model/fold_in.hpp"
#include "retrieval/random_rows.hpp"

namespace sotto {
namespace {

TEST_CASE("item rows are the published matrix, padded with zeros to sixteen columns") {
  for (const size_t dim : {1U, 15U, 16U, 17U, 64U, 512U}) {
    const QuantizedMatrix matrix = awkward_matrix(40, dim, dim);
    const ItemRows rows = ItemRows::create(matrix).value();
    CHECK(rows.size() == 40);
    CHECK(rows.dim() == dim);
    CHECK(rows.stride() % ItemRows::kColumnMultiple == 0);
    CHECK(rows.stride() - dim < ItemRows::kColumnMultiple);
    const Matrix values = dequantize(matrix);
    for (uint32_t i = 0; i < rows.size(); ++i) {
      CHECK(rows.vector(i) == values.row(static_cast<Eigen::Index>(i)).transpose());
      for (size_t j = dim; j < rows.stride(); ++j) CHECK(rows.row(i)[j] == 0);
      CHECK(rows.norm(i) ==
            doctest::Approx(values.row(static_cast<Eigen::Index>(i)).norm()).epsilon(1e-5));
    }
    const std::vector<uint32_t> some{3, 0, 39, 3};
    CHECK(rows.gather(some) == gather_rows(values, some));
  }
}

TEST_CASE("a score is the inner product with the dequantised row") {
  for (const size_t dim : {1U, 6U, 64U, 100U}) {
    const ItemRows rows = awkward_rows(60, dim, 2);
    const Vector query = random_vector(dim, 3);
    for (uint32_t i = 0; i < rows.size(); ++i) {
      const double exact = rows.vector(i).cast<double>().dot(query.cast<double>());
      CHECK(std::fabs(rows.score(i, as_span(query)) - exact) <= 1e-6 * std::fabs(exact) + 1e-12);
    }
  }
}

TEST_CASE("a cosine is that of the rows, symmetric, and zero for a zero row") {
  const ItemRows rows = awkward_rows(60, 20, 4);
  for (uint32_t a = 0; a < rows.size(); ++a)
    for (uint32_t b = 0; b < rows.size(); ++b) {
      const Vector va = rows.vector(a), vb = rows.vector(b);
      const float norms = va.norm() * vb.norm();
      const float cosine = rows.cosine(a, b);
      CHECK(std::fabs(cosine - (norms > 0 ? va.dot(vb) / norms : 0)) < 1e-5F);
      CHECK(std::fabs(cosine) <= 1);
      CHECK(cosine == rows.cosine(b, a));
    }
}

TEST_CASE("item rows refuse shapes and scales that a scan could not take") {
  const auto code = [](QuantizedMatrix matrix) {
    const auto rows = ItemRows::create(std::move(matrix));
    return rows.ok() ? ErrorCode::kOk : rows.error().code;
  };
  QuantizedMatrix good = awkward_matrix(4, 8, 5);
  CHECK(code(good) == ErrorCode::kOk);
  CHECK(code(awkward_matrix(0, 8, 5)) == ErrorCode::kOk);
  CHECK(code(awkward_matrix(4, 0, 5)) == ErrorCode::kInvalidArgument);
  CHECK(code(awkward_matrix(4, 513, 5)) == ErrorCode::kInvalidArgument);
  for (const float scale : {-1.0F, NAN, INFINITY, 2e15F}) {
    QuantizedMatrix bad = good;
    bad.scales[2] = scale;
    CHECK(code(bad) == ErrorCode::kInvalidArgument);
  }
  good.scales.pop_back();
  CHECK(code(good) == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sotto
