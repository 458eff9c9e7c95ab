#include "server/task_record.hpp"

#include "crypto/text_encoding.hpp"
#include "protocol/task.hpp"

namespace sotto {
namespace {

constexpr const char* kSpace = "tasks";
constexpr uint64_t kLongestReason = 1024;
constexpr uint64_t kLargestFile = Task::kMaxLayoutParameters + 4096;

Result<TaskRecord> decode_record(const KeyedRecord& stored) {
  TaskRecord record;
  const auto id = from_hex<TaskId>(stored.key);
  if (!id) return Error{ErrorCode::kMalformed, "task record: its key is no task id"};
  record.id = *id;
  const Bytes stored_bytes = stored.bytes.value_or(Bytes());
  ByteReader in(stored_bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("task record format"));
  if (format != 1) return Error{ErrorCode::kUnsupported, "task record: unknown format"};
  SOTTO_TRY(record.state, in.get<TaskState>("task state"));
  if (record.state < TaskState::kOpen || record.state > TaskState::kAbandoned)
    return Error{ErrorCode::kMalformed, "task record: unknown state"};
  SOTTO_TRY(record.closed_ms, in.get<int64_t>("task closing time"));
  SOTTO_TRY(record.accepted, in.get<uint64_t>("task reports accepted"));
  SOTTO_TRY(record.reports, in.get<uint64_t>("task reports"));
  SOTTO_TRY(const auto reasons, in.get<uint8_t>("task rejections"));
  for (int i = 0; i < reasons; ++i) {
    SOTTO_TRY(const auto code, in.get<ErrorCode>("task rejection"));
    SOTTO_TRY(const auto reports, in.get<uint64_t>("task rejection"));
    if (!record.rejected.empty() && record.rejected.rbegin()->first >= code)
      return Error{ErrorCode::kMalformed, "task record: rejections do not ascend"};
    record.rejected.emplace(code, reports);
  }
  SOTTO_TRY(record.reason, in.get_string(kLongestReason, "task reason"));
  for (Bytes* key : {&record.collector_key, &record.helper_key}) {
    SOTTO_TRY(const auto bytes, in.get_bytes(kSignedKeySize, "task's keys"));
    key->assign(bytes.begin(), bytes.end());
  }
  SOTTO_TRY(record.file, in.get_array<uint8_t>(kLargestFile, "task file"));
  SOTTO_CHECK_OK(in.finish("task record"));
  return record;
}

}  // namespace

const char* task_state_name(TaskState state) {
  switch (state) {
    case TaskState::kOpen: return "open";
    case TaskState::kCollected: return "collected";
    case TaskState::kAbandoned: return "abandoned";
  }
  return "";
}

std::string role_space(const TaskId& task) { return "task/" + to_hex(task); }

StoreChange task_change(const TaskRecord& record) {
  ByteWriter out;
  out.put<uint8_t>(1);
  out.put(record.state);
  out.put<int64_t>(record.closed_ms);
  out.put<uint64_t>(record.accepted);
  out.put<uint64_t>(record.reports);
  out.put<uint8_t>(static_cast<uint8_t>(record.rejected.size()));
  for (const auto& [code, reports] : record.rejected) {
    out.put(code);
    out.put<uint64_t>(reports);
  }
  out.put_string(std::string_view(record.reason).substr(0, kLongestReason));
  out.put_bytes(record.collector_key);
  out.put_bytes(record.helper_key);
  out.put_array(std::span(record.file));
  return {kSpace, {to_hex(record.id), std::move(out).bytes()}};
}

Result<std::vector<TaskRecord>> read_task_records(const Store& store) {
  SOTTO_TRY(const auto stored, store.list(kSpace, ""));
  std::vector<TaskRecord> records;
  for (const KeyedRecord& one : stored) {
    SOTTO_TRY(TaskRecord record, decode_record(one));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace sotto
