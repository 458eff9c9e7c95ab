#include "lab/federated.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "model/ials.hpp"
#include "model/item_step.hpp"
#include "model/participation.hpp"
#include "model/quantization.hpp"

namespace sotto {
namespace {

// The objective per observed interaction falls in every round of a step that is not too long. When
// it stands above the lowest since the last alarm by more than batches differ by chance, the
// curvature was underestimated: h is multiplied, and given back slowly while the objective falls.
// Tolerated rise: 3%, and two standard deviations of a batch mean whose devices vary by their mean.
double rise_tolerance(double devices) { return 0.03 + 2 / std::sqrt(std::max(devices, 1.0)); }

constexpr double kRiseDamping = 4;
constexpr double kFallRelief = 0.8;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

uint64_t FederatedOptions::sigma() const {
  return static_cast<uint64_t>(std::ceil(z * grid_bound));
}

uint32_t FederatedOptions::rounds_per_device() const {
  const uint32_t epoch = ShuffledEpochs(1, participation, seed).rounds_per_epoch();
  return (rounds + epoch - 1) / epoch;
}

Result<FederatedTraining> FederatedTraining::create(const Histories& devices, uint32_t n_items,
                                                    const FederatedOptions& options,
                                                    Executor& executor) {
  const auto bad = [](const char* message) { return Error{ErrorCode::kInvalidArgument, message}; };
  if (n_items == 0) return bad("items: the training data has none");
  if (devices.size() == 0) return bad("users: the training data has none");
  if (options.dim < 1 || options.dim > 512) return bad("dim: must be between 1 and 512");
  if (!(options.participation > 0 && options.participation <= 1))
    return bad("participation: must be in (0, 1]");
  if (!(options.dropout >= 0 && options.dropout < 1)) return bad("dropout: must be in [0, 1)");
  if (!(options.reg.a0 > 0) || !(options.reg.lambda > 0))
    return bad("a0, lambda: must be positive");
  if (!(options.h > 0)) return bad("h: must be positive");
  if (!(options.max_weight >= 1)) return bad("max-weight: must be at least 1");
  if (!(options.z >= 0)) return bad("round-sigma: must not be negative");
  return FederatedTraining(devices, n_items, options, executor);
}

FederatedTraining::FederatedTraining(const Histories& devices, uint32_t n_items,
                                     const FederatedOptions& options, Executor& executor)
    : devices_(&devices), options_(options), executor_(&executor) {
  task_ = make_rows_task({n_items, options.dim}, options.reg, options.max_weight);
  state_.items = as_published(random_items(n_items, options.dim, options.seed));
  state_.average = state_.items;
  state_.counts.assign(n_items, 0);
  publish();
}

std::vector<uint32_t> FederatedTraining::reporting_devices() const {
  const uint32_t round = state_.rounds_done;
  const ShuffledEpochs epochs(static_cast<uint32_t>(devices_->size()), options_.participation,
                              options_.seed);
  std::vector<uint32_t> chosen = epochs.participants(round);
  if (options_.dropout > 0) {
    Random random(derive_seed(options_.seed, 0x64726f70, round));  // stream "drop"
    std::erase_if(chosen, [&](uint32_t) { return random.uniform() < options_.dropout; });
  }
  return chosen;
}

Result<DeviceSum> FederatedTraining::sum_round(const std::function<void(double)>& progress) {
  const std::vector<uint32_t> devices = reporting_devices();
  SumJob job;
  job.histories = devices_;
  job.devices = devices;
  job.layout = task_;
  job.items = &state_.items;
  job.reg = options_.reg;
  job.popularity = released_popularity();
  job.grid_bound = options_.grid_bound;
  job.noise = {options_.sigma(), options_.by};
  job.max_batch = options_.max_batch;
  job.seed = options_.seed;
  job.stream = state_.rounds_done;
  const auto report = [&](uint64_t done) {
    if (progress) progress(static_cast<double>(done) / static_cast<double>(devices.size()));
  };
  return options_.sum(job, *executor_, report);
}

Status FederatedTraining::learn(const DeviceSum& released, FederatedRound& out) {
  const Grid grid{options_.grid_bound, task_.clip};
  const RowsAggregate sums = decode_rows(released.sum, task_, grid.unit());
  if (!(sums.devices > 0))
    return {ErrorCode::kNumerical, "round: nobody reported, so there is nothing to learn"};

  FrequencyEstimate frequency(state_.counts.size());
  frequency.restore(std::move(state_.counts), state_.devices);
  frequency.add(sums.counts, sums.devices);
  state_.counts = frequency.counts();
  state_.devices = frequency.devices();
  const std::vector<double> frequencies = frequency.frequencies();

  out.objective = objective_per_device(state_.items, sums, frequencies, options_.reg);
  watch(sums, out.objective);

  ItemStepOptions step;
  step.reg = options_.reg;
  step.curvature = options_.curvature;
  step.h = options_.h * state_.damping;
  step.step_size = step_size(state_.rounds_done, options_.participation);
  step.trust_radius = options_.trust_radius;
  step.population = std::min(state_.devices, static_cast<double>(devices_->size()));
  const Matrix next = item_step(state_.items, sums, frequencies, step, *executor_);
  if (!next.allFinite()) return {ErrorCode::kNumerical, "round: the item step left finite numbers"};
  state_.items = as_published(next);
  if (options_.keep_model) SOTTO_CHECK_OK(check_publishable(state_.items, options_.reg));
  polyak_update(state_.average, state_.items, state_.rounds_done);
  return {};
}

Result<FederatedRound> FederatedTraining::run_round(const std::function<void(double)>& progress) {
  const auto start = std::chrono::steady_clock::now();
  FederatedRound out;
  std::optional<FederatedState> before;
  if (options_.keep_model) before = state_;
  const auto keep = [&](const ErrorInfo& error) -> Status {
    if (!before || !leaves_model_as_it_was(error.code)) return Status(error.code, error.message);
    state_ = *std::move(before);
    out.kept_because = error.message;
    return {};
  };
  if (auto released = sum_round(progress); released.ok()) {
    out.sum = released->statistics;
    if (const Status learnt = learn(*released, out); !learnt.ok())
      SOTTO_CHECK_OK(keep(learnt.error()));
  } else {
    SOTTO_CHECK_OK(keep(released.error()));
  }
  ++state_.rounds_done;
  publish();

  out.round = state_.rounds_done;
  out.damping = state_.damping;
  out.seconds = seconds_since(start);
  out.model = &published_;
  return out;
}

std::vector<float> FederatedTraining::released_popularity() const {
  if (state_.rounds_done == 0) return {};
  FrequencyEstimate frequency(state_.counts.size());
  frequency.restore(state_.counts, state_.devices);
  const std::vector<double> frequencies = frequency.frequencies();
  return {frequencies.begin(), frequencies.end()};
}

void FederatedTraining::watch(const RowsAggregate& sums, double objective) {
  const double weight = std::accumulate(sums.counts.begin(), sums.counts.end(), 0.0);
  const double value = objective * sums.devices / std::max(weight, 1e-9);
  const bool rose = state_.rounds_done > 0 &&
                    value > state_.lowest_objective * (1 + rise_tolerance(sums.devices));
  state_.damping =
      rose ? state_.damping * kRiseDamping : std::max(1.0, state_.damping * kFallRelief);
  if (rose || state_.rounds_done == 0 || value < state_.lowest_objective)
    state_.lowest_objective = value;
}

void FederatedTraining::publish() {
  published_ = options_.participation < 1 ? as_published(state_.average) : state_.items;
}

Status FederatedTraining::restore(FederatedState state) {
  const auto rows = static_cast<Eigen::Index>(task_.layout.n_items);
  const auto cols = static_cast<Eigen::Index>(task_.layout.dim);
  if (state.items.rows() != rows || state.items.cols() != cols || state.average.rows() != rows ||
      state.average.cols() != cols || state.counts.size() != task_.layout.n_items)
    return {ErrorCode::kInvalidArgument, "checkpoint: its model has another shape"};
  state_ = std::move(state);
  publish();
  return {};
}

Regularization default_regularization(double mean_history, uint32_t n_items) {
  const double mean = std::max(1.0, mean_history);
  return {static_cast<float>(8 * mean / std::max(1U, n_items)),
          static_cast<float>(0.065 / std::sqrt(mean))};
}

}  // namespace sotto
