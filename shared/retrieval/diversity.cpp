#include "retrieval/diversity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/sort.hpp"

namespace sotto {
namespace {

struct Candidate {
  ScoredItem item;
  double relevance;   // r_i
  double redundancy;  // the largest cosine to an item that is picked
};

std::vector<Candidate> with_relevance(std::span<const ScoredItem> items) {
  std::vector<ScoredItem> sorted(items.begin(), items.end());
  sort_all(std::span(sorted), ranks_before);
  std::vector<Candidate> candidates;
  candidates.reserve(sorted.size());
  for (const ScoredItem& item : sorted) {
    const double least = sorted.back().score;
    const double range = double{sorted.front().score} - least;
    candidates.push_back({item, range > 0 ? (item.score - least) / range : 1.0, 0});
  }
  return candidates;
}

}  // namespace

Result<std::vector<ScoredItem>> diversify(const ItemRows& rows,
                                          std::span<const ScoredItem> candidates, size_t k,
                                          double lambda) {
  if (!(lambda >= 0 && lambda <= 1))
    return Error{ErrorCode::kInvalidArgument, "diversity: lambda is not in [0, 1]"};
  for (const ScoredItem& candidate : candidates) {
    if (candidate.item >= rows.size())
      return Error{ErrorCode::kInvalidArgument, "diversity: a candidate is no row of the model"};
    if (!std::isfinite(candidate.score))
      return Error{ErrorCode::kNumerical, "diversity: a score is not finite"};
  }

  // Kept in the order of scores, so that the first of equals is the one that ties go to.
  std::vector<Candidate> left = with_relevance(candidates);
  std::vector<ScoredItem> picked;
  picked.reserve(std::min(k, left.size()));
  while (picked.size() < k && !left.empty()) {
    size_t best = 0;
    double best_value = -std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < left.size(); ++i) {
      const double value = lambda * left[i].relevance - (1 - lambda) * left[i].redundancy;
      if (value > best_value) {
        best = i;
        best_value = value;
      }
    }
    const ScoredItem pick = left[best].item;
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
    for (Candidate& candidate : left) {
      const double cosine = rows.cosine(candidate.item.item, pick.item);
      candidate.redundancy = picked.empty() ? cosine : std::max(candidate.redundancy, cosine);
    }
    picked.push_back(pick);
  }
  return picked;
}

}  // namespace sotto
