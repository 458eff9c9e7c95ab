// One run of `sotto simulate`: data, workers, the report that grows with every round.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <optional>

#include "cli/report.hpp"
#include "cli/simulate_options.hpp"
#include "lab/checkpoint.hpp"
#include "lab/exposure.hpp"
#include "lab/federated.hpp"
#include "lab/poison.hpp"
#include "lab/private_training.hpp"
#include "lab/secure_sum.hpp"
#include "lab/thread_pool.hpp"

namespace sotto {

/// Ends the program with a message where something fails, as commands do.
class Simulation {
 public:
  /// Loads the data. Keeps a reference to the options.
  explicit Simulation(const SimulateOptions& options);
  void run();

 private:
  const Split& split() const { return loaded_.split; }
  double seconds() const;
  /// Whether there is noise in the sums.
  bool noisy() const { return options_.privacy.on() || options_.round_sigma > 0; }

  void check_options() const;
  void resume();
  /// How sums are made; rho: what all of them cost a device.
  SumDevices choose_sum(double rho);
  /// Of a round's sum, also where there was none in the end.
  const SumStatistics& statistics_of(const SumStatistics& sum) const {
    return devices_ ? devices_->statistics() : sum;
  }
  void save_round(boost::json::object round);
  bool measured_round(uint32_t round, uint32_t last) const;
  /// Measures the published model and prints the round's line.
  void measure_round(const Matrix& model, const Regularization& reg, boost::json::object& round);

  FederatedOptions federated_options() const;
  void run_federated();
  void run_private();
  /// What the whole budget buys when it goes into the counts alone: popularity, and content vectors
  /// with norms by popularity.
  void run_private_baselines(PrivateOptions options);
  void run_central();

  // simulation_poison.cpp
  void prepare_poison();
  /// The same run without malicious devices, in the clear.
  void run_honest(FederatedOptions options);
  void run_honest(PrivateOptions options);
  void measure_honest(const Matrix& model, const Regularization& reg);
  /// What a round's sum says about attacks, and why its model is the one before: into its entry and
  /// its line.
  void describe_attack(const std::string& kept_because, boost::json::object& round) const;
  void print_kept(const std::string& kept_because) const;
  void describe_poison();
  /// Scores that an attack has made infinite count as the lowest.
  Scorer model_scorer(const Matrix& model, const Regularization& reg) const;

  // simulation_report.cpp
  void describe_federated_run(const FederatedTraining& training, const FederatedOptions& options);
  void describe_private_run(const PrivateTraining& training, const PrivateOptions& options);
  void finish(double federated_seconds);
  void print_learning_curve() const;
  void print_privacy() const;
  void save_model_file() const;

  const SimulateOptions& options_;
  JsonOutput json_;
  LoadedSplit loaded_;
  ThreadPool pool_;
  Regularization reg_;
  uint64_t fingerprint_;
  std::chrono::steady_clock::time_point start_;
  std::optional<SecureSum> devices_;  ///< With --secure full.
  Checkpoint checkpoint_;
  boost::json::object report_;
  boost::json::array rounds_;
  Matrix model_;
  Regularization inference_;
  Poison poison_;
  std::optional<Exposure> exposure_before_;  ///< Of the boosted item.
  std::optional<Measurement> honest_;        ///< Without malicious devices.
  std::optional<Measurement> popularity_, private_popularity_, content_only_, central_, federated_;
};

/// What a device has paid after so many rounds of federated training with noise.
Accountant spent_after(const FederatedOptions& options, uint32_t rounds);

}  // namespace sotto
