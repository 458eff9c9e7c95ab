// The place of one item in the list that a user would get.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "retrieval/filter.hpp"
#include "retrieval/item_rows.hpp"
#include "retrieval/top_k.hpp"

namespace sotto {

/// 0 for the best: the number of allowed rows, `item` aside, that the scan ranks before it (larger
/// value, or equal and a lower row). By the scan's integers (top_k.hpp), without re-scoring.
/// One pass over the rows; nothing of their number is stored.
/// Errors: kInvalidArgument for an item that is no row, another length of query or filter;
/// kNumerical for a query that is out of range.
Result<uint32_t> rank_of(const ItemRows& rows, std::span<const float> query, uint32_t item,
                         const RowFilter& filter, ScanScratch& scratch);

}  // namespace sotto
