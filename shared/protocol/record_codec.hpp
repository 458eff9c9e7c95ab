// What the records of leader and helper (server_records.hpp) have in common: keys, the frame, and
// the parts that both have. Internal to this room.
//
// Decoders: kMalformed for what the encoders do not write; kUnsupported for another version;
// kAuthentication for a record of another task.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "protocol/message.hpp"
#include "protocol/server_records.hpp"
#include "protocol/server_task.hpp"

namespace sotto {

inline constexpr std::string_view kKnownPrefix = "known/";
inline constexpr std::string_view kJobPrefix = "job/";
inline constexpr std::string_view kBatchKey = "batch";
inline constexpr std::string_view kStateKey = "state";
inline constexpr const char* kRecord = "record";  // what errors name

/// Reports and jobs have ids of the same form.
using RecordId = std::array<uint8_t, 16>;

std::string record_key(std::string_view prefix, const RecordId& id);
Result<RecordId> parse_record_key(std::string_view prefix, std::string_view key);

/// Whose records.
struct RecordOwner {
  MessageType type = MessageType::kLeaderRecord;  ///< Or kHelperRecord.
  const TaskId& task;
  const Vdaf& vdaf;
};

/// A record to be written: `size` bytes follow, or fewer, and no more, since what grows leaves
/// copies of secrets behind.
ByteWriter begin_record(const RecordOwner& owner, size_t size);
KeyedRecord end_record(std::string key, ByteWriter out);
/// What stands in the frame.
Result<ByteReader> open_record_frame(const RecordOwner& owner, std::string_view key,
                                     std::span<const uint8_t> bytes);

inline size_t blob_size(std::span<const uint8_t> bytes) { return sizeof(uint64_t) + bytes.size(); }
void put_blob(ByteWriter& out, std::span<const uint8_t> bytes);
Result<Bytes> get_blob(ByteReader& in);
Result<SecretBytes> get_secret_blob(ByteReader& in);
/// 0 or 1.
Result<bool> get_flag(ByteReader& in);

size_t batch_size(const Batch& batch);
void put_batch(ByteWriter& out, const Batch& batch);
Result<Batch> get_batch(ByteReader& in, const Vdaf& vdaf);

KeyedRecord batch_record(const RecordOwner& owner, const Batch& batch);
Result<Batch> decode_batch_record(const RecordOwner& owner, std::span<const uint8_t> bytes);

using RejectedCounts = std::map<ErrorCode, uint64_t>;

/// What both servers' states have. Of the batch: reports and checksum.
void put_state(ByteWriter& out, TaskPhase phase, const Batch& batch,
               const RejectedCounts& rejected);
Status get_state(ByteReader& in, TaskPhase& phase, Batch& batch, RejectedCounts& rejected);
size_t state_size(const RejectedCounts& rejected);

/// A collected share of this sender, over these reports.
Status check_collected(const RecordOwner& owner, std::span<const uint8_t> message, Role sender,
                       const Batch& batch);

/// The records of a list that was read for a restore. Errors: kMalformed for a key that stands
/// twice or that this server has no records of, and for a deletion.
struct RecordList {
  std::map<RecordId, std::span<const uint8_t>> known, jobs;
  const Bytes* batch = nullptr;
  const Bytes* state = nullptr;

  static Result<RecordList> sort(std::span<const KeyedRecord> records, bool leader);
  bool empty() const {
    return known.empty() && jobs.empty() && batch == nullptr && state == nullptr;
  }
};

/// Gives `batch`, which has the reports and checksum of the state, its share. Errors: kMalformed
/// unless the record is there exactly when something is in it, and says the same.
Status restore_batch(const RecordOwner& owner, const Bytes* record, bool collected, Batch& batch);

}  // namespace sotto
