#include "model/snapshot.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "model/dense.hpp"

namespace sotto {
namespace {

// Rows that are dequantised at a time: 64 of 512 floats fit the caches.
constexpr Eigen::Index kBlock = 64;
constexpr Eigen::Index kProbes = 16;

// Rows first .. first + n, dequantised.
Matrix block_of(const Snapshot& snapshot, Eigen::Index first, Eigen::Index n) {
  const Eigen::Index k = snapshot.dim();
  Matrix block(n, k);
  if (const auto* values = std::get_if<Matrix>(&snapshot.rows)) {
    std::copy_n(values->data() + first * k, n * k, block.data());
    return block;
  }
  const auto& quantized = *std::get_if<QuantizedMatrix>(&snapshot.rows);
  const auto dim = static_cast<size_t>(k);
  for (Eigen::Index i = 0; i < n; ++i)
    dequantize_row({quantized.codes.data() + (first + i) * k, dim},
                   quantized.scales[static_cast<size_t>(first + i)], {block.data() + i * k, dim});
  return block;
}

Status failed(const char* reason) {
  return {ErrorCode::kNumerical, std::string("snapshot: ") + reason};
}

// Live rows that differ from zero, spread over the matrix.
std::vector<Eigen::Index> choose_probes(const Snapshot& snapshot) {
  std::vector<Eigen::Index> probes;
  const Eigen::Index m = snapshot.n_items();
  const Eigen::Index stride = std::max<Eigen::Index>(1, m / kProbes);
  for (Eigen::Index i = 0; i < m; ++i) {
    const auto n_chosen = static_cast<Eigen::Index>(probes.size());
    if (n_chosen == kProbes) break;
    if (i < n_chosen * stride || !snapshot.items.live(static_cast<uint32_t>(i))) continue;
    const Matrix row = block_of(snapshot, i, 1);
    if (dot(row_of(row, 0), row_of(row, 0)) > 0) probes.push_back(i);
  }
  return probes;
}

}  // namespace

Eigen::Index Snapshot::n_items() const {
  if (const auto* values = std::get_if<Matrix>(&rows)) return values->rows();
  return std::get_if<QuantizedMatrix>(&rows)->codes.rows();
}

Eigen::Index Snapshot::dim() const {
  if (const auto* values = std::get_if<Matrix>(&rows)) return values->cols();
  return std::get_if<QuantizedMatrix>(&rows)->codes.cols();
}

Eigen::RowVectorXf Snapshot::row(Eigen::Index i) const { return block_of(*this, i, 1).row(0); }

SquareMatrix gram_of(const Snapshot& snapshot) {
  if (snapshot.gram) return *snapshot.gram;
  const Eigen::Index m = snapshot.n_items();
  SquareMatrix gram = SquareMatrix::Zero(snapshot.dim(), snapshot.dim());
  for (Eigen::Index first = 0; first < m; first += kBlock) {
    const Matrix block = block_of(snapshot, first, std::min(kBlock, m - first));
    add_outer_products({block.data(), static_cast<size_t>(block.size())}, {}, gram);
  }
  mirror_lower(gram);
  return gram;
}

Status smoke_test(const Snapshot& snapshot, const SquareMatrix& gram) {
  const Eigen::Index m = snapshot.n_items();
  if (gram.rows() != snapshot.dim() || gram.cols() != snapshot.dim() ||
      !all_finite({gram.data(), static_cast<size_t>(gram.size())}))
    return failed("the gram is not a finite k x k matrix");
  double squares = 0;
  for (Eigen::Index first = 0; first < m; first += kBlock) {
    const Matrix block = block_of(snapshot, first, std::min(kBlock, m - first));
    for (size_t i = 0; i < static_cast<size_t>(block.rows()); ++i)
      squares += double{dot(row_of(block, i), row_of(block, i))};
  }
  double trace = 0;
  for (Eigen::Index i = 0; i < gram.rows(); ++i) trace += double{gram(i, i)};
  if (!std::isfinite(squares) || !(std::abs(trace - squares) <= 1e-3 * squares))
    return failed("the gram is not of these rows");

  const auto probes = choose_probes(snapshot);
  if (probes.empty()) return failed("no live item has a row other than zero");
  for (const Eigen::Index i : probes) {
    const Matrix row = block_of(snapshot, i, 1);
    FoldInState state(gram, m, snapshot.reg);
    state.add_rows(row, {});
    const Vector user = state.solve();
    const float score = dot(row_of(row, 0), span_of(user));
    constexpr float kRounding = 1e-3F;
    if (!all_finite(span_of(user)) || !(score >= -kRounding && score <= 1 + kRounding))
      return failed("a history of one item does not fold in");
  }
  return {};
}

}  // namespace sotto
