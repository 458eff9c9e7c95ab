// Ranking metrics, each with its exact definition, all computed from one thing: the ranks that a
// user's targets get.
//
// A user has candidates (the items ranked: all items without the seen ones, or a given list) and
// targets (the relevant ones among them, at least one). rank = 0 for the best candidate. Ties:
// equal scores are ordered by the lower item number first, the order that a list on a page shows.
// Every metric is in [0, 1]; the value for a set of users is the mean over users with at least one
// target (without any, all metrics of a user are 0: leave such users out). Thread safety: pure
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sotto {

/// The ranks of one user's targets.
struct TargetRanks {
  std::vector<uint32_t> ranks;  ///< Ascending, distinct, each < n_candidates.
  uint32_t n_candidates = 0;
};

/// Ranks of `targets` among all items but `seen`. scores: one an item, finite. seen and targets:
/// item numbers < scores.size() in any order; no target twice. A target that is also seen is
/// ignored. One comparison an item, log2(targets) more for those ranked above the worst target.
TargetRanks rank_among_all(std::span<const float> scores, std::span<const uint32_t> seen,
                           std::span<const uint32_t> targets);
/// Ranks of `targets` among `candidates` and the targets themselves (candidates that repeat a
/// target count once). The sampled ranking of He et al. 2017; misleading on its own (Krichene,
/// Rendle 2020), so never reported without the ranking among all.
TargetRanks rank_among(std::span<const float> scores, std::span<const uint32_t> candidates,
                       std::span<const uint32_t> targets);

/// |targets among the best k| / min(k, |targets|)  (Liang et al. 2018).
double recall_at(const TargetRanks& user, uint32_t k);
/// |targets among the best k| / k.
double precision_at(const TargetRanks& user, uint32_t k);
/// 1 if any target is among the best k, else 0.
double hit_rate_at(const TargetRanks& user, uint32_t k);
/// sum over targets of rank < k of 1 / log2(rank + 2), over the same sum for the ideal ranks
/// 0 .. min(k, |targets|) - 1.
double ndcg_at(const TargetRanks& user, uint32_t k);
/// Average precision over the whole ranking: the mean over targets of (number of targets at or
/// above this target's rank) / (rank + 1).
double average_precision(const TargetRanks& user);
/// 1 / (best rank + 1).
double reciprocal_rank(const TargetRanks& user);
/// The chance that a random target is ranked above a random candidate that is no target;
/// 1 when every candidate is a target.
double auc(const TargetRanks& user);

/// The metrics that reports carry, by their published names, in this order:
/// recall@20, recall@50, ndcg@10, ndcg@100, hr@10, precision@10, map, mrr, auc.
inline constexpr size_t kMetricCount = 9;
extern const char* const kMetricNames[kMetricCount];
using MetricValues = std::vector<double>;  ///< kMetricCount values in the order of kMetricNames.

/// All metrics of one user.
MetricValues all_metrics(const TargetRanks& user);
/// The position of a metric in kMetricNames; kMetricCount when there is no such name.
size_t metric_index(const std::string& name);

}  // namespace sotto
