// Federated training in the lab: thousands of simulated devices, each computing its own
// contribution from its own history and nothing else, through the code that real devices run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/matrix.hpp"
#include "base/result.hpp"
#include "events/histories.hpp"
#include "lab/clear_sum.hpp"
#include "lab/sum_job.hpp"
#include "model/fold_in.hpp"
#include "model/item_step.hpp"

namespace sotto {

struct FederatedOptions {
  uint32_t dim = 64;
  uint32_t rounds = 8;
  double participation = 1;  ///< Share of the devices in a round, in (0, 1].
  double dropout = 0;        ///< Chance that a participant never reports, in [0, 1).
  Regularization reg;
  Curvature curvature = Curvature::kRankOne;
  double h = 2;
  double trust_radius = 4;
  int32_t grid_bound = 1 << 15;
  double max_weight = 512;  ///< Histories up to this are never scaled down.
  /// Noise multiplier of one server's noise in every round's sum; 0: none. The step knows
  /// nothing of it and learns badly: training that is meant to be private is PrivateTraining.
  double z = 0;
  NoiseBy by = NoiseBy::kServers;
  uint64_t max_batch = 0;  ///< Devices in a cohort; 0: as many as the field holds.
  uint64_t seed = 1;
  /// A round that gives no sum, or whose sum gives no model that can be published, leaves the model
  /// as it was, as a publisher would (check_publishable); otherwise run_round fails. For runs with
  /// malicious devices.
  bool keep_model = false;
  SumDevices sum = sum_in_clear;

  /// Of one server's noise, in grid units.
  uint64_t sigma() const;
  /// Rounds that ask the same device, at most: what a device pays for.
  uint32_t rounds_per_device() const;
};

/// What is known after a round.
struct FederatedRound {
  uint32_t round = 0;  ///< 1 is the first.
  SumStatistics sum;
  double objective = 0;  ///< Of the model that the devices were given, per device.
  double damping = 1;    ///< Factor on h.
  double seconds = 0;
  const Matrix* model = nullptr;  ///< The published model after the round.
  /// Why the model is still that of the round before (FederatedOptions::keep_model); else empty.
  std::string kept_because;
};

/// The state between two rounds; everything that a checkpoint needs.
struct FederatedState {
  uint32_t rounds_done = 0;
  Matrix items;                ///< Published V that the devices get next.
  Matrix average;              ///< Polyak average (with participation below 1).
  std::vector<double> counts;  ///< Of FrequencyEstimate.
  double devices = 0;
  double damping = 1;
  double lowest_objective = 0;  ///< Per interaction, lowest since the last alarm.
};

class FederatedTraining {
 public:
  /// devices: one history a device. Keeps references to devices and executor.
  static Result<FederatedTraining> create(const Histories& devices, uint32_t n_items,
                                          const FederatedOptions& options, Executor& executor);

  /// One round. progress: fraction of the round's devices done. Errors: those of the sum;
  /// kNumerical when nobody reported, or when what was learnt cannot be published.
  Result<FederatedRound> run_round(const std::function<void(double)>& progress = {});

  bool finished() const { return state_.rounds_done >= options_.rounds; }
  /// The model to recommend with: the average where rounds see a part of the devices only.
  const Matrix& published() const { return published_; }
  /// Coordinates of a report.
  size_t dimension() const { return task_.layout.dimension(); }

  const FederatedState& state() const { return state_; }
  /// Continues from a checkpoint. Errors: kInvalidArgument when its shape is another.
  Status restore(FederatedState state);

 private:
  FederatedTraining(const Histories& devices, uint32_t n_items, const FederatedOptions& options,
                    Executor& executor);

  std::vector<uint32_t> reporting_devices() const;
  Result<DeviceSum> sum_round(const std::function<void(double)>& progress);
  /// Everything that a sum changes. After an error the state is half changed.
  Status learn(const DeviceSum& released, FederatedRound& out);
  std::vector<float> released_popularity() const;
  void watch(const RowsAggregate& sums, double objective);
  void publish();

  const Histories* devices_;
  FederatedOptions options_;
  Executor* executor_;
  RowsTask task_;
  FederatedState state_;
  Matrix published_;
};

/// Defaults from the shape of the data, which any operator knows or has released: mean length of a
/// history, number of items. a0 = 8 mean / m weighs all that a user did not touch 8 times as much
/// as what they did; lambda = 0.065 / sqrt(mean) regularises short histories more. Chosen on
/// validation users of several data sets (docs/model.md).
Regularization default_regularization(double mean_history, uint32_t n_items);

}  // namespace sotto
