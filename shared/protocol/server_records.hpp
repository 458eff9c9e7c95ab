// What a server stores of a task: records under keys (base/keyed_record.hpp), of which every call
// of a role lists those that it has changed.
//
//   leader  known/<report id>   one report that was accepted, until the task is dropped: devices
//   ask
//                               again at any time. arrival u64 | BLAKE2b of its bytes 32
//           report/<report id>  that report's bytes as they came, until its job is committed or the
//                               leader rejects it; the only large records
//           job/<job id>        prepare request | answered u8: 0 or 1 | if 1: commit request |
//           batch batch               the task's accumulator while there is something in it: batch
//           state               phase u8 | reports u64 | checksum 32 | rejected | once collected:
//                               the helper's collected share | its own
//   helper  job/<job id>        until the task is collected: BLAKE2b of the prepare request 32
//                               | n u32 | n report ids | prepare response | committed u8: 0 or 1
//                               | if 0: an out share a report that is not rejected
//                               | if 1: BLAKE2b of the commit request 32 | commit response
//           batch, state        as the leader's; the state holds its own collected share only
// where ids are 32 digits of lower-case hexadecimal,
//   batch     reports u64 | checksum 32 | aggregate share (its length follows from the task)
//   rejected  n u8 | n times: reason u8 | reports u64, reasons ascending
// and messages and out shares are u64 length and bytes. Integers are little-endian. Every record
// but report/ stands in a frame:
//   8 for the leader, 9 for the helper u8 | version u8 = 1 | task id 32 | record
//   | BLAKE2b(key | 0 | everything before) 32
// The digest finds accidents (a flipped bit, a record under another key); it is no defence against
// somebody who can write the store. Job, batch and state hold shares and unnoised sums: the store
// is as secret as the server's key.
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
/// listed before counts, whether it is committed or not. It is asked on the calling thread, and at
/// most once a call for each report, so that it may give away what it holds. kNotFound: the record
/// is gone, which is that report's end and no other's. Any other error ends the call that asks,
/// which then has changed nothing.
using ReportSource = std::function<Result<Bytes>(const Nonce& id)>;

std::string report_key(const Nonce& id);
/// Errors: kMalformed for any other key.
Result<Nonce> parse_report_key(std::string_view key);

}  // namespace sotto
