// What all messages begin with. Internal to this room.
//
//   message u8 | version u8 = 1 | task id 32
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "protocol/report.hpp"

namespace sotto {

/// Closed; a number is never given to anything else.
enum class MessageType : uint8_t {
  kReport = 1,
  kPrepareRequest = 2,
  kPrepareResponse = 3,
  kCommitRequest = 4,
  kCommitResponse = 5,
  kCollectRequest = 6,
  kCollectedShare = 7,
  kLeaderRecord = 8,  ///< Never sent: what the servers store (server_records.hpp).
  kHelperRecord = 9,
};

inline constexpr size_t kMessageHeader = 34;

void put_header(ByteWriter& out, MessageType type, const TaskId& task);

/// Errors: kMalformed for another message; kUnsupported for another version; kAuthentication for
/// another task.
Status get_header(ByteReader& in, MessageType type, const TaskId& task);

/// The next `size` bytes, copied. Errors: kMalformed.
Result<Bytes> get_bytes(ByteReader& in, size_t size, const char* what);

/// HPKE's info: protocol name, sender role, recipient role.
Bytes hpke_info(std::string_view protocol, Role sender, Role recipient);

}  // namespace sotto
