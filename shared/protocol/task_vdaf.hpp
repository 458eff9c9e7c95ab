// The VDAF of a task: its parameters as they stand in the task file, and what they must promise.
//
// vdaf parameters, little-endian:
//   sum                     none
//   PINE (three instances)  u32 chunk length | u32 norm equality chunk length | u8 proofs
//                           | u8 norm equality proofs | u16 wraparound checks | u16 wraparound
//                           successes | f64 alpha
//                           Coordinates: the task's dimension; norm bound: the grid's bound.
//   Prio3Count              none; dimension 1
//   Prio3Sum                u32 max; dimension 1
//   Prio3SumVec             u32 max | u32 chunk length
//   Prio3Histogram          u32 chunk length; the first bucket means "nothing to say"
//   Prio3MultihotCountVec   u32 max weight | u32 chunk length
// The grid's bound of a Prio3 task is at least the L2 distance of a measurement from saying
// nothing: 1, max, sqrt(dimension) max, sqrt(2), sqrt(max weight).
// Devices add no noise but under sum: it would have to be within what is proven.
//
// Prio3's application context is "sotto v1"; task, report and recipient are bound by what seals the
// shares (report.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/task.hpp"
#include "vdaf/pine.hpp"
#include "vdaf/prio3.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// Below these nobody takes part: what an honest report may leak, and how false reports may pass
/// (-log2 of probabilities; vdaf/pine_parameters.hpp).
inline constexpr double kLeastZeroKnowledge = 80;
inline constexpr double kLeastOfflineSoundness = 80;
inline constexpr double kLeastOnlineSoundness = 16;

/// The VDAF that a task names, for two aggregators: 0 is the leader, 1 the helper.
/// Errors: kUnsupported for one that this build does not know; kInvalidArgument for parameters of
/// another form, out of range or below the least security; those of the VDAF.
Result<VdafPointer> make_vdaf(const Task& task);
/// The device's half of it, which refuses the same tasks. What uses only this needs no server's
/// code.
Result<VdafClientPointer> make_vdaf_client(const Task& task);

/// Sets vdaf and its parameters for the task's dimension and grid: PINE with the smallest
/// parameters that give `target`. Errors: those of choose_pine_parameters.
Status use_pine(Task& task, PineInstance instance, const PineTarget& target = {});

/// Sets vdaf and its parameters for the task's dimension: Prio3Histogram with the shortest proof.
/// Errors: kInvalidArgument for fewer than two buckets.
Status use_prio3_histogram(Task& task);

/// What a device reports that has nothing to say: zeros, for a histogram its first bucket.
std::vector<int32_t> nothing_to_say(const Task& task);

}  // namespace sotto
