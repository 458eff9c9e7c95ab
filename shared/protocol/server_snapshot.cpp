#include "protocol/server_snapshot.hpp"

#include <limits>
#include <utility>

#include "protocol/fields.hpp"
#include "protocol/message.hpp"

namespace sotto {
namespace {

constexpr const char* kWhat = "snapshot";

Error malformed(const char* message) { return {ErrorCode::kMalformed, message}; }

void put_blob(ByteWriter& out, std::span<const uint8_t> bytes) { out.put_array(bytes); }

// As long as the snapshot can hold; the reader checks before it allocates.
Result<Bytes> get_blob(ByteReader& in) { return in.get_array<uint8_t>(in.remaining(), kWhat); }

Result<SecretBytes> get_secret(ByteReader& in) {
  SOTTO_TRY(const auto size, in.get<uint64_t>(kWhat));
  if (size > in.remaining()) return malformed("snapshot: length out of range");
  SOTTO_TRY(const auto bytes, in.get_bytes(static_cast<size_t>(size), kWhat));
  return SecretBytes::copy_of(bytes);
}

// A number of elements, each of which takes at least `least` bytes.
Result<size_t> get_count(ByteReader& in, size_t least) {
  SOTTO_TRY(const auto count, in.get<uint64_t>(kWhat));
  if (count > in.remaining() / least) return malformed("snapshot: length out of range");
  return static_cast<size_t>(count);
}

// Puts an element into a map or set whose elements come in ascending order, none twice.
template <class Container, class Element>
Status append(Container& container, Element element) {
  const size_t before = container.size();
  const auto at = container.insert(container.end(), std::move(element));
  if (container.size() == before || std::next(at) != container.end())
    return malformed("snapshot: not in ascending order");
  return {};
}

void put_batch(ByteWriter& out, const Batch& batch) {
  put_blob(out, batch.share.encoded.reveal());
  out.put<uint64_t>(batch.reports);
  out.put_bytes(batch.checksum);
}

// A share may be absent: of a batch that was collected.
Result<Batch> get_batch(ByteReader& in, const Vdaf& vdaf, bool present) {
  Batch batch;
  SOTTO_TRY(batch.share.encoded, get_secret(in));
  if (batch.share.encoded.size() != (present ? vdaf.sizes().aggregate_share : 0))
    return malformed("snapshot: wrong length of an aggregate share");
  SOTTO_TRY(batch.reports, in.get<uint64_t>(kWhat));
  SOTTO_CHECK_OK(get_array(in, batch.checksum, kWhat));
  // Merging refuses what is no field element.
  AggregateShare check = vdaf.aggregate_init();
  if (present) SOTTO_CHECK_OK(vdaf.merge(check, batch.share));
  return batch;
}

void put_rejected(ByteWriter& out, const std::map<ErrorCode, uint64_t>& rejected) {
  out.put<uint64_t>(rejected.size());
  for (const auto& [reason, count] : rejected) {
    out.put(reason);
    out.put<uint64_t>(count);
  }
}

Status get_rejected(ByteReader& in, std::map<ErrorCode, uint64_t>& rejected) {
  SOTTO_TRY(const size_t count, get_count(in, sizeof(ErrorCode) + sizeof(uint64_t)));
  for (size_t i = 0; i < count; ++i) {
    SOTTO_TRY(const auto reason, in.get<ErrorCode>(kWhat));
    if (reason == ErrorCode::kOk || rejection_reason(reason) != reason)
      return malformed("snapshot: unknown reason");
    SOTTO_TRY(const auto reports, in.get<uint64_t>(kWhat));
    SOTTO_CHECK_OK(append(rejected, std::pair{reason, reports}));
  }
  return {};
}

Result<TaskPhase> get_phase(ByteReader& in, bool leader) {
  SOTTO_TRY(const auto phase, in.get<TaskPhase>(kWhat));
  const bool known = phase == TaskPhase::kOpen || phase == TaskPhase::kCollected ||
                     phase == TaskPhase::kAbandoned || (leader && phase == TaskPhase::kClosing);
  if (!known) return malformed("snapshot: unknown phase");
  return phase;
}

Status get_ids(ByteReader& in, std::vector<Nonce>& ids) {
  SOTTO_TRY(const size_t count, get_count(in, std::tuple_size_v<Nonce>));
  if (count < 1 || count > kMaxJobReports) return malformed("snapshot: reports of a job");
  ids.resize(count);
  for (Nonce& id : ids) SOTTO_CHECK_OK(get_array(in, id, kWhat));
  return {};
}

// States and out shares of a job: none, or one an id.
template <class Share>
void put_shares(ByteWriter& out, const std::vector<Share>& shares) {
  out.put<uint64_t>(shares.size());
  for (const Share& share : shares) put_blob(out, share.contents.reveal());
}

template <class Share>
Status get_shares(ByteReader& in, size_t aggregator, size_t ids, std::vector<Share>& shares) {
  SOTTO_TRY(const size_t count, get_count(in, sizeof(uint64_t)));
  if (count != 0 && count != ids) return malformed("snapshot: not one share a report");
  for (size_t i = 0; i < count; ++i) {
    SOTTO_TRY(SecretBytes contents, get_secret(in));
    shares.push_back({aggregator, std::move(contents)});
  }
  return {};
}

void put_job(ByteWriter& out, const LeaderJob& job) {
  out.put<uint64_t>(job.ids.size());
  for (const Nonce& id : job.ids) out.put_bytes(id);
  put_shares(out, job.states);
  put_blob(out, job.prepare_request);
  put_blob(out, job.commit_request);
  if (job.batch.has_value()) put_batch(out, *job.batch);
}

// A job that the helper has answered has a commit request and a batch, any other has states.
Result<LeaderJob> get_leader_job(ByteReader& in, const Vdaf& vdaf) {
  LeaderJob job;
  SOTTO_CHECK_OK(get_ids(in, job.ids));
  SOTTO_CHECK_OK(get_shares(in, 0, job.ids.size(), job.states));
  SOTTO_TRY(job.prepare_request, get_blob(in));
  SOTTO_TRY(job.commit_request, get_blob(in));
  if (job.commit_request.empty() == job.states.empty())
    return malformed("snapshot: a job that is in no phase");
  if (!job.commit_request.empty()) {
    SOTTO_TRY(job.batch, get_batch(in, vdaf, true));
  }
  return job;
}

void put_job(ByteWriter& out, const HelperJob& job) {
  out.put_bytes(job.prepare_digest);
  out.put_bytes(job.commit_digest);
  put_blob(out, job.prepare_response);
  put_blob(out, job.commit_response);
  out.put<uint64_t>(job.ids.size());
  for (const Nonce& id : job.ids) out.put_bytes(id);
  put_shares(out, job.out_shares);
}

Result<HelperJob> get_helper_job(ByteReader& in) {
  HelperJob job;
  SOTTO_CHECK_OK(get_array(in, job.prepare_digest, kWhat));
  SOTTO_CHECK_OK(get_array(in, job.commit_digest, kWhat));
  SOTTO_TRY(job.prepare_response, get_blob(in));
  SOTTO_TRY(job.commit_response, get_blob(in));
  SOTTO_CHECK_OK(get_ids(in, job.ids));
  SOTTO_CHECK_OK(get_shares(in, 1, job.ids.size(), job.out_shares));
  if (job.commit_response.empty() == job.out_shares.empty())
    return malformed("snapshot: a job that is in no phase");
  return job;
}

SecretBytes take_secret(ByteWriter out) {
  Bytes bytes = std::move(out).bytes();
  SecretBytes secret = SecretBytes::copy_of(bytes);
  wipe(bytes);
  return secret;
}

}  // namespace

SecretBytes encode_state(const TaskId& task, const LeaderState& state) {
  ByteWriter out;
  put_header(out, MessageType::kLeaderState, task);
  out.put(state.phase);
  out.put<uint64_t>(state.known.size());
  for (const auto& [id, digest] : state.known) {
    out.put_bytes(id);
    out.put_bytes(digest);
  }
  out.put<uint64_t>(state.waiting.size());
  for (const auto& [id, report] : state.waiting) {
    out.put_bytes(id);
    put_blob(out, report);
  }
  out.put<uint64_t>(state.jobs.size());
  for (const auto& [id, job] : state.jobs) {
    out.put_bytes(id);
    put_job(out, job);
  }
  put_rejected(out, state.rejected);
  put_batch(out, state.batch);
  put_blob(out, state.collect_request);
  put_blob(out, state.helper_share);
  put_blob(out, state.collected_share);
  return take_secret(std::move(out));
}

Result<LeaderState> decode_leader_state(std::span<const uint8_t> bytes, const TaskId& task,
                                        const Vdaf& vdaf) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kLeaderState, task));
  LeaderState state;
  SOTTO_TRY(state.phase, get_phase(in, true));
  SOTTO_TRY(const size_t known, get_count(in, sizeof(Nonce) + sizeof(Digest)));
  for (size_t i = 0; i < known; ++i) {
    std::pair<Nonce, Digest> element;
    SOTTO_CHECK_OK(get_array(in, element.first, kWhat));
    SOTTO_CHECK_OK(get_array(in, element.second, kWhat));
    SOTTO_CHECK_OK(append(state.known, element));
  }
  SOTTO_TRY(const size_t waiting, get_count(in, sizeof(Nonce) + sizeof(uint64_t)));
  for (size_t i = 0; i < waiting; ++i) {
    std::pair<Nonce, Bytes> element;
    SOTTO_CHECK_OK(get_array(in, element.first, kWhat));
    SOTTO_TRY(element.second, get_blob(in));
    SOTTO_CHECK_OK(decode_report(element.second, task, vdaf.sizes()));
    SOTTO_CHECK_OK(append(state.waiting, std::move(element)));
  }
  SOTTO_TRY(const size_t jobs, get_count(in, sizeof(JobId)));
  for (size_t i = 0; i < jobs; ++i) {
    JobId id;
    SOTTO_CHECK_OK(get_array(in, id, kWhat));
    SOTTO_TRY(LeaderJob job, get_leader_job(in, vdaf));
    SOTTO_CHECK_OK(append(state.jobs, std::pair<const JobId, LeaderJob>(id, std::move(job))));
  }
  SOTTO_CHECK_OK(get_rejected(in, state.rejected));
  SOTTO_TRY(state.batch, get_batch(in, vdaf, state.phase != TaskPhase::kCollected));
  SOTTO_TRY(state.collect_request, get_blob(in));
  SOTTO_TRY(state.helper_share, get_blob(in));
  SOTTO_TRY(state.collected_share, get_blob(in));
  SOTTO_CHECK_OK(in.finish(kWhat));
  return state;
}

SecretBytes encode_state(const TaskId& task, const HelperState& state) {
  ByteWriter out;
  put_header(out, MessageType::kHelperState, task);
  out.put(state.phase);
  out.put<uint64_t>(state.known.size());
  for (const Nonce& id : state.known) out.put_bytes(id);
  out.put<uint64_t>(state.jobs.size());
  for (const auto& [id, job] : state.jobs) {
    out.put_bytes(id);
    put_job(out, job);
  }
  put_rejected(out, state.rejected);
  put_batch(out, state.batch);
  put_blob(out, state.collect_request);
  put_blob(out, state.collected_share);
  return take_secret(std::move(out));
}

Result<HelperState> decode_helper_state(std::span<const uint8_t> bytes, const TaskId& task,
                                        const Vdaf& vdaf) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kHelperState, task));
  HelperState state;
  SOTTO_TRY(state.phase, get_phase(in, false));
  SOTTO_TRY(const size_t known, get_count(in, sizeof(Nonce)));
  for (size_t i = 0; i < known; ++i) {
    Nonce id;
    SOTTO_CHECK_OK(get_array(in, id, kWhat));
    SOTTO_CHECK_OK(append(state.known, id));
  }
  SOTTO_TRY(const size_t jobs, get_count(in, sizeof(JobId)));
  for (size_t i = 0; i < jobs; ++i) {
    JobId id;
    SOTTO_CHECK_OK(get_array(in, id, kWhat));
    SOTTO_TRY(HelperJob job, get_helper_job(in));
    SOTTO_CHECK_OK(append(state.jobs, std::pair<const JobId, HelperJob>(id, std::move(job))));
  }
  SOTTO_CHECK_OK(get_rejected(in, state.rejected));
  SOTTO_TRY(state.batch, get_batch(in, vdaf, state.phase != TaskPhase::kCollected));
  SOTTO_TRY(state.collect_request, get_blob(in));
  SOTTO_TRY(state.collected_share, get_blob(in));
  SOTTO_CHECK_OK(in.finish(kWhat));
  return state;
}

}  // namespace sotto
