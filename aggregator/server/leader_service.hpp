// The leader's tasks as a service: uploads in, jobs with the helper, collections out.
//
//   1. upload    a report is examined on the thread that received it, accepted and stored in the
//                commit queue, and acknowledged when that is durable
//   2. jobs      waiting reports are prepared in jobs with the helper, one step a commit; requests
//                that get lost are sent again, with backoff
//   3. collect   after the window, or when the batch is complete: it is fixed, the helper's share
//                fetched, the own noise drawn, once; the collector opens both, the sum goes to the
//                sink in the commit that closes the task. Then nothing of its reports is kept.
//   A task with too few reports, or about which the servers disagree, is abandoned, with its
//   reason.
// Whatever is stopped at whatever moment goes on from the store at the next start.
// Thread safety: every public call from any thread. All state of a task is changed on the queue's
// thread alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "http/server.hpp"
#include "protocol/collector_role.hpp"
#include "protocol/leader_role.hpp"
#include "server/context.hpp"
#include "server/peer_client.hpp"
#include "server/task_record.hpp"

namespace sotto {

/// What became of a task.
struct ClosedTask {
  TaskRecord record;
  Task task;
  std::optional<CollectedSum> sum;  ///< Absent: abandoned.

  /// Whoever wanted the sum has no use for it any more: it is forgotten.
  void give_up(std::string why) {
    sum.reset();
    record.state = TaskState::kAbandoned;
    record.reason = std::move(why);
  }
};

/// For administrators and /v1/tasks.
struct LeaderTaskStatus {
  TaskId id{};
  TaskState state = TaskState::kOpen;
  std::string reason;
  Task task;
  uint64_t accepted = 0;  ///< Distinct reports acknowledged.
  uint64_t waiting = 0;
  uint64_t in_jobs = 0;
  uint64_t aggregated = 0;
  std::map<ErrorCode, uint64_t> rejected;
};

class LeaderService {
 public:
  struct Events {
    /// On the queue's thread, inside the commit that closes a task: adds what is to be kept of it,
    /// or gives it up.
    std::function<void(ClosedTask&, std::vector<StoreChange>&)> closing;
    /// After that commit.
    std::function<void(const ClosedTask&)> closed;
    /// Some reports were aggregated: at most once a second and task.
    std::function<void(const TaskId&, uint64_t reports, uint64_t max_batch)> progress;
  };

  /// Restores every open task. collector: its HPKE keys. abandon_open: the store was put back from
  /// a backup. Errors: those of the store and of restoring a role.
  static Result<std::unique_ptr<LeaderService>> open(const ServerContext& context, HpkeKeys& own,
                                                     HpkeKeys& collector, PeerClient& helper,
                                                     Events events, bool abandon_open);
  ~LeaderService();

  /// The size that every report of the task has. Errors: kNotFound; kClosed for one that is not
  /// open any more; kIo while the store cannot be read.
  Result<uint64_t> upload_size(const TaskId& task) const;
  /// respond: with what docs/http-api.md says.
  void upload(const TaskId& task, const Nonce& report, Bytes body, HttpRespond respond);

  /// Takes a countersigned task on; durable when it returns. Not from the queue's thread.
  Status open_task(const Bytes& file, const Bytes& collector_key, const Bytes& helper_key);
  /// Gives an open task up; its reports are forgotten.
  void abandon(const TaskId& task, std::string reason);
  /// The task file. Null: unknown.
  SharedBytes task_file(const TaskId& task) const;
  /// The helper's signed key that a task names. Null: unknown.
  SharedBytes helper_key(const KeyId& id) const;
  /// Those whose window is not over.
  std::vector<std::pair<TaskId, Task>> open_tasks() const;
  /// Those that are neither collected nor abandoned, the newest last.
  std::vector<std::pair<TaskId, Task>> unclosed() const;
  /// Every task whose record is kept, the newest last. done: on the queue's thread; not called when
  /// the queue is stopping. Errors: those of a commit that it had to share.
  void status(std::function<void(Result<std::vector<LeaderTaskStatus>>)> done) const;
  /// Does what is due: sends again, starts and closes what time allows. Called once in a while.
  void tick();
  /// Drops what the queue could not make durable (CommitQueue's `lost`).
  void reload();
  /// Records of closed tasks that are older are forgotten. Called once in a while.
  void forget_closed(int64_t before_ms);

 private:
  class Impl;
  explicit LeaderService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
