// Fine-tuning (model/fine_tuning.hpp) on a device, which holds int8 rows only: its rows, its
// neighbours, and the list that comes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "model/fine_tuning.hpp"
#include "retrieval/filter.hpp"
#include "retrieval/item_rows.hpp"
#include "retrieval/top_k.hpp"

namespace sotto {

/// The dequantised rows. `rows` must outlive it.
class ItemRowSource final : public RowSource {
 public:
  explicit ItemRowSource(const ItemRows& rows) : rows_(&rows) {}

  uint32_t size() const override { return rows_->size(); }
  size_t dim() const override { return rows_->dim(); }
  void read(uint32_t item, std::span<float> row) const override;

 private:
  const ItemRows* rows_;
};

/// The neighbours that an event on `item` tunes: similar_items among all rows; none for an item
/// that is no row. One scan.
std::vector<Neighbour> neighbours_of(const ItemRows& rows, uint32_t item, size_t n,
                                     ScanScratch& scratch);

/// top_k by the tuned scores u.v_i + b_i: ItemRows::score of tuning.user(), plus tuning.offset. As
/// exact as top_k, for the offsets are few: those items are scored one by one. `tuning` must have
/// been made on these rows. Errors: as top_k's.
Result<std::vector<ScoredItem>> tuned_top_k(const ItemRows& rows, const FineTuning& tuning,
                                            size_t k, const RowFilter& filter,
                                            ScanScratch& scratch);

}  // namespace sotto
