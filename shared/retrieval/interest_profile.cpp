#include "retrieval/interest_profile.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "base/sort.hpp"

namespace sotto {
namespace {

// What an event gives to one tag of its item.
struct Mass {
  uint32_t tag;
  uint32_t item;
  size_t event;
  double mass;
};

Status check(std::span<const ProfileEvent> events, std::span<const ItemFeatures> features,
             const ProfileOptions& options) {
  for (const ProfileEvent& event : events) {
    if (event.item >= features.size())
      return {ErrorCode::kInvalidArgument, "interest profile: an item is not in the catalogue"};
    if (!(event.weight >= 0 && std::isfinite(event.weight)))
      return {ErrorCode::kInvalidArgument, "interest profile: a weight is out of range"};
  }
  if (!(options.decay.half_life > 0) || !(options.decay.floor >= 0 && options.decay.floor <= 1))
    return {ErrorCode::kInvalidArgument, "interest profile: the decay is out of range"};
  return {};
}

// By tag, item and event, so that sums and ties do not depend on anything else.
std::vector<Mass> gather_masses(std::span<const ProfileEvent> events,
                                std::span<const ItemFeatures> features, const RankRecency& decay) {
  const std::vector<float> recency = recency_weights(events.size(), decay);
  std::vector<Mass> masses;
  for (size_t e = 0; e < events.size(); ++e) {
    std::vector<uint32_t> tags = features[events[e].item].tags;
    sort_all(std::span(tags));
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    const double mass = double{events[e].weight} * double{recency[e]};
    if (mass == 0) continue;
    for (const uint32_t tag : tags)
      masses.push_back({tag, events[e].item, e, mass / static_cast<double>(tags.size())});
  }
  sort_all(std::span(masses), [](const Mass& a, const Mass& b) {
    return std::tie(a.tag, a.item, a.event) < std::tie(b.tag, b.item, b.event);
  });
  return masses;
}

}  // namespace

Result<std::vector<Interest>> interest_profile(std::span<const ProfileEvent> events,
                                               std::span<const ItemFeatures> features,
                                               const ProfileOptions& options) {
  SOTTO_CHECK_OK(check(events, features, options));
  std::vector<Interest> profile;
  for (const Mass& part : gather_masses(events, features, options.decay)) {
    if (profile.empty() || profile.back().tag != part.tag) profile.push_back({part.tag, 0, {}});
    std::vector<InterestItem>& items = profile.back().items;
    if (items.empty() || items.back().item != part.item) items.push_back({part.item, 0});
    items.back().share += part.mass;
  }
  double total = 0;
  for (Interest& interest : profile) {
    for (const InterestItem& item : interest.items) interest.share += item.share;
    total += interest.share;
  }
  for (Interest& interest : profile) {
    interest.share /= total;
    for (InterestItem& item : interest.items) item.share /= total;
    sort_all(std::span(interest.items), [](const InterestItem& a, const InterestItem& b) {
      return a.share != b.share ? a.share > b.share : a.item < b.item;
    });
    if (interest.items.size() > options.items_per_interest)
      interest.items.resize(options.items_per_interest);
  }
  sort_all(std::span(profile), [](const Interest& a, const Interest& b) {
    return a.share != b.share ? a.share > b.share : a.tag < b.tag;
  });
  return profile;
}

}  // namespace sotto
