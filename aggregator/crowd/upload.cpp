#include "crowd/upload.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

constexpr uint64_t kFateStream = 0x66617465;  // "fate"
constexpr int64_t kFirstPauseMs = 500;
constexpr int64_t kLongestPauseMs = 30'000;
// What late reports come after the window by, at most.
constexpr double kLateMs = 1000;
constexpr double kPromptShare = 0.05;

constexpr unsigned kAcknowledged = 200;
constexpr unsigned kTooManyRequests = 429;
constexpr unsigned kFirstServerError = 500;
constexpr unsigned kUnavailable = 503;

}  // namespace

struct Uploads::Upload {
  Upload(SimulatedVisitor& of, std::shared_ptr<const OpenTask> open, Decision decided,
         uint64_t fate)
      : visitor(&of), task(std::move(open)), decision(std::move(decided)), random(fate) {}

  SimulatedVisitor* visitor;
  std::shared_ptr<const OpenTask> task;
  Decision decision;
  Random random;
  bool drops_out = false;  // its first upload is torn down,
  bool returns = false;    // and it comes back
  bool duplicate = false;  // will send again once acknowledged
  bool late = false;
  bool in_flight = false;
  bool aborting = false;    // the request in flight is torn down
  bool repeating = false;   // the request in flight (or to come) is the duplicate
  bool unanswered = false;  // a whole request got no answer
  bool at_end = false;
  unsigned attempts = 0;
  unsigned pauses = 0;
  std::shared_ptr<const Bytes> kept;  // for the duplicate: the outbox forgets what was acknowledged
};

Uploads::Uploads(const UploadOptions& options, CrowdTransport& transport, Timeline& timeline,
                 TaskAccounts& accounts, ClearSums* clear)
    : options_(options),
      transport_(transport),
      timeline_(timeline),
      accounts_(accounts),
      clear_(clear) {}

Uploads::~Uploads() = default;

size_t Uploads::under_way(const TaskId& task) const {
  const auto found = open_of_.find(task);
  return found == open_of_.end() ? 0 : found->second;
}

size_t Uploads::under_way() const { return open_.size(); }

int64_t Uploads::think_ms(Random& random) const {
  return static_cast<int64_t>(1000 * options_.think_s * random.exponential());
}

void Uploads::add(SimulatedVisitor& visitor, std::shared_ptr<const OpenTask> task,
                  Decision decision) {
  uint64_t of_task;
  std::memcpy(&of_task, task->id().data(), sizeof of_task);
  const uint64_t fate =
      derive_seed(options_.seed, derive_seed(kFateStream, visitor.traits().number), of_task);
  auto upload = std::make_shared<Upload>(visitor, std::move(task), std::move(decision), fate);
  // All are drawn whatever the options, so that one option does not change what others do.
  const double dropout = upload->random.uniform(), returns = upload->random.uniform(),
               duplicate = upload->random.uniform(), late = upload->random.uniform();
  upload->late = late < options_.late;
  upload->drops_out = !upload->late && dropout < options_.dropout;
  upload->returns = returns < 0.5;
  upload->duplicate = duplicate < options_.duplicates;
  open_.insert(upload);
  ++open_of_[upload->task->id()];
  schedule(upload, first_moment(*upload, upload->decision.send_at_ms, upload->late));
}

int64_t Uploads::first_moment(const Upload& upload, int64_t send_at_ms, bool late) {
  const int64_t now = timeline_.now_ms();
  const int64_t end = upload.task->task().window_end_ms;
  if (late)
    return std::max(now, end + static_cast<int64_t>(Random(upload.random).uniform() * kLateMs));
  if (options_.burst) return now;
  if (!options_.prompt) return send_at_ms;
  return now + static_cast<int64_t>(kPromptShare * static_cast<double>(send_at_ms - now));
}

void Uploads::schedule(UploadPointer upload, int64_t at_ms) {
  timeline_.at(at_ms, [this, upload = std::move(upload)] { begin(upload); });
}

void Uploads::begin(const UploadPointer& upload) {
  if (upload->at_end && !upload->repeating) return;
  waiting_.push_back(upload);
  send_waiting();
}

void Uploads::release() {
  held_ = false;
  send_waiting();
}

void Uploads::send_waiting() {
  while (!held_ && !waiting_.empty() &&
         (options_.most_in_flight == 0 || in_flight_ < options_.most_in_flight)) {
    const UploadPointer upload = std::move(waiting_.front());
    waiting_.pop_front();
    send(upload);
  }
}

// By its own clock: one that is behind sends after the end, and does not know.
bool Uploads::believes_over(const Upload& upload) const {
  return timeline_.now_ms() + upload.visitor->traits().skew_ms >= upload.task->task().window_end_ms;
}

void Uploads::send(const UploadPointer& upload) {
  if (upload->at_end && !upload->repeating) return;
  if (upload->repeating) {
    ++traffic_.duplicates;
  } else if (believes_over(*upload) && !upload->late) {
    return finish(upload, upload->attempts == 0 ? End::kNeverSent : End::kGivenUp);
  }
  const auto bytes = upload->repeating ? upload->kept : upload->visitor->report(upload->task->id());
  if (bytes == nullptr) return finish(upload, End::kNeverSent);
  CrowdCall call;
  call.method = "PUT";
  call.target =
      "/v1/tasks/" + to_hex(upload->task->id()) + "/reports/" + to_hex(*upload->decision.report);
  call.headers.emplace_back("content-type", "application/octet-stream");
  call.body = bytes;
  upload->aborting = upload->drops_out && upload->attempts == 0 && !upload->repeating;
  if (upload->aborting) {
    call.abort_after = upload->random.below(bytes->size());
    ++traffic_.aborted;
  }
  if (upload->duplicate && !upload->repeating) upload->kept = bytes;
  traffic_.bytes += call.abort_after.value_or(bytes->size());
  ++traffic_.requests;
  if (traffic_.first_ms == 0) traffic_.first_ms = timeline_.now_ms();
  if (!upload->repeating) ++upload->attempts;
  upload->in_flight = true;
  ++in_flight_;
  transport_.send(std::move(call),
                  [this, upload, post = timeline_.poster()](Result<CrowdReply> reply) {
                    post([this, upload, reply = std::move(reply)]() mutable {
                      on_answer(upload, std::move(reply));
                    });
                  });
}

void Uploads::on_answer(const UploadPointer& upload, Result<CrowdReply> reply) {
  upload->in_flight = false;
  --in_flight_;
  if (upload->repeating)
    on_duplicate_answer(upload, reply);
  else if (reply.ok())
    on_reply(upload, *reply);
  else
    on_loss(upload, reply.error());
  send_waiting();
}

void Uploads::on_reply(const UploadPointer& upload, const CrowdReply& reply) {
  if (reply.status == kAcknowledged) return acknowledge(upload, reply.latency_us);
  // Whatever is said to a request that was torn down is not what became of the report.
  if (upload->aborting) return come_back(upload);
  if (reply.status == kTooManyRequests || reply.status >= kFirstServerError) {
    ++(reply.status == kTooManyRequests ? traffic_.limited : traffic_.unavailable);
    // 503 says that nothing was stored; a proxy's 502, say, does not.
    if (reply.status != kTooManyRequests && reply.status != kUnavailable) upload->unanswered = true;
    return try_again(upload, reply.retry_after_s);
  }
  finish(upload, End::kRefused, problem_code(reply));
}

void Uploads::on_loss(const UploadPointer& upload, const ErrorInfo& error) {
  if (upload->aborting) return come_back(upload);
  ++traffic_.lost;
  upload->unanswered = true;
  if (error.code == ErrorCode::kCancelled) return finish(upload, End::kGivenUp);
  try_again(upload, std::nullopt);
}

void Uploads::on_duplicate_answer(const UploadPointer& upload, const Result<CrowdReply>& reply) {
  const std::string answer = !reply.ok()                      ? "lost"
                             : reply->status == kAcknowledged ? "200"
                                                              : problem_code(*reply);
  ++traffic_.duplicate_answers[answer];
  upload->repeating = false;
  upload->kept = nullptr;
  open_.erase(upload);
  --open_of_[upload->task->id()];
}

void Uploads::acknowledge(const UploadPointer& upload, uint64_t latency_us) {
  traffic_.latency.record(latency_us);
  traffic_.last_ms = timeline_.now_ms();
  if (clear_ != nullptr)
    clear_->add(upload->task->id(), upload->task->task().dimension, *upload->decision.report,
                upload->decision.clear ? &*upload->decision.clear : nullptr,
                upload->visitor->traits().malicious);
  finish(upload, End::kAcknowledged);
}

void Uploads::come_back(const UploadPointer& upload) {
  if (!upload->returns) return finish(upload, End::kLeft);
  if (stopped_) return finish(upload, End::kGivenUp);
  ++traffic_.came_back;
  schedule(upload, timeline_.now_ms() + think_ms(upload->random));
}

// Half to once the pause, so that those who were turned away together do not come back together.
void Uploads::try_again(const UploadPointer& upload, std::optional<uint32_t> retry_after_s) {
  if (stopped_) return finish(upload, End::kGivenUp);
  const unsigned doublings = std::min(upload->pauses++, 6U);
  const double jitter = upload->random.uniform();
  const int64_t pause = std::min(kLongestPauseMs, kFirstPauseMs << doublings);
  const int64_t wait =
      retry_after_s ? int64_t{1000} * *retry_after_s +
                          static_cast<int64_t>(jitter * static_cast<double>(kFirstPauseMs))
                    : pause / 2 + static_cast<int64_t>(jitter * static_cast<double>(pause) / 2);
  const int64_t own_end = upload->task->task().window_end_ms - upload->visitor->traits().skew_ms;
  const int64_t at = timeline_.now_ms() + wait;
  if (upload->late || at >= own_end) return finish(upload, End::kGivenUp);
  schedule(upload, at);
}

void Uploads::finish(const UploadPointer& upload, End end, const std::string& code) {
  upload->at_end = true;
  ++finished_;
  TaskAccount& account = accounts_[upload->task->id()];
  switch (end) {
    case End::kAcknowledged:
      if (acknowledged_[upload->task->id()].insert(*upload->decision.report).second)
        ++account.acknowledged;
      break;
    case End::kRefused: ++account.refused[code]; break;
    case End::kGivenUp: ++account.given_up; break;
    case End::kLeft: ++account.left; break;
    case End::kNeverSent: ++account.never_sent; break;
  }
  if (end != End::kAcknowledged && upload->unanswered) ++account.unanswered;
  upload->decision.clear.reset();
  upload->visitor->drop_report(upload->task->id());
  if (end == End::kAcknowledged && upload->duplicate && !stopped_) {
    upload->repeating = true;
    return schedule(upload, timeline_.now_ms() + (options_.burst ? 0 : think_ms(upload->random)));
  }
  upload->kept = nullptr;
  open_.erase(upload);
  --open_of_[upload->task->id()];
}

void Uploads::stop() {
  stopped_ = true;
  waiting_.clear();
  const std::vector<UploadPointer> open(open_.begin(), open_.end());
  for (const UploadPointer& upload : open) {
    if (upload->in_flight) continue;
    if (upload->at_end) {  // its duplicate is not sent any more
      upload->repeating = false;
      open_.erase(upload);
      --open_of_[upload->task->id()];
    } else {
      finish(upload, upload->attempts == 0 ? End::kNeverSent : End::kGivenUp);
    }
  }
}

}  // namespace sotto
