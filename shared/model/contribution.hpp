// What one device contributes to the global model: real vectors, before the grid.
//
// A task names one of four layouts. All of them are dense vectors of a length that depends on the
// task alone; only their non-zero coordinates are computed. Everything a device needs is in the
// task (public) and in its own history; nothing else goes in.
//
// Who learns what: the servers learn the sum over a batch, of which one device's part has an L2
// norm of at most the clip. How integers, noise and shares follow: vdaf/grid.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "base/random.hpp"
#include "model/fold_in.hpp"
#include "model/packing.hpp"

namespace sotto {

/// The non-zero coordinates of a contribution.
struct Contribution {
  std::vector<uint32_t> indices;  ///< Distinct, below the layout's dimension.
  std::vector<float> values;      ///< One an index.

  void clear();
  void put(size_t index, float value);
};

/// What a device brings to a contribution; only the history and the metrics are its own.
struct ContributionInput {
  std::span<const uint32_t> history;   ///< Distinct item numbers below the layout's, oldest first.
  Matrix rows;                         ///< The history's rows of the task's V, |history| x k,
  const SquareMatrix* gram = nullptr;  ///< V'V (k x k),
  uint32_t n_items = 0;                ///< and the rows of V. Not used by counts.
  std::span<const float> metrics;      ///< See below; empty: all 0. The rest not used by quality.
};
/// The input of a device that has V as one matrix.
ContributionInput contribution_input(std::span<const uint32_t> history, const FoldIn& fold_in);

/// Prequential metrics may ride in a contribution of training, as its last coordinates: how the
/// live model placed the items that the device then chose. [ 1 ; hr@10 ; ndcg@100 ; mrr ], the
/// means over the device's placements, all 0 when it has none; each in [0, 1], so their norm is at
/// most 2. One clip and one price with all the rest.
inline constexpr uint32_t kPrequentialMetrics = 4;
/// What a released sum says about them.
struct PrequentialRelease {
  double devices = 0;      ///< Devices that had placements (their reports may be scaled down).
  double hit_rate_10 = 0;  ///< Means over those; 0 when there are none.
  double ndcg_100 = 0;
  double reciprocal = 0;
};
/// metrics: the kPrequentialMetrics coordinates of a noised sum; weight: gamma_m or metric_weight;
/// unit: Grid::unit(). Post-processing: values may lie outside [0, 1] by noise.
PrequentialRelease decode_metrics(std::span<const int64_t> metrics, double weight, double unit);

// ---------------------------------------------------------------------------------------------
// counts: how popular every item is. [ one weight an item ; one normaliser ]

struct CountsLayout {
  uint32_t n_items = 0;

  size_t dimension() const { return size_t{n_items} + 1; }
  size_t normaliser() const { return n_items; }
};

struct CountsTask {
  CountsLayout layout;
  uint32_t max_items = 0;  ///< T, >= 1.
};

/// Each of at most max_items items of the history (a random choice when there are more) counts
/// w = 1 / sqrt(|S| + 1), and so does the normaliser: the norm is exactly 1. An empty history
/// gives the zero report.
/// random: the device's own; decides only which items are left out.
void contribute_counts(const CountsTask& task, std::span<const uint32_t> history, Random& random,
                       Contribution& out);

// ---------------------------------------------------------------------------------------------
// rows: the exact gradient of the ALS objective.
//   [ pack(u u') ; for each item: r u (k), gamma c, gamma c r ; gamma_0 ; gamma_m metrics ]
// with u the fold-in on the task's V, c the weight of the item (here 1) and r = c (1 - u.v_i).
// The sums are G = sum u u', B_i = sum r u, n_i = sum c, R_i = sum c r (whose total is the loss,
// see fold_in_loss), and n, the number of devices. One scale applies to all of them, so they
// match each other even where a device was clipped.

struct RowsLayout {
  uint32_t n_items = 0;
  uint32_t dim = 0;
  uint32_t n_metrics = 0;  ///< 0 or kPrequentialMetrics.

  size_t row_width() const { return size_t{dim} + 2; }
  size_t row(size_t item) const { return packed_size(dim) + item * row_width(); }
  size_t count(size_t item) const { return row(item) + dim; }
  size_t residual(size_t item) const { return row(item) + dim + 1; }
  size_t normaliser() const { return row(n_items); }
  size_t metrics() const { return normaliser() + 1; }
  size_t dimension() const { return metrics() + n_metrics; }
};

struct RowsTask {
  RowsLayout layout;
  Regularization reg;
  double clip = 0;    ///< L2 norm bound of the whole vector.
  float gamma = 0;    ///< Weight of the counts.
  float gamma_0 = 0;  ///< Weight of the normaliser.
  float gamma_m = 0;  ///< Weight of the metrics.
};

/// A task whose clip no history of total weight <= max_weight reaches. The bound is rigorous: at
/// the fold-in optimum  sum c r^2 + lambda_u |u|^2 <= sum c = W  (the objective at u = 0), so
/// |u|^2 <= W / lambda_u and, by the inequality of the means, the rows' norm
/// sqrt(sum c r^2) |u| <= W / (2 sqrt(lambda_u)); both grow with W. Longer histories are scaled
/// down as a whole. gamma and gamma_0 are a tenth of the clip, spread over max_weight items, and
/// the metrics get a tenth when there are any.
RowsTask make_rows_task(const RowsLayout& layout, const Regularization& reg, double max_weight);

/// An empty history gives the zero report.
void contribute_rows(const RowsTask& task, const ContributionInput& input, Contribution& out);

// ---------------------------------------------------------------------------------------------
// whitened: rows for training under differential privacy (docs/model.md, step 3).
//   z = [ bias ; clip_{z_clip}(P u) ]      (k + 1)
//   [ for each item of the slice: w_i r_i z ; gram_weight pack(z z') ; 1 ; w_m metrics ]  times  s
//   s = 1 / max(norm_floor, norm of the vector), so that the norm is at most 1 = the clip.

struct WhitenedLayout {
  uint32_t n_slice = 0;  ///< Items of the slice.
  uint32_t dim = 0;
  uint32_t n_metrics = 0;  ///< 0 or kPrequentialMetrics.

  size_t row_width() const { return size_t{dim} + 1; }
  size_t row(size_t slot) const { return slot * row_width(); }
  size_t gram() const { return row(n_slice); }
  size_t normaliser() const { return gram() + packed_size(row_width()); }
  size_t metrics() const { return normaliser() + 1; }
  size_t dimension() const { return metrics() + n_metrics; }
};

/// Public, part of the signed task. Everything here was computed from released values.
struct WhitenedTask {
  WhitenedLayout layout;
  Regularization reg;
  std::vector<int32_t> slot;      ///< Item -> slot in the slice, -1 outside it. One an item.
  std::vector<float> row_weight;  ///< w_i, one an item; 0 outside the slice.
  std::vector<float> popularity;  ///< f_i > 0 in the slice: which items are kept of many.
  SquareMatrix whitening;         ///< P, k x k.
  float bias = 0.1F;
  float z_clip = 1.5F;
  float norm_floor = 1;  ///< >= 1.
  float gram_weight = 1;
  float metric_weight = 0.1F;   ///< w_m.
  float sampling_exponent = 0;  ///< Items are kept with chances ~ f^exponent.
  uint32_t max_items = 230;
  bool residual = true;  ///< r_i = 1 - u.v_i clipped to [-1, 1.5]; false: r_i = 1.
};

/// A history without an item of the slice gives the zero report.
void contribute_whitened(const WhitenedTask& task, const ContributionInput& input, Random& random,
                         Contribution& out);

// ---------------------------------------------------------------------------------------------
// quality: how well the live lists did, visitor by visitor. One vote a device.
//   [ nothing to say ; one weight a bin of ndcg@100: [0, 1/n), [1/n, 2/n), ..., [1 - 1/n, 1] ]
// A histogram under a proof (Prio3Histogram), which makes a vote of the zero report too, in the
// first bucket. What a released sum says: quality_release.hpp.

struct QualityLayout {
  uint32_t n_items = 0;
  uint32_t n_bins = 0;

  size_t dimension() const { return size_t{1} + n_bins; }
  size_t bin(size_t j) const { return 1 + j; }
};

struct QualityTask {
  /// Two votes are sqrt(2) apart and grid bounds are whole numbers: 2, with a grid unit of 1. The
  /// price counts a distance of 2 and is twice (in rho) what one vote in another's place costs.
  static constexpr double kClip = 2;

  QualityLayout layout;
};

/// 1 in the bin of the mean ndcg@100 of its placements; a device without placements gives the zero
/// report. metrics: as in ContributionInput.
void contribute_quality(const QualityTask& task, std::span<const float> metrics, Contribution& out);

}  // namespace sotto
