// Training under user-level differential privacy in the lab: the devices' code and the server's
// (model/private_trainer.hpp), with exact noise and accounting between them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "events/histories.hpp"
#include "lab/clear_sum.hpp"
#include "lab/sum_job.hpp"
#include "model/private_trainer.hpp"
#include "privacy/accountant.hpp"

namespace sotto {

struct PrivateOptions {
  double z = 1;  ///< Noise multiplier that one release spending everything would have.
  double delta = 1e-6;
  NoiseBy by = NoiseBy::kServers;
  int32_t grid_bound = 1 << 15;
  uint64_t max_batch = 0;
  double dropout = 0;
  uint64_t seed = 1;
  /// A release that gives no model that can be published leaves the model as it was, as a publisher
  /// would; otherwise run_next fails. The counts must succeed. For runs with malicious devices.
  bool keep_model = false;
  std::optional<PrivateRecipe> recipe;  ///< Default: for_budget of the noise really added.
  SumDevices sum = sum_in_clear;
};

/// What the whole run costs a device, by one server's noise (zCDP), sigmas rounded up.
double planned_rho(const PrivateRecipe& recipe, const PrivateOptions& options);

/// One release of a run, in the order they were made.
struct PrivateRelease {
  uint64_t sigma = 0;   ///< One server's, grid units.
  double noise_sd = 0;  ///< All noise in the sum, grid units.
  uint64_t reports = 0;
  uint32_t cohorts = 0;
  size_t dimension = 0;
  std::vector<int64_t> sum;  ///< Empty when there was none and the model was kept.
  /// Why the model is still that of the release before (PrivateOptions::keep_model); else empty.
  /// Of a release that was made; no checkpoint keeps it.
  std::string kept_because{};
  SumStatistics statistics{};  ///< Of a release that was made; no checkpoint keeps it.
};

/// Runs the releases one after the other.
class PrivateTraining {
 public:
  /// content: as PrivateTrainer. Keeps references to devices and executor.
  static Result<PrivateTraining> create(const Histories& devices, const Matrix& content,
                                        const PrivateOptions& options, Executor& executor);

  /// The next release (counts first) and what the server makes of it. Errors: those of the sum and
  /// of PrivateTrainer.
  Result<PrivateRelease> run_next(const std::function<void(double)>& progress = {});
  /// Takes a release from a checkpoint instead of making it: the model is a function of releases.
  Status replay(const PrivateRelease& release);

  bool finished() const { return releases_ > trainer_.recipe().rounds; }
  uint32_t releases_done() const { return releases_; }
  const Matrix& published() const { return trainer_.items(); }
  const PrivateTrainer& trainer() const { return trainer_; }
  /// What a device has spent so far, by one server's noise.
  const Accountant& spent() const { return spent_; }
  /// The dimension of the next release.
  size_t next_dimension() const;

 private:
  PrivateTraining(const Histories& devices, PrivateTrainer trainer, const PrivateOptions& options,
                  Executor& executor);

  uint64_t next_sigma() const;
  /// What a release changes. Why the model was kept; else empty.
  Result<std::string> learn(const PrivateRelease& release);
  Status accept(const PrivateRelease& release);
  bool may_keep(const ErrorInfo& error) const;

  const Histories* devices_;
  PrivateTrainer trainer_;
  PrivateOptions options_;
  Executor* executor_;
  std::vector<double> multipliers_;
  Accountant spent_;
  uint32_t releases_ = 0;
};

}  // namespace sotto
