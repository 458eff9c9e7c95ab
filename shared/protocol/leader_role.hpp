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
//   5. start_collection    after the window or with a complete batch (ServerTask says when), and
//                          nothing left to prepare -> the batch is fixed; collect request
//   6. finish_collection   the helper's collected share, over the same reports -> own noise added,
//                          once; own collected share. Both go to the collector.
// Who learns what: the leader learns ids, times and how many reports there are, and of each vector
// one share that is random without the other; never a sum without the helper's noise.
// A report that fails is dropped, with its reason counted, and reaches no accumulator.
//
// The state is kept as records (server_records.hpp). Every call that changes something appends the
// records that changed to the caller's list, none of them twice; the caller commits the list in one
// transaction before a byte of the result leaves. When that fails, the role is thrown away and
// restored from the store. A call that fails changes nothing and lists nothing, but for the reports
// that start_job rejects. Requests are remembered: whatever gets lost or repeated, the same bytes
// are sent again.
// The bytes of reports go into the list and are not kept: who calls start_job lends a way to them.
// A report whose bytes are gone, or of another id, is rejected with kMalformed; one that was
// altered does not open, at either server; no other report suffers. Reports of a job are prepared
// and summed up in parallel on the executor that the caller lends, in blocks; field elements add up
// to the same whatever the order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/keyed_record.hpp"
#include "protocol/server_records.hpp"
#include "protocol/server_task.hpp"

namespace sotto {

/// A job between its prepare request and its commit response.
struct LeaderJob {
  std::vector<Nonce> ids;
  /// One an id; none once the helper has answered, nor after a restore: they are then derived
  /// again from the reports, with the same result.
  std::vector<PrepareState> states;
  Bytes prepare_request;
  Bytes commit_request;        ///< Empty until the helper has answered.
  std::optional<Batch> batch;  ///< What both accepted, then.
};

/// What the leader remembers of a report for as long as it has the task.
struct KnownReport {
  uint64_t arrival = 0;  ///< 0 for the first report of the task.
  Digest digest{};       ///< BLAKE2b of its bytes.

  friend bool operator==(const KnownReport&, const KnownReport&) = default;
};

/// What the leader keeps of a task. Thread safety: a plain value.
struct LeaderState {
  TaskPhase phase = TaskPhase::kOpen;
  std::map<Nonce, KnownReport> known;  ///< Every accepted report.
  std::map<uint64_t, Nonce> waiting;   ///< Those that are in no job yet, by arrival.
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
  /// From what the store holds: every record with a prefix of kServerRecordPrefixes, and the keys
  /// with kReportPrefix, in any order; reads no report. Nothing: a new role. Reports of known ids
  /// that have neither bytes nor been prepared are counted as rejected (kMalformed).
  /// Errors: kMalformed for records that cannot have been written together, for unknown keys and
  /// damage; kUnsupported for another version; kAuthentication for records of another task.
  static Result<LeaderRole> restore(ServerTask task, std::span<const KeyedRecord> records,
                                    std::span<const std::string> report_keys,
                                    Executor* executor = nullptr);
  /// Everything that restore takes: records, and keys of reports.
  std::vector<KeyedRecord> records() const;
  std::vector<std::string> report_keys() const;

  const LeaderState& state() const { return state_; }
  size_t waiting_reports() const { return state_.waiting.size(); }
  size_t reports_in_jobs() const;
  size_t unfinished_jobs() const { return state_.jobs.size(); }

  /// The part of acceptance that takes time, for whichever thread has received the report. Thread
  /// safety: at any time, from several threads. Errors: those of decode_report.
  Result<ArrivedReport> examine(Bytes report) const;
  /// Errors: those of check_report_time; kExpired also when `now_ms` is outside of the window or
  /// the report's time is more than one time precision ahead of it; kReplay for a known id with
  /// other bytes; kFull; kClosed.
  /// kKnown changes nothing, and what it stands for may wait for the commit of an earlier call.
  Result<Acceptance> accept(ArrivedReport report, int64_t now_ms,
                            std::vector<KeyedRecord>& changes);
  /// Both at once. Errors: of both.
  Result<Acceptance> accept(std::span<const uint8_t> report, int64_t now_ms,
                            std::vector<KeyedRecord>& changes);

  /// At most `limit` (1 .. kMaxJobReports) of the waiting reports, those first that came first.
  /// Draws the job's id.
  /// Errors: kInvalidArgument; kClosed; those of the source but kNotFound; kNotFound when no report
  /// is left that could be prepared: `changes` then has those that were rejected.
  Result<Bytes> start_job(size_t limit, const ReportSource& reports, EntropySource& entropy,
                          std::vector<KeyedRecord>& changes);
  /// The commit request; a repeated response gets the same one. Asks the source only for a job that
  /// was restored.
  /// Errors: those of decode_prepare_response; kNotFound for an unknown job; kMalformed when there
  /// is not one outcome a report; those of the source but kNotFound; kClosed.
  Result<Bytes> on_prepare_response(std::span<const uint8_t> response, const ReportSource& reports,
                                    std::vector<KeyedRecord>& changes);
  /// Errors: those of decode_commit_response; kNotFound for an unknown or finished job;
  /// kDisagreement when the helper has aggregated other reports.
  Status on_commit_response(std::span<const uint8_t> response, std::vector<KeyedRecord>& changes);
  /// What each unfinished job waits to have answered: to be sent again.
  std::vector<Bytes> unanswered_requests() const;

  /// The collect request; always the same one.
  /// Errors: those of ServerTask::check_collectable; kInvalidArgument while reports are waiting or
  /// in jobs; kClosed when abandoned.
  Result<Bytes> start_collection(int64_t now_ms, std::vector<KeyedRecord>& changes);
  /// The leader's collected share; the same bytes again for the same helper's share.
  /// Errors: those of decode_collected_share; kMalformed when it is not the helper's;
  /// kDisagreement; kReplay for another share after the first; kInvalidArgument before
  /// start_collection; kClosed when abandoned.
  Result<Bytes> finish_collection(std::span<const uint8_t> helper_share, EntropySource& entropy,
                                  std::vector<KeyedRecord>& changes);

  /// For tasks that were open when a backup was made, or that never reach their minimum: everything
  /// is forgotten but the ids. A collected task stays collected.
  void abandon(std::vector<KeyedRecord>& changes);

 private:
  struct Opened;

  LeaderRole(ServerTask task, LeaderState state, bool state_listed, Executor* executor);
  Status check_open() const;
  Result<Opened> open(const Nonce& id, const Bytes& report) const;
  /// One result an id. Errors: those of the source but kNotFound.
  Result<std::vector<std::optional<Result<Opened>>>> open_all(std::span<const Nonce> ids,
                                                              const ReportSource& reports,
                                                              bool as_accepted) const;
  /// The states of a job that was restored; an empty one for a report that is gone or altered.
  Result<std::vector<PrepareState>> prepare_again(const LeaderJob& job,
                                                  const ReportSource& reports) const;
  KeyedRecord list_state();

  ServerTask task_;
  LeaderState state_;
  bool state_listed_ = false;  // no store has records without the state's
  Executor* executor_;
};

}  // namespace sotto
