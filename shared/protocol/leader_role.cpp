#include "protocol/leader_role.hpp"

#include <algorithm>
#include <utility>

#include "protocol/leader_records.hpp"
#include "protocol/report_loop.hpp"

namespace sotto {

// What start_job makes of one waiting report.
struct LeaderRole::Opened {
  PrepareState state;
  ReportToPrepare to_prepare;
};

LeaderRole::LeaderRole(ServerTask task, Executor* executor)
    : task_(std::move(task)), executor_(executor) {
  state_.batch = Batch::empty(task_.vdaf());
}

LeaderRole::LeaderRole(ServerTask task, LeaderState state, bool state_listed, Executor* executor)
    : task_(std::move(task)),
      state_(std::move(state)),
      state_listed_(state_listed),
      executor_(executor) {}

Result<LeaderRole> LeaderRole::restore(ServerTask task, std::span<const KeyedRecord> records,
                                       std::span<const std::string> report_keys,
                                       Executor* executor) {
  SOTTO_TRY(LeaderState state,
            restore_leader_state(leader_records(task.id(), task.vdaf()), records, report_keys));
  return LeaderRole(std::move(task), std::move(state), !records.empty(), executor);
}

std::vector<KeyedRecord> LeaderRole::records() const {
  const RecordOwner owner = leader_records(task_.id(), task_.vdaf());
  std::vector<KeyedRecord> records;
  for (const auto& [id, known] : state_.known) records.push_back(known_record(owner, id, known));
  for (const auto& [id, job] : state_.jobs) records.push_back(job_record(owner, id, job));
  if (state_.batch.reports > 0 && state_.phase != TaskPhase::kCollected)
    records.push_back(batch_record(owner, state_.batch));
  if (state_listed_) records.push_back(state_record(owner, state_));
  return records;
}

std::vector<std::string> LeaderRole::report_keys() const {
  std::vector<std::string> keys;
  for (const auto& [arrival, id] : state_.waiting) keys.push_back(report_key(id));
  for (const auto& [job_id, job] : state_.jobs)
    for (const Nonce& id : job.ids) keys.push_back(report_key(id));
  return keys;
}

size_t LeaderRole::reports_in_jobs() const {
  size_t reports = 0;
  for (const auto& [id, job] : state_.jobs) reports += job.ids.size();
  return reports;
}

KeyedRecord LeaderRole::list_state() {
  state_listed_ = true;
  return state_record(leader_records(task_.id(), task_.vdaf()), state_);
}

Status LeaderRole::check_open() const {
  if (state_.phase != TaskPhase::kOpen)
    return {ErrorCode::kClosed, "task: takes no more reports or jobs"};
  return {};
}

Result<ArrivedReport> LeaderRole::examine(Bytes report) const {
  SOTTO_TRY(const Report decoded, decode_report(report, task_.id(), task_.vdaf().sizes()));
  const Digest digest = blake2b(report);
  return ArrivedReport{decoded.metadata, digest, std::move(report)};
}

Result<Acceptance> LeaderRole::accept(ArrivedReport report, int64_t now_ms,
                                      std::vector<KeyedRecord>& changes) {
  const Task& task = task_.task();
  const auto& [id, time_ms] = report.metadata;
  // Before every other rule: a device that did not hear the answer asks again at any time.
  if (const auto known = state_.known.find(id); known != state_.known.end()) {
    if (known->second.digest == report.digest) return Acceptance::kKnown;
    return Error{ErrorCode::kReplay, "report: its id was used by another report"};
  }
  SOTTO_CHECK_OK(check_open());
  SOTTO_CHECK_OK(check_report_time(task, time_ms));
  if (now_ms < task.window_start_ms || now_ms >= task.window_end_ms)
    return Error{ErrorCode::kExpired, "report: arrives outside of the window"};
  if (time_ms - now_ms > task.time_precision_ms)
    return Error{ErrorCode::kExpired, "report: from the future"};
  if (state_.known.size() >= task.max_batch)
    return Error{ErrorCode::kFull, "task: has all the reports that it may have"};
  const KnownReport known{state_.known.size(), report.digest};
  state_.known.emplace(id, known);
  state_.waiting.emplace(known.arrival, id);
  changes.push_back(known_record(leader_records(task_.id(), task_.vdaf()), id, known));
  changes.push_back({report_key(id), std::move(report.bytes)});
  if (!state_listed_) changes.push_back(list_state());
  return Acceptance::kNew;
}

Result<Acceptance> LeaderRole::accept(std::span<const uint8_t> report, int64_t now_ms,
                                      std::vector<KeyedRecord>& changes) {
  SOTTO_TRY(ArrivedReport arrived, examine(Bytes(report.begin(), report.end())));
  return accept(std::move(arrived), now_ms, changes);
}

Result<LeaderRole::Opened> LeaderRole::open(const Nonce& id, const Bytes& bytes) const {
  SOTTO_TRY(const Report report, decode_report(bytes, task_.id(), task_.vdaf().sizes()));
  if (report.metadata.id != id)
    return Error{ErrorCode::kMalformed, "report: stored under another id"};
  SOTTO_TRY(Prepared prepared,
            task_.open_report(report.metadata, report.public_share, report.leader_sealed));
  const auto copy = [](std::span<const uint8_t> part) { return Bytes(part.begin(), part.end()); };
  return Opened{std::move(prepared.state),
                {report.metadata, copy(report.public_share), copy(report.helper_sealed),
                 std::move(prepared.prepare_share)}};
}

Result<std::vector<std::optional<Result<LeaderRole::Opened>>>> LeaderRole::open_all(
    std::span<const Nonce> ids, const ReportSource& reports, bool as_accepted) const {
  std::vector<Result<Bytes>> stored;
  for (const Nonce& id : ids) {
    stored.push_back(reports(id));
    if (!stored.back().ok() && stored.back().error().code != ErrorCode::kNotFound)
      return std::move(stored.back()).failure();
  }
  std::vector<std::optional<Result<Opened>>> opened(ids.size());
  for_each_report(executor_, ids.size(), [&](size_t i) {
    if (!stored[i].ok())
      opened[i] = std::move(stored[i]).failure();
    else if (as_accepted && blake2b(*stored[i]) != state_.known.at(ids[i]).digest)
      opened[i] = Error{ErrorCode::kMalformed, "report: not the one that was accepted"};
    else
      opened[i] = open(ids[i], *stored[i]);
    stored[i] = Bytes();  // not {}, which would keep the memory
  });
  return opened;
}

Result<Bytes> LeaderRole::start_job(size_t limit, const ReportSource& reports,
                                    EntropySource& entropy, std::vector<KeyedRecord>& changes) {
  if (limit < 1 || limit > kMaxJobReports)
    return Error{ErrorCode::kInvalidArgument, "job: limit out of range"};
  SOTTO_CHECK_OK(check_open());
  PrepareRequest request;
  LeaderJob job;
  std::vector<std::pair<Nonce, ErrorCode>> rejected;
  auto next = state_.waiting.begin();
  // Rejected reports make room for others, so that it may take several passes.
  while (request.reports.size() < limit && next != state_.waiting.end()) {
    std::vector<Nonce> ids;
    const size_t room = limit - request.reports.size();
    for (; ids.size() < room && next != state_.waiting.end(); ++next) ids.push_back(next->second);
    SOTTO_TRY(auto opened, open_all(ids, reports, false));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!opened[i]->ok()) {
        rejected.emplace_back(ids[i], rejection_reason(opened[i]->error().code));
        continue;
      }
      Opened& report = opened[i]->value();
      job.ids.push_back(ids[i]);
      job.states.push_back(std::move(report.state));
      request.reports.push_back(std::move(report.to_prepare));
    }
  }
  state_.waiting.erase(state_.waiting.begin(), next);
  for (const auto& [id, reason] : rejected) {
    ++state_.rejected[reason];
    changes.push_back({report_key(id), std::nullopt});
  }
  if (!rejected.empty()) changes.push_back(list_state());
  if (request.reports.empty()) return Error{ErrorCode::kNotFound, "job: no report is waiting"};
  entropy.fill(request.job);
  job.prepare_request = encode(task_.id(), request);
  Bytes bytes = job.prepare_request;
  changes.push_back(job_record(leader_records(task_.id(), task_.vdaf()), request.job, job));
  state_.jobs.emplace(request.job, std::move(job));
  return bytes;
}

Result<std::vector<PrepareState>> LeaderRole::prepare_again(const LeaderJob& job,
                                                            const ReportSource& reports) const {
  SOTTO_TRY(auto opened, open_all(job.ids, reports, true));
  std::vector<PrepareState> states(job.ids.size());
  for (size_t i = 0; i < states.size(); ++i)
    if (opened[i]->ok()) states[i] = std::move(opened[i]->value().state);
  return states;
}

Result<Bytes> LeaderRole::on_prepare_response(std::span<const uint8_t> response,
                                              const ReportSource& reports,
                                              std::vector<KeyedRecord>& changes) {
  const Vdaf& vdaf = task_.vdaf();
  SOTTO_TRY(const PrepareResponse decoded,
            decode_prepare_response(response, task_.id(), vdaf.sizes()));
  const auto found = state_.jobs.find(decoded.job);
  if (found == state_.jobs.end()) return Error{ErrorCode::kNotFound, "job: unknown"};
  LeaderJob& job = found->second;
  if (!job.commit_request.empty()) return job.commit_request;
  SOTTO_CHECK_OK(check_open());
  if (decoded.outcomes.size() != job.ids.size())
    return Error{ErrorCode::kMalformed, "prepare response: not one outcome a report"};
  std::vector<PrepareState> states = std::exchange(job.states, {});
  if (states.empty()) {
    SOTTO_TRY(states, prepare_again(job, reports));
  }

  std::vector<ErrorCode> reasons(job.ids.size());
  const auto finish = [&](size_t i, Batch& into) {
    const PrepareOutcome& outcome = decoded.outcomes[i];
    reasons[i] = outcome.reason;
    if (outcome.reason != ErrorCode::kOk) return;
    if (states[i].contents.size() == 0) {
      reasons[i] = ErrorCode::kMalformed;
      return;
    }
    auto out_share = vdaf.prepare_next(std::move(states[i]), outcome.prepare_message);
    const Status added = out_share.ok() ? into.add(vdaf, job.ids[i], *out_share)
                                        : Status(std::move(out_share).failure());
    if (!added.ok()) reasons[i] = rejection_reason(added.error().code);
  };
  SOTTO_TRY(Batch batch, sum_reports(executor_, vdaf, job.ids.size(), finish));
  CommitRequest commit{decoded.job, {}};
  for (const ErrorCode reason : reasons) {
    if (reason != ErrorCode::kOk) ++state_.rejected[reason];
    commit.accepted.push_back(reason == ErrorCode::kOk ? 1 : 0);
  }
  if (batch.reports < job.ids.size()) changes.push_back(list_state());
  job.batch = std::move(batch);
  job.commit_request = encode(task_.id(), commit);
  changes.push_back(job_record(leader_records(task_.id(), vdaf), decoded.job, job));
  return job.commit_request;
}

Status LeaderRole::on_commit_response(std::span<const uint8_t> response,
                                      std::vector<KeyedRecord>& changes) {
  SOTTO_TRY(const CommitResponse decoded, decode_commit_response(response, task_.id()));
  const auto found = state_.jobs.find(decoded.job);
  if (found == state_.jobs.end() || !found->second.batch.has_value())
    return {ErrorCode::kNotFound, "job: unknown, or not to be committed"};
  SOTTO_CHECK_OK(check_open());
  const Batch& batch = *found->second.batch;
  if (decoded.reports != batch.reports || decoded.checksum != batch.checksum)
    return {ErrorCode::kDisagreement, "job: the helper has aggregated other reports"};
  SOTTO_CHECK_OK(state_.batch.merge(task_.vdaf(), batch));
  for (const Nonce& id : found->second.ids) changes.push_back({report_key(id), std::nullopt});
  changes.push_back({record_key(kJobPrefix, decoded.job), std::nullopt});
  if (batch.reports > 0) {
    changes.push_back(batch_record(leader_records(task_.id(), task_.vdaf()), state_.batch));
    changes.push_back(list_state());
  }
  state_.jobs.erase(found);
  return {};
}

std::vector<Bytes> LeaderRole::unanswered_requests() const {
  std::vector<Bytes> requests;
  for (const auto& [id, job] : state_.jobs)
    requests.push_back(job.commit_request.empty() ? job.prepare_request : job.commit_request);
  return requests;
}

Result<Bytes> LeaderRole::start_collection(int64_t now_ms, std::vector<KeyedRecord>& changes) {
  if (state_.phase == TaskPhase::kAbandoned)
    return Error{ErrorCode::kClosed, "task: was abandoned"};
  if (state_.phase != TaskPhase::kOpen) return state_.collect_request;
  if (!state_.waiting.empty() || !state_.jobs.empty())
    return Error{ErrorCode::kInvalidArgument, "task: reports are still to be prepared"};
  SOTTO_CHECK_OK(task_.check_collectable(state_.batch, now_ms));
  state_.collect_request =
      encode(task_.id(), CollectRequest{state_.batch.reports, state_.batch.checksum});
  state_.phase = TaskPhase::kClosing;
  changes.push_back(list_state());
  return state_.collect_request;
}

Result<Bytes> LeaderRole::finish_collection(std::span<const uint8_t> helper_share,
                                            EntropySource& entropy,
                                            std::vector<KeyedRecord>& changes) {
  switch (state_.phase) {
    case TaskPhase::kOpen:
      return Error{ErrorCode::kInvalidArgument, "task: its collection has not begun"};
    case TaskPhase::kAbandoned: return Error{ErrorCode::kClosed, "task: was abandoned"};
    case TaskPhase::kCollected:
      if (std::equal(helper_share.begin(), helper_share.end(), state_.helper_share.begin(),
                     state_.helper_share.end()))
        return state_.collected_share;
      return Error{ErrorCode::kReplay, "task: was collected with another share"};
    case TaskPhase::kClosing: break;
  }
  SOTTO_TRY(const CollectedShare decoded,
            decode_collected_share(helper_share, task_.id(), task_.vdaf().sizes()));
  if (decoded.sender != Role::kHelper)
    return Error{ErrorCode::kMalformed, "collected share: not the helper's"};
  if (decoded.reports != state_.batch.reports || decoded.checksum != state_.batch.checksum)
    return Error{ErrorCode::kDisagreement, "task: the helper collects other reports"};
  SOTTO_TRY(state_.collected_share, task_.noised_share(state_.batch, entropy));
  state_.batch.share = {};
  state_.helper_share.assign(helper_share.begin(), helper_share.end());
  state_.phase = TaskPhase::kCollected;
  changes.push_back(list_state());
  changes.push_back({std::string(kBatchKey), std::nullopt});
  return state_.collected_share;
}

void LeaderRole::abandon(std::vector<KeyedRecord>& changes) {
  if (state_.phase == TaskPhase::kCollected || state_.phase == TaskPhase::kAbandoned) return;
  for (const std::string& key : report_keys()) changes.push_back({key, std::nullopt});
  for (const auto& [id, job] : state_.jobs)
    changes.push_back({record_key(kJobPrefix, id), std::nullopt});
  state_.phase = TaskPhase::kAbandoned;
  state_.waiting.clear();
  state_.jobs.clear();
  state_.batch = Batch::empty(task_.vdaf());
  state_.collect_request.clear();
  changes.push_back({std::string(kBatchKey), std::nullopt});
  changes.push_back(list_state());
}

}  // namespace sotto
