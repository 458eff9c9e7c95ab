// What a dislike or "hide" says about other items: those that are close to it sink.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "retrieval/item_rows.hpp"
#include "retrieval/top_k.hpp"

namespace sotto {

struct DislikedItem {
  uint32_t item;
  float weight;  ///< In [0, 1]: how much it counts, e.g. its recency.
};

/// Lowers scores near disliked items and sorts the list anew:
///
///   score_i <- score_i - strength |u| |v_i| max_{d disliked} w_d max(0, cos(v_i, v_d))
///
/// so the cosine of item and user falls by at most `strength`, and no score rises. The fold-in
/// itself knows positives only (its weights are positive), hence this term. It does not remove the
/// disliked items themselves: that is the filter's part.
///
/// candidates: the re-scored items of top_k for the query `user` (dim numbers). Ask top_k for more
/// than the list will show: as scores only fall, the first n of the result are those of the whole
/// catalogue whenever the n-th is at least as large as the last candidate was before.
/// O(|candidates| |disliked| dim).
/// Errors: kInvalidArgument for a strength or weight outside [0, 1], an item that is no row, or a
/// user of another length; kNumerical for a user that is not finite.
Status penalize_similar(const ItemRows& rows, std::span<const float> user,
                        std::span<const DislikedItem> disliked, float strength,
                        std::span<ScoredItem> candidates);

}  // namespace sotto
