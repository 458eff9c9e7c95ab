#include "events/recency.hpp"

#include <algorithm>
#include <cmath>

namespace sotto {

std::vector<float> recency_weights(size_t n, const RankRecency& recency) {
  std::vector<float> weights(n);
  for (size_t i = 0; i < n; ++i) {
    const auto age = static_cast<double>(n - 1 - i);
    weights[i] = static_cast<float>(std::max(recency.floor, std::exp2(-age / recency.half_life)));
  }
  return weights;
}

}  // namespace sotto
