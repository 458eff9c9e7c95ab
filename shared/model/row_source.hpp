// Rows of the item matrix, whatever they are stored as: a device holds int8 codes and no float
// copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix.hpp"

namespace sotto {

/// Thread safety: const methods from several threads, as of what it reads from.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual uint32_t size() const = 0;  ///< m.
  virtual size_t dim() const = 0;     ///< k.
  /// Writes v_item to `row` (dim() floats). item < size().
  virtual void read(uint32_t item, std::span<float> row) const = 0;
};

/// Rows of a float matrix, which must outlive it.
class MatrixRows final : public RowSource {
 public:
  explicit MatrixRows(const Matrix& items) : items_(&items) {}

  uint32_t size() const override { return static_cast<uint32_t>(items_->rows()); }
  size_t dim() const override { return static_cast<size_t>(items_->cols()); }
  void read(uint32_t item, std::span<float> row) const override {
    Eigen::Map<Eigen::RowVectorXf>(row.data(), items_->cols()) =
        items_->row(static_cast<Eigen::Index>(item));
  }

 private:
  const Matrix* items_;
};

}  // namespace sotto
