#include "server/task_record.hpp"

#include <doctest/doctest.h>

#include "store/records.hpp"

namespace sotto {
namespace {

TaskRecord a_record() {
  TaskRecord record;
  record.id.fill(7);
  record.state = TaskState::kAbandoned;
  record.closed_ms = 123;
  record.accepted = 12;
  record.reports = 10;
  record.rejected = {{ErrorCode::kReplay, 1}, {ErrorCode::kRejected, 1}};
  record.reason = "TOO_FEW_REPORTS: 10 of at least 100";
  record.collector_key = Bytes(kSignedKeySize, 1);
  record.helper_key = Bytes(kSignedKeySize, 2);
  record.file = Bytes(500, 3);
  return record;
}

}  // namespace

TEST_CASE("task record: read back as it was written") {
  test::MemoryStore store;
  const TaskRecord record = a_record();
  const StoreChange change = task_change(record);
  REQUIRE(store.commit({&change, 1}).ok());
  const auto records = read_task_records(store).value();
  REQUIRE(records.size() == 1);
  const TaskRecord& read = records[0];
  CHECK(read.id == record.id);
  CHECK(read.state == record.state);
  CHECK(read.closed_ms == record.closed_ms);
  CHECK(read.accepted == record.accepted);
  CHECK(read.reports == record.reports);
  CHECK(read.rejected == record.rejected);
  CHECK(read.reason == record.reason);
  CHECK(read.collector_key == record.collector_key);
  CHECK(read.helper_key == record.helper_key);
  CHECK(read.file == record.file);
}

TEST_CASE("task record: every truncation and every longer one is refused") {
  const StoreChange change = task_change(a_record());
  const Bytes& bytes = *change.record.bytes;
  for (size_t size = 0; size <= bytes.size() + 1; ++size) {
    if (size == bytes.size()) continue;
    Bytes other = bytes;
    other.resize(size);
    test::MemoryStore store;
    const StoreChange damaged{change.space, {change.record.key, other}};
    REQUIRE(store.commit({&damaged, 1}).ok());
    CAPTURE(size);
    CHECK_FALSE(read_task_records(store).ok());
  }
}

}  // namespace sotto
