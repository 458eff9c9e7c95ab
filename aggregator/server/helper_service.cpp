#include "server/helper_service.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "crypto/text_encoding.hpp"
#include "server/server_tasks.hpp"

namespace sotto {
namespace {

constexpr int64_t kKeptAfterWindowMs = int64_t{7} * 24 * 60 * 60 * 1000;
// What every message begins with (protocol/aggregation_messages.hpp): type, version, task id.
constexpr size_t kJobIdAt = 34;

HttpResponse octets(Bytes bytes) {
  return {200,
          {{"content-type", "application/octet-stream"}},
          std::make_shared<const Bytes>(std::move(bytes))};
}

HttpResponse answer(const Result<Bytes>& result) {
  if (result.ok()) return octets(*result);
  return task_problem(result.error());
}

Status check_job_id(const Bytes& request, const JobId& job) {
  if (request.size() < kJobIdAt + job.size() ||
      !std::equal(job.begin(), job.end(), request.begin() + kJobIdAt))
    return {ErrorCode::kMalformed, "job: its id is not that of the path"};
  return {};
}

// A task and its role; the role is null while the store cannot be read, or once it is closed.
struct HelperTask {
  TaskRecord record;
  Task task;
  SharedBytes file;
  std::shared_ptr<HelperRole> role;
};

}  // namespace

class HelperService::Impl {
 public:
  Impl(const ServerContext& context, HpkeKeys& own) : context_(context), own_(own) {}

  Status load(bool abandon_open);
  void countersign(Bytes body, HttpRespond respond);
  using Step = std::function<Result<Bytes>(HelperRole&, std::vector<KeyedRecord>&)>;
  void step(const TaskId& id, Step step, HttpRespond respond);
  int64_t now_ms() const { return context_.clock.now_ms(); }
  std::unique_ptr<EntropySource> noise(const TaskId& id) const { return context_.noise(id); }
  SharedBytes task_file(const TaskId& id) const;
  void status(std::function<void(Result<std::vector<HelperTaskStatus>>)> done);
  void tick(int64_t forget_before_ms);
  void reload();

 private:
  static HelperTaskStatus status_of(const TaskId& id, const HelperTask& task);
  Status restore(HelperTask& task);
  Status add(TaskRecord record);
  std::optional<TaskRecord> expired(const HelperTask& task) const;

  const ServerContext& context_;
  HpkeKeys& own_;
  // The map is changed on the queue's thread alone, under the lock; that thread reads it without.
  mutable std::shared_mutex mutex_;
  std::map<TaskId, HelperTask> tasks_;
};

Status HelperService::Impl::restore(HelperTask& task) {
  task.role = nullptr;
  SOTTO_TRY(ServerTask server_task,
            open_server_task(context_, Role::kHelper, own_, task.record, task.task.helper_key));
  SOTTO_TRY(const auto records, context_.store.list(role_space(task.record.id), ""));
  SOTTO_TRY(HelperRole role,
            HelperRole::restore(std::move(server_task), records, &context_.executor));
  task.role = std::make_shared<HelperRole>(std::move(role));
  return {};
}

Status HelperService::Impl::add(TaskRecord record) {
  SOTTO_TRY(const VerifiedTask verified, VerifiedTask::open(record.file, context_.pinned));
  HelperTask task{record, verified.task(), std::make_shared<const Bytes>(record.file), nullptr};
  if (record.state == TaskState::kOpen) SOTTO_CHECK_OK(restore(task));
  const std::unique_lock lock(mutex_);
  tasks_.insert_or_assign(record.id, std::move(task));
  return {};
}

Status HelperService::Impl::load(bool abandon_open) {
  SOTTO_TRY(auto records, load_task_records(context_, abandon_open));
  for (TaskRecord& record : records) SOTTO_CHECK_OK(add(std::move(record)));
  return {};
}

void HelperService::Impl::countersign(Bytes body, HttpRespond respond) {
  if (body.size() < kSignedKeySize)
    return respond(problem(400, "MALFORMED", "task: shorter than the collector's key"));
  TaskRecord record;
  record.collector_key.assign(body.begin(), body.begin() + kSignedKeySize);
  auto file = countersign_task(context_.keys.identity, context_.pinned, context_.floors,
                               std::span<const uint8_t>(body).subspan(kSignedKeySize), now_ms());
  if (!file.ok()) return respond(problem(file.error()));
  record.file = std::move(*file);
  record.id = sha256(record.file);
  auto task = VerifiedTask::open(record.file, context_.pinned);
  if (!task.ok()) return respond(problem(task.error()));
  const OwnHpkeKeyPointer key = own_.find(task->task().helper_key);
  if (key == nullptr)
    return respond(problem(404, "NOT_FOUND", "task: names a key that this helper does not have"));
  record.helper_key = *key->signed_key;
  const auto opened = std::make_shared<Status>();
  context_.queue.post_after_commit(
      [this, record, opened](std::vector<StoreChange>& changes) {
        if (tasks_.contains(record.id)) return;
        // Whoever countersigns serves: the keys that it names must be there.
        *opened = add(record);
        if (!opened->ok()) return;
        changes.push_back(task_change(record));
        changes.push_back(
            context_.audit.append("leader", "countersign task", to_hex(record.id), now_ms()));
      },
      [this, record, opened, respond](const Status& committed) {
        if (!committed.ok()) {
          const std::unique_lock lock(mutex_);
          tasks_.erase(record.id);
        }
        const Status& failed = committed.ok() ? *opened : committed;
        if (!failed.ok()) return respond(answer(failed.error()));
        context_.metrics.count_task("opened");
        respond(octets(record.file));
      });
}

void HelperService::Impl::step(const TaskId& id, Step step, HttpRespond respond) {
  const auto outcome =
      std::make_shared<Result<Bytes>>(Error{ErrorCode::kNotFound, "task: unknown"});
  context_.queue.post_after_commit(
      [this, id, outcome, step = std::move(step)](std::vector<StoreChange>& changes) {
        const auto found = tasks_.find(id);
        if (found == tasks_.end()) return;
        HelperTask& task = found->second;
        if (task.record.state != TaskState::kOpen) {
          *outcome = Error{ErrorCode::kClosed,
                           std::string("task: it is ") + task_state_name(task.record.state)};
          return;
        }
        if (task.role == nullptr) {
          *outcome = Error{ErrorCode::kIo, "store: the task could not be read back"};
          return;
        }
        const auto rejected = task.role->state().rejected;
        const uint64_t reports = task.role->state().batch.reports;
        std::vector<KeyedRecord> records;
        *outcome = step(*task.role, records);
        count_rejections(context_.metrics, rejected, task.role->state().rejected);
        context_.metrics.count_aggregated(task.role->state().batch.reports - reports);
        add_records(changes, role_space(id), std::move(records));
      },
      [outcome, respond](const Status& committed) {
        respond(answer(committed.ok() ? *outcome : Result<Bytes>(committed.error())));
      });
}

SharedBytes HelperService::Impl::task_file(const TaskId& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : found->second.file;
}

void HelperService::Impl::status(std::function<void(Result<std::vector<HelperTaskStatus>>)> done) {
  const auto all = std::make_shared<std::vector<HelperTaskStatus>>();
  context_.queue.post_after_commit(
      [this, all](std::vector<StoreChange>&) {
        for (const auto& [id, task] : tasks_) all->push_back(status_of(id, task));
      },
      [all, done = std::move(done)](const Status& committed) {
        if (!committed.ok()) return done(committed.error());
        done(std::move(*all));
      });
}

HelperTaskStatus HelperService::Impl::status_of(const TaskId& id, const HelperTask& task) {
  HelperTaskStatus one{
      id, task.record.state,   TaskPhase::kAbandoned, task.record.reason, task.task, 0,
      0,  task.record.reports, task.record.rejected};
  if (task.role == nullptr) return one;
  const HelperState& state = task.role->state();
  one.phase = state.phase;
  one.known = state.known.size();
  one.jobs = state.jobs.size();
  one.aggregated = state.batch.reports;
  one.rejected = state.rejected;
  return one;
}

// The record of a task that is now closed for good; absent while it is kept open.
std::optional<TaskRecord> HelperService::Impl::expired(const HelperTask& task) const {
  if (task.record.state != TaskState::kOpen ||
      now_ms() < task.task.window_end_ms + kKeptAfterWindowMs)
    return std::nullopt;
  TaskRecord record = task.record;
  record.closed_ms = now_ms();
  record.state = TaskState::kAbandoned;
  record.reason = "never collected";
  if (task.role == nullptr) return record;
  const HelperState& state = task.role->state();
  record.reports = state.batch.reports;
  record.rejected = state.rejected;
  if (state.phase == TaskPhase::kCollected) {
    record.state = TaskState::kCollected;
    record.reason.clear();
  }
  return record;
}

void HelperService::Impl::tick(int64_t forget_before_ms) {
  const auto closed = std::make_shared<std::vector<TaskRecord>>();
  const auto forgotten = std::make_shared<std::vector<TaskId>>();
  context_.queue.post_after_commit(
      [this, closed, forgotten, forget_before_ms](std::vector<StoreChange>& changes) {
        for (auto& [id, task] : tasks_) {
          if (task.record.state == TaskState::kOpen && task.role == nullptr)
            static_cast<void>(restore(task).ok());  // tried again at the next tick
          if (auto record = expired(task)) {
            changes.push_back(task_change(*record));
            closed->push_back(std::move(*record));
          } else if (task.record.state != TaskState::kOpen &&
                     task.record.closed_ms < forget_before_ms) {
            StoreChange change = task_change(task.record);
            change.record.bytes = std::nullopt;
            changes.push_back(std::move(change));
            forgotten->push_back(id);
          }
        }
        context_.metrics.set_queue(context_.queue.waiting());
      },
      [this, closed, forgotten](const Status& committed) {
        if (!committed.ok()) return;
        const std::unique_lock lock(mutex_);
        for (const TaskRecord& record : *closed) {
          HelperTask& task = tasks_.at(record.id);
          task.record = record;
          task.role = nullptr;
          context_.metrics.count_task(task_state_name(record.state));
          static_cast<void>(
              context_.store.drop(role_space(record.id)).ok());  // or at the next start
        }
        for (const TaskId& id : *forgotten) tasks_.erase(id);
      });
}

void HelperService::Impl::reload() {
  for (auto& [id, task] : tasks_) {
    if (task.record.state != TaskState::kOpen) continue;
    if (const Status restored = restore(task); !restored.ok())
      context_.log.error("task cannot be read back",
                         {{"task", to_hex(id)}, {"why", restored.error().message}});
  }
}

Result<std::unique_ptr<HelperService>> HelperService::open(const ServerContext& context,
                                                           HpkeKeys& own, bool abandon_open) {
  auto impl = std::make_unique<Impl>(context, own);
  SOTTO_CHECK_OK(impl->load(abandon_open));
  return std::unique_ptr<HelperService>(new HelperService(std::move(impl)));
}

HelperService::HelperService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HelperService::~HelperService() = default;

void HelperService::countersign(Bytes body, HttpRespond respond) {
  impl_->countersign(std::move(body), std::move(respond));
}

void HelperService::prepare(const TaskId& task, const JobId& job, Bytes request,
                            HttpRespond respond) {
  if (const Status named = check_job_id(request, job); !named.ok())
    return respond(problem(named.error()));
  const auto held = std::make_shared<const Bytes>(std::move(request));
  impl_->step(
      task,
      [impl = impl_.get(), held](HelperRole& role, std::vector<KeyedRecord>& records) {
        return role.prepare(*held, impl->now_ms(), records);
      },
      std::move(respond));
}

void HelperService::commit(const TaskId& task, const JobId& job, Bytes request,
                           HttpRespond respond) {
  if (const Status named = check_job_id(request, job); !named.ok())
    return respond(problem(named.error()));
  const auto held = std::make_shared<const Bytes>(std::move(request));
  impl_->step(
      task,
      [held](HelperRole& role, std::vector<KeyedRecord>& records) {
        return role.commit(*held, records);
      },
      std::move(respond));
}

void HelperService::collect(const TaskId& task, Bytes request, HttpRespond respond) {
  const auto held = std::make_shared<const Bytes>(std::move(request));
  impl_->step(
      task,
      [impl = impl_.get(), held, task](HelperRole& role, std::vector<KeyedRecord>& records) {
        const auto noise = impl->noise(task);
        return role.collect(*held, impl->now_ms(), *noise, records);
      },
      std::move(respond));
}

SharedBytes HelperService::task_file(const TaskId& task) const { return impl_->task_file(task); }
void HelperService::status(std::function<void(Result<std::vector<HelperTaskStatus>>)> done) const {
  impl_->status(std::move(done));
}
void HelperService::tick(int64_t forget_before_ms) { impl_->tick(forget_before_ms); }
void HelperService::reload() { impl_->reload(); }

}  // namespace sotto
