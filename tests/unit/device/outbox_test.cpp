#include "device/outbox.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/random.hpp"

using namespace sotto;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;

TaskId task_id(uint32_t n) {
  TaskId task{};
  task[0] = 0xa7;
  std::memcpy(&task[28], &n, sizeof n);
  return task;
}

OutboxEntry waiting(Bytes report, int64_t send_at_ms = kNow, int64_t expires_ms = kNow + 1000) {
  return {OutboxState::kWaiting, send_at_ms, expires_ms, std::move(report)};
}

OutboxEntry declined(int64_t expires_ms = kNow + 1000) {
  return {OutboxState::kDeclined, 0, expires_ms, {}};
}

template <class R>
ErrorCode code_of(const R& result) {
  return result.ok() ? ErrorCode::kOk : result.error().code;
}

// What a host has stored.
struct Storage {
  void commit(const std::vector<KeyedRecord>& changes) {
    for (const KeyedRecord& change : changes) {
      if (change.bytes.has_value())
        records[change.key] = *change.bytes;
      else
        records.erase(change.key);
    }
  }
  std::vector<KeyedRecord> list() const {
    std::vector<KeyedRecord> all;
    for (const auto& [key, bytes] : records) all.push_back({key, bytes});
    return all;
  }
  std::map<std::string, Bytes> records;
};

Outbox restored(std::span<const KeyedRecord> records, size_t n_lost = 0) {
  std::vector<KeyedRecord> changes;
  Outbox outbox = Outbox::restore(records, changes);
  CHECK(changes.size() == n_lost);
  for (const KeyedRecord& change : changes) CHECK_FALSE(change.bytes.has_value());
  return outbox;
}

// The number of restored entries of one stored record.
size_t restores(const std::string& key, const Bytes& bytes) {
  const std::vector<KeyedRecord> records{{key, bytes}};
  std::vector<KeyedRecord> changes;
  const Outbox outbox = Outbox::restore(records, changes);
  CHECK(outbox.entries().size() + changes.size() == 1);
  if (!changes.empty()) CHECK(changes[0] == KeyedRecord{key, std::nullopt});
  // What was taken is written back as it was.
  if (changes.empty()) CHECK(outbox.records() == records);
  return outbox.entries().size();
}

constexpr size_t kStateAt = 1, kSendAt = 2, kExpiresAt = 10, kReportAt = 18;

}  // namespace

TEST_CASE("a task has one entry, of whatever kind, and the first one stays") {
  Outbox outbox;
  const auto record = outbox.put(task_id(1), waiting({1, 2, 3}));
  REQUIRE(record.ok());
  CHECK(record->key.starts_with(Outbox::kKeyPrefix));
  CHECK(code_of(outbox.put(task_id(1), waiting({4}))) == ErrorCode::kReplay);
  CHECK(code_of(outbox.put(task_id(1), declined())) == ErrorCode::kReplay);
  REQUIRE(outbox.put(task_id(2), declined()).ok());
  CHECK(code_of(outbox.put(task_id(2), waiting({4}))) == ErrorCode::kReplay);
  CHECK_FALSE(outbox.acknowledge(task_id(1)).empty());
  CHECK(code_of(outbox.put(task_id(1), waiting({4}))) == ErrorCode::kReplay);
  CHECK(outbox.find(task_id(1))->state == OutboxState::kSent);
  CHECK(outbox.find(task_id(3)) == nullptr);
}

TEST_CASE("the record of an entry is as documented") {
  Outbox outbox;
  TaskId task{};
  task[0] = 0x0f;
  task[31] = 0xa0;
  const KeyedRecord record = outbox.put(task, waiting({7, 8}, 0x0102, 0x0304)).value();
  CHECK(record.key == "outbox/0f" + std::string(60, '0') + "a0");
  CHECK(*record.bytes == Bytes{1, 1, 2, 1, 0, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 0, 0, 7, 8});
  CHECK(outbox.records() == std::vector<KeyedRecord>{record});
}

TEST_CASE("acknowledged bytes go, from storage and from memory") {
  Outbox outbox;
  Storage storage;
  storage.commit({outbox.put(task_id(1), waiting(Bytes(100'000, 1))).value()});
  storage.commit({outbox.put(task_id(2), declined()).value()});
  const auto changes = outbox.acknowledge(task_id(1));
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].bytes->size() == kReportAt);
  CHECK(outbox.find(task_id(1))->report.capacity() == 0);
  CHECK(outbox.acknowledge(task_id(1)).empty());
  CHECK(outbox.acknowledge(task_id(2)).empty());
  CHECK(outbox.acknowledge(task_id(3)).empty());
  storage.commit(changes);
  CHECK(restored(storage.list()).entries() == outbox.entries());
}

TEST_CASE("revoked consent leaves no bytes, and no task to decide about again") {
  Outbox outbox;
  for (uint32_t i = 0; i < 3; ++i) REQUIRE(outbox.put(task_id(i), waiting(Bytes(100'000, 1))).ok());
  (void)outbox.acknowledge(task_id(0));
  const auto changes = outbox.decline_waiting();
  CHECK(changes.size() == 2);
  for (const KeyedRecord& change : changes) CHECK(change.bytes->size() == kReportAt);
  for (const auto& [task, entry] : outbox.entries()) {
    CHECK(entry.report.capacity() == 0);
    CHECK(entry.state == (task == task_id(0) ? OutboxState::kSent : OutboxState::kDeclined));
  }
  CHECK(outbox.due(kNow + 1).empty());
  CHECK_FALSE(outbox.next_ms().has_value());
  CHECK(outbox.decline_waiting().empty());
  CHECK(code_of(outbox.put(task_id(1), waiting({1}))) == ErrorCode::kReplay);
}

TEST_CASE("entries live until their window is over, to the millisecond") {
  Outbox outbox;
  for (uint32_t i = 0; i < 4; ++i)
    REQUIRE(outbox.put(task_id(i), waiting({1}, kNow, kNow + i)).ok());
  CHECK(outbox.expire(kNow - 1).empty());
  const auto changes = outbox.expire(kNow + 1);
  CHECK(changes.size() == 2);
  for (const KeyedRecord& change : changes) CHECK_FALSE(change.bytes.has_value());
  CHECK(outbox.find(task_id(1)) == nullptr);
  CHECK(outbox.find(task_id(2)) != nullptr);
  CHECK(outbox.expire(INT64_MIN).empty());
  CHECK(outbox.expire(INT64_MAX).size() == 2);
  CHECK(outbox.entries().empty());
}

TEST_CASE("reports are due from their time to the end of the window, earliest first") {
  Outbox outbox;
  REQUIRE(outbox.put(task_id(1), waiting({1}, kNow + 20)).ok());
  REQUIRE(outbox.put(task_id(2), waiting({1}, kNow + 10)).ok());
  REQUIRE(outbox.put(task_id(3), waiting({1}, kNow + 10, kNow + 30)).ok());
  REQUIRE(outbox.put(task_id(4), declined()).ok());
  CHECK(outbox.next_ms() == kNow + 10);
  CHECK(outbox.due(kNow + 9).empty());
  CHECK(outbox.due(kNow + 10) == std::vector<TaskId>{task_id(2), task_id(3)});
  CHECK(outbox.due(kNow + 29) == std::vector<TaskId>{task_id(2), task_id(3), task_id(1)});
  CHECK(outbox.due(kNow + 30) == std::vector<TaskId>{task_id(2), task_id(1)});
  CHECK(outbox.due(INT64_MAX).empty());
  CHECK(outbox.due(INT64_MIN).empty());
  (void)outbox.acknowledge(task_id(2));
  CHECK(outbox.due(kNow + 29) == std::vector<TaskId>{task_id(3), task_id(1)});
  (void)outbox.acknowledge(task_id(3));
  CHECK(outbox.next_ms() == kNow + 20);
}

TEST_CASE("waiting bytes are bounded in all, and come free when they go") {
  Outbox outbox;
  CHECK(code_of(outbox.put(task_id(0), waiting(Bytes(Outbox::kMostBytes + 1)))) ==
        ErrorCode::kFull);
  CHECK(outbox.entries().empty());
  const auto fill = [&] {
    REQUIRE(outbox.put(task_id(1), waiting(Bytes(Outbox::kMostBytes - 5))).ok());
    REQUIRE(outbox.put(task_id(2), waiting(Bytes(5))).ok());
    CHECK(code_of(outbox.put(task_id(3), waiting(Bytes(1)))) == ErrorCode::kFull);
    CHECK(outbox.find(task_id(3)) == nullptr);
    CHECK(outbox.put(task_id(4), declined()).ok());  // takes no room
  };
  fill();
  SUBCASE("acknowledged") { (void)outbox.acknowledge(task_id(2)); }
  SUBCASE("declined") { (void)outbox.decline_waiting(); }
  SUBCASE("expired") { (void)outbox.expire(kNow + 1000); }
  SUBCASE("cleared") {
    (void)outbox.clear();
    fill();
    (void)outbox.clear();
  }
  CHECK(outbox.put(task_id(3), waiting(Bytes(5))).ok());
  // Nothing is given back twice.
  (void)outbox.acknowledge(task_id(3));
  (void)outbox.acknowledge(task_id(3));
  (void)outbox.decline_waiting();
  (void)outbox.expire(kNow + 1000);
  CHECK(outbox.put(task_id(5), waiting(Bytes(Outbox::kMostBytes))).ok());
  CHECK(code_of(outbox.put(task_id(6), waiting(Bytes(1)))) == ErrorCode::kFull);
}

TEST_CASE("the number of entries is bounded, whatever they are") {
  Outbox outbox;
  for (uint32_t i = 0; i < Outbox::kMostEntries; ++i)
    REQUIRE(outbox.put(task_id(i), i % 2 == 0 ? waiting({1}) : declined(kNow + 1 + i)).ok());
  CHECK(code_of(outbox.put(task_id(999), declined())) == ErrorCode::kFull);
  CHECK(code_of(outbox.put(task_id(5), declined())) == ErrorCode::kReplay);
  (void)outbox.expire(kNow + 2);
  CHECK(outbox.put(task_id(999), declined()).ok());
  CHECK(code_of(outbox.put(task_id(1000), declined())) == ErrorCode::kFull);
}

TEST_CASE("an outbox stored change by change is the one in memory, whatever happened to it") {
  Random random(1);
  for (int run = 0; run < 30; ++run) {
    Outbox outbox;
    Storage storage;
    int64_t now = kNow;
    for (int step = 0; step < 200; ++step) {
      const TaskId task = task_id(static_cast<uint32_t>(random.below(40)));
      switch (random.below(8)) {
        case 0: storage.commit(outbox.acknowledge(task)); break;
        case 1: storage.commit(outbox.expire(now += static_cast<int64_t>(random.below(50)))); break;
        case 2:
          if (random.below(10) == 0) storage.commit(outbox.decline_waiting());
          break;
        case 3:
          if (random.below(20) == 0) storage.commit(outbox.clear());
          break;
        case 4: {
          const auto record =
              outbox.put(task, declined(now + static_cast<int64_t>(random.below(300))));
          if (record.ok()) storage.commit({*record});
          break;
        }
        default: {
          const auto expires = now + static_cast<int64_t>(random.below(300));
          const auto record =
              outbox.put(task, waiting(Bytes(1 + static_cast<size_t>(random.below(20)),
                                             static_cast<uint8_t>(random.next())),
                                       now + static_cast<int64_t>(random.below(200)), expires));
          if (record.ok()) storage.commit({*record});
        }
      }
      if (step % 10 == 0) {
        CHECK(restored(storage.list()).entries() == outbox.entries());
        CHECK(storage.list() == outbox.records());
      }
      // Everything that is due waits, in order, and the next one is the earliest that waits.
      int64_t last = INT64_MIN;
      for (const TaskId& due : outbox.due(now)) {
        const OutboxEntry& entry = *outbox.find(due);
        CHECK(entry.state == OutboxState::kWaiting);
        CHECK(entry.send_at_ms >= last);
        CHECK(entry.send_at_ms <= now);
        CHECK(entry.expires_ms > now);
        last = entry.send_at_ms;
      }
    }
  }
}

TEST_CASE("every truncated or changed record of an entry is dropped, or is another entry") {
  Outbox outbox;
  const KeyedRecord good[] = {outbox.put(task_id(1), waiting({9, 9, 9})).value(),
                              outbox.put(task_id(2), declined()).value()};
  for (const KeyedRecord& record : good) {
    REQUIRE(restores(record.key, *record.bytes) == 1);
    for (size_t size = 0; size < kReportAt; ++size)
      CHECK(restores(record.key, Bytes(record.bytes->begin(),
                                       record.bytes->begin() + static_cast<ptrdiff_t>(size))) == 0);
    for (size_t i = 0; i < record.bytes->size(); ++i)
      for (int value = 0; value < 256; ++value) {
        Bytes changed = *record.bytes;
        changed[i] = static_cast<uint8_t>(value);
        (void)restores(record.key, changed);
      }
  }
}

TEST_CASE("records that no outbox can have written are dropped and deleted") {
  Outbox outbox;
  const KeyedRecord record = outbox.put(task_id(1), waiting({9, 9, 9})).value();
  const Bytes& good = *record.bytes;
  const auto with = [&](size_t at, uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return restores(record.key, bytes);
  };
  CHECK(with(0, 0) == 0);
  CHECK(with(0, 2) == 0);
  for (const uint8_t state : {uint8_t{0}, uint8_t{4}, uint8_t{255}})
    CHECK(with(kStateAt, state) == 0);
  // Sent or declined, with a report; waiting without one.
  CHECK(with(kStateAt, 2) == 0);
  CHECK(with(kStateAt, 3) == 0);
  CHECK(restores(record.key, Bytes(good.begin(), good.begin() + kReportAt)) == 0);
  // Times before 1970.
  CHECK(with(kSendAt + 7, 0x80) == 0);
  CHECK(with(kExpiresAt + 7, 0xff) == 0);
  // Keys that name no task, or not in the one form.
  std::string key = record.key;
  CHECK(restores(key.substr(0, key.size() - 1), good) == 0);
  CHECK(restores(key.substr(0, key.size() - 2), good) == 0);
  CHECK(restores(key + "0", good) == 0);
  CHECK(restores(key + "00", good) == 0);
  CHECK(restores("outbox/", good) == 0);
  for (const char digit : {'A', 'g', ' ', '/', '\0', '\xff'}) {
    key.back() = digit;
    CHECK(restores(key, good) == 0);
  }
  // Too long for any outbox.
  Bytes huge = good;
  huge.resize(kReportAt + Outbox::kMostBytes + 1);
  CHECK(restores(record.key, huge) == 0);
  huge.pop_back();
  CHECK(restores(record.key, huge) == 1);
}

TEST_CASE("records of others and deletions are passed over, not deleted") {
  const std::vector<KeyedRecord> records{{"log/1", Bytes{1}},
                                         {"outbo", Bytes{1}},
                                         {"Outbox/00", Bytes{1}},
                                         {"", Bytes{}},
                                         {"outbox/zz", std::nullopt}};
  CHECK(restored(records).entries().empty());
}

TEST_CASE("more records than an outbox holds: what is beyond the limits is dropped and deleted") {
  std::vector<KeyedRecord> records;
  for (uint32_t i = 0; i < Outbox::kMostEntries + 7; ++i) {
    Outbox one;
    records.push_back(one.put(task_id(i), declined()).value());
  }
  CHECK(restored(records, 7).entries().size() == Outbox::kMostEntries);
  records.clear();
  for (uint32_t i = 0; i < 5; ++i) {
    Outbox one;
    records.push_back(one.put(task_id(i), waiting(Bytes(Outbox::kMostBytes / 4, 1))).value());
  }
  Outbox outbox = restored(records, 1);
  CHECK(outbox.entries().size() == 4);
  CHECK(code_of(outbox.put(task_id(9), waiting({1}))) == ErrorCode::kFull);
}

TEST_CASE("what cannot be restored is not put") {
  Outbox outbox;
  const OutboxEntry wrong[] = {
      {OutboxState::kWaiting, kNow, kNow, {}},      {OutboxState::kSent, kNow, kNow, {1}},
      {OutboxState::kDeclined, 0, kNow, {1}},       {OutboxState::kWaiting, -1, kNow, {1}},
      {OutboxState::kWaiting, kNow, -1, {1}},       {static_cast<OutboxState>(0), kNow, kNow, {}},
      {static_cast<OutboxState>(4), kNow, kNow, {}}};
  for (const OutboxEntry& entry : wrong)
    CHECK(code_of(outbox.put(task_id(1), entry)) == ErrorCode::kInvalidArgument);
  CHECK(outbox.entries().empty());
}
