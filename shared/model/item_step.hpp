// The server's half: one preconditioned step of all items from sums over devices.
//
//   gradient  g_i = B_i - a0 G v_i - lambda_i v_i,       lambda_i = lambda (n_i + a0 n)
//   curvature H_i = n_i (h_i G / n + m_i m_i') + a0 G + lambda_i I
//   step      v_i <- v_i + eta H_i^-1 g_i,   |dv_i| limited by the trust region
//
// The exact ALS curvature of item i, sum_{u in i} u u', would need a k x k sum for each item. It is
// n_i times the second moment of the item's own users: their mean m_i gives a rank-one part, which
// matters most and is estimated from released sums, m_i = B_i / R_i (the mean weighted by the
// residuals; exact while residuals are alike), and the scatter around it is modelled by the
// population's, h_i = h (1 + sqrt(k / n_i)): few users scatter in few directions, the more so the
// fewer (Marchenko-Pastur). Without the rank-one part the step diverges on sparse data or needs an
// h of hundreds; with it h = 2 serves dense and sparse data alike. The bracket g_i is the exact
// gradient, so the fixed point is that of ALS whatever H_i. One eigendecomposition of G serves all
// items: H_i is diagonal in its basis plus rank one (Sherman-Morrison).
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "base/matrix.hpp"
#include "model/contribution.hpp"

namespace sotto {

/// The sums that a batch of `rows` reports adds up to, as real numbers.
struct RowsAggregate {
  SquareMatrix gram;              ///< G, k x k.
  Matrix rows;                    ///< B, m x k.
  std::vector<double> counts;     ///< n_i.
  std::vector<double> residuals;  ///< R_i = sum c r.
  double devices = 0;             ///< n.

  /// The devices' part of the ALS objective: sum_i R_i (see fold_in_loss).
  double loss() const;
};

/// Splits an integer sum of reports. sum.size() == task.layout.dimension(); unit: Grid::unit().
RowsAggregate decode_rows(std::span<const int64_t> sum, const RowsTask& task, double unit);

/// How the curvature of an item is modelled.
enum class Curvature {
  kRankOne,  ///< As above.
  kScalar,   ///< H_i = (h n_i / n + a0) G + lambda_i I, for comparison: no rank-one part, h_i = h.
};

struct ItemStepOptions {
  Regularization reg;
  Curvature curvature = Curvature::kRankOne;
  double h = 2;          ///< Scatter of an item's users, relative to the population's. >= 1.
  double step_size = 1;  ///< eta, in (0, 1].
  /// Trust region: no row moves so far that the score of a typical device (|u|^2 = tr G / n) could
  /// change by more than this. Predictions live around [0, 1].
  double trust_radius = 4;
  /// Devices that stand behind the frequencies, for the scatter of an item's users; 0: those of
  /// the batch. More than the batch has where frequencies come from several batches.
  double population = 0;
};

/// Returns the new item matrix. frequencies: n_i / n, one an item; pass the batch's own, or a
/// better estimate from more batches (participation.hpp). items: the published V that the devices
/// used. The gradient is that of the average device, so any number of devices gives steps alike.
Matrix item_step(const Matrix& items, const RowsAggregate& sums,
                 std::span<const double> frequencies, const ItemStepOptions& options,
                 Executor& executor);

/// The regularised ALS objective per device at `items`: (loss + sum_i lambda_i |v_i|^2) / n.
double objective_per_device(const Matrix& items, const RowsAggregate& sums,
                            std::span<const double> frequencies, const Regularization& reg);

}  // namespace sotto
