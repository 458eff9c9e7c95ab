// What stands between a released sum and the model that visitors get: public checks and released
// values only, so nothing here costs privacy, and anybody with the releases can repeat it.
//
// Of a sum, before anything is made of it (check_release): whether honest reports can have added up
// to it. Every report has norm at most the clip, so the norm of n of them is at most n clips, and
// the noise on top has norm sd sqrt(d), give or take a few sd. PINE promises as much for each
// report; `sum` promises nothing, and this is what notices.
//
// Of a model (judge): finite rows that fold in (check_publishable); no row longer than a multiple
// of the longest before; no leap of the whole matrix; items do not vanish. The ten rows that moved
// most are named, for a person to look at: a targeted boost of one item passes all limits
// (docs/poisoning.md).
//
// What needs no check: an item whose count is lost in the noise. Outside of the slice (below about
// 1.5 sigma of the counts) it has no measurement and gets what content predicts. Inside,
// content_prior.hpp weighs its measurement by the noise variance (sigma / n_i)^2: at n_i = 3 sigma
// that is 1/9 in each of k coordinates of a whitened gradient whose squared length is about 1, so
// below it the prediction from content has most of the say.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "catalog/item_index.hpp"
#include "model/fold_in.hpp"
#include "model/private_trainer.hpp"
#include "publishing/course.hpp"

namespace sotto {

struct GateLimits {
  /// Longest row over the longest of the model before. A step that converges moves rows by
  /// fractions of their length; 4 leaves room for noise, and for an item that became popular.
  double row_growth = 4;
  /// The same for the first trained model over V0, whose scale is a convention (start_scale).
  double row_growth_of_first = 64;
  /// |V' - V| / |V|. At 1 nothing of V need be left (V' = 0 or 2 V), and an independent model of
  /// the same norm is at sqrt(2). The first round of a cycle, which need not start from V, has no
  /// limit.
  double drift = 1;
  /// Share of items with a row, over the share before.
  double coverage = 0.5;
  /// How much of its ndcg the live model may lose to the one before it.
  double ndcg_fall = 0.1;
};

/// What a sum of `clip`-bounded reports can be. Errors: kNumerical names what it cannot be.
Status check_release(const Release& release, double clip);
/// Further, for counts: more devices than noise, and no item that more of them have than there are.
Status check_counts(const Release& release, const CountsLayout& layout);
/// For rounds: more devices than noise.
Status check_round(const Release& release, const WhitenedLayout& layout);
/// For evaluations: as many votes as reports, but for noise, and no bucket below none.
Status check_quality(const Release& release);

struct Candidate {
  const Matrix* items = nullptr;   ///< As it would be published.
  const Matrix* before = nullptr;  ///< As published, the same shape.
  bool first_trained = false;      ///< `before` is V0.
  bool first_of_cycle = false;     ///< The first round that passes in its cycle.
  Regularization reg;
};
/// Everything but the metrics. index: names of the rows.
GateReport judge(const Candidate& candidate, const ItemIndex& index, const GateLimits& limits = {});

/// Released metrics and what noise is in them.
struct MeasuredMetrics {
  PrequentialRelease values;
  double ndcg_sd = 0;  ///< First order, of the quotient.
};
/// Absent when the round has none, or no more devices with placements than noise.
std::optional<MeasuredMetrics> measure_metrics(const Release& release, const WhitenedTask& task);
/// Whether the live model did worse than the one before by more than the limit and by more than
/// three standard deviations of the noise in both.
bool did_worse(const MeasuredMetrics& live, const MeasuredMetrics& before,
               const GateLimits& limits = {});

}  // namespace sotto
