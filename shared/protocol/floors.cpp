#include "protocol/floors.hpp"

#include "protocol/task.hpp"

namespace sotto {

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
