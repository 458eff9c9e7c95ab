#include "protocol/floors.hpp"

#include <algorithm>

#include "protocol/task.hpp"

namespace sotto {

Floors Floors::stricter(const Floors& a, const Floors& b) {
  return {std::max(a.min_batch, b.min_batch), std::max(a.min_z, b.min_z),
          a.both_servers_add_noise || b.both_servers_add_noise};
}

Status Floors::check(const Task& task) const {
  if (task.min_batch < min_batch)
    return {ErrorCode::kBelowFloor, "task: min_batch is below the floor"};
  // Written so that a NaN is below every floor.
  if (!(task.noise_multiplier() >= min_z))
    return {ErrorCode::kBelowFloor, "task: noise is below the floor"};
  if (both_servers_add_noise && task.noise_by == NoiseBy::kLeader)
    return {ErrorCode::kBelowFloor, "task: one server's noise alone"};
  return {};
}

}  // namespace sotto
