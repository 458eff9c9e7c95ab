#include "events/interaction.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "events/random_events.hpp"

using namespace sotto;

namespace {

constexpr InteractionPolicy kFlat{.recency = {.half_life = 5, .floor = 1}, .half_life_days = {}};
constexpr int64_t kDayMs = 86'400'000;

Event on(std::string item, EventType type, int64_t seconds, double value = 1) {
  return event_of(type, std::move(item), kNoonMs + seconds * 1000, value);
}

Interactions weighed(const std::vector<Event>& events, const InteractionPolicy& policy = kFlat) {
  return weigh({}, events, policy, kNoonMs).value();
}

// The signed weight of one item whose events these are, without recency.
double net(const std::vector<std::pair<EventType, double>>& events) {
  ItemSummary summary;
  uint64_t sequence = 0;
  for (const auto& [type, value] : events) {
    summary.add(event_of(type, "i", kNoonMs + static_cast<int64_t>(sequence), value), sequence);
    ++sequence;
  }
  return net_strength(summary);
}

std::vector<std::string> items_of(const std::vector<ItemInteraction>& interactions) {
  std::vector<std::string> items;
  items.reserve(interactions.size());
  for (const auto& interaction : interactions) items.push_back(interaction.item);
  return items;
}

using Items = std::vector<std::string>;
using enum EventType;

}  // namespace

TEST_CASE("strengths are ordered by what an act costs, and bounded") {
  CHECK(event_strength(kImpression, 1) == 0);
  CHECK(event_strength(kView, 1) < event_strength(kClick, 1));
  CHECK(event_strength(kClick, 1) < event_strength(kSave, 1));
  CHECK(event_strength(kSave, 1) < event_strength(kShare, 1));
  CHECK(event_strength(kShare, 1) < event_strength(kLike, 1));
  CHECK(event_strength(kLike, 1) < event_strength(kPurchase, 1));
  CHECK(event_strength(kDislike, 1) == -1);
  CHECK(event_strength(kHide, 1) == -1);
  for (const EventType type : kEventTypes)
    for (int percent = 0; percent <= 100; ++percent) {
      const ValueRange range = value_range(type);
      const double value = range.lowest + percent / 100.0 * (range.highest - range.lowest);
      CHECK(event_strength(type, value) >= -1);
      CHECK(event_strength(type, value) <= 0.95);
    }
}

TEST_CASE("dwell: a bounce is negative, 30 seconds are half of the most, more saturates") {
  CHECK(event_strength(kDwell, 0) == doctest::Approx(-0.8));
  CHECK(event_strength(kDwell, 2500) == doctest::Approx(-0.4));
  CHECK(event_strength(kDwell, 5000) == 0);
  CHECK(event_strength(kDwell, 30'000) == doctest::Approx(0.35));
  CHECK(event_strength(kDwell, kMaxDwellMs) == doctest::Approx(0.7).epsilon(0.001));
  for (int ms = 0; ms < 1'000'000; ms += 500)
    CHECK(event_strength(kDwell, ms) < event_strength(kDwell, ms + 500));
}

TEST_CASE("a rating below the middle is negative") {
  CHECK(event_strength(kRating, 0) == -1);
  CHECK(event_strength(kRating, 1) == doctest::Approx(-0.6));
  CHECK(event_strength(kRating, 2.5) == 0);
  CHECK(event_strength(kRating, 4) == doctest::Approx(0.6));
  CHECK(event_strength(kRating, 5) == doctest::Approx(0.95));
}

TEST_CASE("repetition counts, at most twice, and never reaches certainty") {
  CHECK(net({{kView, 1}}) == doctest::Approx(0.25));
  CHECK(net({{kView, 1}, {kView, 1}}) == doctest::Approx(0.375));
  CHECK(net(std::vector<std::pair<EventType, double>>(1000, {kView, 1})) == doctest::Approx(0.5));
  CHECK(net(std::vector<std::pair<EventType, double>>(1000, {kPurchase, 1})) ==
        doctest::Approx(0.95));
}

TEST_CASE("kinds of evidence add up without exceeding one") {
  CHECK(net({{kView, 1}, {kClick, 1}}) == doctest::Approx(1 - 0.75 * 0.5));
  const double all = net({{kView, 1},
                          {kClick, 1},
                          {kDwell, 3e5},
                          {kScroll, 1},
                          {kSave, 1},
                          {kShare, 1},
                          {kPurchase, 1},
                          {kLike, 1}});
  CHECK(all > 0.99);
  CHECK(all < 1);
}

TEST_CASE("a bounce outweighs the click that led to it") {
  CHECK(net({{kClick, 1}, {kDwell, 1000}}) < 0);
  CHECK(net({{kClick, 1}, {kDwell, 30'000}}) > net({{kClick, 1}}));
}

TEST_CASE("a dislike or hide wins over everything, until another opinion replaces it") {
  CHECK(net({{kPurchase, 1}, {kSave, 1}, {kShare, 1}, {kDislike, 1}}) < 0);
  CHECK(net({{kHide, 1}, {kClick, 1}, {kDwell, 60'000}}) < 0);
  CHECK(net({{kHide, 1}}) == -1);
  CHECK(net({{kDislike, 1}, {kLike, 1}}) == doctest::Approx(0.9));
  CHECK(net({{kLike, 1}, {kDislike, 1}}) == -1);
  CHECK(net({{kRating, 5}, {kRating, 1}}) == doctest::Approx(-0.6));
}

TEST_CASE("net-negative items are no positives, and shown ones are neither") {
  const auto result =
      weighed({on("liked", kLike, 1), on("shown", kImpression, 2), on("hidden", kClick, 3),
               on("hidden", kHide, 4), on("bounced", kClick, 5), on("bounced", kDwell, 6, 500),
               on("rated low", kRating, 7, 1), on("neutral", kRating, 8, 2.5)});
  CHECK(items_of(result.positive) == Items{"liked"});
  CHECK(items_of(result.negative) == Items{"hidden", "bounced", "rated low"});
  CHECK(result.positive[0].weight == doctest::Approx(0.9));
  CHECK(result.negative[2].weight == doctest::Approx(0.6));
}

TEST_CASE("interactions are in the order of the latest act on each item") {
  const auto result = weighed({on("a", kLike, 1), on("b", kLike, 2), on("c", kLike, 3),
                               on("a", kView, 4), on("b", kImpression, 5)});
  CHECK(items_of(result.positive) == Items{"b", "c", "a"});
  CHECK(result.positive[2].timestamp_ms == kNoonMs + 4000);
  // At equal times, after a clock that was set back, in order of arrival.
  const auto equal = weighed({on("z", kLike, 0), on("y", kLike, 0), on("z", kView, 0)});
  CHECK(items_of(equal.positive) == Items{"y", "z"});
}

TEST_CASE("weights are strength times recency by rank") {
  std::vector<Event> events;
  events.reserve(30);
  for (int i = 0; i < 30; ++i) events.push_back(on(std::to_string(i), kLike, i));
  const RankRecency recency;
  const auto result = weighed(events, {.recency = recency, .half_life_days = {}});
  const auto expected = recency_weights(30, recency);
  REQUIRE(result.positive.size() == 30);
  for (size_t i = 0; i < 30; ++i)
    CHECK(result.positive[i].weight == doctest::Approx(0.9F * expected[i]));
}

TEST_CASE("a wall-clock half-life counts back from now") {
  const std::vector<Event> events{on("old", kLike, 0), on("new", kLike, 86'400)};
  InteractionPolicy policy = kFlat;
  policy.half_life_days = 2;
  const auto result = weigh({}, events, policy, kNoonMs + 2 * kDayMs).value();
  CHECK(result.positive[0].weight == doctest::Approx(0.45));
  CHECK(result.positive[1].weight == doctest::Approx(0.9 / std::sqrt(2.0)));
  const auto before = weigh({}, events, policy, 0).value();
  CHECK(before.positive[0].weight == doctest::Approx(0.9));
  const auto late = weigh({}, events, policy, kMaxTimestampMs).value();
  CHECK(late.positive[0].weight == kLeastWeight);
}

TEST_CASE("summaries and events together weigh what all events weigh") {
  const auto events = plausible_events(11, 600, 40);
  for (const size_t n_summarised : {0u, 1u, 300u, 599u, 600u}) {
    std::vector<ItemSummary> summaries;
    for (size_t i = 0; i < n_summarised; ++i) {
      const auto known =
          std::find_if(summaries.begin(), summaries.end(),
                       [&](const ItemSummary& summary) { return summary.item == events[i].item; });
      (known == summaries.end() ? summaries.emplace_back() : *known).add(events[i], i);
    }
    const auto parts =
        weigh(summaries, std::span(events).subspan(n_summarised), kFlat, kNoonMs).value();
    const auto whole = weighed(events);
    CHECK(parts.positive == whole.positive);
    CHECK(parts.negative == whole.negative);
  }
}

TEST_CASE("evidence that grows event by event says what all of it says at once") {
  const auto events = plausible_events(12, 400, 60);
  ItemEvidence growing;
  for (size_t n = 0; n < events.size(); ++n) {
    CAPTURE(n);
    growing.add(events[n]);
    if (n % 3 == 1) continue;  // several may come between two looks
    const auto found = growing.interactions();
    const auto whole = weigh({}, std::span(events).first(n + 1), kFlat, kNoonMs).value();
    Items positive, negative;
    for (const auto& [summary, net, item] : found)
      (net > 0 ? positive : negative).push_back(summary->item);
    REQUIRE(positive == items_of(whole.positive));
    REQUIRE(negative == items_of(whole.negative));
    for (const auto& [summary, net, item] : found) REQUIRE(net == net_strength(*summary));
  }
}

TEST_CASE("policies outside their ranges are refused") {
  const auto code = [](double half_life, double floor, std::optional<double> days) {
    const auto result =
        weigh({}, {}, {.recency = {half_life, floor}, .half_life_days = days}, kNoonMs);
    return result.ok() ? ErrorCode::kOk : result.error().code;
  };
  CHECK(code(5, 0.1, std::nullopt) == ErrorCode::kOk);
  CHECK(code(5, 0.1, 7) == ErrorCode::kOk);
  CHECK(code(0, 0.1, std::nullopt) == ErrorCode::kInvalidArgument);
  CHECK(code(NAN, 0.1, std::nullopt) == ErrorCode::kInvalidArgument);
  CHECK(code(5, -0.1, std::nullopt) == ErrorCode::kInvalidArgument);
  CHECK(code(5, 1.1, std::nullopt) == ErrorCode::kInvalidArgument);
  CHECK(code(5, NAN, std::nullopt) == ErrorCode::kInvalidArgument);
  CHECK(code(5, 0.1, 0) == ErrorCode::kInvalidArgument);
  CHECK(code(5, 0.1, NAN) == ErrorCode::kInvalidArgument);
}

TEST_CASE("a contribution takes positive items of its window, all of weight 1") {
  const auto items = contribution_items(
      std::vector{on("old", kPurchase, -10), on("a", kView, 1), on("b", kHide, 2),
                  on("c", kLike, 3), on("old", kImpression, 4)},
      kNoonMs);
  CHECK(items_of(items) == Items{"a", "c"});
  for (const auto& item : items) CHECK(item.weight == 1.0F);
}

TEST_CASE("a contribution does not see what was imputed from older events") {
  Event bounce = on("a", kDwell, 2, 100);
  bounce.imputed = true;
  CHECK(items_of(contribution_items(std::vector{on("a", kClick, 1), bounce}, 0)) == Items{"a"});
  bounce.imputed = false;
  CHECK(contribution_items(std::vector{on("a", kClick, 1), bounce}, 0).empty());
}
