// One open task of the leader and its conversation with the helper. Internal to leader_service.
//
// A job is a dialogue: prepare request, response, commit request, response. At any moment each job
// of the role has at most one request under way; which one follows from the role's state, so that
// after a restart, a lost answer or a failed commit the dialogue goes on by itself.
// Thread safety: on the queue's thread, but for role(), which anybody may ask for.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/collector_role.hpp"
#include "protocol/leader_role.hpp"
#include "server/context.hpp"
#include "server/peer_client.hpp"
#include "server/task_record.hpp"

namespace sotto {

class LeaderTask : public std::enable_shared_from_this<LeaderTask> {
 public:
  /// What the service does with a task that is over.
  using Close =
      std::function<void(const std::shared_ptr<LeaderTask>&, TaskState, std::string reason)>;
  using Progress = std::function<void(LeaderTask&)>;

  LeaderTask(const ServerContext& context, const HpkeKeys& own, PeerClient& helper,
             TaskRecord record, Task task, Close close, Progress progress);

  /// Reads the role back from the store. Errors: those of the store, ServerTask and LeaderRole.
  Status restore();
  /// Null while the store cannot be read.
  std::shared_ptr<LeaderRole> role() const;

  /// Of every report; valid after restore().
  uint64_t upload_size() const { return report_size_; }
  const TaskRecord& record() const { return record_; }
  const Task& task() const { return task_; }
  const std::string& space() const { return space_; }

  /// A report is durable.
  void arrived();
  /// Does what is due.
  void advance();
  /// Whether the caller may close it: nobody else does.
  bool take_for_closing() { return !std::exchange(closed_, true); }
  /// Closing could not be made durable: advance() tries again.
  void reopen() { closed_ = false; }
  /// What both shares add up to. Requires phase kCollected.
  Result<CollectedSum> open_shares(const HpkeKeys& collector) const;

 private:
  using Step = std::function<Status(LeaderRole&, std::vector<KeyedRecord>&)>;
  void post(Step step, std::function<void(const Status&)> then);
  void start_job();
  void send_job(const JobId& id, const LeaderJob& job);
  void on_answer(const JobId& id, bool commit, Result<Bytes> answer);
  void collect();
  void on_share(Result<Bytes> share);
  void fail(const ErrorInfo& error);
  void recovered();
  bool takes_more(const LeaderState& state) const;
  bool due(const LeaderState& state) const;
  size_t job_limit() const;
  ReportSource source() const;

  const ServerContext& context_;
  const HpkeKeys& own_;
  PeerClient& helper_;
  TaskRecord record_;
  Task task_;
  std::string space_;
  Close close_;
  Progress progress_;
  uint64_t report_size_ = 0;

  mutable std::mutex mutex_;
  std::shared_ptr<LeaderRole> role_;

  std::set<JobId> under_way_;  // jobs with a request at the helper
  bool starting_ = false;      // a start_job is in the queue
  bool collecting_ = false;    // a collect request is at the helper, or being answered
  bool closed_ = false;        // handed to close_
  int64_t oldest_waiting_ms_ = 0;
  uint32_t failures_ = 0;  // since the last success
  int64_t next_try_ms_ = 0;
};

}  // namespace sotto
