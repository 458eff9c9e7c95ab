#include "retrieval/negative_feedback.hpp"

#include <algorithm>
#include <cmath>

#include "base/sort.hpp"

namespace sotto {
namespace {

bool in_unit_interval(float value) { return value >= 0 && value <= 1; }

float norm(std::span<const float> values) {
  double square = 0;
  for (const float value : values) square += double{value} * double{value};
  return static_cast<float>(std::sqrt(square));
}

Status check(const ItemRows& rows, std::span<const float> user,
             std::span<const DislikedItem> disliked, float strength,
             std::span<const ScoredItem> candidates) {
  if (!in_unit_interval(strength))
    return {ErrorCode::kInvalidArgument, "negative feedback: strength is not in [0, 1]"};
  if (user.size() != rows.dim())
    return {ErrorCode::kInvalidArgument, "negative feedback: not one user number a dimension"};
  for (const DislikedItem& item : disliked) {
    if (item.item >= rows.size())
      return {ErrorCode::kInvalidArgument, "negative feedback: a disliked item is no row"};
    if (!in_unit_interval(item.weight))
      return {ErrorCode::kInvalidArgument, "negative feedback: a weight is not in [0, 1]"};
  }
  for (const ScoredItem& candidate : candidates)
    if (candidate.item >= rows.size())
      return {ErrorCode::kInvalidArgument, "negative feedback: a candidate is no row"};
  return {};
}

}  // namespace

Status penalize_similar(const ItemRows& rows, std::span<const float> user,
                        std::span<const DislikedItem> disliked, float strength,
                        std::span<ScoredItem> candidates) {
  SOTTO_CHECK_OK(check(rows, user, disliked, strength, candidates));
  const float largest_fall = strength * norm(user);
  if (!std::isfinite(largest_fall))
    return {ErrorCode::kNumerical, "negative feedback: the user vector is not finite"};
  for (ScoredItem& candidate : candidates) {
    float closeness = 0;
    for (const DislikedItem& item : disliked)
      closeness = std::max(closeness, item.weight * rows.cosine(candidate.item, item.item));
    candidate.score -= largest_fall * rows.norm(candidate.item) * closeness;
  }
  sort_all(candidates, ranks_before);
  return {};
}

}  // namespace sotto
