// The leader's records: one at a time, and all of them to a state. Internal to this room. Errors:
// those of record_codec.hpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "protocol/leader_role.hpp"
#include "protocol/record_codec.hpp"

namespace sotto {

RecordOwner leader_records(const TaskId& task, const Vdaf& vdaf);

KeyedRecord known_record(const RecordOwner& owner, const Nonce& id, const KnownReport& known);
KeyedRecord job_record(const RecordOwner& owner, const JobId& id, const LeaderJob& job);
KeyedRecord state_record(const RecordOwner& owner, const LeaderState& state);

Result<KnownReport> decode_known(const RecordOwner& owner, const Nonce& id,
                                 std::span<const uint8_t> bytes);
/// Without prepare states, which are never stored.
Result<LeaderJob> decode_leader_job(const RecordOwner& owner, const JobId& id,
                                    std::span<const uint8_t> bytes);
/// What the state record tells: of the batch reports and checksum, and nothing of reports and jobs.
Result<LeaderState> decode_leader_state(const RecordOwner& owner, std::span<const uint8_t> bytes);

/// LeaderRole::restore. No records: a new state.
Result<LeaderState> restore_leader_state(const RecordOwner& owner,
                                         std::span<const KeyedRecord> records,
                                         std::span<const std::string> report_keys);

}  // namespace sotto
