#include "retrieval/interest_profile.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/sort.hpp"

namespace sotto {
namespace {

// Ordered, so that sums and ties do not depend on a hash.
using Masses = std::map<uint32_t, std::map<uint32_t, double>>;  // tag -> item -> mass

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

Masses gather_masses(std::span<const ProfileEvent> events, std::span<const ItemFeatures> features,
                     const RankRecency& decay) {
  const std::vector<float> recency = recency_weights(events.size(), decay);
  Masses masses;
  for (size_t e = 0; e < events.size(); ++e) {
    std::vector<uint32_t> tags = features[events[e].item].tags;
    sort_all(std::span(tags));
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    const double mass = double{events[e].weight} * double{recency[e]};
    if (mass == 0) continue;
    for (const uint32_t tag : tags)
      masses[tag][events[e].item] += mass / static_cast<double>(tags.size());
  }
  return masses;
}

}  // namespace

Result<std::vector<Interest>> interest_profile(std::span<const ProfileEvent> events,
                                               std::span<const ItemFeatures> features,
                                               const ProfileOptions& options) {
  SOTTO_CHECK_OK(check(events, features, options));
  std::vector<Interest> profile;
  double total = 0;
  for (const auto& [tag, items] : gather_masses(events, features, options.decay)) {
    Interest interest{tag, 0, {}};
    for (const auto& [item, mass] : items) {
      interest.share += mass;
      interest.items.push_back({item, mass});
    }
    total += interest.share;
    profile.push_back(std::move(interest));
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
