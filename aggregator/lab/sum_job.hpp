// What a round asks of the devices, and what comes of it: the same for the sum in the clear
// (clear_sum.hpp) and the whole cryptographic path (secure_sum.hpp), so that either can stand in
// for the other.
//
// Both are bound to add up the same integers. Everything that decides them is made here, once:
//   - a job is divided into cohorts, each the batch of one task. cohort.task is that task, with its
//     layout, grid, noise and batch sizes; a secure path only adds names, keys and times;
//   - whatever is drawn at random comes from ChaCha20 streams under the job's seed: one for each
//     device of a cohort, one for each server's noise. Either path draws the same bytes from a
//     stream in the same order.
// Simulated randomness can be repeated by anybody and protects nobody.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "crypto/random.hpp"
#include "events/histories.hpp"
#include "model/fold_in.hpp"
#include "model/task_layout.hpp"
#include "protocol/task.hpp"

namespace sotto {

struct SumNoise {
  uint64_t sigma = 0;  ///< Of one server, grid units; 0: no noise.
  NoiseBy by = NoiseBy::kServers;

  /// Standard deviation of all noise in a sum, nominally: the devices together as one server.
  double nominal_sd() const;
};

struct SumJob {
  const Histories* histories = nullptr;
  std::span<const uint32_t> devices;  ///< Who reports, ascending.
  TaskLayout layout;
  /// V as published (as_published leaves it as it is); all zero while there is no model. Its width
  /// is the layout's.
  const Matrix* items = nullptr;
  Regularization reg;             ///< What the model is published with.
  std::vector<float> popularity;  ///< Released; one an item, or none.
  int32_t grid_bound = 1 << 15;
  SumNoise noise;
  uint64_t max_batch = 0;  ///< Devices in a cohort; 0: as many as the field holds.
  uint64_t seed = 1;       ///< Of everything that is drawn,
  uint64_t stream = 0;     ///< together with the number of this sum (e.g. the round).
};

/// The devices of one task.
struct Cohort {
  uint32_t number = 0;
  std::span<const uint32_t> devices;
  Task task;
};

/// Cohorts of equal size (but for one), so that none is left too small: as few as max_batch and the
/// field allow. A cohort's task has
///   max batch = its devices,
///   min batch = nine tenths of them, rounded up: who drops out before the task is made is no part
///   of
///               a cohort, and a tenth of the others may be lost on the way. Device noise is sized
///               by it (Task::device_sigma): in a full batch 10/9 of one server's variance.
/// Errors: kInvalidArgument when max_batch is more than the field holds; those of check_task.
Result<std::vector<Cohort>> make_cohorts(const SumJob& job);

/// Variance, in squared grid units, of all noise in the sum of `reports` reports of a task.
double noise_variance(const Task& task, uint64_t reports);

/// The check that a publisher makes before anybody gets a model: finite values of at most
/// Snapshot::kLargestValue, and smoke_test. Errors: kNumerical says what is wrong.
Status check_publishable(const Matrix& items, const Regularization& reg);

/// After which errors of a round a publisher goes on with the model there is: too few reports, or
/// numbers that no model can be made of.
bool leaves_model_as_it_was(ErrorCode code);

/// V'V as it is published with V.
SquareMatrix published_gram(const Matrix& items);

/// Keys of ChaCha20 streams. Also whose randomness it is.
ChaChaEntropy server_entropy(const SumJob& job, const Cohort& cohort, bool leader);
ChaChaEntropy device_entropy(const SumJob& job, const Cohort& cohort, uint32_t device);

/// What the secure path took.
struct SecureStatistics {
  std::map<ErrorCode, uint64_t> rejected;  ///< Reports that reached no sum, by reason.
  uint64_t zero_reports = 0;  ///< From devices without history or budget. Nobody but a lab knows.
  uint64_t malicious = 0;     ///< Reports that malicious devices have sent (poison.hpp). Likewise.
  uint64_t report_bytes = 0;  ///< Length of one report, as it was sent.
  double device_seconds = 0;  ///< Wall-clock time of each part, on all workers.
  double leader_seconds = 0;
  double helper_seconds = 0;
  double collector_seconds = 0;
};

struct SumStatistics {
  uint64_t reports = 0;  ///< In the sum.
  uint32_t cohorts = 0;
  double noise_sd = 0;              ///< Of the whole sum, grid units.
  std::optional<uint64_t> clipped;  ///< Vectors longer than the clip; no server can know.
  std::optional<SecureStatistics> secure;
};

struct DeviceSum {
  std::vector<int64_t> sum;  ///< Of all cohorts, grid units, noise in it.
  SumStatistics statistics;
};

/// Called from the calling thread with the number of devices that are done.
using SumProgress = std::function<void(uint64_t)>;
/// A way of summing up.
using SumDevices = std::function<Result<DeviceSum>(const SumJob&, Executor&, const SumProgress&)>;

}  // namespace sotto
