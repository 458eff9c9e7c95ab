// The helper's tasks as a service: countersigns, prepares, commits, collects, for its leader alone.
//
// Who may ask is checked before (peer_auth.hpp). Every request is idempotent; every answer leaves
// only after what it says is durable. A collected task stays until it is a week old, so that the
// leader can ask for its share again: the same bytes.
// Thread safety: every public call from any thread. Roles are changed on the queue's thread alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "http/server.hpp"
#include "protocol/helper_role.hpp"
#include "server/context.hpp"
#include "server/task_record.hpp"

namespace sotto {

struct HelperTaskStatus {
  TaskId id{};
  TaskState state = TaskState::kOpen;
  TaskPhase phase = TaskPhase::kOpen;
  std::string reason;
  Task task;
  uint64_t known = 0;
  uint64_t jobs = 0;
  uint64_t aggregated = 0;
  std::map<ErrorCode, uint64_t> rejected;
};

class HelperService {
 public:
  /// As LeaderService::open.
  static Result<std::unique_ptr<HelperService>> open(const ServerContext& context, HpkeKeys& own,
                                                     bool abandon_open);
  ~HelperService();

  /// body: the collector's signed key 114 | a task signed by the publisher. Answers with the
  /// countersigned file, which is durable by then. The same task again: the same file.
  void countersign(Bytes body, HttpRespond respond);
  void prepare(const TaskId& task, const JobId& job, Bytes request, HttpRespond respond);
  void commit(const TaskId& task, const JobId& job, Bytes request, HttpRespond respond);
  void collect(const TaskId& task, Bytes request, HttpRespond respond);

  SharedBytes task_file(const TaskId& task) const;
  /// As LeaderService::status.
  void status(std::function<void(Result<std::vector<HelperTaskStatus>>)> done) const;
  /// Closes what is a week past its window, forgets records that are older than `forget_before_ms`.
  void tick(int64_t forget_before_ms);
  /// As LeaderService::reload.
  void reload();

 private:
  class Impl;
  explicit HelperService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
