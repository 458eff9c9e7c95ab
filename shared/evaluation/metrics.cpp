#include "evaluation/metrics.hpp"

#include <algorithm>
#include <cmath>

namespace sotto {
namespace {

// The order of a list on a page: higher score first, lower item number first among equals.
struct Before {
  std::span<const float> scores;
  bool operator()(uint32_t a, uint32_t b) const {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  }
};

// Counts, for targets sorted best first, how many of a stream of items come before each.
class RankCounter {
 public:
  RankCounter(std::span<const float> scores, std::vector<uint32_t> targets)
      : before_{scores}, targets_(std::move(targets)) {
    std::sort(targets_.begin(), targets_.end(), before_);
    counts_.assign(targets_.size(), 0);
  }

  void count(uint32_t item) {
    ++seen_;
    // Most items come after the last target: one comparison each.
    if (targets_.empty() || !before_(item, targets_.back())) return;
    const auto first = std::upper_bound(targets_.begin(), targets_.end(), item, before_);
    ++counts_[static_cast<size_t>(first - targets_.begin())];
  }

  TargetRanks finish() && {
    for (size_t i = 1; i < counts_.size(); ++i) counts_[i] += counts_[i - 1];
    return {std::move(counts_), seen_};
  }

 private:
  Before before_;
  std::vector<uint32_t> targets_;
  std::vector<uint32_t> counts_;
  uint32_t seen_ = 0;
};

size_t hits(const TargetRanks& user, uint32_t k) {
  return static_cast<size_t>(std::lower_bound(user.ranks.begin(), user.ranks.end(), k) -
                             user.ranks.begin());
}

double discount(uint32_t rank) { return 1 / std::log2(static_cast<double>(rank) + 2); }

void sort_unique(std::vector<uint32_t>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

}  // namespace

TargetRanks rank_among_all(std::span<const float> scores, std::span<const uint32_t> seen,
                           std::span<const uint32_t> targets) {
  std::vector<bool> hidden(scores.size(), false);
  for (const uint32_t item : seen) hidden[item] = true;
  std::vector<uint32_t> open;
  for (const uint32_t item : targets)
    if (!hidden[item]) open.push_back(item);

  RankCounter counter(scores, std::move(open));
  for (uint32_t item = 0; item < scores.size(); ++item)
    if (!hidden[item]) counter.count(item);
  return std::move(counter).finish();
}

TargetRanks rank_among(std::span<const float> scores, std::span<const uint32_t> candidates,
                       std::span<const uint32_t> targets) {
  std::vector<uint32_t> items(candidates.begin(), candidates.end());
  items.insert(items.end(), targets.begin(), targets.end());
  sort_unique(items);

  RankCounter counter(scores, {targets.begin(), targets.end()});
  for (const uint32_t item : items) counter.count(item);
  return std::move(counter).finish();
}

double recall_at(const TargetRanks& user, uint32_t k) {
  const size_t possible = std::min<size_t>(k, user.ranks.size());
  return possible == 0 ? 0 : static_cast<double>(hits(user, k)) / static_cast<double>(possible);
}

double precision_at(const TargetRanks& user, uint32_t k) {
  return k == 0 ? 0 : static_cast<double>(hits(user, k)) / k;
}

double hit_rate_at(const TargetRanks& user, uint32_t k) { return hits(user, k) > 0 ? 1 : 0; }

double ndcg_at(const TargetRanks& user, uint32_t k) {
  const size_t possible = std::min<size_t>(k, user.ranks.size());
  if (possible == 0) return 0;
  double gain = 0, ideal = 0;
  for (const uint32_t rank : user.ranks)
    if (rank < k) gain += discount(rank);
  for (uint32_t rank = 0; rank < possible; ++rank) ideal += discount(rank);
  return gain / ideal;
}

double average_precision(const TargetRanks& user) {
  if (user.ranks.empty()) return 0;
  double sum = 0;
  for (size_t i = 0; i < user.ranks.size(); ++i)
    sum += static_cast<double>(i + 1) / (static_cast<double>(user.ranks[i]) + 1);
  return sum / static_cast<double>(user.ranks.size());
}

double reciprocal_rank(const TargetRanks& user) {
  return user.ranks.empty() ? 0 : 1 / (static_cast<double>(user.ranks.front()) + 1);
}

double auc(const TargetRanks& user) {
  if (user.ranks.empty()) return 0;
  const auto targets = static_cast<double>(user.ranks.size());
  const double others = user.n_candidates - targets;
  if (others <= 0) return 1;
  double ranked_below = 0;
  for (size_t i = 0; i < user.ranks.size(); ++i)
    ranked_below += others - (user.ranks[i] - static_cast<double>(i));
  return ranked_below / (targets * others);
}

const char* const kMetricNames[kMetricCount] = {
    "recall@20", "recall@50", "ndcg@10", "ndcg@100", "hr@10", "precision@10", "map", "mrr", "auc"};

MetricValues all_metrics(const TargetRanks& user) {
  return {recall_at(user, 20),     recall_at(user, 50),   ndcg_at(user, 10),
          ndcg_at(user, 100),      hit_rate_at(user, 10), precision_at(user, 10),
          average_precision(user), reciprocal_rank(user), auc(user)};
}

size_t metric_index(const std::string& name) {
  for (size_t i = 0; i < kMetricCount; ++i)
    if (name == kMetricNames[i]) return i;
  return kMetricCount;
}

}  // namespace sotto
