// Who takes part in which round, and how rounds with a part of the devices are put together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "base/random.hpp"

namespace sotto {

/// Shuffled epochs: each round takes the next `share` of a shuffled order of the devices; after
/// floor(1 / share) rounds the order is shuffled anew, so no device takes part twice in an epoch
/// (what does not fill a round sits that epoch out). In deployment each device draws its own slot
/// of an epoch; here the lab draws for all. Thread safety: one thread at a time.
class ShuffledEpochs {
 public:
  /// share in (0, 1].
  ShuffledEpochs(uint32_t n_devices, double share, uint64_t seed);

  /// The devices of the given round, ascending. Pure: any round, in any order.
  std::vector<uint32_t> participants(uint32_t round) const;
  uint32_t rounds_per_epoch() const { return rounds_per_epoch_; }

 private:
  uint32_t n_devices_;
  uint32_t per_round_;
  uint32_t rounds_per_epoch_;
  uint64_t seed_;
};

/// eta_t: 1 with full participation; max(0.1, 1 / (1 + t / 5)) when a round sees a part only.
double step_size(uint32_t round, double share);

/// Running average of iterates (Polyak 1990; polynomial decay, Shamir, Zhang 2013):
/// average <- average + (value - average) / (1 + t / 2).
void polyak_update(Matrix& average, const Matrix& value, uint32_t round);

/// n_i / n over all batches so far, so that an item nobody touched in one batch is not taken for an
/// item that nobody touches. Thread safety: one thread at a time.
class FrequencyEstimate {
 public:
  explicit FrequencyEstimate(size_t n_items) : counts_(n_items, 0.0) {}
  /// counts: n_i of a batch; devices: its n.
  void add(std::span<const double> counts, double devices);
  /// One an item, >= 0.
  std::vector<double> frequencies() const;

  const std::vector<double>& counts() const { return counts_; }
  double devices() const { return devices_; }
  void restore(std::vector<double> counts, double devices);

 private:
  std::vector<double> counts_;
  double devices_ = 0;
};

}  // namespace sotto
