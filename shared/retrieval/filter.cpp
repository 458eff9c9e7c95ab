#include "retrieval/filter.hpp"

#include <algorithm>
#include <bit>

namespace sotto {

void RowFilter::reset(uint32_t n_rows) {
  size_ = n_rows;
  excluded_.assign((size_t{n_rows} + 63) / 64, 0);
}

void RowFilter::exclude(const RowFilter& other) {
  const size_t shared_words = std::min(excluded_.size(), size_t{other.size_} / 64);
  for (size_t i = 0; i < shared_words; ++i) excluded_[i] |= other.excluded_[i];
  for (auto row = static_cast<uint32_t>(shared_words * 64); row < size_; ++row)
    if (!other.allows(row)) exclude(row);
}

void RowFilter::exclude_removed(const ItemIndex& index) {
  // Most catalogues have no tombstone: that costs nothing a list.
  if (index.size() >= size_ && index.live_count() == index.size()) return;
  for (uint32_t row = 0; row < size_; ++row)
    if (!index.live(row)) exclude(row);
}

uint32_t RowFilter::allowed_count() const {
  uint32_t excluded = 0;
  for (const uint64_t word : excluded_) excluded += static_cast<uint32_t>(std::popcount(word));
  return size_ - excluded;
}

}  // namespace sotto
