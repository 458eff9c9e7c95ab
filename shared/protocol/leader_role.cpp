#include "protocol/leader_role.hpp"

#include <algorithm>
#include <utility>

#include "protocol/report_loop.hpp"
#include "protocol/server_snapshot.hpp"

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

LeaderRole::LeaderRole(ServerTask task, LeaderState state, Executor* executor)
    : task_(std::move(task)), state_(std::move(state)), executor_(executor) {}

Result<LeaderRole> LeaderRole::restore(ServerTask task, std::span<const uint8_t> snapshot,
                                       Executor* executor) {
  SOTTO_TRY(LeaderState state, decode_leader_state(snapshot, task.id(), task.vdaf()));
  return LeaderRole(std::move(task), std::move(state), executor);
}

SecretBytes LeaderRole::snapshot() const { return encode_state(task_.id(), state_); }

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

Result<Acceptance> LeaderRole::accept(ArrivedReport report, int64_t now_ms) {
  const Task& task = task_.task();
  const auto& [id, time_ms] = report.metadata;
  // Before every other rule: a device that did not hear the answer asks again at any time.
  if (const auto known = state_.known.find(id); known != state_.known.end()) {
    if (known->second == report.digest) return Acceptance::kKnown;
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
  state_.known.emplace(id, report.digest);
  state_.waiting.emplace(id, std::move(report.bytes));
  return Acceptance::kNew;
}

Result<Acceptance> LeaderRole::accept(std::span<const uint8_t> report, int64_t now_ms) {
  SOTTO_TRY(ArrivedReport arrived, examine(Bytes(report.begin(), report.end())));
  return accept(std::move(arrived), now_ms);
}

Result<LeaderRole::Opened> LeaderRole::open(const Bytes& bytes) const {
  SOTTO_TRY(const Report report, decode_report(bytes, task_.id(), task_.vdaf().sizes()));
  SOTTO_TRY(Prepared prepared,
            task_.open_report(report.metadata, report.public_share, report.leader_sealed));
  const auto copy = [](std::span<const uint8_t> part) { return Bytes(part.begin(), part.end()); };
  return Opened{std::move(prepared.state),
                {report.metadata, copy(report.public_share), copy(report.helper_sealed),
                 std::move(prepared.prepare_share)}};
}

Result<Bytes> LeaderRole::start_job(size_t limit, EntropySource& entropy) {
  if (limit < 1 || limit > kMaxJobReports)
    return Error{ErrorCode::kInvalidArgument, "job: limit out of range"};
  SOTTO_CHECK_OK(check_open());
  PrepareRequest request;
  LeaderJob job;
  // Rejected reports make room for others, so that it may take several passes.
  while (request.reports.size() < limit && !state_.waiting.empty()) {
    const size_t n = std::min(limit - request.reports.size(), state_.waiting.size());
    std::vector<Bytes> reports;
    for (size_t i = 0; i < n; ++i) {
      const auto first = state_.waiting.begin();
      reports.push_back(std::move(first->second));
      state_.waiting.erase(first);
    }
    std::vector<std::optional<Result<Opened>>> opened(n);
    for_each_report(executor_, n, [&](size_t i) {
      opened[i] = open(reports[i]);
      reports[i] = Bytes();  // not {}, which would keep the memory
    });
    for (auto& result : opened) {
      if (!result->ok()) {
        ++state_.rejected[rejection_reason(result->error().code)];
        continue;
      }
      Opened& report = result->value();
      job.ids.push_back(report.to_prepare.metadata.id);
      job.states.push_back(std::move(report.state));
      request.reports.push_back(std::move(report.to_prepare));
    }
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

  std::vector<ErrorCode> reasons(job.ids.size());
  const auto finish = [&](size_t i, Batch& into) {
    const PrepareOutcome& outcome = decoded.outcomes[i];
    reasons[i] = outcome.reason;
    if (outcome.reason != ErrorCode::kOk) return;
    auto out_share = vdaf.prepare_next(std::move(job.states[i]), outcome.prepare_message);
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
