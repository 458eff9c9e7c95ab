#include "retrieval/tuned_top_k.hpp"

#include <algorithm>

#include "base/sort.hpp"
#include "retrieval/similar.hpp"

namespace sotto {

void ItemRowSource::read(uint32_t item, std::span<float> row) const {
  dequantize_row(rows_->row(item), rows_->scales()[item], row);
}

std::vector<Neighbour> neighbours_of(const ItemRows& rows, uint32_t item, size_t n,
                                     ScanScratch& scratch) {
  std::vector<Neighbour> near;
  const auto similar = similar_items(rows, item, n, RowFilter(rows.size()), scratch);
  if (!similar.ok()) return near;
  for (const ScoredItem& found : *similar) near.push_back({found.item, found.score});
  return near;
}

Result<std::vector<ScoredItem>> tuned_top_k(const ItemRows& rows, const FineTuning& tuning,
                                            size_t k, const RowFilter& filter,
                                            ScanScratch& scratch) {
  const Vector& user = tuning.user();
  const std::span<const float> query(user.data(), static_cast<size_t>(user.size()));
  const std::vector<uint32_t> tuned = tuning.offset_items();
  // So many of the scan's best may be lowered out of the list.
  const auto lowered = static_cast<size_t>(std::count_if(
      tuned.begin(), tuned.end(), [&](uint32_t item) { return tuning.offset(item) < 0; }));
  const size_t scanned = k > rows.size() ? rows.size() : k + lowered;
  SOTTO_TRY(const std::span<const ScoredItem> plain, top_k(rows, query, scanned, filter, scratch));

  std::vector<ScoredItem> list;
  for (const ScoredItem& found : plain)
    if (!std::binary_search(tuned.begin(), tuned.end(), found.item)) list.push_back(found);
  for (const uint32_t item : tuned)
    if (filter.allows(item)) list.push_back({item, rows.score(item, query) + tuning.offset(item)});
  sort_all(std::span(list), ranks_before);
  list.resize(std::min(k, list.size()));
  return list;
}

}  // namespace sotto
