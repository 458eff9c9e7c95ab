// Fine-tuning (model/fine_tuning.hpp) of one history on a device.
//
// The result is a pure function of the model and of the history H, n rows with strengths, oldest
// first; H[a:b] are its events a .. b - 1:
//   1. FineTuning starts at the fold-in of H[0:b], whose rows it has seen; b = replay_base(n)
//      (17 to 32 events from the end, or 0).
//   2. For j = b .. n - 1: event j, with its strength, its neighbours and the fold-in of H[0:j+1]
//      (recency by the ranks of that beginning), is added and run to its end.
// So nothing of it needs to be stored: a device that is restored comes to the same bits. What is
// known of one history serves the next as far as the two begin alike (and b is the same): after a
// new event only that event is left to do, and after a change of the last one, only that.
//
// Nothing of it enters a contribution, an explanation or a placement: those are of the plain
// fold-in. Thread safety: one thread at a time per object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "device/device_model.hpp"
#include "device/profile.hpp"
#include "model/fine_tuning.hpp"
#include "retrieval/tuned_top_k.hpp"

namespace sotto {

class Tuning {
 public:
  /// model must outlive it. options: valid (check_options).
  Tuning(const DeviceModel& model, const ProfilePolicy& policy, const FineTuningOptions& options);

  /// From now on of this history: rows of the model, each once, strengths in (0, 1].
  void set_history(std::span<const uint32_t> history, std::span<const float> strengths);
  /// Does up to `steps` pieces of the work: one fold-in and one scan for neighbours at most, or one
  /// step of FineTuning. Returns whether there is more to do.
  bool run(size_t steps, ScanScratch& scratch);
  bool done() const;
  /// Null while there is work to do, for an empty history, and when numbers left the finite ones.
  const FineTuning* result() const;

 private:
  void step(ScanScratch& scratch);
  bool begins_alike(std::span<const uint32_t> history, std::span<const float> strengths,
                    size_t n) const;

  const DeviceModel* model_;
  std::unique_ptr<ItemRowSource> rows_;  // tuning_ points to it
  ProfilePolicy policy_;
  FineTuningOptions options_;
  std::vector<uint32_t> history_;
  std::vector<float> strengths_;
  size_t base_ = 0;
  size_t known_ = 0;  // H[0:known_] is in tuning_, the last of them perhaps half run
  std::optional<FineTuning> tuning_;  // absent before its first step
  std::optional<FineTuning> before_;  // tuning_ without the last event, to do that one again
  bool failed_ = false;
};

}  // namespace sotto
