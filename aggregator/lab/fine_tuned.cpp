#include "lab/fine_tuned.hpp"

#include <algorithm>
#include <memory>

namespace sotto {
namespace {

constexpr size_t kMostHeldOut = 5;
constexpr uint32_t kNdcgList = 100;

// What a single target adds to NDCG@100: 1 / log2(rank + 2), less noisy than a reciprocal rank.
double gain_of(const TargetRanks& target) { return ndcg_at(target, kNdcgList); }

// As device/tuning.hpp. start_of(n): the fold-in of the history's first n items.
Result<FineTuning> tune_on(const RowSource& rows, const std::vector<std::vector<Neighbour>>& near,
                           const std::function<Vector(size_t)>& start_of,
                           std::span<const uint32_t> history, const FineTuningOptions& options,
                           uint64_t seed) {
  const size_t base = replay_base(history.size(), options.last_events);
  SOTTO_TRY(FineTuning tuning,
            FineTuning::create(rows, start_of(base), history.first(base), options, seed));
  for (size_t j = base; j < history.size(); ++j) {
    SOTTO_CHECK_OK(tuning.add(history[j], 1, near[history[j]], start_of(j + 1)));
    SOTTO_TRY([[maybe_unused]] const bool more, tuning.run(tuning.steps_left()));
  }
  return tuning;
}

}  // namespace

std::vector<std::vector<Neighbour>> nearest_items(const Matrix& items, uint32_t neighbours,
                                                  Executor& executor) {
  Matrix directions = items;
  for (Eigen::Index i = 0; i < items.rows(); ++i)
    if (const float norm = items.row(i).norm(); norm > 0) directions.row(i) /= norm;
  const auto n_items = static_cast<size_t>(items.rows());
  std::vector<std::vector<Neighbour>> near(n_items);
  executor.for_blocks(n_items, 16, [&](size_t begin, size_t end, size_t) {
    Vector cosines(items.rows());
    for (size_t i = begin; i < end; ++i) {
      cosines.noalias() = directions * directions.row(static_cast<Eigen::Index>(i)).transpose();
      std::vector<Neighbour> order;
      for (size_t j = 0; j < n_items; ++j)
        if (const float cosine = cosines[static_cast<Eigen::Index>(j)]; j != i && cosine > 0)
          order.push_back({static_cast<uint32_t>(j), cosine});
      const auto kept = static_cast<ptrdiff_t>(std::min<size_t>(order.size(), neighbours));
      std::partial_sort(order.begin(), order.begin() + kept, order.end(),
                        [](const Neighbour& a, const Neighbour& b) {
                          return a.cosine != b.cosine ? a.cosine > b.cosine : a.item < b.item;
                        });
      near[i].assign(order.begin(), order.begin() + kept);
    }
  });
  return near;
}

Scorer fine_tuned_scorer(const Matrix& items, const std::vector<std::vector<Neighbour>>& near,
                         const Regularization& reg, const WeightOf& weight_of,
                         const FineTuningOptions& options, uint64_t seed) {
  const auto fold_in = std::make_shared<FoldIn>(items, reg);
  return [fold_in, &near, weight_of, options, seed](std::span<const uint32_t> history,
                                                    std::span<float> scores) {
    const auto start_of = [&](size_t n) {
      return fold_in->solve(history.first(n), weight_of ? weight_of(n) : std::vector<float>{});
    };
    const MatrixRows rows(fold_in->items());
    const auto tuned = tune_on(rows, near, start_of, history, options, seed);
    Eigen::Map<Vector> out(scores.data(), static_cast<Eigen::Index>(scores.size()));
    out.noalias() = fold_in->items() * (tuned ? tuned->user() : start_of(history.size()));
    if (!tuned) return;  // what a device does: it keeps the fold-in
    for (const uint32_t item : tuned->offset_items()) scores[item] += tuned->offset(item);
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
    gains.push_back(gain_of(rank_among_all(after, known, target)) -
                    gain_of(rank_among_all(before, known, target)));
  }
  return gains;
}

CrowdPrior crowd_prior(const Scorer& plain, const Scorer& tuned, const Split& split,
                       Executor& executor) {
  std::vector<HoldOutGains> gains(split.fold_in.size());
  executor.for_blocks(gains.size(), 8, [&](size_t begin, size_t end, size_t) {
    for (size_t u = begin; u < end; ++u) {
      const auto history = split.fold_in[u];
      gains[u].later = hold_out_gains(plain, tuned, history, split.n_items);
      gains[u].earlier = hold_out_gains(
          plain, tuned, history.first(history.size() - gains[u].later.size()), split.n_items);
    }
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
