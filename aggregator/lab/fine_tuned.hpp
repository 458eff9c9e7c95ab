// Measuring fine-tuning on the device: scorers that run what a device runs.
#pragma once

#include <functional>
#include <vector>

#include "lab/measure.hpp"
#include "model/fine_tuning.hpp"
#include "model/fold_in.hpp"

namespace sotto {

/// Weights of a history of n items, oldest first; empty: all 1.
using WeightOf = std::function<std::vector<float>(size_t)>;

/// Fold-in, then the whole of fine-tuning. `items` must outlive the scorer.
Scorer fine_tuned_scorer(const Matrix& items, const Regularization& reg, const WeightOf& weight_of,
                         const FineTuningOptions& options, uint64_t seed);

/// A user's own evidence: the last fifth of the history (at most 5 items) is hidden, both scorers
/// rank it among the unseen items, and each item's gain is the difference of reciprocal ranks.
std::vector<double> hold_out_gains(const Scorer& plain, const Scorer& tuned,
                                   std::span<const uint32_t> history, uint32_t n_items);

/// The crowd's prior from the histories (never the targets) of a split's measured users.
CrowdPrior crowd_prior(const Scorer& plain, const Scorer& tuned, const Split& split,
                       Executor& executor);

/// `tuned` for users whose posterior gain is positive, else `plain`.
Scorer gated_scorer(const Scorer& plain, const Scorer& tuned, const CrowdPrior& prior,
                    uint32_t n_items);

}  // namespace sotto
