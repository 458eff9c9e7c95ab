#include "protocol/record_codec.hpp"

#include <utility>

#include "crypto/text_encoding.hpp"
#include "protocol/fields.hpp"

namespace sotto {
namespace {

Error malformed(const char* message) { return {ErrorCode::kMalformed, message}; }

Digest record_digest(std::string_view key, std::span<const uint8_t> bytes) {
  static constexpr uint8_t kEnd = 0;
  Blake2b hash;
  hash.update({reinterpret_cast<const uint8_t*>(key.data()), key.size()});
  hash.update({&kEnd, 1});
  hash.update(bytes);
  return std::move(hash).finish();
}

Result<TaskPhase> get_phase(ByteReader& in) {
  SOTTO_TRY(const auto phase, in.get<TaskPhase>(kRecord));
  if (phase < TaskPhase::kOpen || phase > TaskPhase::kAbandoned)
    return malformed("record: unknown phase");
  return phase;
}

Status get_rejected(ByteReader& in, RejectedCounts& rejected) {
  SOTTO_TRY(const auto count, in.get<uint8_t>(kRecord));
  for (size_t i = 0; i < count; ++i) {
    SOTTO_TRY(const auto number, in.get<uint8_t>(kRecord));
    const auto reason = static_cast<ErrorCode>(number);
    if (reason == ErrorCode::kOk || rejection_reason(reason) != reason)
      return malformed("record: unknown reason of rejection");
    if (!rejected.empty() && rejected.rbegin()->first >= reason)
      return malformed("record: reasons of rejection not in ascending order");
    SOTTO_TRY(rejected[reason], in.get<uint64_t>(kRecord));
    if (rejected[reason] == 0) return malformed("record: a reason that no report was rejected for");
  }
  return {};
}

template <class Value>
Status take_once(std::map<RecordId, Value>& into, std::string_view prefix,
                 const KeyedRecord& record) {
  SOTTO_TRY(const RecordId id, parse_record_key(prefix, record.key));
  const size_t before = into.size();
  into.emplace_hint(into.end(), id, *record.bytes);
  if (into.size() == before) return malformed("record: a key that stands twice");
  return {};
}

Status take_once(const Bytes*& into, const KeyedRecord& record) {
  if (into != nullptr) return malformed("record: a key that stands twice");
  into = &*record.bytes;
  return {};
}

}  // namespace

std::string record_key(std::string_view prefix, const RecordId& id) {
  return std::string(prefix) + to_hex(id);
}

Result<RecordId> parse_record_key(std::string_view prefix, std::string_view key) {
  RecordId id{};
  if (!key.starts_with(prefix) || !from_hex(key.substr(prefix.size()), id))
    return malformed("record: unknown key");
  return id;
}

std::string report_key(const Nonce& id) { return record_key(kReportPrefix, id); }

Result<Nonce> parse_report_key(std::string_view key) {
  return parse_record_key(kReportPrefix, key);
}

ByteWriter begin_record(const RecordOwner& owner, size_t size) {
  ByteWriter out;
  out.reserve(kMessageHeader + size + std::tuple_size_v<Digest>);
  put_header(out, owner.type, owner.task);
  return out;
}

KeyedRecord end_record(std::string key, ByteWriter out) {
  out.put_bytes(record_digest(key, out.bytes()));
  return {std::move(key), std::move(out).bytes()};
}

Result<ByteReader> open_record_frame(const RecordOwner& owner, std::string_view key,
                                     std::span<const uint8_t> bytes) {
  ByteReader header(bytes);
  SOTTO_CHECK_OK(get_header(header, owner.type, owner.task));
  const size_t digest_size = std::tuple_size_v<Digest>;
  if (header.remaining() < digest_size) return malformed("record: the data ends too early");
  const auto framed = bytes.first(bytes.size() - digest_size);
  const Digest digest = record_digest(key, framed);
  if (!std::equal(digest.begin(), digest.end(), bytes.end() - digest_size))
    return malformed("record: damaged, or under another key");
  return ByteReader(framed.subspan(kMessageHeader));
}

void put_blob(ByteWriter& out, std::span<const uint8_t> bytes) { out.put_array(bytes); }

// As long as the record can hold; the reader checks before it allocates.
Result<Bytes> get_blob(ByteReader& in) { return in.get_array<uint8_t>(in.remaining(), kRecord); }

Result<SecretBytes> get_secret_blob(ByteReader& in) {
  SOTTO_TRY(const auto size, in.get<uint64_t>(kRecord));
  if (size > in.remaining()) return malformed("record: length out of range");
  SOTTO_TRY(const auto bytes, in.get_bytes(static_cast<size_t>(size), kRecord));
  return SecretBytes::copy_of(bytes);
}

Result<bool> get_flag(ByteReader& in) {
  SOTTO_TRY(const auto flag, in.get<uint8_t>(kRecord));
  if (flag > 1) return malformed("record: neither 0 nor 1");
  return flag == 1;
}

size_t batch_size(const Batch& batch) {
  return sizeof batch.reports + sizeof batch.checksum + batch.share.encoded.size();
}

void put_batch(ByteWriter& out, const Batch& batch) {
  out.put<uint64_t>(batch.reports);
  out.put_bytes(batch.checksum);
  out.put_bytes(batch.share.encoded.reveal());
}

Result<Batch> get_batch(ByteReader& in, const Vdaf& vdaf) {
  Batch batch;
  SOTTO_TRY(batch.reports, in.get<uint64_t>(kRecord));
  SOTTO_CHECK_OK(get_array(in, batch.checksum, kRecord));
  SOTTO_TRY(const auto share, in.get_bytes(vdaf.sizes().aggregate_share, kRecord));
  batch.share.encoded = SecretBytes::copy_of(share);
  // Merging refuses what is no field element.
  AggregateShare check = vdaf.aggregate_init();
  SOTTO_CHECK_OK(vdaf.merge(check, batch.share));
  return batch;
}

KeyedRecord batch_record(const RecordOwner& owner, const Batch& batch) {
  ByteWriter out = begin_record(owner, batch_size(batch));
  put_batch(out, batch);
  return end_record(std::string(kBatchKey), std::move(out));
}

Result<Batch> decode_batch_record(const RecordOwner& owner, std::span<const uint8_t> bytes) {
  SOTTO_TRY(ByteReader in, open_record_frame(owner, kBatchKey, bytes));
  SOTTO_TRY(Batch batch, get_batch(in, owner.vdaf));
  if (batch.reports == 0) return malformed("record: a batch with nothing in it");
  SOTTO_CHECK_OK(in.finish(kRecord));
  return batch;
}

size_t state_size(const RejectedCounts& rejected) {
  return sizeof(TaskPhase) + sizeof(uint64_t) + sizeof(Digest) + 1 +
         rejected.size() * (1 + sizeof(uint64_t));
}

void put_state(ByteWriter& out, TaskPhase phase, const Batch& batch,
               const RejectedCounts& rejected) {
  out.put(phase);
  out.put<uint64_t>(batch.reports);
  out.put_bytes(batch.checksum);
  out.put<uint8_t>(static_cast<uint8_t>(rejected.size()));
  for (const auto& [reason, reports] : rejected) {
    out.put<uint8_t>(static_cast<uint8_t>(reason));
    out.put<uint64_t>(reports);
  }
}

Status get_state(ByteReader& in, TaskPhase& phase, Batch& batch, RejectedCounts& rejected) {
  SOTTO_TRY(phase, get_phase(in));
  SOTTO_TRY(batch.reports, in.get<uint64_t>(kRecord));
  SOTTO_CHECK_OK(get_array(in, batch.checksum, kRecord));
  return get_rejected(in, rejected);
}

Status check_collected(const RecordOwner& owner, std::span<const uint8_t> message, Role sender,
                       const Batch& batch) {
  SOTTO_TRY(const CollectedShare share,
            decode_collected_share(message, owner.task, owner.vdaf.sizes()));
  if (share.sender != sender || share.reports != batch.reports || share.checksum != batch.checksum)
    return malformed("record: a collected share of other reports or another server");
  return {};
}

Result<RecordList> RecordList::sort(std::span<const KeyedRecord> records, bool leader) {
  RecordList list;
  for (const KeyedRecord& record : records) {
    if (!record.bytes.has_value()) return malformed("record: a deletion");
    if (record.key == kBatchKey) {
      SOTTO_CHECK_OK(take_once(list.batch, record));
    } else if (record.key == kStateKey) {
      SOTTO_CHECK_OK(take_once(list.state, record));
    } else if (leader && record.key.starts_with(kKnownPrefix)) {
      SOTTO_CHECK_OK(take_once(list.known, kKnownPrefix, record));
    } else {
      SOTTO_CHECK_OK(take_once(list.jobs, kJobPrefix, record));
    }
  }
  if (!list.empty() && list.state == nullptr) return malformed("record: there is no state");
  return list;
}

Status restore_batch(const RecordOwner& owner, const Bytes* record, bool collected, Batch& batch) {
  const bool expected = batch.reports > 0 && !collected;
  if (expected != (record != nullptr))
    return malformed("record: a batch that should not be there, or none");
  if (!expected) {
    if (!collected) batch.share = owner.vdaf.aggregate_init();
    if (batch.reports == 0 && batch.checksum != Digest{})
      return malformed("record: a checksum of no reports");
    return {};
  }
  SOTTO_TRY(Batch stored, decode_batch_record(owner, *record));
  if (stored.reports != batch.reports || stored.checksum != batch.checksum)
    return malformed("record: the batch is not that of the state");
  batch.share = std::move(stored.share);
  return {};
}

}  // namespace sotto
