// Loops over the reports of a job, on the executor that a server's caller has lent. Internal to
// this room.
#pragma once

#include <cstddef>
#include <functional>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "protocol/batch.hpp"

namespace sotto {

/// body(i) for each of n reports, in any order. executor: null: on this thread.
void for_each_report(Executor* executor, size_t n, const std::function<void(size_t)>& body);

/// The batch that all of body(i, batch) have added to. Each worker has a batch of its own, and
/// these are merged: field elements add up to the same whatever the order. Errors: those of
/// Batch::merge.
Result<Batch> sum_reports(Executor* executor, const Vdaf& vdaf, size_t n,
                          const std::function<void(size_t, Batch&)>& body);

}  // namespace sotto
