#include "server/audit_log.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace sotto {
namespace {

constexpr const char* kSpace = "audit";
constexpr std::string_view kDomain = "sotto audit v1";

std::string key_of(uint64_t sequence) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(sequence));
  return text;
}

Digest digest_of(uint64_t sequence, std::span<const uint8_t> record) {
  ByteWriter head;
  head.put_bytes({reinterpret_cast<const uint8_t*>(kDomain.data()), kDomain.size()});
  head.put<uint64_t>(sequence);
  Sha256 hash;
  hash.update(head.bytes());
  hash.update(record);
  return std::move(hash).finish();
}

Result<AuditEntry> decode_entry(const std::string& key, const Bytes& record) {
  AuditEntry entry;
  const auto [end, error] =
      std::from_chars(key.data(), key.data() + key.size(), entry.sequence, 16);
  if (error != std::errc() || key != key_of(entry.sequence))
    return Error{ErrorCode::kMalformed, "audit log: '" + key + "' is no sequence"};
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
  entry.digest = digest_of(entry.sequence, record);
  return entry;
}

}  // namespace

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
  ByteWriter out;
  out.put<uint8_t>(1);
  out.put<int64_t>(now_ms);
  for (std::string* text : {&actor, &action, &detail}) {
    text->resize(std::min(text->size(), kMostText));
    out.put_string(*text);
  }
  out.put_bytes(head_);
  ++sequence_;
  head_ = digest_of(sequence_, out.bytes());
  return {kSpace, {key_of(sequence_), std::move(out).bytes()}};
}

Result<std::vector<AuditEntry>> AuditLog::read(const Store& store, uint64_t after, size_t limit) {
  SOTTO_TRY(const auto keys, store.keys(kSpace, ""));
  std::vector<AuditEntry> entries;
  const auto first = std::upper_bound(keys.begin(), keys.end(), key_of(after));
  for (auto key = first; key != keys.end() && entries.size() < limit; ++key) {
    SOTTO_TRY(const auto record, store.get(kSpace, *key));
    if (!record) return Error{ErrorCode::kIo, "audit log: entry " + *key + " is gone"};
    SOTTO_TRY(AuditEntry entry, decode_entry(*key, *record));
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
