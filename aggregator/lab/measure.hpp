// Measuring a recommender on a split.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/matrix.hpp"
#include "evaluation/metrics.hpp"
#include "lab/split.hpp"
#include "model/fold_in.hpp"

namespace sotto {

/// Writes one score a item for a measured user, given what the user's device knows: the fold-in
/// history. Called from several threads.
using Scorer = std::function<void(std::span<const uint32_t> history, std::span<float> scores)>;

struct Measurement {
  MetricValues all_items;               ///< Means over users, ranked among all unseen items.
  std::optional<MetricValues> sampled;  ///< Ranked among the split's candidates, if it has any.
  std::vector<MetricValues> per_user;   ///< The all-item metrics of every user, for intervals.
  double coverage = 0;                  ///< Share of the catalogue that is in somebody's top 20.
};

/// Every measured user of the split: seen items out, targets ranked.
Measurement measure(const Split& split, const Scorer& scorer, Executor& executor);

/// v_i . u of the fold-in. weight_of: weights of a history of n items (oldest first); empty: all 1.
/// `items` must outlive the scorer.
Scorer factor_scorer(const Matrix& items, const Regularization& reg,
                     std::function<std::vector<float>(size_t)> weight_of = {});

/// The number of training users that have the item.
Scorer popularity_scorer(const Split& split);

/// Item-to-item neighbours: cosine over training users, the best `neighbours` of each item; the
/// score of an item is the sum over the history. Memory: n_items x neighbours pairs.
Scorer item_knn_scorer(const Split& split, uint32_t neighbours, Executor& executor);

}  // namespace sotto
