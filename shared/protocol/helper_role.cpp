#include "protocol/helper_role.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/helper_records.hpp"
#include "protocol/report_loop.hpp"

namespace sotto {

HelperRole::HelperRole(ServerTask task, Executor* executor)
    : task_(std::move(task)), executor_(executor) {
  state_.batch = Batch::empty(task_.vdaf());
}

HelperRole::HelperRole(ServerTask task, HelperState state, bool state_listed, Executor* executor)
    : task_(std::move(task)),
      state_(std::move(state)),
      state_listed_(state_listed),
      executor_(executor) {}

Result<HelperRole> HelperRole::restore(ServerTask task, std::span<const KeyedRecord> records,
                                       Executor* executor) {
  SOTTO_TRY(HelperState state,
            restore_helper_state(helper_records(task.id(), task.vdaf()), records));
  return HelperRole(std::move(task), std::move(state), !records.empty(), executor);
}

std::vector<KeyedRecord> HelperRole::records() const {
  const RecordOwner owner = helper_records(task_.id(), task_.vdaf());
  std::vector<KeyedRecord> records;
  for (const auto& [id, job] : state_.jobs) records.push_back(job_record(owner, id, job));
  if (state_.batch.reports > 0 && state_.phase != TaskPhase::kCollected)
    records.push_back(batch_record(owner, state_.batch));
  if (state_listed_) records.push_back(state_record(owner, state_));
  return records;
}

size_t HelperRole::unfinished_jobs() const {
  return static_cast<size_t>(
      std::count_if(state_.jobs.begin(), state_.jobs.end(),
                    [](const auto& job) { return job.second.commit_response.empty(); }));
}

KeyedRecord HelperRole::list_state() {
  state_listed_ = true;
  return state_record(helper_records(task_.id(), task_.vdaf()), state_);
}

void HelperRole::clear_jobs(std::vector<KeyedRecord>& changes) {
  for (const auto& [id, job] : state_.jobs)
    changes.push_back({record_key(kJobPrefix, id), std::nullopt});
  state_.jobs.clear();
  state_.known.clear();
}

Status HelperRole::check_open() const {
  if (state_.phase != TaskPhase::kOpen)
    return {ErrorCode::kClosed, "task: takes no more reports or jobs"};
  return {};
}

std::vector<bool> HelperRole::find_replays(const PrepareRequest& request) const {
  std::vector<bool> replayed;
  std::set<Nonce> here;
  for (const ReportToPrepare& report : request.reports) {
    const Nonce& id = report.metadata.id;
    replayed.push_back(state_.known.contains(id) || !here.insert(id).second);
  }
  return replayed;
}

// Both halves of the preparation: with the leader's prepare share here, none of it has to wait.
Result<OutShare> HelperRole::prepare_report(const ReportToPrepare& report,
                                            Bytes& prepare_message) const {
  SOTTO_CHECK_OK(check_report_time(task_.task(), report.metadata.time_ms));
  SOTTO_TRY(Prepared prepared,
            task_.open_report(report.metadata, report.public_share, report.helper_sealed));
  const std::array<Bytes, 2> prepare_shares{report.leader_prepare_share,
                                            std::move(prepared.prepare_share)};
  SOTTO_TRY(prepare_message, task_.vdaf().prepare_message(prepare_shares));
  return task_.vdaf().prepare_next(std::move(prepared.state), prepare_message);
}

Result<Bytes> HelperRole::prepare(std::span<const uint8_t> request, int64_t now_ms,
                                  std::vector<KeyedRecord>& changes) {
  SOTTO_TRY(const PrepareRequest decoded,
            decode_prepare_request(request, task_.id(), task_.vdaf().sizes()));
  const Digest digest = blake2b(request);
  if (const auto found = state_.jobs.find(decoded.job); found != state_.jobs.end()) {
    if (found->second.prepare_digest == digest) return found->second.prepare_response;
    return Error{ErrorCode::kReplay, "job: its id was used by another job"};
  }
  SOTTO_CHECK_OK(check_open());
  if (now_ms < task_.task().window_start_ms)
    return Error{ErrorCode::kExpired, "task: its window has not begun"};
  if (state_.known.size() + decoded.reports.size() > task_.task().max_batch)
    return Error{ErrorCode::kFull, "task: has all the reports that it may have"};

  const size_t n = decoded.reports.size();
  const std::vector<bool> replayed = find_replays(decoded);
  HelperJob job;
  job.prepare_digest = digest;
  job.out_shares.resize(n);
  PrepareResponse response{decoded.job, std::vector<PrepareOutcome>(n)};
  for_each_report(executor_, n, [&](size_t i) {
    PrepareOutcome& outcome = response.outcomes[i];
    if (replayed[i]) {
      outcome.reason = ErrorCode::kReplay;
      return;
    }
    auto out_share = prepare_report(decoded.reports[i], outcome.prepare_message);
    if (out_share.ok())
      job.out_shares[i] = std::move(*out_share);
    else
      outcome = {rejection_reason(out_share.error().code), {}};
  });
  bool rejected = false;
  for (size_t i = 0; i < n; ++i) {
    const ErrorCode reason = response.outcomes[i].reason;
    if (reason != ErrorCode::kOk) {
      ++state_.rejected[reason];
      rejected = true;
    }
    job.ids.push_back(decoded.reports[i].metadata.id);
    state_.known.insert(job.ids.back());
  }
  job.prepare_response = encode(task_.id(), response);
  Bytes bytes = job.prepare_response;
  changes.push_back(job_record(helper_records(task_.id(), task_.vdaf()), decoded.job, job));
  if (rejected || !state_listed_) changes.push_back(list_state());
  state_.jobs.emplace(decoded.job, std::move(job));
  return bytes;
}

Result<Bytes> HelperRole::commit(std::span<const uint8_t> request,
                                 std::vector<KeyedRecord>& changes) {
  SOTTO_TRY(const CommitRequest decoded, decode_commit_request(request, task_.id()));
  const auto found = state_.jobs.find(decoded.job);
  if (found == state_.jobs.end()) return Error{ErrorCode::kNotFound, "job: unknown"};
  HelperJob& job = found->second;
  const Digest digest = blake2b(request);
  if (!job.commit_response.empty()) {
    if (job.commit_digest == digest) return job.commit_response;
    return Error{ErrorCode::kReplay, "job: was committed otherwise"};
  }
  SOTTO_CHECK_OK(check_open());
  if (decoded.accepted.size() != job.ids.size())
    return Error{ErrorCode::kMalformed, "commit request: not one value a report"};

  const Vdaf& vdaf = task_.vdaf();
  std::vector<Status> added(job.ids.size());
  const auto add = [&](size_t i, Batch& into) {
    if (decoded.accepted[i] == 0) return;
    if (job.out_shares[i].contents.size() == 0)
      added[i] = {ErrorCode::kDisagreement, "commit request: accepts a rejected report"};
    else
      added[i] = into.add(vdaf, job.ids[i], job.out_shares[i]);
  };
  SOTTO_TRY(const Batch batch, sum_reports(executor_, vdaf, job.ids.size(), add));
  for (const Status& status : added) SOTTO_CHECK_OK(status);
  SOTTO_CHECK_OK(state_.batch.merge(vdaf, batch));
  job.out_shares.clear();
  job.commit_digest = digest;
  job.commit_response =
      encode(task_.id(), CommitResponse{decoded.job, batch.reports, batch.checksum});
  const RecordOwner owner = helper_records(task_.id(), vdaf);
  changes.push_back(job_record(owner, decoded.job, job));
  if (batch.reports > 0) {
    changes.push_back(batch_record(owner, state_.batch));
    changes.push_back(list_state());
  }
  return job.commit_response;
}

Result<Bytes> HelperRole::collect(std::span<const uint8_t> request, int64_t now_ms,
                                  EntropySource& entropy, std::vector<KeyedRecord>& changes) {
  if (state_.phase == TaskPhase::kAbandoned)
    return Error{ErrorCode::kClosed, "task: was abandoned"};
  SOTTO_TRY(const CollectRequest decoded, decode_collect_request(request, task_.id()));
  if (state_.phase == TaskPhase::kCollected) {
    if (std::equal(request.begin(), request.end(), state_.collect_request.begin(),
                   state_.collect_request.end()))
      return state_.collected_share;
    return Error{ErrorCode::kReplay, "task: was collected by another request"};
  }
  if (decoded.reports != state_.batch.reports || decoded.checksum != state_.batch.checksum)
    return Error{ErrorCode::kDisagreement, "task: the leader collects other reports"};
  SOTTO_CHECK_OK(task_.check_collectable(state_.batch, now_ms));
  SOTTO_TRY(state_.collected_share, task_.noised_share(state_.batch, entropy));
  state_.batch.share = {};
  state_.collect_request.assign(request.begin(), request.end());
  state_.phase = TaskPhase::kCollected;
  clear_jobs(changes);
  changes.push_back({std::string(kBatchKey), std::nullopt});
  changes.push_back(list_state());
  return state_.collected_share;
}

void HelperRole::abandon(std::vector<KeyedRecord>& changes) {
  if (state_.phase == TaskPhase::kCollected || state_.phase == TaskPhase::kAbandoned) return;
  state_.phase = TaskPhase::kAbandoned;
  clear_jobs(changes);
  state_.batch = Batch::empty(task_.vdaf());
  changes.push_back({std::string(kBatchKey), std::nullopt});
  changes.push_back(list_state());
}

}  // namespace sotto
