// How long answers took: counts in logarithmic buckets, as HdrHistogram does it.
//
// Values are whole microseconds. Below kSteps each value has a bucket of its own; above, every
// power of two is divided into kSteps buckets, so a value that is read back is at most 1/kSteps
// (1.6%) above what was recorded, and never below it. Memory is fixed: 64 - 6 + 1 powers of kSteps
// buckets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sotto {

/// Thread safety: one thread at a time per object.
class LatencyHistogram {
 public:
  static constexpr unsigned kStepBits = 6;
  static constexpr uint64_t kSteps = uint64_t{1} << kStepBits;

  void record(uint64_t us);
  void merge(const LatencyHistogram& other);

  uint64_t count() const { return count_; }
  uint64_t max_us() const { return max_us_; }  ///< Exact.
  double mean_us() const;                      ///< Exact; 0 without values.
  /// The least upper bound, to the precision above, of the values up to the given share of all:
  /// share 0.99 for p99. 0 without values.
  uint64_t percentile_us(double share) const;

 private:
  static constexpr size_t kBuckets = (64 - kStepBits + 1) * kSteps;
  static size_t bucket_of(uint64_t us);
  static uint64_t upper_edge(size_t bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t max_us_ = 0;
  double sum_us_ = 0;
};

}  // namespace sotto
