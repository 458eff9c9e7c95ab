#include "device/outbox.hpp"

#include <string_view>
#include <utility>

#include "base/sort.hpp"

namespace sotto {
namespace {

constexpr uint8_t kFormat = 1;
constexpr std::string_view kPrefix = Outbox::kKeyPrefix;
constexpr std::string_view kHexDigits = "0123456789abcdef";

std::string key_of(const TaskId& task) {
  std::string key(kPrefix);
  for (const uint8_t byte : task) {
    key.push_back(kHexDigits[byte >> 4]);
    key.push_back(kHexDigits[byte & 15]);
  }
  return key;
}

std::optional<TaskId> task_of(std::string_view key) {
  TaskId task;
  if (key.size() != kPrefix.size() + 2 * task.size()) return std::nullopt;
  key.remove_prefix(kPrefix.size());
  for (size_t i = 0; i < task.size(); ++i) {
    const size_t high = kHexDigits.find(key[2 * i]), low = kHexDigits.find(key[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    task[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return task;
}

KeyedRecord record_of(const TaskId& task, const OutboxEntry& entry) {
  ByteWriter out;
  out.put<uint8_t>(kFormat);
  out.put(entry.state);
  out.put<int64_t>(entry.send_at_ms);
  out.put<int64_t>(entry.expires_ms);
  out.put_bytes(entry.report);
  return {key_of(task), std::move(out).bytes()};
}

// What a device can have decided: only what waits has bytes.
bool valid(const OutboxEntry& entry) {
  const bool waiting = entry.state == OutboxState::kWaiting;
  const bool known =
      waiting || entry.state == OutboxState::kSent || entry.state == OutboxState::kDeclined;
  return known && waiting != entry.report.empty() && entry.send_at_ms >= 0 && entry.expires_ms >= 0;
}

Result<OutboxEntry> read_entry(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("outbox"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "outbox: unknown format"};
  OutboxEntry entry;
  SOTTO_TRY(entry.state, in.get<OutboxState>("outbox"));
  SOTTO_TRY(entry.send_at_ms, in.get<int64_t>("outbox"));
  SOTTO_TRY(entry.expires_ms, in.get<int64_t>("outbox"));
  SOTTO_TRY(const auto report, in.get_bytes(in.remaining(), "outbox"));
  entry.report.assign(report.begin(), report.end());
  if (!valid(entry)) return Error{ErrorCode::kMalformed, "outbox: cannot have been written"};
  return entry;
}

}  // namespace

Outbox Outbox::restore(std::span<const KeyedRecord> records, std::vector<KeyedRecord>& changes) {
  Outbox outbox;
  for (const KeyedRecord& record : records) {
    if (!record.key.starts_with(kPrefix) || !record.bytes.has_value()) continue;
    const auto task = task_of(record.key);
    auto entry = read_entry(*record.bytes);
    if (!task.has_value() || !entry.ok() || !outbox.put(*task, std::move(*entry)).ok())
      changes.push_back({record.key, std::nullopt});
  }
  return outbox;
}

const OutboxEntry* Outbox::find(const TaskId& task) const {
  const auto found = entries_.find(task);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<KeyedRecord> Outbox::put(const TaskId& task, OutboxEntry entry) {
  if (!valid(entry))
    return Error{ErrorCode::kInvalidArgument, "outbox: an entry that could not be restored"};
  if (entries_.contains(task))
    return Error{ErrorCode::kReplay, "outbox: the task has been decided about"};
  if (entries_.size() >= kMostEntries || entry.report.size() > kMostBytes - waiting_bytes_)
    return Error{ErrorCode::kFull, "outbox: too much is waiting"};
  waiting_bytes_ += entry.report.size();
  const auto stored = entries_.emplace(task, std::move(entry)).first;
  return record_of(task, stored->second);
}

std::vector<KeyedRecord> Outbox::acknowledge(const TaskId& task) {
  const auto found = entries_.find(task);
  if (found == entries_.end() || found->second.state != OutboxState::kWaiting) return {};
  OutboxEntry& entry = found->second;
  waiting_bytes_ -= entry.report.size();
  entry.report = Bytes();  // not {}, which keeps the memory
  entry.state = OutboxState::kSent;
  return {record_of(task, entry)};
}

std::vector<KeyedRecord> Outbox::expire(int64_t now_ms) {
  std::vector<KeyedRecord> changes;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->second.expires_ms > now_ms) {
      ++entry;
      continue;
    }
    waiting_bytes_ -= entry->second.report.size();
    changes.push_back({key_of(entry->first), std::nullopt});
    entry = entries_.erase(entry);
  }
  return changes;
}

std::vector<KeyedRecord> Outbox::decline_waiting() {
  std::vector<KeyedRecord> changes;
  for (auto& [task, entry] : entries_) {
    if (entry.state != OutboxState::kWaiting) continue;
    entry.report = Bytes();
    entry.state = OutboxState::kDeclined;
    changes.push_back(record_of(task, entry));
  }
  waiting_bytes_ = 0;
  return changes;
}

std::vector<KeyedRecord> Outbox::clear() {
  std::vector<KeyedRecord> changes;
  for (const auto& [task, entry] : entries_) changes.push_back({key_of(task), std::nullopt});
  entries_.clear();
  waiting_bytes_ = 0;
  return changes;
}

std::vector<TaskId> Outbox::due(int64_t now_ms) const {
  std::vector<std::pair<int64_t, TaskId>> found;
  for (const auto& [task, entry] : entries_)
    if (entry.state == OutboxState::kWaiting && entry.send_at_ms <= now_ms &&
        entry.expires_ms > now_ms)
      found.emplace_back(entry.send_at_ms, task);
  sort_all(std::span(found));
  std::vector<TaskId> tasks;
  for (const auto& [time, task] : found) tasks.push_back(task);
  return tasks;
}

std::optional<int64_t> Outbox::next_ms() const {
  std::optional<int64_t> next;
  for (const auto& [task, entry] : entries_)
    if (entry.state == OutboxState::kWaiting && (!next.has_value() || entry.send_at_ms < *next))
      next = entry.send_at_ms;
  return next;
}

std::vector<KeyedRecord> Outbox::records() const {
  std::vector<KeyedRecord> records;
  for (const auto& [task, entry] : entries_) records.push_back(record_of(task, entry));
  return records;
}

}  // namespace sotto
