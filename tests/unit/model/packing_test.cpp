#include "model/packing.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "model/random_data.hpp"

namespace sotto {
namespace {

TEST_CASE("packing keeps norms and inner products, and unpacks") {
  for (const Eigen::Index k : {1, 2, 7, 32}) {
    const SquareMatrix raw = random_matrix(k, k, 10 + static_cast<uint64_t>(k));
    const SquareMatrix matrix = raw + raw.transpose();
    std::vector<float> packed(packed_size(static_cast<size_t>(k)));
    pack_symmetric(matrix, packed);
    const Eigen::Map<const Vector> view(packed.data(), static_cast<Eigen::Index>(packed.size()));
    CHECK(view.norm() == doctest::Approx(matrix.norm()).epsilon(1e-5));
    CHECK((unpack_symmetric(packed, static_cast<size_t>(k)) - matrix).norm() <
          1e-5F * matrix.norm());
  }
}

TEST_CASE("the packed outer product has norm |u| squared") {
  const Vector u = random_matrix(1, 20, 3).row(0).transpose();
  std::vector<float> outer(packed_size(20)), full(packed_size(20));
  pack_outer(u, outer);
  pack_symmetric(u * u.transpose(), full);
  for (size_t j = 0; j < outer.size(); ++j) CHECK(outer[j] == doctest::Approx(full[j]));
  const Eigen::Map<const Vector> view(outer.data(), static_cast<Eigen::Index>(outer.size()));
  CHECK(view.norm() == doctest::Approx(u.squaredNorm()).epsilon(1e-5));
}

}  // namespace
}  // namespace sotto
