// Random inputs for the tests of this room.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "model/quantization.hpp"
#include "model/random_data.hpp"
#include "retrieval/item_rows.hpp"

namespace sotto {

// Quantised normals.
inline ItemRows random_rows(uint32_t n, size_t dim, uint64_t seed) {
  return ItemRows::create(quantize_rows(random_matrix(static_cast<Eigen::Index>(n),
                                                      static_cast<Eigen::Index>(dim), seed)))
      .value();
}

// What scans must survive: every int8 code, zero rows, zero scales, rows that are equal.
inline QuantizedMatrix awkward_matrix(uint32_t n, size_t dim, uint64_t seed) {
  Random random(seed);
  QuantizedMatrix matrix;
  matrix.codes.resize(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(dim));
  matrix.scales.resize(n);
  for (Eigen::Index i = 0; i < matrix.codes.rows(); ++i) {
    const uint64_t kind = random.below(8);
    float& scale = matrix.scales[static_cast<size_t>(i)];
    scale = kind == 0 ? 0.0F : 0.01F * static_cast<float>(1 + random.below(3));
    for (Eigen::Index j = 0; j < matrix.codes.cols(); ++j)
      matrix.codes(i, j) = kind == 1 ? int8_t{0}
                           : kind == 2
                               ? static_cast<int8_t>(random.below(2) == 0 ? -128 : 127)
                               : static_cast<int8_t>(static_cast<int>(random.below(256)) - 128);
    if (kind == 3 && i > 0) {
      const auto twin = static_cast<Eigen::Index>(random.below(static_cast<uint64_t>(i)));
      matrix.codes.row(i) = matrix.codes.row(twin);
      scale = matrix.scales[static_cast<size_t>(twin)];
    }
  }
  return matrix;
}

inline ItemRows awkward_rows(uint32_t n, size_t dim, uint64_t seed) {
  return ItemRows::create(awkward_matrix(n, dim, seed)).value();
}

// A size below n.
inline size_t random_size(size_t n, Random& random) { return static_cast<size_t>(random.below(n)); }

inline std::span<const float> as_span(const Vector& vector) {
  return {vector.data(), static_cast<size_t>(vector.size())};
}

inline Vector random_vector(size_t dim, uint64_t seed) {
  return random_matrix(static_cast<Eigen::Index>(dim), 1, seed).col(0);
}

}  // namespace sotto
