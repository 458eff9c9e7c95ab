// What a server knows of every task that it has taken on.
//
// Records (space "tasks", key: task id in hex):
//   u8 format = 1 | u8 state | i64 closed_ms | u64 accepted | u64 reports
//   | u8 n | n times, ascending: i32 code, u64 reports rejected for it
//   | reason: u64 length and text | the collector's signed key 114 | the helper's signed key 114
//   | task file: u64 length and bytes
// The role's own records of an open task are in the space "task/<task id in hex>", which is dropped
// once the task is closed: of its reports nothing is left then.
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "crypto/signed_key.hpp"
#include "protocol/signed_task.hpp"
#include "store/store.hpp"

namespace sotto {

/// Numbers stand in records.
enum class TaskState : uint8_t {
  kOpen = 1,       ///< Takes reports, or is being collected.
  kCollected = 2,  ///< Its sum is released (leader), its share given (helper).
  kAbandoned = 3,  ///< Will never be collected.
};
const char* task_state_name(TaskState state);

struct TaskRecord {
  TaskId id{};
  TaskState state = TaskState::kOpen;
  int64_t closed_ms = 0;  ///< 0 while it is open.
  uint64_t accepted = 0;  ///< Distinct reports taken, reports in the batch, and what was rejected
  uint64_t reports = 0;   ///< in preparation, once it is closed.
  std::map<ErrorCode, uint64_t> rejected;
  std::string reason;   ///< Why it was abandoned.
  Bytes collector_key;  ///< As encode_signed_key writes them.
  Bytes helper_key;
  Bytes file;
};

std::string role_space(const TaskId& task);
StoreChange task_change(const TaskRecord& record);
/// Errors: kIo, kMalformed, kUnsupported.
Result<std::vector<TaskRecord>> read_task_records(const Store& store);

}  // namespace sotto
