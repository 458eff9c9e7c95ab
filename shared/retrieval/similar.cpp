#include "retrieval/similar.hpp"

#include <algorithm>

#include "base/sort.hpp"

namespace sotto {

Result<std::span<const ScoredItem>> similar_items(const ItemRows& rows, uint32_t item, size_t k,
                                                  const RowFilter& filter, ScanScratch& scratch) {
  if (item >= rows.size())
    return Error{ErrorCode::kInvalidArgument, "similar items: the item is no row of the model"};
  if (filter.size() != rows.size())
    return Error{ErrorCode::kInvalidArgument, "filter: not one bit a row"};
  const std::span<const float> inverse_norms = rows.inverse_norms();
  if (k == 0 || inverse_norms[item] == 0) return std::span<const ScoredItem>{};

  const std::span<int16_t> query = scratch.query(rows.stride());
  std::copy(rows.row(item).begin(), rows.row(item).end(), query.begin());
  const auto allowed = [&](uint32_t row) {
    return row != item && inverse_norms[row] > 0 && filter.allows(row);
  };
  const std::span<ScoredItem> found =
      scratch.best(rows, inverse_norms, query, rescored_count(k), allowed);
  for (ScoredItem& candidate : found) candidate.score = rows.cosine(candidate.item, item);
  sort_all(found, ranks_before);
  return std::span<const ScoredItem>(found.first(std::min(k, found.size())));
}

}  // namespace sotto
