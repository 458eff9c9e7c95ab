// Damaged storage: refused by restore, survived by salvage.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "events/event_log.hpp"
#include "events/random_events.hpp"
#include "events/stored_record.hpp"

using namespace sotto;

namespace {

constexpr EventLogLimits kLimits{.max_events = 20, .max_summaries = 100};

EventLog example() {
  EventLog log = EventLog::create(kLimits).value();
  for (const Event& event : plausible_events(1, 60, 15)) REQUIRE(log.append(event).ok());
  return log;
}

size_t find(const std::vector<KeyedRecord>& records, const std::string& prefix) {
  for (size_t i = 0; i < records.size(); ++i)
    if (records[i].key.substr(0, prefix.size()) == prefix) return i;
  FAIL("no such record");
  return 0;
}

void check_refused(const std::vector<KeyedRecord>& records) {
  const auto restored = EventLog::restore(records, kLimits);
  REQUIRE_FALSE(restored.ok());
  CHECK(restored.error().code == ErrorCode::kMalformed);
}

// The log that salvage makes is whole once its changes are committed.
EventLog::Restored salvaged(const std::vector<KeyedRecord>& records) {
  auto restored = EventLog::salvage(records, kLimits).value();
  std::map<std::string, Bytes> storage;
  for (const auto& record : records)
    if (record.bytes) storage[record.key] = *record.bytes;
  for (const auto& change : restored.changes) {
    if (change.bytes)
      storage[change.key] = *change.bytes;
    else
      storage.erase(change.key);
  }
  std::vector<KeyedRecord> after;
  after.reserve(storage.size());
  for (const auto& [key, bytes] : storage) after.push_back({key, bytes});
  CHECK(EventLog::restore(after, kLimits).value().log.records() == restored.log.records());
  return restored;
}

}  // namespace

TEST_CASE("the checksum is the known one") {
  const std::string text = "123456789";
  CHECK(crc32({reinterpret_cast<const uint8_t*>(text.data()), text.size()}) == 0xCBF43926U);
  CHECK(crc32({}) == 0);
}

TEST_CASE("a sealed record opens under its own kind and number only") {
  const Bytes payload{1, 2, 3};
  Bytes sealed = seal_record(RecordKind::kEvent, 7, payload);
  const auto opened = open_record(RecordKind::kEvent, 7, sealed).value();
  CHECK(std::equal(opened.begin(), opened.end(), payload.begin(), payload.end()));
  CHECK_FALSE(open_record(RecordKind::kEvent, 8, sealed).ok());
  CHECK_FALSE(open_record(RecordKind::kSummary, 7, sealed).ok());
  for (size_t length = 0; length < sealed.size(); ++length)
    CHECK_FALSE(open_record(RecordKind::kEvent, 7, std::span(sealed).first(length)).ok());
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes flipped = sealed;
    flipped[bit / 8] = static_cast<uint8_t>(flipped[bit / 8] ^ (1u << (bit % 8)));
    CHECK_FALSE(open_record(RecordKind::kEvent, 7, flipped).ok());
  }
  sealed.push_back(0);
  CHECK_FALSE(open_record(RecordKind::kEvent, 7, sealed).ok());
}

TEST_CASE("one flipped bit in any record is noticed, and costs that record only") {
  const EventLog log = example();
  Random random(2);
  auto records = log.records();
  for (size_t i = 0; i < records.size(); ++i) {
    const KeyedRecord good = records[i];
    uint8_t& byte = (*records[i].bytes)[static_cast<size_t>(random.below(good.bytes->size()))];
    byte = static_cast<uint8_t>(byte ^ (1u << random.below(8)));
    check_refused(records);
    const auto restored = salvaged(records);
    CHECK(restored.damage.unreadable == 1);
    CHECK(restored.damage.head_lost == (good.key == "log/head"));
    CHECK(restored.damage.missing == (good.key == "log/head" ? 0 : 1));
    CHECK(restored.log.events().size() + restored.log.summaries().size() ==
          log.events().size() + log.summaries().size() - (good.key == "log/head" ? 0 : 1));
    records[i] = good;
  }
  CHECK(EventLog::restore(records, kLimits).ok());
}

TEST_CASE("a record that is gone is noticed") {
  for (const char* prefix : {"log/event/", "log/summary/"}) {
    auto records = example().records();
    records.erase(records.begin() + static_cast<ptrdiff_t>(find(records, prefix)));
    check_refused(records);
    CHECK(salvaged(records).damage.missing == 1);
  }
  auto headless = example().records();
  headless.erase(headless.begin() + static_cast<ptrdiff_t>(find(headless, "log/head")));
  check_refused(headless);
  const auto restored = salvaged(headless);
  CHECK(restored.damage.head_lost);
  CHECK(restored.log.records() != headless);
  CHECK(restored.log.events().size() == example().events().size());
  CHECK(restored.log.summaries().size() == example().summaries().size());
}

TEST_CASE("an event that was summarised before does not come back and count twice") {
  EventLog log = example();
  const auto before = log.records();
  while (log.records()[find(log.records(), "log/event/")].key ==
         before[find(before, "log/event/")].key)
    REQUIRE(log.append(event_of(EventType::kLike, "i", kNoonMs)).ok());
  auto records = log.records();
  records.push_back(before[find(before, "log/event/")]);
  check_refused(records);
  const auto restored = salvaged(records);
  CHECK(restored.damage.stale == 1);
  CHECK(restored.log.records() == log.records());
}

TEST_CASE("records under the wrong key are not believed") {
  auto records = example().records();
  const size_t event = find(records, "log/event/");
  std::swap(records[event].bytes, records[event + 1].bytes);
  check_refused(records);
  CHECK(salvaged(records).damage.unreadable == 2);

  for (const char* key : {"log/", "log/other", "log/event/12", "log/event/000000000000000G",
                          "log/event/ffffffffffffffff", "log/head/"}) {
    auto extended = example().records();
    extended.push_back({key, Bytes{}});
    check_refused(extended);
    const auto restored = salvaged(extended);
    CHECK(restored.damage.unreadable == 1);
    CHECK(restored.log.records() == example().records());
  }
}

TEST_CASE("one record twice, one item twice, a record without bytes: refused and survived") {
  const EventLog log = example();
  auto records = log.records();
  records.push_back(records[find(records, "log/event/")]);
  check_refused(records);
  CHECK(salvaged(records).log.records() == log.records());

  records = log.records();
  records.push_back(records[find(records, "log/head")]);
  check_refused(records);
  CHECK(salvaged(records).log.records() == log.records());

  records = log.records();
  records[find(records, "log/summary/")].bytes.reset();
  check_refused(records);
  CHECK(salvaged(records).damage.missing == 1);

  records = log.records();
  const Bytes first = encode_item_summary(log.summaries()[0]);
  const std::string key = "log/summary/0000000000000001";
  for (auto& record : records)
    if (record.key == key) record.bytes = seal_record(RecordKind::kSummary, 1, first);
  check_refused(records);
  CHECK(salvaged(records).damage.stale == 1);
}

TEST_CASE("whatever storage returns, salvage makes a whole log of it") {
  const auto good = example().records();
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    auto records = good;
    for (uint64_t n = 1 + random.below(6); n > 0 && !records.empty(); --n) {
      const auto i = static_cast<size_t>(random.below(records.size()));
      const auto j = static_cast<size_t>(random.below(records.size()));
      switch (random.below(5)) {
        case 0: records.erase(records.begin() + static_cast<ptrdiff_t>(i)); break;
        case 1: std::swap(records[i].bytes, records[j].bytes); break;
        case 2: records[i].bytes = Bytes(static_cast<size_t>(random.below(40))); break;
        case 3: records[i].key += 'x'; break;
        default: records.push_back(records[i]); break;
      }
    }
    random.shuffle(std::span(records));
    const auto restored = salvaged(records);
    CHECK(restored.log.events().size() <= kLimits.max_events);
    CHECK(restored.log.n_appended() <= 60);
    if (restored.damage.any()) check_refused(records);
  }
}
