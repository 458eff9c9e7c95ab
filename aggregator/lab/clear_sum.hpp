// Secure aggregation without the secrecy: the very integers that devices would share, added up in
// the clear, in cohorts of the size a task allows, with the noise that devices and servers add.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "model/contribution.hpp"
#include "vdaf/grid.hpp"

namespace sotto {

/// Who adds noise to a sum. The price is always that of one server's noise.
enum class NoiseBy {
  kOne,               ///< One server's: the noise of the literature's central model.
  kServers,           ///< Leader and helper both, as deployed.
  kServersAndDevice,  ///< And the devices, together as much as one server.
};

struct SumNoise {
  uint64_t sigma = 0;  ///< Of one server, grid units; 0: no noise.
  NoiseBy by = NoiseBy::kServers;
  uint64_t seed = 1;  ///< Simulated noise is reproducible and protects nobody.

  /// Standard deviation of all noise in one cohort's sum, grid units.
  double total_sd() const;
};

struct SumJob {
  std::span<const uint32_t> devices;  ///< Who reports.
  size_t dimension = 0;
  Grid grid;
  SumNoise noise;
  uint64_t max_batch = 0;  ///< Devices in a cohort; 0: as many as the field holds.
  uint64_t stream = 0;     ///< Distinguishes the noise of different sums (e.g. the round).
};

struct ClearSum {
  std::vector<int64_t> sum;  ///< Of all cohorts, noise in it.
  uint64_t reports = 0;
  uint32_t cohorts = 0;
  double noise_sd = 0;   ///< Of the whole sum, grid units.
  uint64_t clipped = 0;  ///< Reports whose vector was longer than the clip.
};

/// Computes one device's contribution; runs on several threads.
using Contribute = std::function<void(uint32_t device, Contribution& out)>;

/// Encodes every device's contribution on the grid and adds the integers up: only non-zero
/// coordinates are touched, the result is that of adding dense vectors. Integer sums do not depend
/// on order, so the result is the same for any number of workers.
/// progress: called with the number of devices done so far, from the calling thread.
/// Memory: 8 bytes a coordinate for each worker and the total.
/// Errors: kInvalidArgument when a cohort cannot fit the field; errors of the grid.
Result<ClearSum> sum_in_clear(const SumJob& job, const Contribute& contribute, Executor& executor,
                              const std::function<void(uint64_t)>& progress = {});

}  // namespace sotto
