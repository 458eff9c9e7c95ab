#include "retrieval/rank.hpp"

#include <algorithm>

namespace sotto {

Result<uint32_t> rank_of(const ItemRows& rows, std::span<const float> query, uint32_t item,
                         const RowFilter& filter, ScanScratch& scratch) {
  if (item >= rows.size())
    return Error{ErrorCode::kInvalidArgument, "rank: the item is no row of the model"};
  if (query.size() != rows.dim())
    return Error{ErrorCode::kInvalidArgument, "query: not one number a dimension"};
  if (filter.size() != rows.size())
    return Error{ErrorCode::kInvalidArgument, "filter: not one bit a row"};
  const std::span<int16_t> rounded = scratch.query(rows.stride());
  SOTTO_CHECK_OK(round_query(query, rounded));
  return scratch.count_before(rows, rows.scales(), rounded, item,
                              [&filter](uint32_t row) { return filter.allows(row); });
}

}  // namespace sotto
