#include "server/audit_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

constexpr const char* kSpace = "audit";
constexpr const char* kNotes = "audit note";
constexpr std::string_view kDomain = "sotto audit v1";

Digest digest_of(uint64_t sequence, std::span<const uint8_t> record) {
  ByteWriter head;
  head.put_bytes({reinterpret_cast<const uint8_t*>(kDomain.data()), kDomain.size()});
  head.put<uint64_t>(sequence);
  Sha256 hash;
  hash.update(head.bytes());
  hash.update(record);
  return std::move(hash).finish();
}

Bytes encode_entry(const AuditEntry& entry) {
  ByteWriter out;
  out.put<uint8_t>(1);
  out.put<int64_t>(entry.time_ms);
  for (const std::string* text : {&entry.actor, &entry.action, &entry.detail})
    out.put_string(std::string_view(*text).substr(0, AuditLog::kMostText));
  out.put_bytes(entry.previous);
  return std::move(out).bytes();
}

Result<AuditEntry> decode_record(const Bytes& record) {
  AuditEntry entry;
  ByteReader in(record);
  SOTTO_TRY(const auto format, in.get<uint8_t>("audit format"));
  if (format != 1) return Error{ErrorCode::kUnsupported, "audit log: unknown format"};
  SOTTO_TRY(entry.time_ms, in.get<int64_t>("audit time"));
  SOTTO_TRY(entry.actor, in.get_string(AuditLog::kMostText, "audit actor"));
  SOTTO_TRY(entry.action, in.get_string(AuditLog::kMostText, "audit action"));
  SOTTO_TRY(entry.detail, in.get_string(AuditLog::kMostText, "audit detail"));
  SOTTO_TRY(const auto previous, in.get_bytes(entry.previous.size(), "audit digest"));
  std::copy(previous.begin(), previous.end(), entry.previous.begin());
  SOTTO_CHECK_OK(in.finish("audit entry"));
  return entry;
}

Result<AuditEntry> decode_entry(const std::string& key, const Bytes& record) {
  SOTTO_TRY(AuditEntry entry, decode_record(record));
  const auto [end, error] =
      std::from_chars(key.data(), key.data() + key.size(), entry.sequence, 16);
  if (error != std::errc() || key != sequence_key(entry.sequence))
    return Error{ErrorCode::kMalformed, "audit log: '" + key + "' is no sequence"};
  entry.digest = digest_of(entry.sequence, record);
  return entry;
}

}  // namespace

boost::json::object to_json(const AuditEntry& entry) {
  return {{"sequence", entry.sequence}, {"time_ms", entry.time_ms},
          {"actor", entry.actor},       {"action", entry.action},
          {"detail", entry.detail},     {"digest", to_hex(entry.digest)}};
}

Result<AuditLog> AuditLog::open(const Store& store) {
  AuditLog log;
  SOTTO_TRY(const auto keys, store.keys(kSpace, ""));
  if (keys.empty()) return log;
  SOTTO_TRY(const auto record, store.get(kSpace, keys.back()));
  if (!record) return Error{ErrorCode::kIo, "audit log: its last entry is gone"};
  SOTTO_TRY(const AuditEntry last, decode_entry(keys.back(), *record));
  log.sequence_ = last.sequence;
  log.head_ = last.digest;
  return log;
}

StoreChange AuditLog::append(std::string actor, std::string action, std::string detail,
                             int64_t now_ms) {
  ++sequence_;
  Bytes record = encode_entry(
      {sequence_, now_ms, std::move(actor), std::move(action), std::move(detail), head_, {}});
  head_ = digest_of(sequence_, record);
  return {kSpace, {sequence_key(sequence_), std::move(record)}};
}

StoreChange AuditLog::note(std::string actor, std::string action, std::string detail,
                           int64_t now_ms, EntropySource& entropy) {
  std::array<uint8_t, 8> random{};
  entropy.fill(random);
  uint64_t name = 0;
  std::memcpy(&name, random.data(), sizeof name);
  return {
      kNotes,
      {sequence_key(name),
       encode_entry({0, now_ms, std::move(actor), std::move(action), std::move(detail), {}, {}})}};
}

Result<std::vector<AuditEntry>> AuditLog::notes(const Store& store) {
  SOTTO_TRY(const auto records, store.list(kNotes, ""));
  std::vector<AuditEntry> entries;
  for (const KeyedRecord& record : records) {
    SOTTO_TRY(AuditEntry entry, decode_record(record.bytes.value_or(Bytes())));
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.time_ms < b.time_ms; });
  return entries;
}

Status AuditLog::take_notes(const Store& store, std::vector<StoreChange>& changes) {
  SOTTO_TRY(const auto keys, store.keys(kNotes, ""));
  if (keys.empty()) return {};
  SOTTO_TRY(auto noted, notes(store));
  if (noted.size() != keys.size()) return {};  // one came in between: the next time
  for (AuditEntry& entry : noted)
    changes.push_back(append(std::move(entry.actor), std::move(entry.action),
                             std::move(entry.detail), entry.time_ms));
  for (const std::string& key : keys) changes.push_back({kNotes, {key, std::nullopt}});
  return {};
}

Result<std::vector<AuditEntry>> AuditLog::read(const Store& store, uint64_t after, size_t limit) {
  std::vector<AuditEntry> entries;
  // Sequences have no gaps, so that a log of any length costs what is asked for.
  for (uint64_t sequence = after; entries.size() < limit && sequence < UINT64_MAX;) {
    const std::string key = sequence_key(++sequence);
    SOTTO_TRY(const auto record, store.get(kSpace, key));
    if (!record) break;
    SOTTO_TRY(AuditEntry entry, decode_entry(key, *record));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<AuditEntry> AuditLog::verify(const Store& store) {
  SOTTO_TRY(const auto records, store.list(kSpace, ""));
  AuditEntry last;
  for (const KeyedRecord& record : records) {
    SOTTO_TRY(AuditEntry entry, decode_entry(record.key, record.bytes.value_or(Bytes())));
    if (entry.sequence != last.sequence + 1 || entry.previous != last.digest)
      return Error{ErrorCode::kDisagreement, "audit log: entry " + std::to_string(entry.sequence) +
                                                 " does not follow from the one before it"};
    last = std::move(entry);
  }
  return last;
}

}  // namespace sotto
