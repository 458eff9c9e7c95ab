// The k items with the largest scores, from a scan of all rows. No index to build, ship or repair:
// at the sizes of a device the scan is faster than a graph index at equal recall.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "retrieval/filter.hpp"
#include "retrieval/item_rows.hpp"
#include "retrieval/scan_kernel.hpp"

namespace sotto {

struct ScoredItem {
  uint32_t item;
  float score;
};

/// The one order of lists: larger scores first, equal ones by lower row. Scores must be numbers.
/// (An object, not a function: sorts inline it.)
inline constexpr auto ranks_before = [](const ScoredItem& a, const ScoredItem& b) {
  return a.score != b.score ? a.score > b.score : a.item < b.item;
};

/// What a query needs of memory, kept from one to the next: nothing is allocated once it has grown
/// to the size of the queries. Thread safety: one thread at a time per object.
class ScanScratch {
 public:
  /// The `n_wanted` rows with the largest multiplier_i * (codes_i . query) among those that
  /// `allowed(row)` lets through, in no order, scored by that value; ties by lower row. query:
  /// stride() integers. allowed is asked only for rows above the moving threshold.
  template <class Allowed>
  std::span<ScoredItem> best(const ItemRows& rows, std::span<const float> multipliers,
                             std::span<const int16_t> query, size_t n_wanted,
                             const Allowed& allowed);

  /// How many rows but `item` that `allowed(row)` lets through rank before it in the same order.
  template <class Allowed>
  uint32_t count_before(const ItemRows& rows, std::span<const float> multipliers,
                        std::span<const int16_t> query, uint32_t item, const Allowed& allowed);

  /// Room for a query of `size` <= kMaxDim integers, all 0. Valid until the next call.
  std::span<int16_t> query(size_t size);

 private:
  void keep_best(size_t n);

  std::array<int16_t, ItemRows::kMaxDim> query_;
  std::vector<ScoredItem> found_;
  ScanHits hits_;
};

/// A query as the scan takes it: round(q_j * 32767 / max |q|). rounded.size() >= query.size().
/// Errors: kNumerical for a coordinate that is no number or beyond ItemRows::kLargestValue.
Status round_query(std::span<const float> query, std::span<int16_t> rounded);

/// How many rows are re-scored in float for a list of k. Rounding moves a row past those within e
/// of it (see top_k), which at the end of a list are few: more cost more than the scan of 10,000
/// rows.
inline size_t rescored_count(size_t k) {
  constexpr size_t kLeast = 64;
  return k <= kLeast / 2 ? kLeast : k > SIZE_MAX / 2 ? SIZE_MAX : 2 * k;
}

/// The k allowed items with the largest scores, best first; fewer when there are fewer, each once.
///
/// The score of an item is ItemRows::score(item, query). The scan ranks rows by integers, with the
/// query rounded to 16 bits (step max_j |q_j| / 32767); the rescored_count(k) best are re-scored.
/// The list is exact unless more than rescored_count(k) - k allowed rows lie within
/// e = step * max_i |v_i|_1 of the k-th score (e <= sqrt(dim) / 32767 |q| max_i |v_i|, and
/// typically a third of that). Equal rows do not count among these: both orders put the lower row
/// first. Every platform returns the same items with the same bits.
///
/// query: dim numbers, each at most ItemRows::kLargestValue in size. filter: as many rows as
/// `rows`. The result lives in `scratch`, until its next use. O(m dim). Errors: kInvalidArgument
/// for another length of query or filter; kNumerical for a query coordinate that is out of range or
/// not a number.
Result<std::span<const ScoredItem>> top_k(const ItemRows& rows, std::span<const float> query,
                                          size_t k, const RowFilter& filter, ScanScratch& scratch);

template <class Allowed>
std::span<ScoredItem> ScanScratch::best(const ItemRows& rows, std::span<const float> multipliers,
                                        std::span<const int16_t> query, size_t n_wanted,
                                        const Allowed& allowed) {
  found_.clear();
  n_wanted = n_wanted < rows.size() ? n_wanted : rows.size();
  if (n_wanted == 0) return {};
  // Twice as many as wanted are gathered before the worse half goes: O(1) a row that enters.
  const size_t full = 2 * n_wanted;
  found_.reserve(full + kScanBlockRows);
  const ScanFunction scan = best_scan_kernel().scan;
  // Rows come in order, so that one which only equals the threshold has lost its tie.
  float threshold = -std::numeric_limits<float>::infinity();
  for (uint32_t first = 0; first < rows.size();) {
    const uint32_t left = rows.size() - first;
    const uint32_t n_rows = left < kScanBlockRows ? left : kScanBlockRows;
    scan({rows.codes() + first * rows.stride(), rows.stride(), multipliers.data() + first,
          query.data(), n_rows},
         threshold, hits_);
    for (uint32_t h = 0; h < hits_.count; ++h)
      if (allowed(first + hits_.rows[h]))
        found_.push_back({first + hits_.rows[h], hits_.values[h]});
    if (found_.size() >= full) {
      keep_best(n_wanted);
      threshold = found_[n_wanted - 1].score;
    }
    first += n_rows;
  }
  keep_best(n_wanted);
  return found_;
}

template <class Allowed>
uint32_t ScanScratch::count_before(const ItemRows& rows, std::span<const float> multipliers,
                                   std::span<const int16_t> query, uint32_t item,
                                   const Allowed& allowed) {
  const ScanFunction scan = best_scan_kernel().scan;
  const auto block = [&](uint32_t first, uint32_t n_rows) {
    return ScanBlock{rows.codes() + size_t{first} * rows.stride(), rows.stride(),
                     multipliers.data() + first, query.data(), n_rows};
  };
  scan(block(item, 1), -std::numeric_limits<float>::infinity(), hits_);
  const float value = hits_.values[0];
  // Rows before the item win ties: for them the threshold is the next smaller number.
  const float below = std::nextafter(value, -std::numeric_limits<float>::infinity());
  uint32_t before = 0;
  for (uint32_t first = 0; first < rows.size();) {
    // A block ends at the item, so that one threshold serves all of it.
    const uint32_t end = first < item ? item : rows.size();
    const uint32_t n_rows = std::min(end - first, kScanBlockRows);
    scan(block(first, n_rows), first < item ? below : value, hits_);
    for (uint32_t h = 0; h < hits_.count; ++h) {
      const uint32_t row = first + hits_.rows[h];
      before += row != item && allowed(row) ? 1U : 0U;
    }
    first += n_rows;
  }
  return before;
}

}  // namespace sotto
