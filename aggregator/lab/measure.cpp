#include "lab/measure.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace sotto {
namespace {

constexpr size_t kUsersPerBlock = 16;
constexpr size_t kTopList = 20;

MetricValues mean_over_users(const std::vector<MetricValues>& values) {
  MetricValues mean(kMetricCount, 0.0);
  size_t n = 0;
  for (const auto& user : values) {
    if (user.empty()) continue;
    for (size_t j = 0; j < kMetricCount; ++j) mean[j] += user[j];
    ++n;
  }
  for (double& value : mean) value /= static_cast<double>(std::max<size_t>(n, 1));
  return mean;
}

// The item numbers of the best unseen items, unordered.
std::vector<uint32_t> top_list(std::span<const float> scores, std::span<const uint32_t> seen) {
  std::vector<std::pair<float, uint32_t>> order;
  std::vector<bool> is_seen(scores.size());
  for (uint32_t item : seen) is_seen[item] = true;
  for (uint32_t i = 0; i < scores.size(); ++i)
    if (!is_seen[i]) order.emplace_back(-scores[i], i);
  const size_t n = std::min(kTopList, order.size());
  std::nth_element(order.begin(), order.begin() + static_cast<ptrdiff_t>(n), order.end());
  std::vector<uint32_t> items;
  for (size_t j = 0; j < n; ++j) items.push_back(order[j].second);
  return items;
}

struct Neighbours {
  uint32_t per_item;
  std::vector<std::pair<uint32_t, float>> pairs;  // per_item for each item; weight 0: none
};

}  // namespace

Measurement measure(const Split& split, const Scorer& scorer, Executor& executor) {
  const size_t n_users = split.targets.size();
  const bool has_candidates = split.candidates.size() > 0;
  Measurement out;
  out.per_user.resize(n_users);
  std::vector<MetricValues> sampled(has_candidates ? n_users : 0);
  std::vector<std::vector<uint8_t>> shown(executor.workers(),
                                          std::vector<uint8_t>(split.n_items, 0));
  executor.for_blocks(n_users, kUsersPerBlock, [&](size_t begin, size_t end, size_t worker) {
    std::vector<float> scores(split.n_items);
    for (size_t u = begin; u < end; ++u) {
      const auto seen = split.fold_in[u];
      const auto targets = split.targets[u];
      if (targets.empty()) continue;
      scorer(seen, scores);
      const TargetRanks ranks = rank_among_all(scores, seen, targets);
      if (ranks.ranks.empty()) continue;
      out.per_user[u] = all_metrics(ranks);
      if (has_candidates)
        sampled[u] = all_metrics(rank_among(scores, split.candidates[u], targets));
      for (uint32_t item : top_list(scores, seen)) shown[worker][item] = 1;
    }
  });
  out.all_items = mean_over_users(out.per_user);
  if (has_candidates) out.sampled = mean_over_users(sampled);
  uint32_t covered = 0;
  for (uint32_t i = 0; i < split.n_items; ++i)
    covered += std::any_of(shown.begin(), shown.end(), [i](const auto& s) { return s[i] != 0; });
  out.coverage = static_cast<double>(covered) / std::max(1U, split.n_items);
  return out;
}

Scorer factor_scorer(const Matrix& items, const Regularization& reg,
                     std::function<std::vector<float>(size_t)> weight_of) {
  const auto fold_in = std::make_shared<FoldIn>(items, reg);
  return [fold_in, weight_of = std::move(weight_of)](std::span<const uint32_t> history,
                                                     std::span<float> scores) {
    const std::vector<float> weights = weight_of ? weight_of(history.size()) : std::vector<float>{};
    Eigen::Map<Vector>(scores.data(), static_cast<Eigen::Index>(scores.size())).noalias() =
        fold_in->items() * fold_in->solve(history, weights);
  };
}

Scorer popularity_scorer(const Split& split) {
  std::vector<float> counts(split.n_items, 0);
  for (uint32_t item : split.train.items) ++counts[item];
  return [counts = std::move(counts)](std::span<const uint32_t>, std::span<float> scores) {
    std::copy(counts.begin(), counts.end(), scores.begin());
  };
}

Scorer item_knn_scorer(const Split& split, uint32_t neighbours, Executor& executor) {
  const uint32_t n_items = split.n_items;
  Histories by_item;  // users of each item
  std::vector<std::vector<uint32_t>> users(n_items);
  for (uint32_t u = 0; u < split.train.size(); ++u)
    for (uint32_t item : split.train[u]) users[item].push_back(u);
  for (const auto& list : users) by_item.add(list);

  const auto table = std::make_shared<Neighbours>();
  table->per_item = std::min(neighbours, n_items);
  table->pairs.assign(size_t{n_items} * table->per_item, {0, 0});
  executor.for_blocks(n_items, 32, [&](size_t begin, size_t end, size_t) {
    std::vector<float> together(n_items);
    std::vector<std::pair<uint32_t, float>> row;
    for (size_t i = begin; i < end; ++i) {
      std::fill(together.begin(), together.end(), 0.0F);
      for (uint32_t user : by_item[i])
        for (uint32_t other : split.train[user]) ++together[other];
      row.clear();
      for (uint32_t j = 0; j < n_items; ++j) {
        if (j == i || together[j] == 0) continue;
        const auto norm = std::sqrt(static_cast<float>(by_item[i].size() * by_item[j].size()));
        row.emplace_back(j, together[j] / norm);
      }
      const size_t kept = std::min<size_t>(row.size(), table->per_item);
      std::partial_sort(row.begin(), row.begin() + static_cast<ptrdiff_t>(kept), row.end(),
                        [](const auto& a, const auto& b) {
                          return a.second != b.second ? a.second > b.second : a.first < b.first;
                        });
      std::copy_n(row.begin(), kept,
                  table->pairs.begin() + static_cast<ptrdiff_t>(i * table->per_item));
    }
  });
  return [table](std::span<const uint32_t> history, std::span<float> scores) {
    std::fill(scores.begin(), scores.end(), 0.0F);
    for (uint32_t item : history) {
      const auto* row = table->pairs.data() + size_t{item} * table->per_item;
      for (uint32_t j = 0; j < table->per_item; ++j) scores[row[j].first] += row[j].second;
    }
  };
}

}  // namespace sotto
