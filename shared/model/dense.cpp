#include "model/dense.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace sotto {
namespace {

// Columns that are added in one pass over the result: a load and a store for four of them.
constexpr size_t kColumns = kRowsAtOnce;
using Columns = std::array<const float*, kColumns>;
using Factors = std::array<float, kColumns>;

// y += sum_c a_c x_c.
void add_scaled_columns(const Factors& a, const Columns& x, float* __restrict y, size_t n) {
  const float* __restrict x0 = x[0];
  const float* __restrict x1 = x[1];
  const float* __restrict x2 = x[2];
  const float* __restrict x3 = x[3];
  for (size_t i = 0; i < n; ++i)
    y[i] += (a[0] * x0[i] + a[1] * x1[i]) + (a[2] * x2[i] + a[3] * x3[i]);
}

}  // namespace

float dot(std::span<const float> x, std::span<const float> y) {
  float sums[4] = {};
  size_t i = 0;
  for (; i + 4 <= x.size(); i += 4)
    for (size_t lane = 0; lane < 4; ++lane) sums[lane] += x[i + lane] * y[i + lane];
  for (; i < x.size(); ++i) sums[0] += x[i] * y[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void add_scaled(float a, std::span<const float> x, std::span<float> y) {
  const float* __restrict from = x.data();
  float* __restrict to = y.data();
  for (size_t i = 0; i < x.size(); ++i) to[i] += a * from[i];
}

bool all_finite(std::span<const float> x) {
  return std::all_of(x.begin(), x.end(), [](float value) { return std::isfinite(value); });
}

void add_outer_products(std::span<const float> rows, std::span<const float> weights,
                        SquareMatrix& matrix) {
  const auto k = static_cast<size_t>(matrix.rows());
  const size_t n = rows.size() / k;
  const auto weight = [weights](size_t s) { return weights.empty() ? 1.0F : weights[s]; };
  size_t s = 0;
  for (; s + kColumns <= n; s += kColumns) {
    const float* v = rows.data() + s * k;
    for (size_t j = 0; j < k; ++j) {
      const Factors a{weight(s) * v[j], weight(s + 1) * v[k + j], weight(s + 2) * v[2 * k + j],
                      weight(s + 3) * v[3 * k + j]};
      add_scaled_columns(a, {v + j, v + k + j, v + 2 * k + j, v + 3 * k + j},
                         matrix.data() + j * k + j, k - j);
    }
  }
  for (; s < n; ++s) {
    const std::span<const float> v = rows.subspan(s * k, k);
    for (size_t j = 0; j < k; ++j)
      add_scaled(weight(s) * v[j], v.subspan(j), {matrix.data() + j * k + j, k - j});
  }
}

void mirror_lower(SquareMatrix& matrix) {
  for (Eigen::Index j = 0; j < matrix.cols(); ++j)
    for (Eigen::Index i = 0; i < j; ++i) matrix(i, j) = matrix(j, i);
}

void solve_positive(SquareMatrix& matrix, std::span<float> x) {
  const size_t k = x.size();
  // Column j from its diagonal on.
  const auto column = [&](size_t j) { return std::span<float>(matrix.data() + j * k + j, k - j); };
  for (size_t j = 0; j < k; ++j) {
    const auto below = column(j);
    size_t p = 0;
    // matrix(j, p) is L_jp; the rest of column p lies below it.
    const auto at = [&](size_t c) { return matrix.data() + c * k + j; };
    for (; p + kColumns <= j; p += kColumns)
      add_scaled_columns({-*at(p), -*at(p + 1), -*at(p + 2), -*at(p + 3)},
                         {at(p), at(p + 1), at(p + 2), at(p + 3)}, below.data(), below.size());
    for (; p < j; ++p) add_scaled(-*at(p), {at(p), below.size()}, below);
    const float scale = 1 / std::sqrt(below[0]);
    for (float& value : below) value *= scale;
  }
  for (size_t j = 0; j < k; ++j) {
    const auto below = column(j);
    x[j] /= below[0];
    add_scaled(-x[j], below.subspan(1), x.subspan(j + 1));
  }
  for (size_t j = k; j-- > 0;) {
    const auto below = column(j);
    x[j] = (x[j] - dot(below.subspan(1), x.subspan(j + 1))) / below[0];
  }
}

}  // namespace sotto
