#include "events/interaction.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "base/sort.hpp"

namespace sotto {
namespace {

constexpr double kMostStrength = 0.95;
constexpr double kBounceMs = 5000;
constexpr double kBounceStrength = -0.8;
constexpr double kDwellStrength = 0.7;
// 30 s - kBounceMs: there dwell has half of its strength.
constexpr double kHalfDwellMs = 25'000;
constexpr double kDayMs = 86'400'000;

// Strength of one unit of value, in the order of kEventTypes. Dwell and rating have a function.
constexpr std::array<double, kEventTypes.size()> kStrengths{0,   0.5, 0.25, 0,    0.25, 0.9,
                                                            -1., 0.8, 0.85, 0.95, -1.,  0};

double dwell_strength(double dwell_ms) {
  if (dwell_ms < kBounceMs) return kBounceStrength * (1 - dwell_ms / kBounceMs);
  const double read_ms = dwell_ms - kBounceMs;
  return kDwellStrength * read_ms / (read_ms + kHalfDwellMs);
}

// The probability-like complements of P and N.
struct Doubt {
  double positive = 1;
  double negative = 1;

  void add(double strength) { (strength > 0 ? positive : negative) *= 1 - std::abs(strength); }
  double net() const { return negative - positive; }
};

struct Weighed {
  const ItemSummary* summary;
  double net;
};

bool earlier(const Weighed& a, const Weighed& b) {
  if (a.summary->evidence_ms != b.summary->evidence_ms)
    return a.summary->evidence_ms < b.summary->evidence_ms;
  if (a.summary->evidence_sequence != b.summary->evidence_sequence)
    return a.summary->evidence_sequence < b.summary->evidence_sequence;
  return std::less<>{}(a.summary, b.summary);  // of one vector: in order of first appearance
}

// One summary an item, in order of first appearance.
class Gathering {
 public:
  explicit Gathering(std::span<const ItemSummary> summaries)
      : items_(summaries.begin(), summaries.end()) {
    for (size_t i = 0; i < items_.size(); ++i) {
      positions_.emplace(items_[i].item, i);
      next_ = std::max(next_, items_[i].evidence_sequence + 1);
    }
  }
  void add(const Event& event) {
    if (!validate_event(event).ok() || !event.value) return;
    const auto [position, fresh] = positions_.emplace(event.item, items_.size());
    if (fresh) items_.emplace_back();
    items_[position->second].add(event, next_++);
  }
  // Those that are an interaction, in time order.
  std::vector<Weighed> weighed() const {
    std::vector<Weighed> found;
    for (const ItemSummary& summary : items_) {
      const double net = net_strength(summary);
      if (std::abs(net) >= kIndifference) found.push_back({&summary, net});
    }
    sort_all(std::span(found), earlier);
    return found;
  }

 private:
  std::vector<ItemSummary> items_;
  std::unordered_map<std::string, size_t> positions_;
  uint64_t next_ = 0;
};

double clock_factor(int64_t timestamp_ms, int64_t now_ms, const InteractionPolicy& policy) {
  if (!policy.half_life_days || now_ms <= timestamp_ms) return 1;
  const auto age_ms = static_cast<double>(now_ms) - static_cast<double>(timestamp_ms);
  return power_of_two(-age_ms / (kDayMs * *policy.half_life_days));
}

std::vector<ItemInteraction> with_weights(std::span<const Weighed> weighed,
                                          const InteractionPolicy& policy, int64_t now_ms) {
  const auto recency = recency_weights(weighed.size(), policy.recency);
  std::vector<ItemInteraction> interactions;
  interactions.reserve(weighed.size());
  for (size_t i = 0; i < weighed.size(); ++i) {
    const ItemSummary& summary = *weighed[i].summary;
    const double weight = std::abs(weighed[i].net) * static_cast<double>(recency[i]) *
                          clock_factor(summary.evidence_ms, now_ms, policy);
    interactions.push_back({.item = summary.item,
                            .weight = std::clamp(static_cast<float>(weight), kLeastWeight, 1.0F),
                            .timestamp_ms = summary.evidence_ms});
  }
  return interactions;
}

Status validate(const InteractionPolicy& policy) {
  const RankRecency& recency = policy.recency;
  if (!std::isfinite(recency.half_life) || !(recency.half_life > 0))
    return {ErrorCode::kInvalidArgument, "recency half-life: must be finite and > 0"};
  if (!(recency.floor >= 0 && recency.floor <= 1))
    return {ErrorCode::kInvalidArgument, "recency floor: must be 0 .. 1"};
  if (policy.half_life_days && !(*policy.half_life_days > 0))
    return {ErrorCode::kInvalidArgument, "half-life in days: must be > 0"};
  return {};
}

}  // namespace

double event_strength(EventType type, double value) {
  if (type == EventType::kDwell) return dwell_strength(value);
  if (type == EventType::kRating) return std::min(2 * value / kMaxRating - 1, kMostStrength);
  return kStrengths[static_cast<size_t>(type) - 1] * value;
}

double net_strength(const ItemSummary& summary) {
  Doubt doubt;
  for (const EventType type : kEventTypes) {
    const TypeTotal& total = summary.total(type);
    if (total.count == 0 || is_opinion(type)) continue;
    const ValueRange range = value_range(type);
    const double count = total.count;
    const double mean = std::clamp(total.value_sum / count, range.lowest, range.highest);
    const double repeated = event_strength(type, mean) * (2 - power_of_two(1 - count));
    doubt.add(std::clamp(repeated, -kMostStrength, kMostStrength));
  }
  if (summary.opinion) doubt.add(event_strength(summary.opinion->type, summary.opinion->value));
  return doubt.net();
}

Result<Interactions> weigh(std::span<const ItemSummary> summaries, std::span<const Event> events,
                           const InteractionPolicy& policy, int64_t now_ms) {
  SOTTO_CHECK_OK(validate(policy));
  Gathering gathering(summaries);
  for (const Event& event : events) gathering.add(event);
  std::vector<Weighed> positive;
  std::vector<Weighed> negative;
  for (const Weighed& item : gathering.weighed())
    (item.net > 0 ? positive : negative).push_back(item);
  return Interactions{.positive = with_weights(positive, policy, now_ms),
                      .negative = with_weights(negative, policy, now_ms)};
}

std::vector<ItemInteraction> contribution_items(std::span<const Event> events, int64_t since_ms) {
  Gathering gathering({});
  for (const Event& event : events)
    if (event.timestamp_ms >= since_ms && !event.imputed) gathering.add(event);
  std::vector<ItemInteraction> items;
  for (const Weighed& item : gathering.weighed())
    if (item.net > 0) items.push_back({item.summary->item, 1.0F, item.summary->evidence_ms});
  return items;
}

}  // namespace sotto
