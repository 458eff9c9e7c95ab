#include "crowd/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sotto {

size_t LatencyHistogram::bucket_of(uint64_t us) {
  if (us < kSteps) return static_cast<size_t>(us);
  const auto shift = static_cast<unsigned>(std::bit_width(us)) - kStepBits - 1;
  return static_cast<size_t>((shift + 1) * kSteps + ((us >> shift) - kSteps));
}

uint64_t LatencyHistogram::upper_edge(size_t bucket) {
  if (bucket < kSteps) return bucket;
  const uint64_t shift = bucket / kSteps - 1;
  const uint64_t low = (kSteps + bucket % kSteps) << shift;
  return low + (uint64_t{1} << shift) - 1;
}

void LatencyHistogram::record(uint64_t us) {
  ++counts_[bucket_of(us)];
  ++count_;
  max_us_ = std::max(max_us_, us);
  sum_us_ += static_cast<double>(us);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) counts_[bucket] += other.counts_[bucket];
  count_ += other.count_;
  max_us_ = std::max(max_us_, other.max_us_);
  sum_us_ += other.sum_us_;
}

double LatencyHistogram::mean_us() const {
  return count_ > 0 ? sum_us_ / static_cast<double>(count_) : 0;
}

uint64_t LatencyHistogram::percentile_us(double share) const {
  if (count_ == 0) return 0;
  const auto wanted = std::clamp<uint64_t>(
      static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_))), 1, count_);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) return std::min(upper_edge(bucket), max_us_);
  }
  return max_us_;
}

}  // namespace sotto
