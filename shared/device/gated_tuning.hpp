// Fine-tuning behind its gate (model/tuning_gate.hpp): kept where the user's own history and what
// is known of the crowd say that it helps.
//
// Of a history H of n events, h = min(5, n / 5) of them held out:
//   1. Tuning of H[0:n-h].
//   2. The gain of each held-out item: what it adds to NDCG@100 of the tuned list, 1 / log2(rank +
//      2) within the first 100, less what it adds to that of the plain fold-in. Both lists are of
//      H[0:n-h], without its items and without tombstones.
//   3. keep_fine_tuning(prior, gains); with nothing held out the prior alone decides.
//   4. If kept, Tuning of H.
// A pure function of model, prior and history, like Tuning, and as that one it goes on from what it
// knows. Thread safety: one thread at a time per object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "device/tuning.hpp"
#include "model/tuning_gate.hpp"

namespace sotto {

class GatedTuning {
 public:
  /// As Tuning's.
  GatedTuning(const DeviceModel& model, const CrowdPrior& prior, const ProfilePolicy& policy,
              const FineTuningOptions& options);

  void set_history(std::span<const uint32_t> history, std::span<const float> strengths);
  /// Up to `steps` pieces of the work, each at most one fold-in and one scan of all rows, or one
  /// step of FineTuning. Returns whether there is more to do.
  bool run(size_t steps, ScanScratch& scratch);
  bool done() const;
  /// Null while there is work to do, where the gate keeps the plain fold-in, for an empty history,
  /// and when numbers left the finite ones: wherever the plain fold-in is to be used.
  const FineTuning* result() const;

  static constexpr size_t kMostHeldOut = 5;
  static size_t n_held_out(size_t n) { return n / 5 < kMostHeldOut ? n / 5 : kMostHeldOut; }

 private:
  void step(ScanScratch& scratch);
  std::vector<double> plain_gains(ScanScratch& scratch) const;
  bool judge(ScanScratch& scratch) const;
  std::span<const uint32_t> first_part() const;
  std::span<const uint32_t> held_out() const;

  const DeviceModel* model_;
  CrowdPrior prior_;
  ProfilePolicy policy_;
  std::vector<uint32_t> history_;
  std::vector<float> strengths_;
  Tuning of_first_part_;
  Tuning of_all_;
  std::vector<double> plain_;  // what held-out items add to the plain list; empty until known
  std::optional<bool> keep_;   // absent until judged
};

}  // namespace sotto
