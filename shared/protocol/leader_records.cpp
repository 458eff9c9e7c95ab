#include "protocol/leader_records.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "protocol/fields.hpp"

namespace sotto {
namespace {

Error malformed(const char* message) { return {ErrorCode::kMalformed, message}; }

// Reports and checksum of a batch are those of the reports that the commit request accepts.
Status check_answer(const LeaderJob& job, const CommitRequest& commit) {
  if (commit.accepted.size() != job.ids.size())
    return malformed("record: a commit request of another job");
  Batch expected;
  for (size_t i = 0; i < job.ids.size(); ++i)
    if (commit.accepted[i] == 1) expected.count(1, sha256(job.ids[i]));
  if (job.batch->reports != expected.reports || job.batch->checksum != expected.checksum)
    return malformed("record: a batch of other reports than the commit request's");
  return {};
}

// Arrivals are 0, 1, ...: each once.
Status restore_known(const RecordOwner& owner, const RecordList& list, LeaderState& state) {
  std::vector<bool> arrived(list.known.size());
  for (const auto& [id, bytes] : list.known) {
    SOTTO_TRY(const KnownReport known, decode_known(owner, id, bytes));
    if (known.arrival >= arrived.size() || arrived[static_cast<size_t>(known.arrival)])
      return malformed("record: an arrival that stands twice, or after a gap");
    arrived[static_cast<size_t>(known.arrival)] = true;
    state.known.emplace_hint(state.known.end(), id, known);
  }
  return {};
}

Status restore_jobs(const RecordOwner& owner, const RecordList& list, LeaderState& state,
                    std::set<Nonce>& in_jobs) {
  for (const auto& [id, bytes] : list.jobs) {
    SOTTO_TRY(LeaderJob job, decode_leader_job(owner, id, bytes));
    for (const Nonce& report : job.ids)
      if (!state.known.contains(report) || !in_jobs.insert(report).second)
        return malformed("record: a job with a report that is unknown or in another job");
    state.jobs.emplace_hint(state.jobs.end(), id, std::move(job));
  }
  return {};
}

Status restore_waiting(std::span<const std::string> report_keys, const std::set<Nonce>& in_jobs,
                       LeaderState& state) {
  for (const std::string& key : report_keys) {
    SOTTO_TRY(const Nonce id, parse_report_key(key));
    const auto known = state.known.find(id);
    if (known == state.known.end()) return malformed("record: a report that was never accepted");
    if (in_jobs.contains(id)) continue;
    if (!state.waiting.emplace(known->second.arrival, id).second)
      return malformed("record: a key that stands twice");
  }
  return {};
}

// Every known report waits, is in a job, is in the batch, or was rejected. What is missing has lost
// its bytes while it waited, and is counted as if start_job had found that out.
Status count_lost(LeaderState& state) {
  if (state.batch.reports > state.known.size())
    return malformed("record: more reports in the batch than known");
  uint64_t accounted = state.waiting.size() + state.batch.reports;
  for (const auto& [id, job] : state.jobs)
    accounted += job.batch.has_value() ? job.batch->reports : job.ids.size();
  for (const auto& [reason, reports] : state.rejected) {
    if (reports > state.known.size()) return malformed("record: more reports rejected than known");
    accounted += reports;
  }
  if (accounted > state.known.size()) return malformed("record: more reports than are known");
  if (accounted < state.known.size())
    state.rejected[ErrorCode::kMalformed] += state.known.size() - accounted;
  return {};
}

}  // namespace

RecordOwner leader_records(const TaskId& task, const Vdaf& vdaf) {
  return {MessageType::kLeaderRecord, task, vdaf};
}

KeyedRecord known_record(const RecordOwner& owner, const Nonce& id, const KnownReport& known) {
  ByteWriter out = begin_record(owner, sizeof known.arrival + sizeof known.digest);
  out.put<uint64_t>(known.arrival);
  out.put_bytes(known.digest);
  return end_record(record_key(kKnownPrefix, id), std::move(out));
}

Result<KnownReport> decode_known(const RecordOwner& owner, const Nonce& id,
                                 std::span<const uint8_t> bytes) {
  SOTTO_TRY(ByteReader in, open_record_frame(owner, record_key(kKnownPrefix, id), bytes));
  KnownReport known;
  SOTTO_TRY(known.arrival, in.get<uint64_t>(kRecord));
  SOTTO_CHECK_OK(get_array(in, known.digest, kRecord));
  SOTTO_CHECK_OK(in.finish(kRecord));
  return known;
}

KeyedRecord job_record(const RecordOwner& owner, const JobId& id, const LeaderJob& job) {
  const bool answered = job.batch.has_value();
  ByteWriter out = begin_record(
      owner, blob_size(job.prepare_request) + 1 +
                 (answered ? blob_size(job.commit_request) + batch_size(*job.batch) : size_t{0}));
  put_blob(out, job.prepare_request);
  out.put<uint8_t>(answered ? 1 : 0);
  if (answered) {
    put_blob(out, job.commit_request);
    put_batch(out, *job.batch);
  }
  return end_record(record_key(kJobPrefix, id), std::move(out));
}

Result<LeaderJob> decode_leader_job(const RecordOwner& owner, const JobId& id,
                                    std::span<const uint8_t> bytes) {
  SOTTO_TRY(ByteReader in, open_record_frame(owner, record_key(kJobPrefix, id), bytes));
  LeaderJob job;
  SOTTO_TRY(job.prepare_request, get_blob(in));
  SOTTO_TRY(const PrepareRequest request,
            decode_prepare_request(job.prepare_request, owner.task, owner.vdaf.sizes()));
  if (request.job != id) return malformed("record: a prepare request of another job");
  for (const ReportToPrepare& report : request.reports) job.ids.push_back(report.metadata.id);
  SOTTO_TRY(const bool answered, get_flag(in));
  if (answered) {
    SOTTO_TRY(job.commit_request, get_blob(in));
    SOTTO_TRY(const CommitRequest commit, decode_commit_request(job.commit_request, owner.task));
    if (commit.job != id) return malformed("record: a commit request of another job");
    SOTTO_TRY(job.batch, get_batch(in, owner.vdaf));
    SOTTO_CHECK_OK(check_answer(job, commit));
  }
  SOTTO_CHECK_OK(in.finish(kRecord));
  return job;
}

KeyedRecord state_record(const RecordOwner& owner, const LeaderState& state) {
  const bool collected = state.phase == TaskPhase::kCollected;
  ByteWriter out = begin_record(owner, state_size(state.rejected) + blob_size(state.helper_share) +
                                           blob_size(state.collected_share));
  put_state(out, state.phase, state.batch, state.rejected);
  if (collected) {
    put_blob(out, state.helper_share);
    put_blob(out, state.collected_share);
  }
  return end_record(std::string(kStateKey), std::move(out));
}

Result<LeaderState> decode_leader_state(const RecordOwner& owner, std::span<const uint8_t> bytes) {
  SOTTO_TRY(ByteReader in, open_record_frame(owner, kStateKey, bytes));
  LeaderState state;
  SOTTO_CHECK_OK(get_state(in, state.phase, state.batch, state.rejected));
  if (state.phase == TaskPhase::kCollected) {
    SOTTO_TRY(state.helper_share, get_blob(in));
    SOTTO_CHECK_OK(check_collected(owner, state.helper_share, Role::kHelper, state.batch));
    SOTTO_TRY(state.collected_share, get_blob(in));
    SOTTO_CHECK_OK(check_collected(owner, state.collected_share, Role::kLeader, state.batch));
  }
  SOTTO_CHECK_OK(in.finish(kRecord));
  // The only one that this batch can have been asked for with.
  if (state.phase == TaskPhase::kClosing || state.phase == TaskPhase::kCollected)
    state.collect_request =
        encode(owner.task, CollectRequest{state.batch.reports, state.batch.checksum});
  return state;
}

Result<LeaderState> restore_leader_state(const RecordOwner& owner,
                                         std::span<const KeyedRecord> records,
                                         std::span<const std::string> report_keys) {
  SOTTO_TRY(const RecordList list, RecordList::sort(records, true));
  LeaderState state;
  if (list.state != nullptr) {
    SOTTO_TRY(state, decode_leader_state(owner, *list.state));
  }
  SOTTO_CHECK_OK(
      restore_batch(owner, list.batch, state.phase == TaskPhase::kCollected, state.batch));
  if (state.phase != TaskPhase::kOpen && !(list.jobs.empty() && report_keys.empty()))
    return malformed("record: reports of a task that takes none");
  SOTTO_CHECK_OK(restore_known(owner, list, state));
  std::set<Nonce> in_jobs;
  SOTTO_CHECK_OK(restore_jobs(owner, list, state, in_jobs));
  SOTTO_CHECK_OK(restore_waiting(report_keys, in_jobs, state));
  if (state.phase != TaskPhase::kAbandoned) SOTTO_CHECK_OK(count_lost(state));
  return state;
}

}  // namespace sotto
