// Small random inputs for the tests of this room.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/matrix.hpp"
#include "base/random.hpp"
#include "events/histories.hpp"

namespace sotto {

inline Matrix random_matrix(Eigen::Index rows, Eigen::Index cols, uint64_t seed, float scale = 1) {
  Random random(seed);
  Matrix matrix(rows, cols);
  for (Eigen::Index j = 0; j < matrix.size(); ++j)
    matrix.data()[j] = scale * static_cast<float>(random.normal());
  return matrix;
}

// n distinct items below n_items, in random order.
inline std::vector<uint32_t> random_history(uint32_t n_items, size_t n, Random& random) {
  std::vector<uint32_t> items(n_items);
  std::iota(items.begin(), items.end(), 0U);
  random.shuffle(std::span(items));
  items.resize(std::min<size_t>(n, n_items));
  return items;
}

inline Histories random_histories(size_t users, uint32_t n_items, size_t longest, uint64_t seed) {
  Random random(seed);
  Histories histories;
  for (size_t u = 0; u < users; ++u)
    histories.add(random_history(n_items, 1 + static_cast<size_t>(random.below(longest)), random));
  return histories;
}

}  // namespace sotto
