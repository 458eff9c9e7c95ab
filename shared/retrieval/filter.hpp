// Which rows may be shown: everything that was seen, hidden or removed, or that the page does not
// want, is excluded in the scan itself, so that a list is never short for having been filtered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "catalog/item_index.hpp"

namespace sotto {

/// A set of excluded rows, one bit a row. A row is allowed when nothing has excluded it; exclusions
/// only add up. Rows past size() are never allowed, and excluding one does nothing: a history may
/// name items that are newer than the model.
/// Thread safety: const methods from several threads while nobody writes. Memory: size() / 8 bytes.
class RowFilter {
 public:
  /// Every row allowed.
  explicit RowFilter(uint32_t n_rows = 0) { reset(n_rows); }
  /// Every row allowed again; allocates only to grow.
  void reset(uint32_t n_rows);

  void exclude(uint32_t row) {
    if (row < size_) excluded_[row / 64] |= uint64_t{1} << (row % 64);
  }
  void exclude(std::span<const uint32_t> rows) {
    for (const uint32_t row : rows) exclude(row);
  }
  /// Whatever `other` excludes, and rows that it does not know.
  void exclude(const RowFilter& other);
  /// Tombstones, and rows that have no item in the index.
  void exclude_removed(const ItemIndex& index);
  /// Rows for which the caller's `allowed(uint32_t row) -> bool` is false; asked in row order, and
  /// only for rows that are still allowed.
  template <class Allowed>
  void exclude_unless(Allowed&& allowed) {
    for (uint32_t row = 0; row < size_; ++row)
      if (allows(row) && !allowed(row)) exclude(row);
  }

  bool allows(uint32_t row) const {
    return row < size_ && (excluded_[row / 64] >> (row % 64) & 1) == 0;
  }
  uint32_t size() const { return size_; }
  uint32_t allowed_count() const;

 private:
  std::vector<uint64_t> excluded_;  // bits past size_ are 0
  uint32_t size_ = 0;
};

}  // namespace sotto
