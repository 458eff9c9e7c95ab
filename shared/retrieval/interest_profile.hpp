// What a history is about: interests by category, for the visitor to see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "catalog/content.hpp"
#include "events/recency.hpp"

namespace sotto {

/// One event of a history.
struct ProfileEvent {
  uint32_t item;
  float weight;  ///< >= 0; 0 counts for nothing (negative signals are no interest).
};

struct InterestItem {
  uint32_t item;
  double share;  ///< Its part of the whole profile, within this category.
};

struct Interest {
  uint32_t tag;                     ///< The category.
  double share;                     ///< > 0; over all categories they sum to 1.
  std::vector<InterestItem> items;  ///< What is behind it, largest share first.
};

struct ProfileOptions {
  /// How fast old events fade. Slower than in the model: a profile says what somebody likes, a
  /// model what they want now.
  RankRecency decay{.half_life = 50, .floor = 0.1};
  size_t items_per_interest = 3;
};

/// Each event has the mass weight * decay (recency_weights of its place among all events), divided
/// evenly among the distinct tags of its item; items without tags have none. share = mass of the
/// category over all mass. Sorted by share, ties by lower tag (items: by lower number). Empty when
/// there is no mass.
/// events: in time order, oldest first. features: one an item of the catalogue.
/// Errors: kInvalidArgument for an item that the catalogue does not have, a weight that is negative
/// or not finite, a half-life that is not positive, a floor outside [0, 1]. Thread safety: pure.
Result<std::vector<Interest>> interest_profile(std::span<const ProfileEvent> events,
                                               std::span<const ItemFeatures> features,
                                               const ProfileOptions& options = {});

}  // namespace sotto
