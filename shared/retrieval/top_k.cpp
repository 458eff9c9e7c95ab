#include "retrieval/top_k.hpp"

#include <algorithm>
#include <cmath>

#include "base/sort.hpp"

namespace sotto {
Status round_query(std::span<const float> query, std::span<int16_t> rounded) {
  constexpr double kLargestCode = 32767;
  float largest = 0;
  for (const float value : query) {
    if (!(std::fabs(value) <= ItemRows::kLargestValue))
      return {ErrorCode::kNumerical, "query: a coordinate is out of range"};
    largest = std::max(largest, std::fabs(value));
  }
  if (largest == 0) return {};
  // In double: no query is too small for it.
  for (size_t j = 0; j < query.size(); ++j)
    rounded[j] = static_cast<int16_t>(std::nearbyint(double{query[j]} / largest * kLargestCode));
  return {};
}

std::span<int16_t> ScanScratch::query(size_t size) {
  const auto query = std::span(query_).first(size);
  std::fill(query.begin(), query.end(), int16_t{0});
  return query;
}

void ScanScratch::keep_best(size_t n) {
  if (found_.size() <= n) return;
  const auto last = found_.begin() + static_cast<std::ptrdiff_t>(n - 1);
  std::nth_element(found_.begin(), last, found_.end(), ranks_before);
  found_.resize(n);
}

Result<std::span<const ScoredItem>> top_k(const ItemRows& rows, std::span<const float> query,
                                          size_t k, const RowFilter& filter, ScanScratch& scratch) {
  if (query.size() != rows.dim())
    return Error{ErrorCode::kInvalidArgument, "query: not one number a dimension"};
  if (filter.size() != rows.size())
    return Error{ErrorCode::kInvalidArgument, "filter: not one bit a row"};
  const std::span<int16_t> rounded = scratch.query(rows.stride());
  SOTTO_CHECK_OK(round_query(query, rounded));

  const std::span<ScoredItem> found =
      scratch.best(rows, rows.scales(), rounded, k == 0 ? 0 : rescored_count(k),
                   [&filter](uint32_t row) { return filter.allows(row); });
  for (ScoredItem& candidate : found) candidate.score = rows.score(candidate.item, query);
  const size_t n = std::min(k, found.size());
  sort_first(found, n, ranks_before);
  return std::span<const ScoredItem>(found.first(n));
}

}  // namespace sotto
