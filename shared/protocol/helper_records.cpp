#include "protocol/helper_records.hpp"

#include <utility>

#include "protocol/fields.hpp"

namespace sotto {
namespace {

Error malformed(const char* message) { return {ErrorCode::kMalformed, message}; }

Status get_ids(ByteReader& in, std::vector<Nonce>& ids) {
  SOTTO_TRY(const auto count, in.get<uint32_t>(kRecord));
  if (count < 1 || count > kMaxJobReports || count > in.remaining() / sizeof(Nonce))
    return malformed("record: number of reports out of range");
  ids.resize(count);
  for (Nonce& id : ids) SOTTO_CHECK_OK(get_array(in, id, kRecord));
  return {};
}

// One an id, empty for a rejected report, which has none in the record.
Status get_out_shares(ByteReader& in, const PrepareResponse& response,
                      std::vector<OutShare>& shares) {
  shares.resize(response.outcomes.size());
  for (size_t i = 0; i < shares.size(); ++i) {
    if (response.outcomes[i].reason != ErrorCode::kOk) continue;
    SOTTO_TRY(SecretBytes contents, get_secret_blob(in));
    if (contents.size() == 0) return malformed("record: an out share with nothing in it");
    shares[i] = {1, std::move(contents)};
  }
  return {};
}

Status get_commit(ByteReader& in, const RecordOwner& owner, const JobId& id, HelperJob& job) {
  SOTTO_CHECK_OK(get_array(in, job.commit_digest, kRecord));
  SOTTO_TRY(job.commit_response, get_blob(in));
  SOTTO_TRY(const CommitResponse response, decode_commit_response(job.commit_response, owner.task));
  if (response.job != id || response.reports > job.ids.size())
    return malformed("record: a commit response of another job");
  return {};
}

size_t job_size(const HelperJob& job) {
  size_t size = sizeof job.prepare_digest + sizeof(uint32_t) + job.ids.size() * sizeof(Nonce) +
                blob_size(job.prepare_response) + 1;
  for (const OutShare& share : job.out_shares)
    if (share.contents.size() > 0) size += blob_size(share.contents.reveal());
  if (!job.commit_response.empty())
    size += sizeof job.commit_digest + blob_size(job.commit_response);
  return size;
}

// The batch is the sum of what the jobs say that they have added to it.
Status restore_jobs(const RecordOwner& owner, const RecordList& list, HelperState& state) {
  Batch committed;
  for (const auto& [id, bytes] : list.jobs) {
    SOTTO_TRY(HelperJob job, decode_helper_job(owner, id, bytes));
    state.known.insert(job.ids.begin(), job.ids.end());
    if (!job.commit_response.empty()) {
      SOTTO_TRY(const CommitResponse response,
                decode_commit_response(job.commit_response, owner.task));
      committed.count(response.reports, response.checksum);
    }
    state.jobs.emplace_hint(state.jobs.end(), id, std::move(job));
  }
  if (committed.reports != state.batch.reports || committed.checksum != state.batch.checksum)
    return malformed("record: the jobs are not those of the batch");
  return {};
}

}  // namespace

RecordOwner helper_records(const TaskId& task, const Vdaf& vdaf) {
  return {MessageType::kHelperRecord, task, vdaf};
}

KeyedRecord job_record(const RecordOwner& owner, const JobId& id, const HelperJob& job) {
  const bool committed = !job.commit_response.empty();
  ByteWriter out = begin_record(owner, job_size(job));
  out.put_bytes(job.prepare_digest);
  out.put<uint32_t>(static_cast<uint32_t>(job.ids.size()));
  for (const Nonce& report : job.ids) out.put_bytes(report);
  put_blob(out, job.prepare_response);
  out.put<uint8_t>(committed ? 1 : 0);
  for (const OutShare& share : job.out_shares)
    if (share.contents.size() > 0) put_blob(out, share.contents.reveal());
  if (committed) {
    out.put_bytes(job.commit_digest);
    put_blob(out, job.commit_response);
  }
  return end_record(record_key(kJobPrefix, id), std::move(out));
}

Result<HelperJob> decode_helper_job(const RecordOwner& owner, const JobId& id,
                                    std::span<const uint8_t> bytes) {
  SOTTO_TRY(ByteReader in, open_record_frame(owner, record_key(kJobPrefix, id), bytes));
  HelperJob job;
  SOTTO_CHECK_OK(get_array(in, job.prepare_digest, kRecord));
  SOTTO_CHECK_OK(get_ids(in, job.ids));
  SOTTO_TRY(job.prepare_response, get_blob(in));
  SOTTO_TRY(const PrepareResponse response,
            decode_prepare_response(job.prepare_response, owner.task, owner.vdaf.sizes()));
  if (response.job != id || response.outcomes.size() != job.ids.size())
    return malformed("record: a prepare response of another job");
  SOTTO_TRY(const bool committed, get_flag(in));
  if (committed)
    SOTTO_CHECK_OK(get_commit(in, owner, id, job));
  else
    SOTTO_CHECK_OK(get_out_shares(in, response, job.out_shares));
  SOTTO_CHECK_OK(in.finish(kRecord));
  return job;
}

KeyedRecord state_record(const RecordOwner& owner, const HelperState& state) {
  const bool collected = state.phase == TaskPhase::kCollected;
  ByteWriter out =
      begin_record(owner, state_size(state.rejected) + blob_size(state.collected_share));
  put_state(out, state.phase, state.batch, state.rejected);
  if (collected) put_blob(out, state.collected_share);
  return end_record(std::string(kStateKey), std::move(out));
}

Result<HelperState> decode_helper_state(const RecordOwner& owner, std::span<const uint8_t> bytes) {
  SOTTO_TRY(ByteReader in, open_record_frame(owner, kStateKey, bytes));
  HelperState state;
  SOTTO_CHECK_OK(get_state(in, state.phase, state.batch, state.rejected));
  if (state.phase == TaskPhase::kClosing) return malformed("record: a phase that no helper is in");
  if (state.phase == TaskPhase::kCollected) {
    SOTTO_TRY(state.collected_share, get_blob(in));
    SOTTO_CHECK_OK(check_collected(owner, state.collected_share, Role::kHelper, state.batch));
    // The only one that this batch can have been collected with.
    state.collect_request =
        encode(owner.task, CollectRequest{state.batch.reports, state.batch.checksum});
  }
  SOTTO_CHECK_OK(in.finish(kRecord));
  return state;
}

Result<HelperState> restore_helper_state(const RecordOwner& owner,
                                         std::span<const KeyedRecord> records) {
  SOTTO_TRY(const RecordList list, RecordList::sort(records, false));
  HelperState state;
  if (list.state != nullptr) {
    SOTTO_TRY(state, decode_helper_state(owner, *list.state));
  }
  SOTTO_CHECK_OK(
      restore_batch(owner, list.batch, state.phase == TaskPhase::kCollected, state.batch));
  if (state.phase == TaskPhase::kOpen)
    SOTTO_CHECK_OK(restore_jobs(owner, list, state));
  else if (!list.jobs.empty())
    return malformed("record: jobs of a task that takes none");
  return state;
}

}  // namespace sotto
