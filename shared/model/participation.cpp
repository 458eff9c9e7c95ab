#include "model/participation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sotto {

ShuffledEpochs::ShuffledEpochs(uint32_t n_devices, double share, uint64_t seed)
    : n_devices_(n_devices),
      per_round_(std::clamp<uint32_t>(static_cast<uint32_t>(std::lround(share * n_devices)),
                                      std::min(n_devices, 1U), n_devices)),
      rounds_per_epoch_(std::max(1U, static_cast<uint32_t>(1 / share + 1e-9))),
      seed_(seed) {}

std::vector<uint32_t> ShuffledEpochs::participants(uint32_t round) const {
  std::vector<uint32_t> order(n_devices_);
  std::iota(order.begin(), order.end(), 0U);
  if (per_round_ == n_devices_) return order;
  Random random(derive_seed(seed_, 0x65706f6368, round / rounds_per_epoch_));  // stream "epoch"
  random.shuffle(std::span(order));
  const size_t begin = std::min<size_t>(n_devices_, size_t{round % rounds_per_epoch_} * per_round_);
  const size_t end = std::min<size_t>(n_devices_, begin + per_round_);
  std::vector<uint32_t> chosen(order.begin() + static_cast<ptrdiff_t>(begin),
                               order.begin() + static_cast<ptrdiff_t>(end));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

double step_size(uint32_t round, double share) {
  return share >= 1 ? 1 : std::max(0.1, 1 / (1 + round / 5.0));
}

void polyak_update(Matrix& average, const Matrix& value, uint32_t round) {
  const auto weight = static_cast<float>(1 / (1 + round / 2.0));
  average += weight * (value - average);
}

void FrequencyEstimate::add(std::span<const double> counts, double devices) {
  for (size_t i = 0; i < counts.size(); ++i) counts_[i] += counts[i];
  devices_ += devices;
}

std::vector<double> FrequencyEstimate::frequencies() const {
  std::vector<double> result(counts_.size());
  for (size_t i = 0; i < counts_.size(); ++i)
    result[i] = devices_ > 0 ? std::max(0.0, counts_[i] / devices_) : 0;
  return result;
}

void FrequencyEstimate::restore(std::vector<double> counts, double devices) {
  counts_ = std::move(counts);
  devices_ = devices;
}

}  // namespace sotto
