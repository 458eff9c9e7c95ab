// The helper of one task: prepares the reports that the leader sends, aggregates those that both
// accept, and gives the second half of the noised sum. A pure state machine: message in, Result
// out.
//
//   1. prepare   a job's reports -> own shares opened (which checks that report, time and task are
//                those that the device sealed), prepared with the leader's prepare shares; prepare
//                messages, or reasons for rejection
//   2. commit    which of them the leader accepts too -> aggregated; number and checksum
//   3. collect   after the window or with a complete batch (ServerTask says when), if the leader
//                has aggregated the same reports -> own noise added, once; own collected share
// Who learns what: as the leader, and never a sum without the leader's noise; the helper does not
// see who sends reports.
//
// The state is kept as records (server_records.hpp), listed, committed and restored as the leader's
// are (leader_role.hpp). A call that fails changes nothing and lists nothing. Jobs are idempotent
// by id and bytes: the same again gets the same answer, other bytes under a used id are refused.
// Reports of a job are prepared and summed up in parallel on the executor that the caller lends, as
// at the leader.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "base/keyed_record.hpp"
#include "protocol/server_records.hpp"
#include "protocol/server_task.hpp"

namespace sotto {

/// A job, kept until the task is collected, so that its answers can be repeated.
struct HelperJob {
  Digest prepare_digest{};  ///< BLAKE2b of the prepare request, and of
  Digest commit_digest{};   ///< the commit request, once there was one.
  Bytes prepare_response;
  Bytes commit_response;  ///< Empty until it is committed.
  std::vector<Nonce> ids;
  /// One an id, empty for a rejected report; none once committed.
  std::vector<OutShare> out_shares;
};

/// What the helper keeps of a task. Thread safety: a plain value.
struct HelperState {
  TaskPhase phase = TaskPhase::kOpen;
  std::set<Nonce> known;  ///< Every report that is in a job.
  std::map<JobId, HelperJob> jobs;
  std::map<ErrorCode, uint64_t> rejected;
  Batch batch;
  Bytes collect_request;  ///< From kCollected on, and
  Bytes collected_share;  ///< the bytes that are given from then on.
};

/// Thread safety: one thread at a time per object.
class HelperRole {
 public:
  /// executor: lent for the life of the role; null: everything on the calling thread.
  explicit HelperRole(ServerTask task, Executor* executor = nullptr);
  /// From what the store holds: every record with a prefix of kServerRecordPrefixes, in any order.
  /// Nothing: a new role. Errors: as LeaderRole::restore.
  static Result<HelperRole> restore(ServerTask task, std::span<const KeyedRecord> records,
                                    Executor* executor = nullptr);
  /// Everything that restore takes.
  std::vector<KeyedRecord> records() const;

  const HelperState& state() const { return state_; }
  /// Prepared and not committed.
  size_t unfinished_jobs() const;

  /// The prepare response. A report that was in a job before is rejected in it with kReplay.
  /// Errors: those of decode_prepare_request; kReplay for a used job id with other bytes; kExpired
  /// before the window; kFull when the task would have more reports than it may; kClosed.
  Result<Bytes> prepare(std::span<const uint8_t> request, int64_t now_ms,
                        std::vector<KeyedRecord>& changes);
  /// The commit response.
  /// Errors: those of decode_commit_request; kNotFound for an unknown job; kMalformed when there is
  /// not one value a report; kDisagreement when the leader accepts what the helper rejected;
  /// kReplay for a committed job with other bytes; kClosed.
  Result<Bytes> commit(std::span<const uint8_t> request, std::vector<KeyedRecord>& changes);
  /// The helper's collected share; the same bytes again for the same request. All jobs are
  /// forgotten, those too that are not committed by then.
  /// Errors: those of decode_collect_request; kDisagreement when the leader holds other reports;
  /// those of ServerTask::check_collectable; kReplay for another request after the first; kClosed
  /// when abandoned.
  Result<Bytes> collect(std::span<const uint8_t> request, int64_t now_ms, EntropySource& entropy,
                        std::vector<KeyedRecord>& changes);

  /// As LeaderRole::abandon, and the ids are forgotten too: nothing is taken any more.
  void abandon(std::vector<KeyedRecord>& changes);

 private:
  HelperRole(ServerTask task, HelperState state, bool state_listed, Executor* executor);
  Status check_open() const;
  Result<OutShare> prepare_report(const ReportToPrepare& report, Bytes& prepare_message) const;
  /// Which reports of a job were in one before, or stand in this one twice.
  std::vector<bool> find_replays(const PrepareRequest& request) const;
  /// Forgets all jobs.
  void clear_jobs(std::vector<KeyedRecord>& changes);
  KeyedRecord list_state();

  ServerTask task_;
  HelperState state_;
  bool state_listed_ = false;  // no store has records without the state's
  Executor* executor_;
};

}  // namespace sotto
