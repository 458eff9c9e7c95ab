#include "lab/clear_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <string>
#include <utility>

#include "base/entropy.hpp"
#include "device/grid_contribution.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {
namespace {

constexpr size_t kDevicesPerBlock = 64;
// Devices between two reports of progress.
constexpr size_t kDevicesPerStep = 1024;

// What devices compute with, the same for all cohorts.
struct PublicModel {
  const Matrix* items;
  SquareMatrix gram;
};

struct Scratch {
  std::vector<int64_t> sum;
  uint64_t clipped = 0;
};

class ClearCohort {
 public:
  ClearCohort(const SumJob& job, const Cohort& cohort, const PublicModel& model, Executor& executor,
              std::vector<Scratch>& scratch)
      : job_(job), cohort_(cohort), model_(model), executor_(executor), scratch_(scratch) {}

  // Adds the devices' integers to the workers' sums.
  Status collect(const SumProgress& progress, uint64_t done) {
    if (const uint64_t sigma = cohort_.task.device_sigma(); sigma > 0) {
      SOTTO_TRY(device_noise_, DiscreteGaussian::create(sigma));
    }
    const auto devices = cohort_.devices;
    for (size_t begin = 0; begin < devices.size(); begin += kDevicesPerStep) {
      const auto step = devices.subspan(begin, std::min(kDevicesPerStep, devices.size() - begin));
      executor_.for_blocks(
          step.size(), kDevicesPerBlock, [&](size_t from, size_t to, size_t worker) {
            for (size_t d = from; d < to; ++d)
              if (const Status status = add_device(step[d], scratch_[worker]); !status.ok())
                fail(step[d], status.error());
          });
      if (!failure_.ok()) return failure_;
      if (progress) progress(done + begin + step.size());
    }
    return {};
  }

  // Adds the servers' noise to the total, as ServerTask::noised_share draws it.
  Status add_server_noise(std::vector<int64_t>& total) {
    const Task& task = cohort_.task;
    if (task.sigma == 0) return {};
    SOTTO_TRY(const auto gaussian, DiscreteGaussian::create(task.sigma));
    const size_t servers = task.noise_by == NoiseBy::kLeader ? 1 : 2;
    std::vector<std::vector<int64_t>> noise(servers);
    executor_.for_blocks(servers, 1, [&](size_t server, size_t, size_t) {
      noise[server].assign(total.size(), 0);
      ChaChaEntropy entropy = server_entropy(job_, cohort_, server == 0);
      EntropyWords words(entropy);
      gaussian.add_to(noise[server], words);
    });
    for (const auto& values : noise)
      for (size_t j = 0; j < total.size(); ++j) total[j] += values[j];
    return {};
  }

 private:
  // The draws are those of Device::contribute and DeviceTask::report, in their order.
  Status add_device(uint32_t device, Scratch& scratch) {
    ChaChaEntropy entropy = device_entropy(job_, cohort_, device);
    const auto history = (*job_.histories)[device];
    if (!history.empty()) {
      const ContributionInput input{history,
                                    gather_rows(*model_.items, history),
                                    &model_.gram,
                                    static_cast<uint32_t>(model_.items->rows()),
                                    {}};
      SOTTO_TRY(const GridContribution contribution,
                grid_contribution(job_.layout, cohort_.task.grid, input, entropy));
      if (contribution.clipped) ++scratch.clipped;
      for (size_t j = 0; j < contribution.values.size(); ++j)
        scratch.sum[contribution.indices[j]] += contribution.values[j];
    }
    if (device_noise_) {
      Nonce id;
      entropy.fill(id);
      EntropyWords words(entropy);
      device_noise_->add_to(scratch.sum, words);
    }
    return {};
  }

  void fail(uint32_t device, const ErrorInfo& error) {
    const std::lock_guard lock(mutex_);
    if (failure_.ok())
      failure_ = Status(error.code, "device " + std::to_string(device) + ": " + error.message);
  }

  const SumJob& job_;
  const Cohort& cohort_;
  const PublicModel& model_;
  Executor& executor_;
  std::vector<Scratch>& scratch_;
  std::optional<DiscreteGaussian> device_noise_;
  std::mutex mutex_;
  Status failure_;
};

}  // namespace

Result<DeviceSum> sum_in_clear(const SumJob& job, Executor& executor, const SumProgress& progress) {
  SOTTO_TRY(const auto cohorts, make_cohorts(job));
  const PublicModel model{job.items, published_gram(*job.items)};
  const size_t dimension = layout_dimension(job.layout);
  DeviceSum out;
  out.sum.assign(dimension, 0);
  std::vector<Scratch> scratch(executor.workers());
  for (auto& s : scratch) s.sum.assign(dimension, 0);
  double variance = 0;
  for (const Cohort& cohort : cohorts) {
    ClearCohort sum(job, cohort, model, executor, scratch);
    SOTTO_CHECK_OK(sum.collect(progress, out.statistics.reports));
    SOTTO_CHECK_OK(sum.add_server_noise(out.sum));
    out.statistics.reports += cohort.devices.size();
    variance += noise_variance(cohort.task, cohort.devices.size());
  }
  uint64_t clipped = 0;
  for (const auto& s : scratch) {
    for (size_t j = 0; j < dimension; ++j) out.sum[j] += s.sum[j];
    clipped += s.clipped;
  }
  out.statistics.clipped = clipped;
  out.statistics.cohorts = static_cast<uint32_t>(cohorts.size());
  out.statistics.noise_sd = std::sqrt(variance);
  return out;
}

}  // namespace sotto
