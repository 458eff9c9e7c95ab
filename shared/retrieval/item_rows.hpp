// The item matrix as a device holds and scans it: int8 rows, padded for SIMD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "base/result.hpp"
#include "model/quantization.hpp"

namespace sotto {

/// m rows of int8 codes with a scale each: v_ij = scale_i * code_ij, the published model.
///
/// Layout: row-major, row i at codes() + i * stride(), stride() = dim() rounded up to a multiple of
/// 16, the columns past dim() zero. Beside it one scale and one inverse norm a row: m (stride + 8)
/// bytes in all. No alignment is promised or needed.
/// Immutable. Thread safety: const methods from several threads.
class ItemRows {
 public:
  static constexpr size_t kColumnMultiple = 16;
  /// So that the dot product of int8 codes with any int16 query stays below 2^31:
  /// 512 * 128 * 32767 = 2^31 - 2^16.
  static constexpr size_t kMaxDim = 512;
  /// Of scales and of query coordinates: 512 * 127 * 1e15 * 1e15 is a finite float.
  static constexpr float kLargestValue = 1e15F;

  /// Takes the codes over without a copy when dim is a multiple of 16.
  /// Errors: kInvalidArgument unless 1 <= dim <= kMaxDim, there is one scale a row, in
  /// [0, kLargestValue], and fewer than 2^32 rows.
  static Result<ItemRows> create(QuantizedMatrix matrix);

  uint32_t size() const { return static_cast<uint32_t>(codes_.rows()); }
  size_t dim() const { return dim_; }
  size_t stride() const { return static_cast<size_t>(codes_.cols()); }
  const int8_t* codes() const { return codes_.data(); }
  /// One a row; 0 makes a zero row.
  std::span<const float> scales() const { return scales_; }
  /// 1 / |codes of the row|; 0 for a zero row (all codes or the scale 0), which has no direction.
  std::span<const float> inverse_norms() const { return inverse_norms_; }

  /// The stride() codes of a row. row < size(), here and below.
  std::span<const int8_t> row(uint32_t row) const {
    return {codes() + size_t{row} * stride(), stride()};
  }
  /// The dequantised row (dim).
  Vector vector(uint32_t row) const;
  /// Dequantised rows, |rows| x dim.
  Matrix gather(std::span<const uint32_t> rows) const;
  /// |v_i|.
  float norm(uint32_t row) const;

  /// The score of an item: the inner product of `query` (dim floats) with the dequantised row,
  /// summed in double in an order of its own, then rounded: the same bits everywhere.
  float score(uint32_t row, std::span<const float> query) const;
  /// Cosine of two rows, in [-1, 1]; 0 if either is a zero row.
  float cosine(uint32_t a, uint32_t b) const;

 private:
  ItemRows() = default;

  QuantizedMatrix::Codes codes_;  // m x stride
  std::vector<float> scales_;
  std::vector<float> inverse_norms_;
  size_t dim_ = 0;
};

}  // namespace sotto
