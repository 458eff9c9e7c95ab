#include "lab/clear_sum.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <string>

#include "base/random.hpp"
#include "crypto/random.hpp"
#include "privacy/discrete_gaussian.hpp"

namespace sotto {
namespace {

constexpr size_t kDevicesPerBlock = 64;
constexpr size_t kNoisePerBlock = 8192;
// Devices between two reports of progress.
constexpr size_t kDevicesPerStep = 16384;

// Who draws: parts of the stream number that keep their noises independent.
enum NoiseParty : uint64_t { kLeader = 0, kHelper = 1, kDevice = 2 };

struct Scratch {
  std::vector<int64_t> sum;
  Contribution contribution;
  std::vector<int32_t> integers;
  uint64_t clipped = 0;
};

class Cohort {
 public:
  Cohort(const SumJob& job, uint32_t number, std::span<const uint32_t> devices,
         const Contribute& contribute, Executor& executor, std::vector<Scratch>& scratch)
      : job_(job),
        stream_(derive_seed(job.stream, number)),
        devices_(devices),
        contribute_(contribute),
        executor_(executor),
        scratch_(scratch) {}

  // Adds the devices' integers to the workers' sums.
  Status collect(const std::function<void(uint64_t)>& progress, uint64_t done) {
    SOTTO_CHECK_OK(prepare_device_noise());
    for (size_t begin = 0; begin < devices_.size(); begin += kDevicesPerStep) {
      const auto step = devices_.subspan(begin, std::min(kDevicesPerStep, devices_.size() - begin));
      executor_.for_blocks(step.size(), kDevicesPerBlock,
                           [&](size_t from, size_t to, size_t worker) {
                             for (size_t d = from; d < to; ++d)
                               add_device(step[d], scratch_[worker]);
                           });
      if (!failure_.ok()) return failure_;
      if (progress) progress(done + begin + step.size());
    }
    return {};
  }

  // Adds the servers' noise to the total.
  Status add_server_noise(std::vector<int64_t>& total) {
    if (job_.noise.sigma == 0) return {};
    SOTTO_TRY(const auto gaussian, DiscreteGaussian::create(job_.noise.sigma));
    const int servers = job_.noise.by == NoiseBy::kOne ? 1 : 2;
    for (int server = 0; server < servers; ++server) {
      executor_.for_blocks(total.size(), kNoisePerBlock, [&](size_t begin, size_t end, size_t) {
        ChaChaEntropy entropy(job_.noise.seed,
                              derive_seed(stream_, server == 0 ? kLeader : kHelper, begin));
        EntropyWords words(entropy);
        gaussian.add_to(std::span(total).subspan(begin, end - begin), words);
      });
    }
    return {};
  }

 private:
  Status prepare_device_noise() {
    if (job_.noise.sigma == 0 || job_.noise.by != NoiseBy::kServersAndDevice) return {};
    // The devices' variances add up to at least one server's.
    const double share =
        static_cast<double>(job_.noise.sigma) / std::sqrt(static_cast<double>(devices_.size()));
    SOTTO_TRY(auto gaussian, DiscreteGaussian::create(static_cast<uint64_t>(std::ceil(share))));
    device_noise_ = gaussian;
    return {};
  }

  void add_device(uint32_t device, Scratch& scratch) {
    contribute_(device, scratch.contribution);
    const auto& values = scratch.contribution.values;
    scratch.integers.resize(values.size());
    if (auto status = encode_on_grid(values, job_.grid, scratch.integers); !status.ok()) {
      fail("device " + std::to_string(device) + ": " + status.error().message);
      return;
    }
    double squares = 0;
    for (float value : values) squares += double{value} * double{value};
    if (squares > job_.grid.clip * job_.grid.clip * (1 + 1e-5)) ++scratch.clipped;
    for (size_t j = 0; j < values.size(); ++j)
      scratch.sum[scratch.contribution.indices[j]] += scratch.integers[j];
    if (device_noise_) {
      ChaChaEntropy entropy(job_.noise.seed, derive_seed(stream_, kDevice, device));
      EntropyWords words(entropy);
      device_noise_->add_to(scratch.sum, words);
    }
  }

  void fail(std::string message) {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = Status(ErrorCode::kNumerical, std::move(message));
  }

  const SumJob& job_;
  uint64_t stream_;
  std::span<const uint32_t> devices_;
  const Contribute& contribute_;
  Executor& executor_;
  std::vector<Scratch>& scratch_;
  std::optional<DiscreteGaussian> device_noise_;
  std::mutex mutex_;
  Status failure_;
};

}  // namespace

double SumNoise::total_sd() const {
  const double noises = by == NoiseBy::kOne ? 1 : by == NoiseBy::kServers ? 2 : 3;
  return std::sqrt(noises) * static_cast<double>(sigma);
}

Result<ClearSum> sum_in_clear(const SumJob& job, const Contribute& contribute, Executor& executor,
                              const std::function<void(uint64_t)>& progress) {
  const uint64_t fits = largest_batch(job.grid, job.noise.total_sd());
  if (fits == 0 || job.max_batch > fits)
    return Error{ErrorCode::kInvalidArgument, "max_batch: a sum of " +
                                                  std::to_string(job.max_batch) +
                                                  " reports and this noise does not fit the "
                                                  "field; at most " +
                                                  std::to_string(fits)};
  const uint64_t batch = job.max_batch > 0 ? job.max_batch : fits;

  ClearSum out;
  out.sum.assign(job.dimension, 0);
  std::vector<Scratch> scratch(executor.workers());
  for (auto& s : scratch) s.sum.assign(job.dimension, 0);
  // Cohorts of equal size, so that none is left too small.
  const uint64_t n_cohorts = std::max<uint64_t>(1, (job.devices.size() + batch - 1) / batch);
  for (uint64_t c = 0; c < n_cohorts; ++c) {
    const size_t begin = c * job.devices.size() / n_cohorts;
    const size_t end = (c + 1) * job.devices.size() / n_cohorts;
    Cohort cohort(job, static_cast<uint32_t>(c), job.devices.subspan(begin, end - begin),
                  contribute, executor, scratch);
    SOTTO_CHECK_OK(cohort.collect(progress, begin));
    SOTTO_CHECK_OK(cohort.add_server_noise(out.sum));
  }
  for (const auto& s : scratch) {
    for (size_t j = 0; j < job.dimension; ++j) out.sum[j] += s.sum[j];
    out.clipped += s.clipped;
  }
  out.reports = job.devices.size();
  out.cohorts = static_cast<uint32_t>(n_cohorts);
  out.noise_sd = job.noise.total_sd() * std::sqrt(static_cast<double>(n_cohorts));
  return out;
}

}  // namespace sotto
