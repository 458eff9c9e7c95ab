// What a server stores of a task: records under keys (base/keyed_record.hpp), of which every call
// of a role lists those that it has changed.
//
//   leader
//     known/<report id>   a report that was accepted, for as long as there is the task: devices
//                         ask again at any time. arrival u64 | BLAKE2b of its bytes 32
//     report/<report id>  that report's bytes as they came, until its job is committed or the
//                         leader rejects it; the only large records
//     job/<job id>        prepare request | answered u8: 0 or 1
//                         | if 1: commit request | batch
//     batch               the task's accumulator while there is something in it: batch
//     state               phase u8 | reports u64 | checksum 32 | rejected
//                         | once collected: the helper's collected share | its own
//   helper
//     job/<job id>        until the task is collected: BLAKE2b of the prepare request 32 | n u32
//                         | n report ids | prepare response | committed u8: 0 or 1
//                         | if 0: an out share for each report that is not rejected
//                         | if 1: BLAKE2b of the commit request 32 | commit response
//     batch               as the leader's
//     state               as the leader's, with its own collected share only
//
// where ids are 32 digits of lower-case hexadecimal,
//   batch     reports u64 | checksum 32 | aggregate share (its length follows from the task)
//   rejected  n u8 | n times: reason u8 | reports u64; reasons ascending
// and messages and out shares are u64 length and bytes. Integers are little-endian. Every record
// but report/ stands in a frame, whose first byte is 8 for the leader and 9 for the helper:
//   8 or 9 u8 | version u8 = 1 | task id 32 | record | BLAKE2b(key | 0 | everything before) 32
// The digest finds accidents (a flipped bit, a record under another key); it is no defence against
// somebody who can write the store. Job, batch and state hold shares and unnoised sums: the store
// and lists of changes are as secret as the server's key.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_record.hpp"
#include "base/result.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// Keys of these are listed for a restore (LeaderRole::restore); the bytes are read one by one.
inline constexpr std::string_view kReportPrefix = "report/";
/// And with these prefixes everything else is, at the leader; the helper has no known/.
inline constexpr std::array<std::string_view, 4> kServerRecordPrefixes{"batch", "job/", "known/",
                                                                       "state"};

/// The bytes under report_key(id), as the store has them or is about to have them: what calls have
/// listed before counts, whether it is committed or not. Asked on the calling thread, once a call
/// for each report; for a second time only after a restore, so that whoever never restores may give
/// its copy away. kNotFound: the record is gone, which is that report's end and no other's. Any
/// other error ends the call that asks, which then has changed nothing.
using ReportSource = std::function<Result<Bytes>(const Nonce& id)>;

std::string report_key(const Nonce& id);
/// Errors: kMalformed for any other key.
Result<Nonce> parse_report_key(std::string_view key);

}  // namespace sotto
