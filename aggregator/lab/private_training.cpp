#include "lab/private_training.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.hpp"

namespace sotto {
namespace {

// All layouts of the recipe have norm at most 1.
constexpr double kClip = 1;

// Variances of all noises in a sum over one server's.
double noises(NoiseBy by) {
  const SumNoise one{1, by, 0};
  return one.total_sd() * one.total_sd();
}

}  // namespace

Result<PrivateTraining> PrivateTraining::create(const Histories& devices, const Matrix& content,
                                                const PrivateOptions& options, Executor& executor) {
  if (!(options.z > 0)) return Error{ErrorCode::kInvalidArgument, "sigma: must be positive"};
  if (devices.size() == 0)
    return Error{ErrorCode::kInvalidArgument, "users: the training data has none"};
  const PrivateRecipe recipe = options.recipe.value_or(
      PrivateRecipe::for_budget(1 / (options.z * std::sqrt(noises(options.by)))));
  SOTTO_TRY(auto trainer, PrivateTrainer::create(recipe, content, options.seed));
  return PrivateTraining(devices, std::move(trainer), options, executor);
}

PrivateTraining::PrivateTraining(const Histories& devices, PrivateTrainer trainer,
                                 const PrivateOptions& options, Executor& executor)
    : devices_(&devices),
      trainer_(std::move(trainer)),
      options_(options),
      executor_(&executor),
      multipliers_(divide_budget(trainer_.recipe(), options.z)) {}

uint64_t PrivateTraining::next_sigma() const {
  return static_cast<uint64_t>(std::ceil(multipliers_[releases_] * options_.grid_bound));
}

size_t PrivateTraining::next_dimension() const {
  return releases_ == 0 ? trainer_.counts_layout().dimension() : trainer_.next_layout().dimension();
}

Result<PrivateRelease> PrivateTraining::run_next(const std::function<void(double)>& progress) {
  std::vector<uint32_t> devices(devices_->size());
  std::iota(devices.begin(), devices.end(), 0U);
  if (options_.dropout > 0) {
    Random random(derive_seed(options_.seed, 0x64726f70, releases_));  // stream "drop"
    std::erase_if(devices, [&](uint32_t) { return random.uniform() < options_.dropout; });
  }
  SumJob job;
  job.devices = devices;
  job.grid = {options_.grid_bound, kClip};
  job.noise = {next_sigma(), options_.by, options_.seed};
  job.max_batch = options_.max_batch;
  job.stream = releases_;
  job.dimension = next_dimension();

  // What the devices get: the task and the model, both public.
  const bool counting = releases_ == 0;
  const CountsTask counts{trainer_.counts_layout(), trainer_.recipe().max_items};
  const WhitenedTask task = counting ? WhitenedTask{} : trainer_.next_task();
  const FoldIn fold_in(trainer_.items(), trainer_.recipe().reg);
  const auto contribute = [&](uint32_t device, Contribution& out) {
    Random random(derive_seed(options_.seed, device, 0x646576 + releases_));  // the device's own
    const auto history = (*devices_)[device];
    if (counting)
      contribute_counts(counts, history, random, out);
    else
      contribute_whitened(task, contribution_input(history, fold_in), random, out);
  };
  const auto report = [&](uint64_t done) {
    if (progress) progress(static_cast<double>(done) / static_cast<double>(devices.size()));
  };
  SOTTO_TRY(ClearSum sum, sum_in_clear(job, contribute, *executor_, report));

  PrivateRelease release;
  release.sigma = job.noise.sigma;
  release.noise_sd = sum.noise_sd;
  release.reports = sum.reports;
  release.cohorts = sum.cohorts;
  release.dimension = job.dimension;
  release.sum = std::move(sum.sum);
  SOTTO_CHECK_OK(learn(release));
  return release;
}

Status PrivateTraining::replay(const PrivateRelease& release) {
  if (release.sigma != next_sigma())
    return {ErrorCode::kInvalidArgument, "checkpoint: it belongs to another run"};
  return learn(release);
}

Status PrivateTraining::learn(const PrivateRelease& release) {
  const double unit = Grid{options_.grid_bound, kClip}.unit();
  const Release noised{release.sum, unit, release.noise_sd * unit, release.reports};
  SOTTO_CHECK_OK(releases_ == 0 ? trainer_.accept_counts(noised)
                                : trainer_.accept_rows(noised, *executor_));
  spent_.add(static_cast<double>(release.sigma) / options_.grid_bound);
  ++releases_;
  return {};
}

}  // namespace sotto
