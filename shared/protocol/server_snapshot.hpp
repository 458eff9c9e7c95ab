// The states of the two servers as bytes, for a store. Internal to this room; the roles' snapshot()
// and restore() are the way to it.
//
// Begins as every message does (message.hpp), so that a snapshot fits its role and task only. Lists
// are u64 length and elements, maps in ascending order of their keys.
#pragma once

#include <span>

#include "protocol/helper_role.hpp"
#include "protocol/leader_role.hpp"

namespace sotto {

SecretBytes encode_state(const TaskId& task, const LeaderState& state);
SecretBytes encode_state(const TaskId& task, const HelperState& state);

/// Errors: kMalformed for what encode_state does not write; kUnsupported for another version;
/// kAuthentication for another task.
Result<LeaderState> decode_leader_state(std::span<const uint8_t> bytes, const TaskId& task,
                                        const Vdaf& vdaf);
Result<HelperState> decode_helper_state(std::span<const uint8_t> bytes, const TaskId& task,
                                        const Vdaf& vdaf);

}  // namespace sotto
