#include "retrieval/diversity.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "retrieval/random_rows.hpp"

namespace sotto {
namespace {

// The definition, word for word: O(k^2 candidates).
std::vector<ScoredItem> naive(const ItemRows& rows, std::vector<ScoredItem> left, size_t k,
                              double lambda) {
  std::sort(left.begin(), left.end(), ranks_before);
  const double least = left.empty() ? 0 : left.back().score;
  const double range = left.empty() ? 0 : left.front().score - least;
  std::vector<ScoredItem> picked;
  while (picked.size() < k && !left.empty()) {
    size_t best = 0;
    double best_value = -1e300;
    for (size_t i = 0; i < left.size(); ++i) {
      double redundancy = picked.empty() ? 0 : -2;
      for (const ScoredItem& other : picked)
        redundancy = std::max(redundancy, double{rows.cosine(left[i].item, other.item)});
      const double relevance = range > 0 ? (left[i].score - least) / range : 1;
      const double value = lambda * relevance - (1 - lambda) * redundancy;
      if (value > best_value) {
        best = i;
        best_value = value;
      }
    }
    picked.push_back(left[best]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
  }
  return picked;
}

std::vector<ScoredItem> random_candidates(uint32_t n, size_t count, Random& random) {
  std::vector<ScoredItem> candidates;
  for (const uint32_t item : random_history(n, count, random))
    candidates.push_back({item, static_cast<float>(random.below(20)) / 10 - 1});  // with ties
  return candidates;
}

TEST_CASE("diversity is maximal marginal relevance by its definition") {
  Random random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const ItemRows rows = awkward_rows(80, 12, random.next());
    const auto candidates = random_candidates(80, random_size(60, random), random);
    const size_t k = random_size(70, random);
    for (const double lambda : {0.0, 0.3, 0.7, 1.0}) {
      const auto picked = diversify(rows, candidates, k, lambda);
      REQUIRE(picked.ok());
      const auto expected = naive(rows, candidates, k, lambda);
      REQUIRE(picked->size() == std::min(k, candidates.size()));
      bool same = true;
      for (size_t i = 0; i < expected.size(); ++i)
        same = same && (*picked)[i].item == expected[i].item &&
               (*picked)[i].score == expected[i].score;
      CHECK(same);
    }
  }
}

TEST_CASE("lambda one keeps the order of scores; zero sends equal items to the end") {
  Random random(2);
  QuantizedMatrix matrix = quantize_rows(random_matrix(30, 8, 3));
  matrix.codes.row(4) = matrix.codes.row(9);
  const ItemRows rows = ItemRows::create(matrix).value();
  std::vector<ScoredItem> candidates;
  for (uint32_t i = 0; i < 10; ++i) candidates.push_back({i, static_cast<float>(i)});
  const auto by_score = diversify(rows, candidates, 10, 1).value();
  CHECK(std::is_sorted(by_score.begin(), by_score.end(), ranks_before));
  const auto different = diversify(rows, candidates, 10, 0).value();
  CHECK(different.front().item == 9);
  CHECK(different.back().item == 4);
}

TEST_CASE("diversity refuses what it has no meaning for") {
  const ItemRows rows = random_rows(10, 8, 1);
  const std::vector<ScoredItem> good{{1, 0.5F}};
  for (const double lambda : {-0.1, 1.1, double{NAN}})
    CHECK(diversify(rows, good, 5, lambda).error().code == ErrorCode::kInvalidArgument);
  const std::vector<ScoredItem> no_row{{10, 0.5F}}, no_score{{1, NAN}};
  CHECK(diversify(rows, no_row, 5, 0.5).error().code == ErrorCode::kInvalidArgument);
  CHECK(diversify(rows, no_score, 5, 0.5).error().code == ErrorCode::kNumerical);
}

}  // namespace
}  // namespace sotto
