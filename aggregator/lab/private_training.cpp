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
  const SumNoise one{1, by};
  return one.nominal_sd() * one.nominal_sd();
}

uint64_t sigma_of(double multiplier, int32_t grid_bound) {
  return static_cast<uint64_t>(std::ceil(multiplier * grid_bound));
}

}  // namespace

double planned_rho(const PrivateRecipe& recipe, const PrivateOptions& options) {
  double rho = 0;
  for (const double multiplier : divide_budget(recipe, options.z))
    rho += zcdp_rho(static_cast<double>(sigma_of(multiplier, options.grid_bound)) /
                    options.grid_bound);
  return rho;
}

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
  return sigma_of(multipliers_[releases_], options_.grid_bound);
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
  // What the devices get: the task and the model, both public.
  const bool counting = releases_ == 0;
  SumJob job;
  job.histories = devices_;
  job.devices = devices;
  if (counting)
    job.layout = CountsTask{trainer_.counts_layout(), trainer_.recipe().max_items};
  else
    job.layout = trainer_.next_task();
  job.items = &trainer_.items();
  job.reg = trainer_.recipe().inference;
  if (!counting)
    job.popularity.assign(trainer_.frequencies().begin(), trainer_.frequencies().end());
  job.grid_bound = options_.grid_bound;
  job.noise = {next_sigma(), options_.by};
  job.max_batch = options_.max_batch;
  job.seed = options_.seed;
  job.stream = releases_;
  const auto report = [&](uint64_t done) {
    if (progress) progress(static_cast<double>(done) / static_cast<double>(devices.size()));
  };
  PrivateRelease release;
  release.sigma = job.noise.sigma;
  release.dimension = next_dimension();
  if (auto sum = options_.sum(job, *executor_, report); sum.ok()) {
    release.noise_sd = sum->statistics.noise_sd;
    release.reports = sum->statistics.reports;
    release.cohorts = sum->statistics.cohorts;
    release.sum = std::move(sum->sum);
    release.statistics = std::move(sum->statistics);
  } else {
    if (!may_keep(sum.error())) return sum.error();
    release.kept_because = sum.error().message;
  }
  SOTTO_TRY(release.kept_because, learn(release));
  return release;
}

Status PrivateTraining::replay(const PrivateRelease& release) {
  if (release.sigma != next_sigma())
    return {ErrorCode::kInvalidArgument, "checkpoint: it belongs to another run"};
  SOTTO_TRY(const std::string kept_because, learn(release));
  static_cast<void>(kept_because);
  return {};
}

bool PrivateTraining::may_keep(const ErrorInfo& error) const {
  return options_.keep_model && releases_ > 0 && leaves_model_as_it_was(error.code);
}

Status PrivateTraining::accept(const PrivateRelease& release) {
  const double unit = Grid{options_.grid_bound, kClip}.unit();
  const Release noised{release.sum, unit, release.noise_sd * unit, release.reports};
  if (releases_ == 0) return trainer_.accept_counts(noised);
  if (!options_.keep_model) return trainer_.accept_rows(noised, *executor_);
  PrivateTrainer before = trainer_;
  Status accepted = trainer_.accept_rows(noised, *executor_);
  if (accepted.ok()) accepted = check_publishable(trainer_.items(), trainer_.recipe().inference);
  if (!accepted.ok()) trainer_ = std::move(before);
  return accepted;
}

Result<std::string> PrivateTraining::learn(const PrivateRelease& release) {
  std::string kept_because = release.kept_because;
  if (release.sum.empty()) {
    if (!options_.keep_model || releases_ == 0)
      return Error{ErrorCode::kMalformed, "release: there is no sum"};
  } else if (const Status accepted = accept(release); !accepted.ok()) {
    if (!may_keep(accepted.error())) return accepted.error();
    kept_because = accepted.error().message;
  }
  spent_.add(static_cast<double>(release.sigma) / options_.grid_bound);
  ++releases_;
  return kept_because;
}

}  // namespace sotto
