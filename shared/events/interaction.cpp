#include "events/interaction.hpp"

#include <algorithm>
#include <cmath>

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

double clock_factor(int64_t timestamp_ms, int64_t now_ms, const InteractionPolicy& policy) {
  if (!policy.half_life_days || now_ms <= timestamp_ms) return 1;
  const auto age_ms = static_cast<double>(now_ms) - static_cast<double>(timestamp_ms);
  return power_of_two(-age_ms / (kDayMs * *policy.half_life_days));
}

std::vector<ItemInteraction> with_weights(std::span<const ItemEvidence::Net> weighed,
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

ItemEvidence::ItemEvidence(std::span<const ItemSummary> summaries)
    : items_(summaries.begin(), summaries.end()) {
  for (const ItemSummary& summary : items_) {
    positions_.emplace(summary.item, static_cast<uint32_t>(nets_.size()));
    nets_.push_back(net_strength(summary));
    next_ = std::max(next_, summary.evidence_sequence + 1);
  }
}

void ItemEvidence::add(const Event& event) {
  if (!validate_event(event).ok() || !event.value) return;
  const auto [position, fresh] =
      positions_.emplace(event.item, static_cast<uint32_t>(items_.size()));
  if (fresh) {
    items_.emplace_back();
    nets_.push_back(0);
  }
  ItemSummary& summary = items_[position->second];
  summary.add(event, next_++);
  nets_[position->second] = net_strength(summary);
}

bool ItemEvidence::earlier(uint32_t a, uint32_t b) const {
  const ItemSummary &x = items_[a], &y = items_[b];
  if (x.evidence_ms != y.evidence_ms) return x.evidence_ms < y.evidence_ms;
  if (x.evidence_sequence != y.evidence_sequence) return x.evidence_sequence < y.evidence_sequence;
  return a < b;
}

std::vector<ItemEvidence::Net> ItemEvidence::interactions() {
  const auto before = [this](uint32_t a, uint32_t b) { return earlier(a, b); };
  const bool first = order_.empty();
  for (auto item = static_cast<uint32_t>(order_.size()); item < items_.size(); ++item)
    order_.push_back(item);
  if (first) sort_all(std::span(order_), before);
  // By insertion: few items move from one call to the next.
  for (size_t i = 1; i < order_.size(); ++i) {
    const uint32_t item = order_[i];
    size_t place = i;
    for (; place > 0 && earlier(item, order_[place - 1]); --place)
      order_[place] = order_[place - 1];
    order_[place] = item;
  }
  std::vector<Net> found;
  for (const uint32_t item : order_)
    if (std::abs(nets_[item]) >= kIndifference) found.push_back({&items_[item], nets_[item], item});
  return found;
}

Result<Interactions> weigh(std::span<const ItemSummary> summaries, std::span<const Event> events,
                           const InteractionPolicy& policy, int64_t now_ms) {
  SOTTO_CHECK_OK(validate(policy));
  ItemEvidence evidence(summaries);
  for (const Event& event : events) evidence.add(event);
  std::vector<ItemEvidence::Net> positive;
  std::vector<ItemEvidence::Net> negative;
  for (const ItemEvidence::Net& item : evidence.interactions())
    (item.net > 0 ? positive : negative).push_back(item);
  return Interactions{.positive = with_weights(positive, policy, now_ms),
                      .negative = with_weights(negative, policy, now_ms)};
}

std::vector<ItemInteraction> contribution_items(std::span<const Event> events, int64_t since_ms) {
  ItemEvidence evidence;
  for (const Event& event : events)
    if (event.timestamp_ms >= since_ms && !event.imputed) evidence.add(event);
  std::vector<ItemInteraction> items;
  for (const ItemEvidence::Net& item : evidence.interactions())
    if (item.net > 0) items.push_back({item.summary->item, 1.0F, item.summary->evidence_ms});
  return items;
}

}  // namespace sotto
