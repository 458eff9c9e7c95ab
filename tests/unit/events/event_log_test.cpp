#include "events/event_log.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "events/interaction.hpp"
#include "events/random_events.hpp"

using namespace sotto;

namespace {

// What a host does with the lists of changes.
class Storage {
 public:
  void commit(const std::vector<KeyedRecord>& changes) {
    for (const auto& [key, bytes] : changes) {
      if (bytes)
        records_[key] = *bytes;
      else
        records_.erase(key);
    }
  }
  std::vector<KeyedRecord> records() const {
    std::vector<KeyedRecord> list;
    list.reserve(records_.size());
    for (const auto& [key, bytes] : records_) list.push_back({key, bytes});
    return list;
  }

 private:
  std::map<std::string, Bytes> records_;
};

EventLog log_of(const EventLogLimits& limits) { return EventLog::create(limits).value(); }

std::map<std::string, std::array<TypeTotal, 12>> totals_of(const EventLog& log) {
  std::map<std::string, ItemSummary> items;
  for (const auto& summary : log.summaries()) items[summary.item] = summary;
  for (const auto& event : log.events()) items[event.item].add(event, 0);
  std::map<std::string, std::array<TypeTotal, 12>> totals;
  for (const auto& [item, summary] : items) totals[item] = summary.totals;
  return totals;
}

constexpr EventLogLimits kSmall{.max_events = 40, .max_summaries = 1000};

}  // namespace

TEST_CASE("a log keeps events in order of arrival") {
  const auto events = plausible_events(1, 30, 5);
  EventLog log = log_of(kSmall);
  for (const Event& event : events) REQUIRE(log.append(event).ok());
  CHECK(std::equal(events.begin(), events.end(), log.events().begin(), log.events().end()));
  CHECK(log.summaries().empty());
  CHECK(log.n_appended() == 30);
}

TEST_CASE("events that were not cleaned are refused and change nothing") {
  EventLog log = log_of(kSmall);
  for (const Event& event :
       {event_of(EventType::kDwell, "i", 1, std::nullopt), event_of(EventType::kClick, "", 1)}) {
    const auto changes = log.append(event);
    REQUIRE_FALSE(changes.ok());
    CHECK(changes.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK(log.events().empty());
}

TEST_CASE("an append below the limit writes the event and the head only") {
  EventLog log = log_of({});
  for (const Event& event : plausible_events(2, 100, 5)) {
    const auto changes = log.append(event).value();
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].key.substr(0, 10) == "log/event/");
    CHECK(changes[1].key == "log/head");
  }
}

TEST_CASE("the oldest events become summaries that keep every total") {
  const auto events = plausible_events(3, 1000, 30);
  EventLog log = log_of(kSmall);
  EventLog unlimited = log_of({.max_events = 10'000, .max_summaries = 10'000});
  for (const Event& event : events) {
    REQUIRE(log.append(event).ok());
    REQUIRE(unlimited.append(event).ok());
    CHECK(log.events().size() <= 40);
  }
  CHECK(log.n_appended() == 1000);
  CHECK(log.n_forgotten() == 0);
  CHECK(totals_of(log) == totals_of(unlimited));
  CHECK(std::equal(log.events().rbegin(), log.events().rend(), events.rbegin()));
}

TEST_CASE("summarising does not change what is weighed") {
  EventLog log = log_of(kSmall);
  EventLog unlimited = log_of({.max_events = 10'000, .max_summaries = 10'000});
  for (const Event& event : plausible_events(4, 700, 30)) {
    REQUIRE(log.append(event).ok());
    REQUIRE(unlimited.append(event).ok());
  }
  const auto bounded = weigh(log.summaries(), log.events(), {}, kNoonMs).value();
  const auto whole = weigh({}, unlimited.events(), {}, kNoonMs).value();
  CHECK(bounded.positive == whole.positive);
  CHECK(bounded.negative == whole.negative);
}

TEST_CASE("the oldest summary is forgotten first, those with an opinion last") {
  EventLog log = log_of({.max_events = 1, .max_summaries = 3});
  int64_t time_ms = kNoonMs;
  const auto append = [&](EventType type, const char* item) {
    REQUIRE(log.append(event_of(type, item, ++time_ms)).ok());
  };
  append(EventType::kHide, "hidden");
  for (const char* item : {"a", "b", "a", "c", "last"}) append(EventType::kView, item);
  // b is the oldest without an opinion: a was seen again.
  std::vector<std::string> items;
  for (const auto& summary : log.summaries()) items.push_back(summary.item);
  CHECK(items == std::vector<std::string>{"hidden", "a", "c"});
  CHECK(log.n_forgotten() == 1);
  CHECK(log.n_appended() == 6);
  append(EventType::kView, "b");
  append(EventType::kView, "end");
  CHECK(log.n_appended() == 8);
  CHECK(log.n_forgotten() == 1 + 2 + 1);  // and then a (twice) and c
}

TEST_CASE("what storage holds after every commit is the log") {
  EventLog log = log_of({.max_events = 20, .max_summaries = 10});
  Storage storage;
  Random random(5);
  for (const Event& event : plausible_events(5, 500, 40)) {
    storage.commit(log.append(event).value());
    auto records = storage.records();
    random.shuffle(std::span(records));
    records.push_back({"ledger/head", Bytes{1, 2, 3}});
    auto restored = EventLog::restore(records, log.limits()).value();
    CHECK(restored.changes.empty());
    REQUIRE(restored.log.records() == log.records());
    REQUIRE(restored.log.n_appended() == log.n_appended());
    log = std::move(restored.log);  // and goes on from there
  }
}

TEST_CASE("a restored log goes on as the one that was stored") {
  const auto events = plausible_events(6, 300, 20);
  EventLog log = log_of(kSmall);
  for (size_t i = 0; i < 150; ++i) REQUIRE(log.append(events[i]).ok());
  EventLog restored = EventLog::restore(log.records(), kSmall).value().log;
  for (size_t i = 150; i < 300; ++i)
    REQUIRE(restored.append(events[i]).value() == log.append(events[i]).value());
}

TEST_CASE("lower limits apply when the log is restored") {
  EventLog log = log_of(kSmall);
  for (const Event& event : plausible_events(7, 100, 30)) REQUIRE(log.append(event).ok());
  Storage storage;
  storage.commit(log.records());
  auto restored =
      EventLog::restore(storage.records(), {.max_events = 10, .max_summaries = 5}).value();
  CHECK(restored.log.events().size() == 10);
  CHECK(restored.log.summaries().size() == 5);
  CHECK(restored.log.n_appended() == 100);
  storage.commit(restored.changes);
  CHECK(EventLog::restore(storage.records(), restored.log.limits()).value().log.records() ==
        restored.log.records());
}

TEST_CASE("forgetting deletes every record") {
  EventLog log = log_of(kSmall);
  Storage storage;
  for (const Event& event : plausible_events(8, 100, 10)) storage.commit(log.append(event).value());
  storage.commit(log.clear());
  CHECK(storage.records().empty());
  CHECK(log.events().empty());
  CHECK(log.summaries().empty());
  CHECK(log.n_appended() == 0);
  storage.commit(log.append(event_of(EventType::kLike, "i", kNoonMs)).value());
  CHECK(EventLog::restore(storage.records(), kSmall).value().log.n_appended() == 1);
}

TEST_CASE("no records are an empty log") {
  const auto restored = EventLog::restore({}).value();
  CHECK(restored.log.events().empty());
  CHECK(restored.changes.empty());
}

TEST_CASE("limits outside their ranges are refused") {
  CHECK(EventLog::create({.max_events = 0}).error().code == ErrorCode::kInvalidArgument);
  CHECK(EventLog::create({.max_summaries = 0}).error().code == ErrorCode::kInvalidArgument);
  CHECK(EventLog::create({.max_events = 1'000'001}).error().code == ErrorCode::kInvalidArgument);
}
