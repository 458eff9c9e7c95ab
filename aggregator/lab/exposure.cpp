#include "lab/exposure.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "evaluation/metrics.hpp"

namespace sotto {
namespace {

constexpr size_t kUsersPerBlock = 16;
constexpr uint32_t kTopList = 20;

}  // namespace

Exposure measure_exposure(const Split& split, const Scorer& scorer, uint32_t item,
                          Executor& executor) {
  std::vector<uint32_t> ranks(split.targets.size(), 0);  // 0: not measured, or has seen it
  executor.for_blocks(ranks.size(), kUsersPerBlock, [&](size_t begin, size_t end, size_t) {
    std::vector<float> scores(split.n_items);
    for (size_t u = begin; u < end; ++u) {
      if (split.targets[u].empty()) continue;
      scorer(split.fold_in[u], scores);
      const std::array target{item};
      const TargetRanks user = rank_among_all(scores, split.fold_in[u], target);
      if (!user.ranks.empty()) ranks[u] = user.ranks.front() + 1;
    }
  });
  std::erase(ranks, 0U);
  Exposure out;
  out.users = ranks.size();
  if (ranks.empty()) return out;
  std::sort(ranks.begin(), ranks.end());
  out.median_rank = ranks[ranks.size() / 2];
  const auto in_list = std::upper_bound(ranks.begin(), ranks.end(), kTopList) - ranks.begin();
  out.top_20 = static_cast<double>(in_list) / static_cast<double>(ranks.size());
  return out;
}

uint32_t middling_item(const Split& split) {
  std::vector<uint32_t> users(split.n_items, 0);
  for (const uint32_t item : split.train.items) ++users[item];
  std::vector<std::pair<uint32_t, uint32_t>> order;
  for (uint32_t item = 0; item < split.n_items; ++item)
    if (users[item] > 0) order.emplace_back(users[item], item);
  if (order.empty()) return 0;
  std::sort(order.begin(), order.end());
  const uint32_t median = order[order.size() / 2].first;
  return std::lower_bound(order.begin(), order.end(), std::pair{median, 0U})->second;
}

}  // namespace sotto
