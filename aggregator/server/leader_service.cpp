#include "server/leader_service.hpp"

#include <algorithm>
#include <chrono>
#include <shared_mutex>
#include <utility>

#include "crypto/text_encoding.hpp"
#include "protocol/report.hpp"
#include "server/leader_task.hpp"
#include "server/server_tasks.hpp"

namespace sotto {
namespace {

constexpr uint32_t kOverloadedRetryAfterSeconds = 2;
constexpr int64_t kProgressEveryMs = 1000;

}  // namespace

class LeaderService::Impl {
 public:
  Impl(const ServerContext& context, HpkeKeys& own, HpkeKeys& collector, PeerClient& helper,
       Events events)
      : context_(context),
        own_(own),
        collector_(collector),
        helper_(helper),
        events_(std::move(events)) {}

  Status load(bool abandon_open);
  Status open_task(const Bytes& file, const Bytes& collector_key, const Bytes& helper_key);
  void abandon(const TaskId& id, std::string reason);
  SharedBytes helper_key(const KeyId& id) const;
  std::vector<std::pair<TaskId, Task>> open_list() const;
  Result<std::shared_ptr<LeaderTask>> open_one(const TaskId& id) const;
  void upload(const TaskId& id, const Nonce& report, Bytes body, HttpRespond respond);
  SharedBytes task_file(const TaskId& id) const;
  std::vector<std::pair<TaskId, Task>> unclosed() const;
  void status(std::function<void(Result<std::vector<LeaderTaskStatus>>)> done);
  void tick();
  void reload();
  void forget_closed(int64_t before_ms);

 private:
  // A task whose record is kept; role is null once it is closed.
  struct Entry {
    std::shared_ptr<LeaderTask> open;
    TaskRecord record;
    SharedBytes file;
    Task task;
  };

  Status add(TaskRecord record);
  static LeaderTaskStatus status_of(const Entry& entry);
  void close(const std::shared_ptr<LeaderTask>& task, TaskState state, const std::string& reason);
  void progress(LeaderTask& task);
  std::vector<std::shared_ptr<LeaderTask>> open_tasks() const;

  const ServerContext& context_;
  HpkeKeys& own_;
  HpkeKeys& collector_;
  PeerClient& helper_;
  Events events_;

  mutable std::shared_mutex mutex_;  // of the map, not of what it points to
  std::map<TaskId, Entry> tasks_;
  std::map<TaskId, int64_t> told_ms_;  // the queue's: when progress was told last
};

Status LeaderService::Impl::add(TaskRecord record) {
  // The task was checked when it was taken on; an open one is checked again by restore().
  SOTTO_TRY(const VerifiedTask verified, VerifiedTask::open(record.file, context_.pinned));
  Entry entry{nullptr, record, std::make_shared<const Bytes>(record.file), verified.task()};
  if (record.state == TaskState::kOpen) {
    entry.open = std::make_shared<LeaderTask>(
        context_, own_, helper_, record, verified.task(),
        [this](const auto& task, TaskState state, const std::string& why) {
          close(task, state, why);
        },
        [this](LeaderTask& task) { progress(task); });
    SOTTO_CHECK_OK(entry.open->restore());
  }
  const std::unique_lock lock(mutex_);
  tasks_.insert_or_assign(record.id, std::move(entry));
  return {};
}

Status LeaderService::Impl::load(bool abandon_open) {
  SOTTO_TRY(auto records, load_task_records(context_, abandon_open));
  for (TaskRecord& record : records) SOTTO_CHECK_OK(add(std::move(record)));
  return {};
}

Status LeaderService::Impl::open_task(const Bytes& file, const Bytes& collector_key,
                                      const Bytes& helper_key) {
  SOTTO_TRY(const VerifiedTask verified, VerifiedTask::open(file, context_.pinned));
  TaskRecord record;
  record.id = verified.id();
  record.collector_key = collector_key;
  record.helper_key = helper_key;
  record.file = file;
  {
    const std::shared_lock lock(mutex_);
    if (tasks_.contains(record.id)) return {};
  }
  SOTTO_CHECK_OK(context_.queue.run([this, record](std::vector<StoreChange>& changes) {
    changes.push_back(task_change(record));
    changes.push_back(
        context_.audit.append("server", "open task", to_hex(record.id), context_.clock.now_ms()));
  }));
  context_.metrics.count_task("opened");
  return add(std::move(record));
}

Result<std::shared_ptr<LeaderTask>> LeaderService::Impl::open_one(const TaskId& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return Error{ErrorCode::kNotFound, "task: unknown"};
  if (found->second.open == nullptr)
    return Error{ErrorCode::kClosed,
                 std::string("task: it is ") + task_state_name(found->second.record.state)};
  return found->second.open;
}

void LeaderService::Impl::upload(const TaskId& id, const Nonce& report, Bytes body,
                                 HttpRespond respond) {
  const auto refuse = [this, respond](const ErrorInfo& error) {
    context_.metrics.count_upload(error_code_name(error.code));
    respond(task_problem(error));
  };
  auto task = open_one(id);
  if (!task.ok()) return refuse(task.error());
  const auto role = (*task)->role();
  if (role == nullptr) return refuse({ErrorCode::kIo, "store: the task could not be read back"});
  auto arrived = role->examine(std::move(body));
  if (!arrived.ok()) return refuse(arrived.error());
  if (arrived->metadata.id != report)
    return refuse({ErrorCode::kMalformed, "report: its id is not that of the path"});

  const auto outcome = std::make_shared<std::optional<Result<Acceptance>>>();
  const auto held = std::make_shared<ArrivedReport>(std::move(*arrived));
  const auto begin = std::chrono::steady_clock::now();
  const bool posted = context_.queue.post(
      [this, open = *task, outcome, held](std::vector<StoreChange>& changes) {
        const auto current = open->role();
        if (current == nullptr) {
          *outcome = Error{ErrorCode::kIo, "store: the task could not be read back"};
          return;
        }
        std::vector<KeyedRecord> records;
        *outcome = current->accept(std::move(*held), context_.clock.now_ms(), records);
        add_records(changes, open->space(), std::move(records));
      },
      [this, open = *task, outcome, refuse, respond, begin](const Status& committed) {
        if (!committed.ok()) return refuse(committed.error());
        const Result<Acceptance>& accepted = **outcome;
        if (!accepted.ok()) return refuse(accepted.error());
        const bool is_new = *accepted == Acceptance::kNew;
        context_.metrics.count_upload(is_new ? "new" : "known");
        context_.metrics.observe_commit(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
        respond(HttpResponse{});
        if (is_new) open->arrived();
      });
  if (posted) return;
  context_.metrics.count_upload("OVERLOADED");
  respond(problem(503, "OVERLOADED", "too many uploads wait to become durable",
                  kOverloadedRetryAfterSeconds));
}

// On the queue's thread. What is kept of the task and that it is closed are one commit.
void LeaderService::Impl::close(const std::shared_ptr<LeaderTask>& task, TaskState state,
                                const std::string& reason) {
  const auto closed = std::make_shared<ClosedTask>();
  closed->record = task->record();
  closed->task = task->task();
  closed->record.state = state;
  closed->record.reason = reason;
  closed->record.closed_ms = context_.clock.now_ms();
  const auto role = task->role();
  if (role != nullptr) {
    closed->record.accepted = role->state().known.size();
    closed->record.reports = role->state().batch.reports;
    closed->record.rejected = role->state().rejected;
  }
  if (state == TaskState::kCollected) {
    auto sum = task->open_shares(collector_);
    if (sum.ok()) {
      closed->record.reports = sum->reports;
      closed->sum = std::move(*sum);
    } else {
      closed->record.state = TaskState::kAbandoned;
      closed->record.reason = "collector: " + sum.error().message;
    }
  }
  context_.queue.post_after_commit(
      [this, closed](std::vector<StoreChange>& changes) {
        if (events_.closing) events_.closing(*closed, changes);
        const TaskRecord& record = closed->record;
        changes.push_back(task_change(record));
        changes.push_back(context_.audit.append(
            "server", std::string(task_state_name(record.state)) + " task",
            to_hex(record.id) + ", " + std::to_string(record.reports) + " reports" +
                (record.reason.empty() ? "" : ": " + record.reason),
            context_.clock.now_ms()));
      },
      [this, closed, task](const Status& committed) {
        if (!committed.ok()) return task->reopen();
        const TaskRecord& record = closed->record;
        context_.metrics.count_task(task_state_name(record.state));
        context_.log.info("task closed", {{"task", to_hex(record.id)},
                                          {"state", task_state_name(record.state)},
                                          {"reports", std::to_string(record.reports)},
                                          {"reason", record.reason}});
        {
          const std::unique_lock lock(mutex_);
          Entry& entry = tasks_.at(record.id);
          entry.open = nullptr;
          entry.record = record;
        }
        told_ms_.erase(record.id);
        if (const Status dropped = context_.store.drop(task->space()); !dropped.ok())
          context_.log.warn("reports of a closed task are still stored",
                            {{"why", dropped.error().message}});
        if (events_.closed) events_.closed(*closed);
      });
}

void LeaderService::Impl::progress(LeaderTask& task) {
  const int64_t now_ms = context_.clock.now_ms();
  int64_t& told_ms = told_ms_[task.record().id];
  if (!events_.progress || now_ms - told_ms < kProgressEveryMs) return;
  told_ms = now_ms;
  events_.progress(task.record().id, task.role()->state().batch.reports, task.task().max_batch);
}

void LeaderService::Impl::abandon(const TaskId& id, std::string reason) {
  context_.queue.post_after_commit([](std::vector<StoreChange>&) {},
                                   [this, id, reason = std::move(reason)](const Status&) {
                                     auto task = open_one(id);
                                     if (task.ok() && (*task)->take_for_closing())
                                       close(*task, TaskState::kAbandoned, reason);
                                   });
}

SharedBytes LeaderService::Impl::helper_key(const KeyId& id) const {
  const std::shared_lock lock(mutex_);
  for (const auto& [task_id, entry] : tasks_)
    if (entry.task.helper_key == id) return std::make_shared<const Bytes>(entry.record.helper_key);
  return nullptr;
}

std::vector<std::pair<TaskId, Task>> LeaderService::Impl::open_list() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::pair<TaskId, Task>> open;
  for (const auto& [id, entry] : tasks_)
    if (entry.open != nullptr && context_.clock.now_ms() < entry.task.window_end_ms)
      open.emplace_back(id, entry.task);
  return open;
}

SharedBytes LeaderService::Impl::task_file(const TaskId& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : found->second.file;
}

std::vector<std::shared_ptr<LeaderTask>> LeaderService::Impl::open_tasks() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<LeaderTask>> open;
  for (const auto& [id, entry] : tasks_)
    if (entry.open != nullptr) open.push_back(entry.open);
  return open;
}

std::vector<std::pair<TaskId, Task>> LeaderService::Impl::unclosed() const {
  std::vector<std::pair<TaskId, Task>> tasks;
  for (const auto& open : open_tasks()) tasks.emplace_back(open->record().id, open->task());
  std::stable_sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) {
    return a.second.model_sequence != b.second.model_sequence
               ? a.second.model_sequence < b.second.model_sequence
               : a.second.window_start_ms < b.second.window_start_ms;
  });
  return tasks;
}

// Roles are the queue's: it is asked, in its turn.
void LeaderService::Impl::status(std::function<void(Result<std::vector<LeaderTaskStatus>>)> done) {
  const auto all = std::make_shared<std::vector<LeaderTaskStatus>>();
  context_.queue.post_after_commit(
      [this, all](std::vector<StoreChange>&) {
        const std::shared_lock lock(mutex_);
        for (const auto& [id, entry] : tasks_) all->push_back(status_of(entry));
        std::sort(all->begin(), all->end(), [](const auto& a, const auto& b) {
          return a.task.window_start_ms < b.task.window_start_ms;
        });
      },
      [all, done = std::move(done)](const Status& committed) {
        if (!committed.ok()) return done(committed.error());
        done(std::move(*all));
      });
}

LeaderTaskStatus LeaderService::Impl::status_of(const Entry& entry) {
  LeaderTaskStatus one;
  one.id = entry.record.id;
  one.state = entry.record.state;
  one.reason = entry.record.reason;
  one.task = entry.task;
  one.accepted = entry.record.accepted;
  one.aggregated = entry.record.reports;
  one.rejected = entry.record.rejected;
  const auto role = entry.open ? entry.open->role() : nullptr;
  if (role == nullptr) return one;
  const LeaderState& state = role->state();
  one.accepted = state.known.size();
  one.waiting = state.waiting.size();
  for (const auto& [id, job] : state.jobs) one.in_jobs += job.ids.size();
  one.aggregated = state.batch.reports;
  one.rejected = state.rejected;
  return one;
}

void LeaderService::Impl::tick() {
  context_.queue.post_after_commit([](std::vector<StoreChange>&) {},
                                   [this](const Status&) {
                                     uint64_t waiting = 0;
                                     for (const auto& task : open_tasks()) {
                                       if (task->role() == nullptr) {
                                         const Status restored = task->restore();
                                         if (!restored.ok()) continue;
                                       }
                                       waiting += task->role()->state().waiting.size();
                                       task->advance();
                                     }
                                     context_.metrics.set_waiting(waiting);
                                     context_.metrics.set_queue(context_.queue.waiting());
                                   });
}

void LeaderService::Impl::reload() {
  for (const auto& task : open_tasks())
    if (const Status restored = task->restore(); !restored.ok())
      context_.log.error("task cannot be read back",
                         {{"task", to_hex(task->record().id)}, {"why", restored.error().message}});
}

void LeaderService::Impl::forget_closed(int64_t before_ms) {
  std::vector<StoreChange> changes;
  {
    const std::unique_lock lock(mutex_);
    for (auto entry = tasks_.begin(); entry != tasks_.end();) {
      const TaskRecord& record = entry->second.record;
      if (record.state == TaskState::kOpen || record.closed_ms >= before_ms) {
        ++entry;
        continue;
      }
      StoreChange change = task_change(record);
      change.record.bytes = std::nullopt;
      changes.push_back(std::move(change));
      entry = tasks_.erase(entry);
    }
  }
  if (changes.empty()) return;
  context_.queue.post_after_commit(
      [changes](std::vector<StoreChange>& all) {
        all.insert(all.end(), changes.begin(), changes.end());
      },
      [](const Status&) {});
}

Result<std::unique_ptr<LeaderService>> LeaderService::open(const ServerContext& context,
                                                           HpkeKeys& own, HpkeKeys& collector,
                                                           PeerClient& helper, Events events,
                                                           bool abandon_open) {
  auto impl = std::make_unique<Impl>(context, own, collector, helper, std::move(events));
  SOTTO_CHECK_OK(impl->load(abandon_open));
  return std::unique_ptr<LeaderService>(new LeaderService(std::move(impl)));
}

LeaderService::LeaderService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LeaderService::~LeaderService() = default;

Result<uint64_t> LeaderService::upload_size(const TaskId& task) const {
  SOTTO_TRY(const auto open, impl_->open_one(task));
  if (open->role() == nullptr)
    return Error{ErrorCode::kIo, "store: the task could not be read back"};
  return open->upload_size();
}
void LeaderService::upload(const TaskId& task, const Nonce& report, Bytes body,
                           HttpRespond respond) {
  impl_->upload(task, report, std::move(body), std::move(respond));
}
Status LeaderService::open_task(const Bytes& file, const Bytes& collector_key,
                                const Bytes& helper_key) {
  return impl_->open_task(file, collector_key, helper_key);
}
void LeaderService::abandon(const TaskId& task, std::string reason) {
  impl_->abandon(task, std::move(reason));
}
SharedBytes LeaderService::helper_key(const KeyId& id) const { return impl_->helper_key(id); }
std::vector<std::pair<TaskId, Task>> LeaderService::open_tasks() const {
  return impl_->open_list();
}
SharedBytes LeaderService::task_file(const TaskId& task) const { return impl_->task_file(task); }
std::vector<std::pair<TaskId, Task>> LeaderService::unclosed() const { return impl_->unclosed(); }
void LeaderService::status(std::function<void(Result<std::vector<LeaderTaskStatus>>)> done) const {
  impl_->status(std::move(done));
}
void LeaderService::tick() { impl_->tick(); }
void LeaderService::reload() { impl_->reload(); }
void LeaderService::forget_closed(int64_t before_ms) { impl_->forget_closed(before_ms); }

}  // namespace sotto
