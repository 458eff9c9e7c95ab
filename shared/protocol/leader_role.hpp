// The leader of one task: takes reports, has them prepared together with the helper, and gives the
// first half of the noised sum. A pure state machine: message in, Result out.
//
//   1. examine, accept     a report arrives -> kept until it is prepared. The same id with the same
//                          bytes again: known; with other bytes: refused.
//   2. start_job           waiting reports -> own shares opened, prepare request to the helper
//   3. on_prepare_response -> preparation finished; the reports that both accept are summed up in
//                          the job's own accumulator; commit request
//   4. on_commit_response  the helper has aggregated the same reports (number and checksum) -> the
//                          job's accumulator is merged into the task's
//   5. start_collection    after the window, with nothing left to prepare -> the batch is fixed;
//                          collect request
//   6. finish_collection   the helper's collected share, over the same reports -> own noise added,
//                          once; own collected share. Both go to the collector.
// Who learns what: the leader learns ids, times and how many reports there are, and of each vector
// one share that is random without the other; never a sum without the helper's noise.
// A report that fails is dropped, with its reason counted, and reaches no accumulator.
//
// Every call that changes something changes `state`; commit the snapshot before a byte of the
// result leaves. Requests are remembered: whatever gets lost or repeated, the same bytes are sent
// again. A call that fails changes nothing, but for the reports that start_job rejects.
// Reports of a job are prepared and summed up in parallel on the executor that the caller lends, in
// blocks; field elements add up to the same whatever the order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "protocol/server_task.hpp"

namespace sotto {

/// A job between its prepare request and its commit response.
struct LeaderJob {
  std::vector<Nonce> ids;
  std::vector<PrepareState> states;  ///< One an id; empty once the helper has answered.
  Bytes prepare_request;
  Bytes commit_request;        ///< Empty until the helper has answered.
  std::optional<Batch> batch;  ///< What both accepted, then.
};

/// What the leader keeps of a task. Thread safety: a plain value.
struct LeaderState {
  TaskPhase phase = TaskPhase::kOpen;
  std::map<Nonce, Digest> known;   ///< Every accepted report, with BLAKE2b of its bytes.
  std::map<Nonce, Bytes> waiting;  ///< Reports that are in no job yet.
  std::map<JobId, LeaderJob> jobs;
  std::map<ErrorCode, uint64_t> rejected;
  Batch batch;
  Bytes collect_request;  ///< From kClosing on.
  Bytes helper_share;     ///< From kCollected on, and
  Bytes collected_share;  ///< the bytes that are given from then on.
};

/// A report that was looked at and is not in the state yet.
struct ArrivedReport {
  ReportMetadata metadata;
  Digest digest{};  ///< BLAKE2b of the bytes.
  Bytes bytes;
};

enum class Acceptance { kNew, kKnown };

/// Thread safety: one thread at a time per object, but for examine().
class LeaderRole {
 public:
  /// executor: lent for the life of the role; null: everything on the calling thread.
  explicit LeaderRole(ServerTask task, Executor* executor = nullptr);
  /// From snapshot(). Errors: kMalformed, kUnsupported, kAuthentication (of another task).
  static Result<LeaderRole> restore(ServerTask task, std::span<const uint8_t> snapshot,
                                    Executor* executor = nullptr);
  /// Holds shares and an unnoised accumulator: as secret as the leader's key.
  SecretBytes snapshot() const;

  const LeaderState& state() const { return state_; }

  /// The part of acceptance that takes time, for whichever thread has received the report. Thread
  /// safety: at any time, from several threads. Errors: those of decode_report.
  Result<ArrivedReport> examine(Bytes report) const;
  /// Errors: those of check_report_time; kExpired also when `now_ms` is outside of the window or
  /// the report's time is more than one time precision ahead of it; kReplay for a known id with
  /// other bytes; kFull; kClosed.
  Result<Acceptance> accept(ArrivedReport report, int64_t now_ms);
  /// Both at once. Errors: of both.
  Result<Acceptance> accept(std::span<const uint8_t> report, int64_t now_ms);

  /// At most `limit` (1 .. kMaxJobReports) of the waiting reports. Draws the job's id.
  /// Errors: kInvalidArgument; kClosed; kNotFound when no report is left that could be prepared.
  Result<Bytes> start_job(size_t limit, EntropySource& entropy);
  /// The commit request; a repeated response gets the same one.
  /// Errors: those of decode_prepare_response; kNotFound for an unknown job; kMalformed when there
  /// is not one outcome a report; kClosed.
  Result<Bytes> on_prepare_response(std::span<const uint8_t> response);
  /// Errors: those of decode_commit_response; kNotFound for an unknown or finished job;
  /// kDisagreement when the helper has aggregated other reports.
  Status on_commit_response(std::span<const uint8_t> response);
  /// What each unfinished job waits to have answered: to be sent again.
  std::vector<Bytes> unanswered_requests() const;

  /// The collect request; always the same one.
  /// Errors: kExpired before the end of the window; kInvalidArgument while reports are waiting or
  /// in jobs; kTooFewReports; kClosed when abandoned.
  Result<Bytes> start_collection(int64_t now_ms);
  /// The leader's collected share; the same bytes again for the same helper's share.
  /// Errors: those of decode_collected_share; kMalformed when it is not the helper's;
  /// kDisagreement; kReplay for another share after the first; kInvalidArgument before
  /// start_collection; kClosed when abandoned.
  Result<Bytes> finish_collection(std::span<const uint8_t> helper_share, EntropySource& entropy);

  /// For tasks that were open when a backup was made, or that never reach their minimum: everything
  /// is forgotten but the ids. A collected task stays collected.
  void abandon();

 private:
  struct Opened;

  LeaderRole(ServerTask task, LeaderState state, Executor* executor);
  Status check_open() const;
  Result<Opened> open(const Bytes& report) const;

  ServerTask task_;
  LeaderState state_;
  Executor* executor_;
};

}  // namespace sotto
