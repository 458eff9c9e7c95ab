// Lists whose items differ: maximal marginal relevance (Carbonell and Goldstein 1998).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "retrieval/item_rows.hpp"
#include "retrieval/top_k.hpp"

namespace sotto {

/// Picks k of the candidates, one after the other: each time the i that is not picked yet with the
/// largest
///
///   lambda r_i - (1 - lambda) max_{j picked} cos(v_i, v_j)
///
/// where r_i = (score_i - min) / (max - min) over the candidates (1 if all scores are equal), the
/// cosine is ItemRows::cosine, and the maximum over nothing is 0. Ties go to the larger score, then
/// to the lower row. lambda = 1 is the order of scores; lambda = 0 starts with the best score and
/// then looks at differences alone. Computed in double: the same picks on every platform.
///
/// candidates: distinct items with finite scores, in any order. Returns min(k, |candidates|) of
/// them as they were given, in the order of picking. O(k |candidates| dim).
/// Errors: kInvalidArgument for lambda outside [0, 1] or a candidate that is no row; kNumerical for
/// a score that is not finite.
Result<std::vector<ScoredItem>> diversify(const ItemRows& rows,
                                          std::span<const ScoredItem> candidates, size_t k,
                                          double lambda);

}  // namespace sotto
