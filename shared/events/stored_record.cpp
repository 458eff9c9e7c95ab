#include "events/stored_record.hpp"

#include <array>

namespace sotto {
namespace {

constexpr uint8_t kFormat = 1;

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
    table[byte] = crc;
  }
  return table;
}

constexpr auto kCrcTable = make_crc_table();

Error malformed(const char* message) { return {ErrorCode::kMalformed, message}; }

}  // namespace

uint32_t crc32(std::span<const uint8_t> bytes) {
  uint32_t crc = 0xFFFFFFFFU;
  for (const uint8_t byte : bytes) crc = kCrcTable[(crc ^ byte) & 0xFFU] ^ (crc >> 8);
  return ~crc;
}

Bytes seal_record(RecordKind kind, uint64_t number, std::span<const uint8_t> payload) {
  ByteWriter out;
  out.put<uint8_t>(kFormat);
  out.put<RecordKind>(kind);
  out.put<uint64_t>(number);
  out.put<uint32_t>(static_cast<uint32_t>(payload.size()));
  out.put_bytes(payload);
  out.put<uint32_t>(crc32(out.bytes()));
  return std::move(out).bytes();
}

Result<std::span<const uint8_t>> open_record(RecordKind kind, uint64_t number,
                                             std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("record format"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "record: unknown format"};
  SOTTO_TRY(const auto stored_kind, in.get<uint8_t>("record kind"));
  SOTTO_TRY(const auto stored_number, in.get<uint64_t>("record number"));
  SOTTO_TRY(const auto length, in.get<uint32_t>("record length"));
  SOTTO_TRY(const auto payload, in.get_bytes(length, "record payload"));
  SOTTO_TRY(const auto checksum, in.get<uint32_t>("record checksum"));
  SOTTO_CHECK_OK(in.finish("record"));
  if (checksum != crc32(bytes.first(bytes.size() - sizeof checksum)))
    return malformed("record: the checksum does not fit");
  if (stored_kind != static_cast<uint8_t>(kind) || stored_number != number)
    return malformed("record: belongs under another key");
  return payload;
}

}  // namespace sotto
