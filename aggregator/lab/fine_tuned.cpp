#include "lab/fine_tuned.hpp"

#include <algorithm>
#include <memory>

namespace sotto {
namespace {

constexpr size_t kMostHeldOut = 5;

}  // namespace

Scorer fine_tuned_scorer(const Matrix& items, const Regularization& reg, const WeightOf& weight_of,
                         const FineTuningOptions& options, uint64_t seed) {
  const auto fold_in = std::make_shared<FoldIn>(items, reg);
  return [fold_in, weight_of, options, seed](std::span<const uint32_t> history,
                                             std::span<float> scores) {
    const std::vector<float> weights = weight_of ? weight_of(history.size()) : std::vector<float>{};
    FineTuning tuning(fold_in->items(), history, weights, fold_in->solve(history, weights), options,
                      seed);
    tuning.run(tuning.steps_left());
    Eigen::Map<Vector>(scores.data(), static_cast<Eigen::Index>(scores.size())) = tuning.scores();
  };
}

std::vector<double> hold_out_gains(const Scorer& plain, const Scorer& tuned,
                                   std::span<const uint32_t> history, uint32_t n_items) {
  const size_t held_out = std::min(kMostHeldOut, history.size() / 5);
  if (held_out == 0) return {};
  const auto known = history.first(history.size() - held_out);
  std::vector<float> before(n_items), after(n_items);
  plain(known, before);
  tuned(known, after);
  std::vector<double> gains;
  for (const uint32_t item : history.last(held_out)) {
    const uint32_t target[] = {item};
    gains.push_back(reciprocal_rank(rank_among_all(after, known, target)) -
                    reciprocal_rank(rank_among_all(before, known, target)));
  }
  return gains;
}

CrowdPrior crowd_prior(const Scorer& plain, const Scorer& tuned, const Split& split,
                       Executor& executor) {
  std::vector<std::vector<double>> gains(split.fold_in.size());
  executor.for_blocks(gains.size(), 8, [&](size_t begin, size_t end, size_t) {
    for (size_t u = begin; u < end; ++u)
      gains[u] = hold_out_gains(plain, tuned, split.fold_in[u], split.n_items);
  });
  return estimate_crowd_prior(gains);
}

Scorer gated_scorer(const Scorer& plain, const Scorer& tuned, const CrowdPrior& prior,
                    uint32_t n_items) {
  return [=](std::span<const uint32_t> history, std::span<float> scores) {
    const auto gains = hold_out_gains(plain, tuned, history, n_items);
    (keep_fine_tuning(prior, gains) ? tuned : plain)(history, scores);
  };
}

}  // namespace sotto
