// What must hold whatever a page sends.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "events/cleaning.hpp"
#include "events/event_log.hpp"
#include "events/interaction.hpp"
#include "events/random_events.hpp"

using namespace sotto;

namespace {

std::vector<Event> hostile_events(uint64_t seed, size_t n_events) {
  Random random(seed);
  std::vector<Event> events;
  for (size_t i = 0; i < n_events; ++i) events.push_back(hostile_event(random));
  return events;
}

int64_t hostile_now(Random& random) {
  switch (random.below(8)) {
    case 0: return std::numeric_limits<int64_t>::min();
    case 1: return -1;
    case 2: return random.below(200) == 0 ? std::numeric_limits<int64_t>::max() : kNoonMs;
    default: return kNoonMs + static_cast<int64_t>(random.below(100'000'000));
  }
}

Bytes written(const Cleaner& cleaner) {
  ByteWriter out;
  cleaner.write(out);
  return std::move(out).bytes();
}

void check_counts(const CleaningCounts& counts) {
  CHECK(counts.received ==
        std::accumulate(counts.dropped.begin(), counts.dropped.end(), counts.kept));
  for (const uint64_t count : counts.repaired) CHECK(count <= counts.kept);
}

void check_interactions(const Interactions& interactions) {
  std::set<std::string> items;
  for (const auto* list : {&interactions.positive, &interactions.negative}) {
    int64_t before_ms = 0;
    for (const ItemInteraction& interaction : *list) {
      CHECK(std::isfinite(interaction.weight));
      CHECK(interaction.weight > 0);
      CHECK(interaction.weight <= 1);
      CHECK(interaction.timestamp_ms >= before_ms);
      before_ms = interaction.timestamp_ms;
      CHECK(items.insert(interaction.item).second);
    }
  }
}

}  // namespace

TEST_CASE("hostile streams: counts add up and what is kept is valid, measured and not too late") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    const ImputationPriors priors{.catalogue_dwell_ms = 1000};
    Cleaner cleaner;
    uint64_t n_kept = 0;
    for (const Event& event : hostile_events(seed + 100, 3000)) {
      const auto outcome = cleaner.clean(event, hostile_now(random), priors);
      REQUIRE(outcome.event.has_value() != outcome.dropped.has_value());
      if (!outcome.event) continue;
      ++n_kept;
      CHECK(validate_event(*outcome.event).ok());
      CHECK(outcome.event->value.has_value());
      CHECK(outcome.event->timestamp_ms <= cleaner.latest_ms());
    }
    CHECK(cleaner.counts().received == 3000);
    CHECK(cleaner.counts().kept == n_kept);
    CHECK(n_kept > 100);
    check_counts(cleaner.counts());
    CHECK(written(cleaner).size() <= kCleanerBytes);
  }
}

TEST_CASE("hostile streams: one at a time, at once and after a restart give the same") {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const auto events = hostile_events(seed, 2000);
    const int64_t now_ms = kNoonMs + 50'000'000;
    Cleaner cleaner;
    std::vector<Event> kept;
    for (const Event& event : events) {
      if (auto outcome = cleaner.clean(event, now_ms); outcome.event)
        kept.push_back(*outcome.event);
      const Bytes bytes = written(cleaner);
      if (kept.size() % 7 != 0) continue;
      ByteReader in(bytes);
      cleaner = Cleaner::read(in).value();
      CHECK(in.finish("cleaner").ok());
      CHECK(written(cleaner) == bytes);
    }
    const auto at_once = clean_events(events, now_ms);
    CHECK(at_once.events == kept);
    CHECK(at_once.cleaner.counts() == cleaner.counts());
    CHECK(written(at_once.cleaner) == written(cleaner));
  }
}

TEST_CASE("hostile streams: no second holds more events or acts than a person makes") {
  Random random(7);
  std::vector<Event> events;
  int64_t time_ms = kNoonMs;
  for (int i = 0; i < 20'000; ++i) {
    time_ms += random.below(500) == 0 ? 5000 : static_cast<int64_t>(random.below(8));
    const auto type = random.below(10) == 0 ? EventType::kClick : EventType::kImpression;
    events.push_back(event_of(type, std::to_string(random.below(1000)), time_ms));
  }
  const auto cleaned = clean_events(events, time_ms);
  CHECK(cleaned.cleaner.counts().of(DropReason::kEventRate) > 1000);
  size_t begin = 0;
  for (size_t i = 0; i < cleaned.events.size(); ++i) {
    while (cleaned.events[i].timestamp_ms - cleaned.events[begin].timestamp_ms >= 1000) ++begin;
    size_t n_acts = 0;
    for (size_t j = begin; j <= i; ++j) n_acts += cleaned.events[j].type == EventType::kClick;
    CHECK(i - begin + 1 <= 100);
    CHECK(n_acts <= 10);
  }
}

TEST_CASE("hostile streams: weights are finite, in (0, 1], in time order, one an item") {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const auto events = hostile_events(seed, 3000);
    for (const double floor : {0.0, 0.1, 1.0}) {
      const InteractionPolicy policy{.recency = {.half_life = 1e-3, .floor = floor},
                                     .half_life_days = 1e-9};
      // Straight from the page, and cleaned.
      check_interactions(weigh({}, events, policy, kMaxTimestampMs).value());
      const auto cleaned = clean_events(events, kNoonMs + 50'000'000).events;
      const auto interactions = weigh({}, cleaned, policy, std::numeric_limits<int64_t>::min());
      check_interactions(interactions.value());
      CHECK(interactions->positive.size() + interactions->negative.size() > 10);
    }
    for (const auto& item : contribution_items(events, kNoonMs)) {
      CHECK(item.weight == 1.0F);
      CHECK(item.timestamp_ms >= kNoonMs);
    }
  }
}

TEST_CASE("hostile streams: the log stays within its limits and loses no count") {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    auto log = EventLog::create({.max_events = 50, .max_summaries = 20}).value();
    uint64_t n_appended = 0;
    for (const Event& event : hostile_events(seed, 3000)) {
      const auto changes = log.append(event);
      const bool acceptable = validate_event(event).ok() && event.value.has_value();
      REQUIRE(changes.ok() == acceptable);
      n_appended += acceptable;
      CHECK(log.events().size() <= 50);
      CHECK(log.summaries().size() <= 20);
    }
    CHECK(log.n_appended() == n_appended);
    CHECK(EventLog::restore(log.records(), log.limits()).value().log.records() == log.records());
    check_interactions(weigh(log.summaries(), log.events(), {}, kNoonMs).value());
  }
}

TEST_CASE("huge counts stop instead of overflowing") {
  ItemSummary summary;
  summary.add(event_of(EventType::kDwell, "i", kNoonMs, kMaxDwellMs), 0);
  TypeTotal& total = summary.totals[static_cast<size_t>(EventType::kDwell) - 1];
  total = {std::numeric_limits<uint32_t>::max(), 4294967295.0 * kMaxDwellMs};
  const TypeTotal before = total;
  summary.add(event_of(EventType::kDwell, "i", kNoonMs, kMaxDwellMs), 1);
  CHECK(total == before);
  CHECK(net_strength(summary) > 0.5);
  CHECK(net_strength(summary) < 1);
  CHECK(decode_item_summary(encode_item_summary(summary)).value() == summary);
}

TEST_CASE("a damaged cleaner is refused or is one that could be") {
  const auto cleaned = clean_events(plausible_events(3, 300, 20), kNoonMs + 100'000'000);
  const Bytes good = written(cleaned.cleaner);
  const auto read = [](const Bytes& bytes) -> Status {
    ByteReader in(bytes);
    SOTTO_TRY(const auto cleaner, Cleaner::read(in));
    check_counts(cleaner.counts());
    CHECK(written(cleaner) ==
          Bytes(bytes.begin(), bytes.end() - static_cast<ptrdiff_t>(in.remaining())));
    return in.finish("cleaner");
  };
  REQUIRE(read(good).ok());
  for (size_t length = 0; length < good.size(); length += length < 200 ? 1 : 37)
    CHECK(read(Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(length))).error().code ==
          ErrorCode::kMalformed);
  Bytes other = good;
  other[0] = 2;
  CHECK(read(other).error().code == ErrorCode::kUnsupported);
  Random random(4);
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = good;
    // Mostly in the times and counts, where a flip says most.
    const size_t reach = random.below(4) == 0 ? bytes.size() : 130;
    bytes[static_cast<size_t>(random.below(reach))] = static_cast<uint8_t>(random.next());
    if (const auto status = read(bytes); !status.ok())
      CHECK(status.error().code != ErrorCode::kInternal);
  }
}
