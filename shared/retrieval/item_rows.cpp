#include "retrieval/item_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace sotto {
namespace {

// Below 2^31: kMaxDim * 128 * 128 is 2^23.
int32_t dot(std::span<const int8_t> a, std::span<const int8_t> b) {
  int32_t sum = 0;
  for (size_t j = 0; j < a.size(); ++j) sum += int32_t{a[j]} * int32_t{b[j]};
  return sum;
}

}  // namespace

Result<ItemRows> ItemRows::create(QuantizedMatrix matrix) {
  const auto dim = static_cast<size_t>(matrix.codes.cols());
  const auto n_rows = static_cast<uint64_t>(matrix.codes.rows());
  if (dim < 1 || dim > kMaxDim)
    return Error{ErrorCode::kInvalidArgument, "item rows: dim is not in 1 to 512"};
  if (n_rows > std::numeric_limits<uint32_t>::max())
    return Error{ErrorCode::kInvalidArgument, "item rows: too many rows"};
  if (matrix.scales.size() != n_rows)
    return Error{ErrorCode::kInvalidArgument, "item rows: not one scale a row"};
  for (const float scale : matrix.scales)
    if (!(scale >= 0 && scale <= kLargestValue))
      return Error{ErrorCode::kInvalidArgument, "item rows: a scale is out of range"};

  ItemRows rows;
  rows.dim_ = dim;
  rows.scales_ = std::move(matrix.scales);
  const size_t stride = (dim + kColumnMultiple - 1) / kColumnMultiple * kColumnMultiple;
  if (stride == dim) {
    rows.codes_.swap(matrix.codes);
  } else {
    rows.codes_.setZero(matrix.codes.rows(), static_cast<Eigen::Index>(stride));
    for (size_t i = 0; i < n_rows; ++i)
      std::copy_n(matrix.codes.data() + i * dim, dim, rows.codes_.data() + i * stride);
  }

  rows.inverse_norms_.resize(rows.scales_.size());
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const int32_t square = rows.scales_[i] > 0 ? dot(rows.row(i), rows.row(i)) : 0;
    rows.inverse_norms_[i] =
        square > 0 ? static_cast<float>(1 / std::sqrt(static_cast<double>(square))) : 0.0F;
  }
  return rows;
}

Vector ItemRows::vector(uint32_t row) const {
  Vector values(static_cast<Eigen::Index>(dim_));
  dequantize_row(this->row(row), scales_[row], {values.data(), dim_});
  return values;
}

Matrix ItemRows::gather(std::span<const uint32_t> rows) const {
  Matrix gathered(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(dim_));
  for (size_t j = 0; j < rows.size(); ++j)
    dequantize_row(row(rows[j]), scales_[rows[j]], {gathered.data() + j * dim_, dim_});
  return gathered;
}

float ItemRows::norm(uint32_t row) const {
  return inverse_norms_[row] > 0 ? scales_[row] / inverse_norms_[row] : 0.0F;
}

float ItemRows::score(uint32_t row, std::span<const float> query) const {
  // Four partial sums, so that a compiler may use SIMD without changing a bit.
  double sums[4] = {};
  const int8_t* codes = this->row(row).data();
  const float scale = scales_[row];
  const auto term = [&](size_t j) {
    return double{scale * static_cast<float>(codes[j])} * double{query[j]};
  };
  size_t j = 0;
  for (; j + 4 <= dim_; j += 4)
    for (size_t lane = 0; lane < 4; ++lane) sums[lane] += term(j + lane);
  for (size_t lane = 0; j + lane < dim_; ++lane) sums[lane] += term(j + lane);
  return static_cast<float>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

float ItemRows::cosine(uint32_t a, uint32_t b) const {
  const double cosine = double{inverse_norms_[a]} * double{inverse_norms_[b]} *
                        static_cast<double>(dot(row(a), row(b)));
  return static_cast<float>(std::clamp(cosine, -1.0, 1.0));
}

}  // namespace sotto
