#include "events/recency.hpp"

#include <algorithm>
#include <cmath>

namespace sotto {

double power_of_two(double x) { return std::exp2(static_cast<float>(x)); }

std::vector<float> recency_weights(size_t n, const RankRecency& recency) {
  std::vector<float> weights(n);
  for (size_t i = 0; i < n; ++i) {
    const auto age = static_cast<double>(n - 1 - i);
    weights[i] =
        static_cast<float>(std::max(recency.floor, power_of_two(-age / recency.half_life)));
  }
  return weights;
}

}  // namespace sotto
