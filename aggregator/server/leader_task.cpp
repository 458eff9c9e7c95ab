#include "server/leader_task.hpp"

#include <algorithm>
#include <utility>

#include "crypto/text_encoding.hpp"
#include "server/server_tasks.hpp"

namespace sotto {
namespace {

constexpr int64_t kFirstBackoffMs = 250;
constexpr int64_t kLongestBackoffMs = 30'000;

// After these the two servers will never agree: the same request would get the same answer.
bool is_final(ErrorCode code) {
  switch (code) {
    case ErrorCode::kIo:
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kCancelled:
    case ErrorCode::kExpired:  // clocks: for the other it is too early
    case ErrorCode::kInternal: return false;
    default: return true;
  }
}

std::string describe(const ErrorInfo& error) {
  return std::string(error_code_name(error.code)) + ": " + error.message;
}

}  // namespace

LeaderTask::LeaderTask(const ServerContext& context, const HpkeKeys& own, PeerClient& helper,
                       TaskRecord record, Task task, Close close, Progress progress)
    : context_(context),
      own_(own),
      helper_(helper),
      record_(std::move(record)),
      task_(std::move(task)),
      space_(role_space(record_.id)),
      close_(std::move(close)),
      progress_(std::move(progress)) {}

std::shared_ptr<LeaderRole> LeaderTask::role() const {
  const std::lock_guard lock(mutex_);
  return role_;
}

Status LeaderTask::restore() {
  {
    const std::lock_guard lock(mutex_);
    role_ = nullptr;
  }
  SOTTO_TRY(ServerTask task,
            open_server_task(context_, Role::kLeader, own_, record_, task_.leader_key));
  report_size_ = report_size(task.vdaf().sizes());
  // Every record but the reports themselves, of which the names are enough.
  std::vector<KeyedRecord> records;
  for (const auto prefix : kServerRecordPrefixes) {
    SOTTO_TRY(auto some, context_.store.list(space_, prefix));
    std::move(some.begin(), some.end(), std::back_inserter(records));
  }
  SOTTO_TRY(const auto waiting, context_.store.keys(space_, kReportPrefix));
  SOTTO_TRY(LeaderRole role,
            LeaderRole::restore(std::move(task), records, waiting, &context_.executor));
  const std::lock_guard lock(mutex_);
  role_ = std::make_shared<LeaderRole>(std::move(role));
  return {};
}

ReportSource LeaderTask::source() const {
  return [this](const Nonce& id) -> Result<Bytes> {
    SOTTO_TRY(auto bytes, context_.store.get(space_, report_key(id)));
    if (!bytes) return Error{ErrorCode::kNotFound, "report: it is not in the store"};
    return std::move(*bytes);
  };
}

// One step of the role and its records. What was posted before is committed by then: the source
// finds its reports in the store.
void LeaderTask::post(Step step, std::function<void(const Status&)> then) {
  auto outcome = std::make_shared<Status>();
  const auto self = shared_from_this();
  context_.queue.post_after_commit(
      [self, outcome, step = std::move(step)](std::vector<StoreChange>& changes) {
        const auto role = self->role();
        if (role == nullptr) {
          *outcome = {ErrorCode::kIo, "store: the task could not be read back"};
          return;
        }
        std::vector<KeyedRecord> records;
        *outcome = step(*role, records);
        add_records(changes, self->space_, std::move(records));
      },
      [outcome, then = std::move(then)](const Status& committed) {
        then(committed.ok() ? *outcome : committed);
      });
}

size_t LeaderTask::job_limit() const {
  const uint64_t by_size = context_.config.job_bytes / std::max<uint64_t>(1, report_size_);
  return static_cast<size_t>(
      std::clamp<uint64_t>(by_size, 1, std::min<uint64_t>(context_.config.job_reports, 1024)));
}

void LeaderTask::arrived() {
  if (oldest_waiting_ms_ == 0) oldest_waiting_ms_ = context_.clock.now_ms();
  advance();
}

bool LeaderTask::takes_more(const LeaderState& state) const {
  return context_.clock.now_ms() < task_.window_end_ms && state.known.size() < task_.max_batch;
}

// A job is started when it is full, has waited for long enough, or nothing more can come.
bool LeaderTask::due(const LeaderState& state) const {
  if (state.waiting.empty()) return false;
  return state.waiting.size() >= job_limit() || !takes_more(state) ||
         context_.clock.now_ms() - oldest_waiting_ms_ >= context_.config.job_linger_ms;
}

void LeaderTask::advance() {
  const auto current = role();
  if (current == nullptr || closed_) return;
  const LeaderState& state = current->state();
  switch (state.phase) {
    case TaskPhase::kOpen: break;
    case TaskPhase::kClosing: return collect();
    case TaskPhase::kCollected:
      closed_ = true;
      return close_(shared_from_this(), TaskState::kCollected, "");
    case TaskPhase::kAbandoned:
      closed_ = true;
      return close_(shared_from_this(), TaskState::kAbandoned, "abandoned");
  }
  if (context_.clock.now_ms() >= next_try_ms_)
    for (const auto& [id, job] : state.jobs)
      if (!under_way_.contains(id)) send_job(id, job);
  if (!starting_ && state.jobs.size() < context_.config.jobs_in_flight && due(state)) start_job();
  if (!state.waiting.empty() || !state.jobs.empty() || starting_) return;
  const bool over = context_.clock.now_ms() >= task_.window_end_ms;
  if (!over && state.batch.reports < task_.max_batch) return;
  if (state.batch.reports < std::max(task_.min_batch, context_.floors.min_batch)) {
    closed_ = true;
    return close_(shared_from_this(), TaskState::kAbandoned,
                  "TOO_FEW_REPORTS: " + std::to_string(state.batch.reports) + " of at least " +
                      std::to_string(task_.min_batch));
  }
  collect();
}

void LeaderTask::start_job() {
  starting_ = true;
  const auto self = shared_from_this();
  post(
      [self](LeaderRole& role, std::vector<KeyedRecord>& records) -> Status {
        const auto rejected = role.state().rejected;
        const auto request =
            role.start_job(self->job_limit(), self->source(), self->context_.entropy, records);
        count_rejections(self->context_.metrics, rejected, role.state().rejected);
        if (request.ok() || request.error().code == ErrorCode::kNotFound) return {};
        return request.error();
      },
      [self](const Status& status) {
        self->starting_ = false;
        self->oldest_waiting_ms_ = self->context_.clock.now_ms();
        if (!status.ok()) return self->fail(status.error());
        self->advance();
      });
}

void LeaderTask::send_job(const JobId& id, const LeaderJob& job) {
  under_way_.insert(id);
  const bool commit = !job.commit_request.empty();
  const std::string path = "/v1/tasks/" + to_hex(record_.id) + "/jobs/" + to_hex(id);
  const auto body =
      std::make_shared<const Bytes>(commit ? job.commit_request : job.prepare_request);
  const auto self = shared_from_this();
  helper_.send(commit ? "POST" : "PUT", commit ? path + "/commit" : path, body,
               [self, id, commit](Result<Bytes> answer) {
                 // On the HTTP client's thread: the answer is worked on in the queue.
                 self->on_answer(id, commit, std::move(answer));
               });
}

void LeaderTask::on_answer(const JobId& id, bool commit, Result<Bytes> answer) {
  const auto self = shared_from_this();
  const auto shared = std::make_shared<Result<Bytes>>(std::move(answer));
  const auto reports = std::make_shared<uint64_t>(0);
  post(
      [self, id, commit, shared, reports](LeaderRole& role,
                                          std::vector<KeyedRecord>& records) -> Status {
        if (!shared->ok()) return shared->error();
        const uint64_t before = role.state().batch.reports;
        const auto rejected = role.state().rejected;
        if (commit) {
          SOTTO_CHECK_OK(role.on_commit_response(**shared, records));
          *reports = role.state().batch.reports - before;
          return {};
        }
        SOTTO_TRY([[maybe_unused]] const Bytes request,
                  role.on_prepare_response(**shared, self->source(), records));
        count_rejections(self->context_.metrics, rejected, role.state().rejected);
        return {};
      },
      [self, id, commit, reports](const Status& status) {
        self->under_way_.erase(id);
        if (!status.ok()) return self->fail(status.error());
        self->recovered();
        if (commit) {
          self->context_.metrics.count_job("committed");
          self->context_.metrics.count_aggregated(*reports);
          self->progress_(*self);
        }
        self->advance();
      });
}

void LeaderTask::collect() {
  if (collecting_ || context_.clock.now_ms() < next_try_ms_) return;
  collecting_ = true;
  const auto self = shared_from_this();
  const auto request = std::make_shared<Bytes>();
  post(
      [self, request](LeaderRole& role, std::vector<KeyedRecord>& records) -> Status {
        SOTTO_TRY(*request, role.start_collection(self->context_.clock.now_ms(), records));
        return {};
      },
      [self, request](const Status& status) {
        if (!status.ok()) {
          self->collecting_ = false;
          return self->fail(status.error());
        }
        self->helper_.send("POST", "/v1/tasks/" + to_hex(self->record_.id) + "/collection",
                           std::make_shared<const Bytes>(*request),
                           [self](Result<Bytes> share) { self->on_share(std::move(share)); });
      });
}

void LeaderTask::on_share(Result<Bytes> share) {
  const auto self = shared_from_this();
  const auto shared = std::make_shared<Result<Bytes>>(std::move(share));
  post(
      [self, shared](LeaderRole& role, std::vector<KeyedRecord>& records) -> Status {
        if (!shared->ok()) return shared->error();
        const auto noise = self->context_.noise(self->record_.id);
        SOTTO_TRY([[maybe_unused]] const Bytes own,
                  role.finish_collection(**shared, *noise, records));
        return {};
      },
      [self](const Status& status) {
        self->collecting_ = false;
        if (!status.ok()) return self->fail(status.error());
        self->recovered();
        self->advance();
      });
}

Result<CollectedSum> LeaderTask::open_shares(const HpkeKeys& collector) const {
  const OwnHpkeKeyPointer key = collector.find(task_.collector_key);
  if (key == nullptr)
    return Error{ErrorCode::kNotFound, "collector: its HPKE key is not in the store"};
  SOTTO_TRY(CollectorRole opener,
            CollectorRole::create(record_.file, context_.pinned, context_.floors, *key->signed_key,
                                  HpkeKeyPair::from_secret_key(key->pair.secret_key()),
                                  context_.clock.now_ms()));
  const auto current = role();
  return opener.open(current->state().collected_share, current->state().helper_share);
}

void LeaderTask::recovered() {
  failures_ = 0;
  next_try_ms_ = 0;
}

// On the queue's thread, after a step: once more later, or never again.
void LeaderTask::fail(const ErrorInfo& error) {
  if (closed_) return;
  if (is_final(error.code)) {
    closed_ = true;
    context_.metrics.count_job("failed");
    return close_(shared_from_this(), TaskState::kAbandoned, describe(error));
  }
  const int64_t backoff =
      std::min(kLongestBackoffMs, kFirstBackoffMs << std::min<uint32_t>(failures_, 10));
  ++failures_;
  next_try_ms_ = context_.clock.now_ms() + backoff;
  context_.metrics.count_job("retried");
  context_.log.warn(
      "will try again",
      {{"task", to_hex(record_.id)}, {"why", describe(error)}, {"in_ms", std::to_string(backoff)}});
}

}  // namespace sotto
