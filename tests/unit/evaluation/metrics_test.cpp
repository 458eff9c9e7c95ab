#include "evaluation/metrics.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/random.hpp"

using namespace sotto;

namespace {

using Items = std::vector<uint32_t>;

doctest::Approx exactly(double value) { return doctest::Approx(value).epsilon(1e-12); }

// Ranks by the definition: sort everything, look the targets up.
TargetRanks by_sorting(const std::vector<float>& scores, Items candidates, const Items& targets) {
  std::sort(candidates.begin(), candidates.end(), [&](uint32_t a, uint32_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  });
  TargetRanks result;
  for (uint32_t rank = 0; rank < candidates.size(); ++rank)
    if (std::find(targets.begin(), targets.end(), candidates[rank]) != targets.end())
      result.ranks.push_back(rank);
  result.n_candidates = static_cast<uint32_t>(candidates.size());
  return result;
}

}  // namespace

TEST_CASE("ranks among all: ties by item number, seen items do not count") {
  // Best first, ties by number: 1, 4 (0.9), 0, 2, 5 (0.5), 3 (0.1). Without the seen 5 and 1:
  // 4, 0, 2, 3.
  const std::vector<float> scores{.5f, .9f, .5f, .1f, .9f, .5f};
  const auto user = rank_among_all(scores, Items{5, 1}, Items{2, 4, 3});
  CHECK(user.ranks == Items{0, 2, 3});
  CHECK(user.n_candidates == 4);
}

TEST_CASE("a target that was seen is ignored") {
  const std::vector<float> scores{3, 2, 1};
  const auto user = rank_among_all(scores, Items{0}, Items{0, 2});
  CHECK(user.ranks == Items{1});
  CHECK(rank_among_all(scores, Items{0}, Items{0}).ranks.empty());
}

TEST_CASE("ranks among given candidates: repeated items count once") {
  // Candidates and targets together are 0, 1, 2, 3; best first 1, 0, 2, 3.
  const std::vector<float> scores{.5f, .9f, .5f, .1f, 7, 7};
  const auto user = rank_among(scores, Items{3, 0, 2, 0}, Items{2, 1});
  CHECK(user.ranks == Items{0, 2});
  CHECK(user.n_candidates == 4);
}

TEST_CASE("all scores equal: the order of the numbers") {
  const std::vector<float> scores(6, 1.0f);
  CHECK(rank_among_all(scores, Items{2}, Items{5, 0, 3}).ranks == Items{0, 2, 4});
}

TEST_CASE("ranks equal those of a full sort") {
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    const auto n = static_cast<uint32_t>(1 + random.below(60));
    std::vector<float> scores(n);
    for (auto& score : scores) score = static_cast<float>(random.below(12)) - 6;  // many ties
    Items shuffled(n);
    std::iota(shuffled.begin(), shuffled.end(), 0);
    random.shuffle(std::span<uint32_t>(shuffled));
    const auto n_seen = static_cast<ptrdiff_t>(random.below(n));
    const auto n_targets =
        static_cast<ptrdiff_t>(random.below(n - static_cast<uint64_t>(n_seen) + 1));
    const Items seen(shuffled.begin(), shuffled.begin() + n_seen);
    const Items open(shuffled.begin() + n_seen, shuffled.end());
    const Items targets(open.begin(), open.begin() + n_targets);

    const auto expected = by_sorting(scores, open, targets);
    const auto all = rank_among_all(scores, seen, targets);
    CHECK(all.ranks == expected.ranks);
    CHECK(all.n_candidates == expected.n_candidates);
    const auto sampled = rank_among(scores, open, targets);
    CHECK(sampled.ranks == expected.ranks);
    CHECK(sampled.n_candidates == expected.n_candidates);
  }
}

TEST_CASE("a user with three targets at ranks 0, 3 and 7 of 10") {
  const TargetRanks user{{0, 3, 7}, 10};
  CHECK(recall_at(user, 2) == exactly(1.0 / 2));  // one found of the two that fit
  CHECK(recall_at(user, 5) == exactly(2.0 / 3));
  CHECK(recall_at(user, 8) == exactly(1));
  CHECK(precision_at(user, 3) == exactly(1.0 / 3));
  CHECK(precision_at(user, 5) == exactly(2.0 / 5));
  CHECK(precision_at(user, 10) == exactly(3.0 / 10));
  CHECK(hit_rate_at(user, 1) == 1);
  // Gain 1/log2(2) + 1/log2(5) = 1 + 0.43067655807339306; ideal
  // 1 + 1/log2(3) + 1/log2(4) = 1 + 0.6309297535714574 + 0.5.
  CHECK(ndcg_at(user, 5) == exactly(1.43067655807339306 / 2.1309297535714574));
  // With the third, 1/log2(9) = 0.31546487678572871.
  CHECK(ndcg_at(user, 10) == exactly(1.74614143485912177 / 2.1309297535714574));
  // Two of the ideal three fit: 1 / (1 + 0.6309297535714574).
  CHECK(ndcg_at(user, 2) == exactly(1 / 1.6309297535714574));
  CHECK(average_precision(user) == exactly((1.0 / 1 + 2.0 / 4 + 3.0 / 8) / 3));
  CHECK(reciprocal_rank(user) == 1);
  // Of 7 others 7, 5 and 2 come after the targets: 14 of 21 pairs.
  CHECK(auc(user) == exactly(14.0 / 21));
}

TEST_CASE("a user of whose targets none is found") {
  const TargetRanks user{{150}, 200};
  CHECK(recall_at(user, 20) == 0);
  CHECK(recall_at(user, 50) == 0);
  CHECK(ndcg_at(user, 100) == 0);
  CHECK(hit_rate_at(user, 10) == 0);
  CHECK(precision_at(user, 10) == 0);
  CHECK(average_precision(user) == exactly(1.0 / 151));
  CHECK(reciprocal_rank(user) == exactly(1.0 / 151));
  CHECK(auc(user) == exactly(49.0 / 199));
}

TEST_CASE("a user whose targets are all found, in the best order") {
  const TargetRanks user{{0, 1, 2, 3}, 1000};
  CHECK(recall_at(user, 4) == 1);
  CHECK(recall_at(user, 20) == 1);
  CHECK(ndcg_at(user, 2) == 1);
  CHECK(ndcg_at(user, 100) == 1);
  CHECK(precision_at(user, 10) == exactly(0.4));
  CHECK(average_precision(user) == 1);
  CHECK(auc(user) == 1);
}

TEST_CASE("a user with fewer candidates than k") {
  // Order: other, target, target.
  const TargetRanks user{{1, 2}, 3};
  CHECK(recall_at(user, 20) == 1);
  CHECK(precision_at(user, 10) == exactly(2.0 / 10));  // of k, not of what there is
  // (0.6309297535714574 + 0.5) / (1 + 0.6309297535714574)
  CHECK(ndcg_at(user, 10) == exactly(1.1309297535714574 / 1.6309297535714574));
  CHECK(average_precision(user) == exactly((1.0 / 2 + 2.0 / 3) / 2));
  CHECK(reciprocal_rank(user) == exactly(0.5));
  CHECK(auc(user) == 0);
}

TEST_CASE("where every candidate is a target the AUC is one") {
  CHECK(auc(TargetRanks{{0, 1}, 2}) == 1);
}

TEST_CASE("a user without targets scores nothing") {
  for (const double value : all_metrics(TargetRanks{{}, 5})) CHECK(value == 0);
}

TEST_CASE("all_metrics has every metric in its place") {
  Items ranks{0, 3, 15, 40};
  const TargetRanks user{ranks, 90};
  const MetricValues values = all_metrics(user);
  REQUIRE(values.size() == kMetricCount);
  const auto value = [&](const char* name) { return values[metric_index(name)]; };
  CHECK(value("recall@20") == exactly(3.0 / 4));
  CHECK(value("recall@50") == 1);
  CHECK(value("ndcg@10") == ndcg_at(user, 10));
  CHECK(value("ndcg@100") == ndcg_at(user, 100));
  CHECK(value("hr@10") == 1);
  CHECK(value("precision@10") == exactly(0.2));
  CHECK(value("map") == average_precision(user));
  CHECK(value("mrr") == 1);
  CHECK(value("auc") == auc(user));
  CHECK(std::set<std::string>(std::begin(kMetricNames), std::end(kMetricNames)).size() ==
        kMetricCount);
  CHECK(metric_index("recall@21") == kMetricCount);
}
