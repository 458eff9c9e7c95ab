// The frame around everything that the event log stores: damage is noticed before it is believed.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

/// What a record of the log holds; a record under the wrong kind of key is damage.
enum class RecordKind : uint8_t { kHead = 1, kEvent = 2, kSummary = 3 };

/// u8 format = 1, u8 kind, u64 number (of the record among its kind; again the wrong key is
/// damage), u32 payload length, payload, u32 CRC-32 of all before it. The checksum finds accidents
/// (a torn write, a flipped bit); it is no defence against somebody who can write the storage.
Bytes seal_record(RecordKind kind, uint64_t number, std::span<const uint8_t> payload);
/// The payload, inside `bytes`. Errors: kUnsupported for another format; kMalformed for another
/// length, kind, number or checksum.
Result<std::span<const uint8_t>> open_record(RecordKind kind, uint64_t number,
                                             std::span<const uint8_t> bytes);

/// CRC-32 as in ISO-HDLC, zip and PNG; "123456789" has 0xCBF43926.
uint32_t crc32(std::span<const uint8_t> bytes);

}  // namespace sotto
