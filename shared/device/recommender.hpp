// Lists: what a profile and a model recommend, and why. Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "device/device_model.hpp"
#include "device/profile.hpp"
#include "model/fine_tuning.hpp"
#include "retrieval/explanation.hpp"
#include "retrieval/interest_profile.hpp"
#include "retrieval/top_k.hpp"

namespace sotto {

/// Where a recommendation comes from. Numbers cross the C ABI.
enum class ListSource : uint8_t {
  kPersonal = 1,  ///< The model.
  kContent = 2,   ///< Like what the visitor chose, or like the item of the page, by content.
  kPopular = 3,   ///< What most devices have.
};

struct RecommendRequest {
  uint32_t count = 20;  ///< 1 .. kMostCount.
  float diversity = 0;  ///< Of personal ones; 0: by score alone .. 1: by difference alone (MMR).
  bool include_seen = false;
  /// How far the cosine to disliked items is pushed down, 0 .. 1 (negative_feedback.hpp).
  float dislike_strength = 0.5F;
  /// The item of the page, if there is one: never recommended, and what a visitor without a history
  /// gets is like it.
  std::optional<uint32_t> context_item{};
  /// The caller's own filter, asked with row numbers in ascending order; empty: all.
  std::function<bool(uint32_t)> allowed{};

  static constexpr uint32_t kMostCount = 1000;
};

struct Recommendation {
  uint32_t item;
  float score;  ///< Comparable within one source only.
  ListSource source;
};

/// Distinct, live, allowed items, best first; fewer than asked when there are fewer. Personal ones
/// as long as the visitor has a history that the model knows and items have a row other than zero;
/// what then is missing is filled up by content (like the history; without one like the context
/// item), and then by popularity (as released; in models without it |v_i|, which goes with it).
/// tuned: ranks the personal ones by its scores, as of the same model and history
/// (gated_tuning.hpp); null, or numbers that no scan can take: by the plain fold-in.
/// Errors: kInvalidArgument, naming the field.
Result<std::vector<Recommendation>> recommend(const DeviceModel& model, const Profile& profile,
                                              const RecommendRequest& request, ScanScratch& scratch,
                                              const FineTuning* tuned = nullptr);

/// Items like `item`: by the model where it knows the item, filled up by content. Filters as above.
/// Errors: kInvalidArgument for a row that does not exist.
Result<std::vector<Recommendation>> similar(const DeviceModel& model, const Profile& profile,
                                            uint32_t item, const RecommendRequest& request,
                                            ScanScratch& scratch);

/// "Because you ...": retrieval/explanation.hpp over the profile's history, of the score by the
/// plain fold-in, whether lists are fine-tuned or not. Positions of reasons point into
/// profile.history.
/// Errors: kInvalidArgument for a row that does not exist.
Result<Explanation> explain(const DeviceModel& model, const Profile& profile,
                            const ProfilePolicy& policy, uint32_t item, size_t n_reasons);

/// What the visitor is interested in, by category of the catalogue: positive items with their
/// strengths, faded slowly (ProfileOptions), not as fast as the model's recency does.
Result<std::vector<Interest>> interests(const DeviceModel& model, const Profile& profile);

}  // namespace sotto
