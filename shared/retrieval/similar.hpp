// Items that are like an item.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "retrieval/filter.hpp"
#include "retrieval/item_rows.hpp"
#include "retrieval/top_k.hpp"

namespace sotto {

/// The k allowed items with the largest cosine to `item`, best first, with the cosine
/// (ItemRows::cosine) as score; fewer when there are fewer. Never `item` itself, and never a zero
/// row, which is like nothing: for a zero row the list is empty. Rows that equal `item`'s are in it
/// (cosine 1). `item` need not be allowed by the filter: a page about an item that was seen asks
/// for similar ones that were not.
/// The scan is exact in integers; as for top_k the result lives in `scratch`.
/// Errors: kInvalidArgument for an item that is no row, or a filter of another size.
Result<std::span<const ScoredItem>> similar_items(const ItemRows& rows, uint32_t item, size_t k,
                                                  const RowFilter& filter, ScanScratch& scratch);

}  // namespace sotto
