// "Because you ...": which items of a history a recommendation comes from, exactly.
//
// The score of item i for a user with history S and weights c is (model/fold_in.hpp)
//
//   s = v_i . u = v_i' A^-1 sum_{j in S} c_j v_j = sum_{j in S} t_j,   t_j = c_j v_i' A^-1 v_j
//
// With A held fixed this is an identity: the terms sum to the score (up to float rounding) and t_j
// is what item j brings to it. But A holds the history too, and taking j away changes it:
//
//   A_-j = A - c_j v_j v_j' - lambda c_j I.
//
// So a large term alone is no proof that without j the score were lower. The drop is: s minus the
// score that a fold-in without j gives. From A_-j (u - u_-j) = c_j (v_j (1 - v_j . u) - lambda u),
//
//   drop_j = c_j (A_-j^-1 v_i) . (v_j (1 - v_j . u) - lambda u),
//
// which is exact and no difference of nearly equal numbers. Its value with A in place of A_-j
// (one factorisation for the whole history) says where to look; every item that is named has been
// checked with A_-j itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "base/result.hpp"
#include "model/fold_in.hpp"

namespace sotto {

struct Reason {
  uint32_t position;  ///< Which row of the history.
  float term;         ///< t_j: its part of the score, with A held fixed.
  float drop;         ///< > 0: the score without it is `score - drop`.
};

struct Explanation {
  float score = 0;              ///< v_i . u.
  std::vector<float> terms;     ///< One a history item, t_j; their sum is the score.
  std::vector<Reason> reasons;  ///< Largest drop first, ties by lower position.
};

/// Smaller drops, as a part of the largest |t_j|, are no reasons: rounding is not far below.
inline constexpr float kLeastDrop = 1e-4F;

/// Explains the score of `item` (its vector v_i, k) for the history whose vectors are the rows of
/// `history` (|S| x k), one distinct item each. weights: c_j > 0, one each, or empty for all 1.
/// start: FoldIn::start(), or a FoldInState without events from the shipped V'V.
///
/// Names at most n_reasons items; taking away any of them alone (and folding in the others)
/// lowers the score by its drop. Fewer, or none, when no more are found whose drop is above
/// kLeastDrop of the largest |t_j|: a list of popular items for an empty history has no reasons.
/// Looks at the 4 n_reasons items with the largest first-order drops: O(|S| k + n_reasons k^3).
/// Errors: kInvalidArgument when shapes do not fit or a weight is not positive; kNumerical when the
/// normal equations have no finite solution.
Result<Explanation> explain(const FoldInState& start, const Matrix& history,
                            std::span<const float> weights, const Vector& item, size_t n_reasons);

/// The score of `item` when the history item at `position` is taken away, by a full re-solve.
/// Arguments and errors as above; position < |S|.
Result<float> score_without(const FoldInState& start, const Matrix& history,
                            std::span<const float> weights, const Vector& item, size_t position);

}  // namespace sotto
