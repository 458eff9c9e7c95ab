// Measuring fine-tuning on the device: scorers that run what a device runs.
#pragma once

#include <functional>
#include <vector>

#include "lab/measure.hpp"
#include "model/fine_tuning.hpp"
#include "model/fold_in.hpp"
#include "model/tuning_gate.hpp"

namespace sotto {

/// Weights of a history of n items, oldest first; empty: all 1.
using WeightOf = std::function<std::vector<float>(size_t)>;

/// The nearest items of every item by cosine, best first: what a device finds with similar_items
/// for the events that it tunes on. Zero rows are near nothing. O(m^2 k) once.
std::vector<std::vector<Neighbour>> nearest_items(const Matrix& items, uint32_t neighbours,
                                                  Executor& executor);

/// Fine-tuning over the history's last events, each with the fold-in as it was then: what a device
/// does (device/tuning.hpp), on float rows and with strengths of 1. `items` and `near`
/// (nearest_items) must outlive the scorer.
Scorer fine_tuned_scorer(const Matrix& items, const std::vector<std::vector<Neighbour>>& near,
                         const Regularization& reg, const WeightOf& weight_of,
                         const FineTuningOptions& options, uint64_t seed);

/// A user's own evidence: the last fifth of the history (at most 5 items) is hidden, both scorers
/// rank each of its items among the unseen ones, and the item's gain is the difference of
/// what it adds to NDCG@100, 1 / log2(rank + 2) among the first 100.
std::vector<double> hold_out_gains(const Scorer& plain, const Scorer& tuned,
                                   std::span<const uint32_t> history, uint32_t n_items);

/// The crowd's prior from the histories (never the targets) of a split's measured users, by their
/// last hold-out and the one before it.
CrowdPrior crowd_prior(const Scorer& plain, const Scorer& tuned, const Split& split,
                       Executor& executor);

/// `tuned` for users whose posterior gain is positive, else `plain`.
Scorer gated_scorer(const Scorer& plain, const Scorer& tuned, const CrowdPrior& prior,
                    uint32_t n_items);

}  // namespace sotto
