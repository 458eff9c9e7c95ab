#include "lab/sum_job.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/random.hpp"
#include "model/snapshot.hpp"
#include "vdaf/grid.hpp"

namespace sotto {
namespace {

// Parts of the stream number that keep draws independent.
enum Party : uint64_t { kLeader = 0, kHelper = 1, kDevice = 2 };

uint64_t cohort_stream(const SumJob& job, const Cohort& cohort) {
  return derive_seed(job.stream, cohort.number);
}

uint64_t least_batch(uint64_t devices) { return std::max<uint64_t>(1, devices - devices / 10); }

// The task of a cohort, with names, keys and times for the secure path to fill in.
Task draft_task(const SumJob& job, uint64_t devices) {
  Task task;
  task.site = "simulation";
  task.layout = layout_name(job.layout);
  task.layout_parameters = encode_layout(job.layout);
  task.dimension = static_cast<uint32_t>(layout_dimension(job.layout));
  task.grid = {job.grid_bound, layout_clip(job.layout)};
  task.sigma = job.noise.sigma;
  task.noise_by = job.noise.by;
  task.max_batch = std::max<uint64_t>(1, devices);
  task.min_batch = least_batch(devices);
  task.window_end_ms = 1;
  task.time_precision_ms = 1;
  return task;
}

// The largest cohort whose sum fits the field with its noise, which with device noise grows with
// the cohort, by the rounding up of its sigma.
uint64_t largest_cohort(const SumJob& job) {
  const Grid grid{job.grid_bound, layout_clip(job.layout)};
  uint64_t batch = largest_batch(grid, 0);
  while (batch > 0) {
    const Task task = draft_task(job, batch);
    if (check_batch_fits(batch, grid, task.total_sigma()).ok()) return batch;
    batch = std::min(batch - 1, largest_batch(grid, task.total_sigma()));
  }
  return 0;
}

}  // namespace

double SumNoise::nominal_sd() const {
  const double noises = by == NoiseBy::kLeader ? 1 : by == NoiseBy::kServers ? 2 : 3;
  return std::sqrt(noises) * static_cast<double>(sigma);
}

Result<std::vector<Cohort>> make_cohorts(const SumJob& job) {
  const uint64_t fits = largest_cohort(job);
  if (fits == 0 || job.max_batch > fits)
    return Error{ErrorCode::kInvalidArgument, "max_batch: a sum of " +
                                                  std::to_string(job.max_batch) +
                                                  " reports and this noise does not fit the "
                                                  "field; at most " +
                                                  std::to_string(fits)};
  const uint64_t batch = job.max_batch > 0 ? job.max_batch : fits;
  const uint64_t devices = job.devices.size();
  const uint64_t n_cohorts = std::max<uint64_t>(1, (devices + batch - 1) / batch);
  std::vector<Cohort> cohorts;
  for (uint64_t c = 0; c < n_cohorts; ++c) {
    const uint64_t begin = c * devices / n_cohorts;
    const uint64_t end = (c + 1) * devices / n_cohorts;
    Cohort cohort{static_cast<uint32_t>(c), job.devices.subspan(begin, end - begin),
                  draft_task(job, end - begin)};
    SOTTO_CHECK_OK(check_task(cohort.task));
    cohorts.push_back(std::move(cohort));
  }
  return cohorts;
}

double noise_variance(const Task& task, uint64_t reports) {
  const auto server = static_cast<double>(task.sigma);
  const auto device = static_cast<double>(task.device_sigma());
  const double servers = task.noise_by == NoiseBy::kLeader ? 1 : 2;
  return servers * server * server + static_cast<double>(reports) * device * device;
}

Status check_publishable(const Matrix& items, const Regularization& reg) {
  if (!items.allFinite() || !(items.cwiseAbs().maxCoeff() < Snapshot::kLargestValue))
    return {ErrorCode::kNumerical, "model: not finite, or too large"};
  Snapshot snapshot;
  snapshot.rows = items;
  for (Eigen::Index i = 0; i < items.rows(); ++i) {
    SOTTO_TRY([[maybe_unused]] const auto row, snapshot.items.add(std::to_string(i)));
  }
  snapshot.reg = reg;
  return smoke_test(snapshot, gram_of(snapshot));
}

bool leaves_model_as_it_was(ErrorCode code) {
  return code == ErrorCode::kNumerical || code == ErrorCode::kTooFewReports;
}

SquareMatrix published_gram(const Matrix& items) {
  Snapshot snapshot;
  snapshot.rows = items;
  return gram_of(snapshot);
}

ChaChaEntropy server_entropy(const SumJob& job, const Cohort& cohort, bool leader) {
  return {job.seed, derive_seed(cohort_stream(job, cohort), leader ? kLeader : kHelper)};
}

ChaChaEntropy device_entropy(const SumJob& job, const Cohort& cohort, uint32_t device) {
  return {job.seed, derive_seed(cohort_stream(job, cohort), kDevice, device)};
}

}  // namespace sotto
