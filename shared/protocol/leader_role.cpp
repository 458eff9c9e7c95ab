#include "protocol/leader_role.hpp"

#include <algorithm>
#include <utility>

#include "protocol/server_snapshot.hpp"

namespace sotto {

LeaderRole::LeaderRole(ServerTask task) : task_(std::move(task)) {
  state_.batch = Batch::empty(task_.vdaf());
}

LeaderRole::LeaderRole(ServerTask task, LeaderState state)
    : task_(std::move(task)), state_(std::move(state)) {}

Result<LeaderRole> LeaderRole::restore(ServerTask task, std::span<const uint8_t> snapshot) {
  SOTTO_TRY(LeaderState state, decode_leader_state(snapshot, task.id(), task.vdaf()));
  return LeaderRole(std::move(task), std::move(state));
}

SecretBytes LeaderRole::snapshot() const { return encode_state(task_.id(), state_); }

Status LeaderRole::check_open() const {
  if (state_.phase != TaskPhase::kOpen)
    return {ErrorCode::kClosed, "task: takes no more reports or jobs"};
  return {};
}

Result<Acceptance> LeaderRole::accept(std::span<const uint8_t> report, int64_t now_ms) {
  const Task& task = task_.task();
  SOTTO_TRY(const Report decoded, decode_report(report, task_.id(), task_.vdaf().sizes()));
  const Digest digest = blake2b(report);
  const Nonce& id = decoded.metadata.id;
  // Before every other rule: a device that did not hear the answer asks again at any time.
  if (const auto known = state_.known.find(id); known != state_.known.end()) {
    if (known->second == digest) return Acceptance::kKnown;
    return Error{ErrorCode::kReplay, "report: its id was used by another report"};
  }
  SOTTO_CHECK_OK(check_open());
  SOTTO_CHECK_OK(check_report_time(task, decoded.metadata.time_ms));
  if (now_ms < task.window_start_ms || now_ms >= task.window_end_ms)
    return Error{ErrorCode::kExpired, "report: arrives outside of the window"};
  if (decoded.metadata.time_ms - now_ms > task.time_precision_ms)
    return Error{ErrorCode::kExpired, "report: from the future"};
  if (state_.known.size() >= task.max_batch)
    return Error{ErrorCode::kFull, "task: has all the reports that it may have"};
  state_.known.emplace(id, digest);
  state_.waiting.emplace(id, Bytes(report.begin(), report.end()));
  return Acceptance::kNew;
}

Result<Bytes> LeaderRole::start_job(size_t limit, EntropySource& entropy) {
  if (limit < 1 || limit > kMaxJobReports)
    return Error{ErrorCode::kInvalidArgument, "job: limit out of range"};
  SOTTO_CHECK_OK(check_open());
  PrepareRequest request;
  LeaderJob job;
  while (request.reports.size() < limit && !state_.waiting.empty()) {
    const auto first = state_.waiting.begin();
    const Bytes bytes = std::move(first->second);
    state_.waiting.erase(first);
    SOTTO_TRY(Report report, decode_report(bytes, task_.id(), task_.vdaf().sizes()));
    auto prepared = task_.open_report(report.metadata, report.public_share, report.leader_sealed);
    if (!prepared.ok()) {
      ++state_.rejected[rejection_reason(prepared.error().code)];
      continue;
    }
    job.ids.push_back(report.metadata.id);
    job.states.push_back(std::move(prepared->state));
    request.reports.push_back({report.metadata, std::move(report.public_share),
                               std::move(report.helper_sealed),
                               std::move(prepared->prepare_share)});
  }
  if (request.reports.empty()) return Error{ErrorCode::kNotFound, "job: no report is waiting"};
  entropy.fill(request.job);
  job.prepare_request = encode(task_.id(), request);
  Bytes bytes = job.prepare_request;
  state_.jobs.emplace(request.job, std::move(job));
  return bytes;
}

Result<Bytes> LeaderRole::on_prepare_response(std::span<const uint8_t> response) {
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

  CommitRequest commit{decoded.job, {}};
  Batch batch = Batch::empty(vdaf);
  for (size_t i = 0; i < job.ids.size(); ++i) {
    const PrepareOutcome& outcome = decoded.outcomes[i];
    ErrorCode reason = outcome.reason;
    if (reason == ErrorCode::kOk) {
      auto out_share = vdaf.prepare_next(std::move(job.states[i]), outcome.prepare_message);
      const Status added = out_share.ok() ? batch.add(vdaf, job.ids[i], *out_share)
                                          : Status(std::move(out_share).error());
      if (!added.ok()) reason = rejection_reason(added.error().code);
    }
    if (reason != ErrorCode::kOk) ++state_.rejected[reason];
    commit.accepted.push_back(reason == ErrorCode::kOk ? 1 : 0);
  }
  job.states.clear();
  job.batch = std::move(batch);
  job.commit_request = encode(task_.id(), commit);
  return job.commit_request;
}

Status LeaderRole::on_commit_response(std::span<const uint8_t> response) {
  SOTTO_TRY(const CommitResponse decoded, decode_commit_response(response, task_.id()));
  const auto found = state_.jobs.find(decoded.job);
  if (found == state_.jobs.end() || !found->second.batch.has_value())
    return {ErrorCode::kNotFound, "job: unknown, or not to be committed"};
  SOTTO_CHECK_OK(check_open());
  const Batch& batch = *found->second.batch;
  if (decoded.reports != batch.reports || decoded.checksum != batch.checksum)
    return {ErrorCode::kDisagreement, "job: the helper has aggregated other reports"};
  SOTTO_CHECK_OK(state_.batch.merge(task_.vdaf(), batch));
  state_.jobs.erase(found);
  return {};
}

std::vector<Bytes> LeaderRole::unanswered_requests() const {
  std::vector<Bytes> requests;
  for (const auto& [id, job] : state_.jobs)
    requests.push_back(job.commit_request.empty() ? job.prepare_request : job.commit_request);
  return requests;
}

Result<Bytes> LeaderRole::start_collection(int64_t now_ms) {
  if (state_.phase == TaskPhase::kAbandoned)
    return Error{ErrorCode::kClosed, "task: was abandoned"};
  if (state_.phase != TaskPhase::kOpen) return state_.collect_request;
  if (!state_.waiting.empty() || !state_.jobs.empty())
    return Error{ErrorCode::kInvalidArgument, "task: reports are still to be prepared"};
  SOTTO_CHECK_OK(task_.check_collectable(state_.batch, now_ms));
  state_.collect_request =
      encode(task_.id(), CollectRequest{state_.batch.reports, state_.batch.checksum});
  state_.phase = TaskPhase::kClosing;
  return state_.collect_request;
}

Result<Bytes> LeaderRole::finish_collection(std::span<const uint8_t> helper_share,
                                            EntropySource& entropy) {
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
  return state_.collected_share;
}

void LeaderRole::abandon() {
  if (state_.phase == TaskPhase::kCollected) return;
  state_.phase = TaskPhase::kAbandoned;
  state_.waiting.clear();
  state_.jobs.clear();
  state_.batch = Batch::empty(task_.vdaf());
  state_.collect_request.clear();
}

}  // namespace sotto
