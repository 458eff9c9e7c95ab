// Secure aggregation without the secrecy: the very integers that devices would share, added up in
// the clear, in cohorts of the size a task allows, with the noise that devices and servers add.
#pragma once

#include "lab/sum_job.hpp"

namespace sotto {

/// Makes every device's contribution on the grid, as a device does (device/grid_contribution.hpp),
/// and adds the integers up: only coordinates that may differ from zero are touched. Devices and
/// servers draw what they would draw in protocol/, so the sum is that of the secure path to the
/// bit, for any number of workers: sums of integers do not depend on order. Memory: 8 bytes a
/// coordinate for each worker, and as much for each server's noise. Errors: those of make_cohorts
/// and grid_contribution, which names the device.
Result<DeviceSum> sum_in_clear(const SumJob& job, Executor& executor,
                               const SumProgress& progress = {});

}  // namespace sotto
