#include "crowd/crowd.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "crowd/guests.hpp"
#include "crowd/upload.hpp"

namespace sotto {
namespace {

constexpr uint64_t kArrivalStream = 0x61727269;  // "arri"
// How long a stop or a change of the site can go unnoticed.
constexpr int64_t kTickMs = 100;
// Longer than a request may take (HttpCall::timeout_ms).
constexpr int64_t kDrainMs = 40'000;
constexpr int64_t kAskAgainMs = 500;
constexpr int64_t kAskForMs = 10'000;

Error invalid(const char* message) { return {ErrorCode::kInvalidArgument, message}; }

bool is_share(double value) { return value >= 0 && value <= 1; }

UploadOptions upload_options(const CrowdOptions& options) {
  UploadOptions out;
  out.dropout = options.dropout;
  out.duplicates = options.duplicates;
  out.late = options.late;
  out.prompt = options.prompt;
  out.burst = options.at_once();
  out.think_s = out.burst ? 0 : options.think_s;
  out.most_in_flight = out.burst ? options.connections : 0;
  out.seed = options.seed;
  return out;
}

}  // namespace

Status CrowdOptions::check() const {
  if (visitors < 1) return invalid("visitors: at least one");
  if (!(arrivals_per_s >= 0)) return invalid("arrivals: must not be negative");
  if (!(think_s >= 0)) return invalid("think-time: must not be negative");
  if (!(skew_s >= 0)) return invalid("skew: must not be negative");
  if (!is_share(dropout)) return invalid("dropout: must be in [0, 1]");
  if (!is_share(duplicates)) return invalid("duplicates: must be in [0, 1]");
  if (!is_share(late)) return invalid("late: must be in [0, 1]");
  if (!is_share(poison.fraction)) return invalid("malicious: must be in [0, 1]");
  if (!(participation > 0 && participation <= 1))
    return invalid("participation: must be in (0, 1]");
  if (connections < 1) return invalid("connections: at least one");
  if (poll_ms < 1) return invalid("poll: must be positive");
  if (tasks && *tasks < 1) return invalid("tasks: at least one");
  return {};
}

std::vector<int64_t> arrival_moments(uint32_t visitors, double per_second, uint64_t seed) {
  std::vector<int64_t> moments(visitors);
  if (!(per_second > 0)) return moments;
  Random random(derive_seed(seed, kArrivalStream));
  double at_ms = 0;
  for (int64_t& moment : moments) {
    at_ms += 1000 * random.exponential() / per_second;
    moment = static_cast<int64_t>(at_ms);
  }
  return moments;
}

class Crowd::Run {
 public:
  Run(CrowdOptions options, PinnedSite pinned, bool keys_from_helper, const CrowdPeople& people,
      CrowdTransport& transport, CrowdClock& clock, Executor& executor)
      : options_(std::move(options)),
        pinned_(std::move(pinned)),
        people_(people),
        transport_(transport),
        timeline_(clock),
        site_({pinned_, options_.poll_ms, keys_from_helper}, transport, timeline_),
        clear_(options_.want_clear ? std::optional<ClearSums>(std::in_place) : std::nullopt),
        uploads_(upload_options(options_), transport, timeline_, accounts_,
                 clear_ ? &*clear_ : nullptr),
        guests_({options_, pinned_, people_, site_, executor, timeline_, uploads_, accounts_}) {}

  Result<CrowdOutcome> run(const std::atomic<bool>& stop,
                           const std::function<void(const CrowdProgress&)>& progress) {
    SOTTO_CHECK_OK(options_.check());
    if (people_.histories.size() == 0) return invalid("data: nobody is in it");
    begin_ms_ = timeline_.now_ms();
    if (options_.made_beforehand) uploads_.hold();
    site_.start([this](std::shared_ptr<const OpenTask> task) { open(std::move(task)); });
    while (!stop && failure().ok() && !over()) {
      const bool busy = timeline_.run_due() | guests_.compute_some();
      SOTTO_CHECK_OK(begin_when_there_is_a_site());
      release_when_all_are_made();
      report(progress);
      if (!busy) timeline_.wait(timeline_.now_ms() + kTickMs);
    }
    drain();
    if (!failure().ok()) return failure().error();
    return outcome();
  }

  Result<ServerAccounts> ask_leader(const CrowdOutcome& outcome, const std::string& token) {
    const int64_t end = timeline_.now_ms() + kAskForMs;
    while (true) {
      SOTTO_TRY(ServerAccounts accounts, ask_once(token));
      if (check_accounts(outcome.accounts, accounts).ok() || timeline_.now_ms() >= end)
        return accounts;
      wait_until(timeline_.now_ms() + kAskAgainMs);
    }
  }

 private:
  const Status& failure() const { return failure_.ok() ? guests_.failure() : failure_; }

  void open(std::shared_ptr<const OpenTask> task) {
    if (options_.tasks && tasks_.size() >= *options_.tasks) return;
    accounts_[task->id()].window_end_ms = task->task().window_end_ms;
    tasks_.push_back(task);
    if (Status opened = guests_.open(std::move(task)); !opened.ok()) failure_ = std::move(opened);
  }

  Status begin_when_there_is_a_site() {
    if (begun_) return {};
    if (site_.model() == nullptr) {
      if (timeline_.now_ms() - begin_ms_ < options_.patience_ms) return {};
      return {ErrorCode::kIo, "site: not reached: " + site_.traffic().last_failure};
    }
    begun_ = true;
    guests_.invite();
    return {};
  }

  void release_when_all_are_made() {
    if (!options_.made_beforehand || released_ || tasks_.empty() || !guests_.all_decided()) return;
    released_ = true;
    uploads_.release();
  }

  bool over() const {
    const int64_t now = timeline_.now_ms();
    if (options_.duration_ms > 0 && now - begin_ms_ >= options_.duration_ms) return true;
    if (!options_.tasks || tasks_.size() < *options_.tasks) return false;
    if (options_.at_once() && guests_.all_decided() && uploads_.under_way() == 0) return true;
    return std::all_of(tasks_.begin(), tasks_.end(), [&](const auto& task) {
      return now >= task->task().window_end_ms && uploads_.under_way(task->id()) == 0;
    });
  }

  void drain() {
    site_.stop();
    uploads_.stop();
    const int64_t end = timeline_.now_ms() + kDrainMs;
    while (uploads_.in_flight() > 0 && timeline_.now_ms() < end)
      if (!timeline_.run_due()) timeline_.wait(end);
  }

  void report(const std::function<void(const CrowdProgress&)>& progress) {
    if (!progress || timeline_.now_ms() < next_report_ms_) return;
    next_report_ms_ = timeline_.now_ms() + kTickMs;
    const TaskAccount sum = sum_of(accounts_);
    progress({guests_.arrived(), tasks_.size(), sum.made, sum.acknowledged, uploads_.finished(),
              uploads_.in_flight()});
  }

  CrowdOutcome outcome() {
    CrowdOutcome out;
    out.accounts = accounts_;
    out.uploads = uploads_.traffic();
    out.site = site_.traffic();
    out.visitors = guests_.arrived();
    out.malicious = guests_.malicious();
    out.duration_ms = timeline_.now_ms() - begin_ms_;
    out.making_s = guests_.making_s();
    out.clear = std::move(clear_);
    return out;
  }

  void wait_until(int64_t end_ms) {
    while (timeline_.now_ms() < end_ms)
      if (!timeline_.run_due()) timeline_.wait(end_ms);
  }

  Result<ServerAccounts> ask_once(const std::string& token) {
    CrowdCall call;
    call.target = "/v1/admin/status";
    call.headers.emplace_back("authorization", "Bearer " + token);
    // Shared: an answer may come when nobody waits for it any more.
    const auto answer = std::make_shared<std::optional<Result<CrowdReply>>>();
    transport_.send(std::move(call), [post = timeline_.poster(), answer](Result<CrowdReply> reply) {
      post([answer, reply = std::move(reply)]() mutable { answer->emplace(std::move(reply)); });
    });
    const int64_t end = timeline_.now_ms() + kDrainMs;
    while (!answer->has_value() && timeline_.now_ms() < end)
      if (!timeline_.run_due()) timeline_.wait(end);
    if (!answer->has_value()) return Error{ErrorCode::kIo, "status: no answer"};
    SOTTO_TRY(const CrowdReply reply, std::move(**answer));
    if (reply.status != 200)
      return Error{
          reply.status == 401 || reply.status == 403 ? ErrorCode::kAuthentication : ErrorCode::kIo,
          "status: " + problem_code(reply)};
    return parse_status({reinterpret_cast<const char*>(reply.body.data()), reply.body.size()});
  }

  CrowdOptions options_;
  PinnedSite pinned_;
  const CrowdPeople& people_;
  CrowdTransport& transport_;
  Timeline timeline_;
  SiteClient site_;
  TaskAccounts accounts_;
  std::optional<ClearSums> clear_;
  Uploads uploads_;
  Guests guests_;
  std::vector<std::shared_ptr<const OpenTask>> tasks_;
  Status failure_;
  bool begun_ = false;
  bool released_ = false;
  int64_t begin_ms_ = 0;
  int64_t next_report_ms_ = 0;
};

Crowd::Crowd(CrowdOptions options, PinnedSite pinned, bool keys_from_helper,
             const CrowdPeople& people, CrowdTransport& transport, CrowdClock& clock,
             Executor& executor)
    : run_(std::make_unique<Run>(std::move(options), std::move(pinned), keys_from_helper, people,
                                 transport, clock, executor)) {}

Crowd::~Crowd() = default;

Result<CrowdOutcome> Crowd::run(const std::atomic<bool>& stop,
                                const std::function<void(const CrowdProgress&)>& progress) {
  return run_->run(stop, progress);
}

Result<ServerAccounts> Crowd::ask_leader(const CrowdOutcome& outcome, const std::string& token) {
  return run_->ask_leader(outcome, token);
}

}  // namespace sotto
