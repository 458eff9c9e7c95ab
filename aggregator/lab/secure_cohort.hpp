// One task of a simulation, from its devices to its sum: phases 2 to 4 of secure_sum.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "device/device.hpp"
#include "lab/attacker.hpp"
#include "lab/secure_site.hpp"
#include "lab/sum_job.hpp"

namespace sotto {

/// Reports that are made, sent and prepared at a time.
inline constexpr size_t kJobReports = 64;

/// Who takes part. Refers to all of them.
struct CohortParties {
  std::span<Device> devices;  ///< All of the simulation, by number.
  const std::function<unsigned(uint32_t device)>& deliveries;  ///< As SecureOptions.
  const std::vector<bool>& malicious;                          ///< One a device of the simulation.
  const Attacker* attacker;  ///< What these run; null when there are none.
  std::shared_ptr<const DeviceModel> model;
  const PublishedTask& task;
  TaskServers& servers;
};

/// progress: of this cohort's devices. Errors: those of the roles; the first of a device.
Result<CollectedSum> run_cohort(const SumJob& job, const Cohort& cohort,
                                const CohortParties& parties, Executor& executor,
                                SecureStatistics& statistics, const SumProgress& progress);

/// The error, with the device's number.
Error of_device(uint32_t device, const ErrorInfo& error);

}  // namespace sotto
