// Prequential evaluation: before an item of the history is learnt from, the device notes at which
// place the live model had it, by the plain fold-in whether lists are fine-tuned or not. The only
// evaluation there is in deployment, since nobody holds anybody's history out; its sums ride in the
// next contribution.
//
// Record "device/prequential": u8 format = 1 | u16 number | for each, oldest first: i64 time | u32
// rank | u32 candidates.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/keyed_record.hpp"
#include "base/result.hpp"
#include "model/contribution.hpp"

namespace sotto {

/// The place of an item that was then chosen: rank 0 .. candidates - 1.
struct Placement {
  int64_t time_ms = 0;
  uint32_t rank = 0;
  uint32_t candidates = 0;

  bool operator==(const Placement&) const = default;
};

/// Means over placements, in the words of evaluation/metrics.hpp for one target each.
struct PrequentialMeans {
  uint32_t n = 0;
  double hit_rate_10 = 0;  ///< hr@10
  double ndcg_100 = 0;     ///< ndcg@100
  double reciprocal = 0;   ///< mrr
};

/// The latest placements. Thread safety: one thread at a time per object.
class Prequential {
 public:
  static constexpr const char* kKey = "device/prequential";
  static constexpr size_t kReach = 256;

  /// Requires rank < candidates.
  void add(const Placement& placement);
  std::span<const Placement> placements() const { return placements_; }
  /// Over placements from since_ms on.
  PrequentialMeans means(int64_t since_ms) const;
  /// The coordinates of a contribution (contribution.hpp): all zero without placements.
  std::vector<float> coordinates(int64_t since_ms) const;

  KeyedRecord record() const;
  /// Errors: kMalformed, kUnsupported.
  static Result<Prequential> read(std::span<const uint8_t> record);

 private:
  std::vector<Placement> placements_;  // oldest first, at most kReach
};

}  // namespace sotto
