// The helper's records: one at a time, and all of them to a state. Internal to this room. Errors:
// those of record_codec.hpp.
#pragma once

#include <span>

#include "protocol/helper_role.hpp"
#include "protocol/record_codec.hpp"

namespace sotto {

RecordOwner helper_records(const TaskId& task, const Vdaf& vdaf);

KeyedRecord job_record(const RecordOwner& owner, const JobId& id, const HelperJob& job);
KeyedRecord state_record(const RecordOwner& owner, const HelperState& state);

Result<HelperJob> decode_helper_job(const RecordOwner& owner, const JobId& id,
                                    std::span<const uint8_t> bytes);
/// What the state record tells: of the batch reports and checksum, and nothing of jobs.
Result<HelperState> decode_helper_state(const RecordOwner& owner, std::span<const uint8_t> bytes);

/// HelperRole::restore. No records: a new state.
Result<HelperState> restore_helper_state(const RecordOwner& owner,
                                         std::span<const KeyedRecord> records);

}  // namespace sotto
