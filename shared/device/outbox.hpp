// The outbox: reports that are finished and paid for, until somebody has them.
//
// One entry a task, from the moment the device has decided about it until the task's window is
// over: waiting (a report to send, the same bytes again and again), sent (acknowledged; the bytes
// are gone), or declined (the device does not take part). An entry of any kind keeps the device
// from deciding again.
//
// Records, keys "outbox/" and the task id in hex, integers little-endian:
//   u8 format = 1 | u8 state | i64 send at | i64 expires | the report's bytes
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/keyed_record.hpp"
#include "base/result.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

enum class OutboxState : uint8_t { kWaiting = 1, kSent = 2, kDeclined = 3 };

struct OutboxEntry {
  OutboxState state = OutboxState::kDeclined;
  int64_t send_at_ms = 0;  ///< Drawn uniformly from what is left of the window.
  int64_t expires_ms = 0;  ///< End of the task's window.
  Bytes report;            ///< Empty unless waiting.

  bool operator==(const OutboxEntry&) const = default;
};

/// Thread safety: one thread at a time per object.
class Outbox {
 public:
  static constexpr const char* kKeyPrefix = "outbox/";
  /// Waiting bytes in all: four reports of a million coordinates.
  static constexpr size_t kMostBytes = size_t{16} << 20;
  static constexpr size_t kMostEntries = 256;

  /// Records that do not decode are dropped and deleted: their report was paid for and is lost.
  /// changes: those deletions.
  static Outbox restore(std::span<const KeyedRecord> records, std::vector<KeyedRecord>& changes);

  /// Null when there is none.
  const OutboxEntry* find(const TaskId& task) const;
  /// Errors: kReplay for a task that has an entry; kFull for kMostBytes or kMostEntries;
  /// kInvalidArgument for an entry that restore would drop (a report exactly when waiting, no time
  /// before 1970).
  Result<KeyedRecord> put(const TaskId& task, OutboxEntry entry);
  /// A server has the report: its bytes go. Nothing to commit when none is waiting.
  std::vector<KeyedRecord> acknowledge(const TaskId& task);
  /// Drops entries whose window is over.
  std::vector<KeyedRecord> expire(int64_t now_ms);
  /// Consent was revoked: what waits becomes declined.
  std::vector<KeyedRecord> decline_waiting();
  /// Everything, as deletions.
  std::vector<KeyedRecord> clear();

  /// Tasks whose report is to be sent now, earliest first.
  std::vector<TaskId> due(int64_t now_ms) const;
  /// When the next report is to be sent; absent when none waits. Call expire() first: a report
  /// whose window is over is never due.
  std::optional<int64_t> next_ms() const;
  std::vector<KeyedRecord> records() const;
  const std::map<TaskId, OutboxEntry>& entries() const { return entries_; }

 private:
  std::map<TaskId, OutboxEntry> entries_;
  size_t waiting_bytes_ = 0;
};

}  // namespace sotto
