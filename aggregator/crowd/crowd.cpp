#include "crowd/crowd.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "crowd/upload.hpp"
#include "crowd/visitor.hpp"
#include "lab/poison.hpp"

namespace sotto {
namespace {

constexpr uint64_t kArrivalStream = 0x61727269;  // "arri"
constexpr uint64_t kTraitStream = 0x74726169;    // "trai"
// Of each visitor's history: enough for a placement or two to ride in its report.
constexpr uint32_t kLiveEvents = 3;
// How long a stop or a change of the site can go unnoticed.
constexpr int64_t kTickMs = 100;
// Longer than a request may take (HttpCall::timeout_ms).
constexpr int64_t kDrainMs = 40'000;
constexpr int64_t kAskAgainMs = 500;
constexpr int64_t kAskForMs = 10'000;
// Contributions between two looks at the timeline, for each worker.
constexpr size_t kJobsPerWorker = 2;

Error invalid(const char* message) { return {ErrorCode::kInvalidArgument, message}; }

bool is_share(double value) { return value >= 0 && value <= 1; }

DeviceOptions device_options(const CrowdOptions& options, const PinnedSite& pinned,
                             const CrowdPeople& people) {
  DeviceOptions out;
  out.pinned = pinned;
  // Counts for sites that are labelled demonstrations only.
  out.floors = Floors::none();
  out.limits = options.limits;
  out.fine_tuning = std::nullopt;  // nobody looks at their lists
  out.participation = options.participation;
  size_t longest = 1;
  for (size_t person = 0; person < people.histories.size(); ++person)
    longest = std::max(longest, people.histories[person].size());
  out.log_limits.max_events = static_cast<uint32_t>(longest);
  return out;
}

UploadOptions upload_options(const CrowdOptions& options) {
  UploadOptions out;
  out.dropout = options.dropout;
  out.duplicates = options.duplicates;
  out.late = options.late;
  out.prompt = options.prompt;
  out.burst = options.burst || options.made_beforehand;
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
        executor_(executor),
        device_options_(device_options(options_, pinned_, people_)),
        timeline_(clock),
        site_({pinned_, options_.poll_ms, keys_from_helper}, transport, timeline_),
        clear_(options_.want_clear ? std::optional<ClearSums>(std::in_place) : std::nullopt),
        uploads_(upload_options(options_), transport, timeline_, accounts_,
                 clear_ ? &*clear_ : nullptr) {}

  Result<CrowdOutcome> run(const std::atomic<bool>& stop,
                           const std::function<void(const CrowdProgress&)>& progress) {
    SOTTO_CHECK_OK(options_.check());
    if (people_.histories.size() == 0) return invalid("data: nobody is in it");
    begin_ms_ = timeline_.now_ms();
    invite();
    if (options_.made_beforehand) uploads_.hold();
    site_.start([this](std::shared_ptr<const OpenTask> task) { open(std::move(task)); });
    while (!stop && failure_.ok() && !over()) {
      const bool busy = timeline_.run_due() | compute_some();
      SOTTO_CHECK_OK(begin_when_there_is_a_site());
      release_when_all_are_made();
      report(progress);
      if (!busy) timeline_.wait(timeline_.now_ms() + kTickMs);
    }
    drain();
    if (!failure_.ok()) return failure_.error();
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
  // A visitor, and what it has to do on a worker.
  struct Guest {
    Guest(VisitorTraits traits, const DeviceOptions& options, const CrowdPeople& people)
        : visitor(traits, options, people) {}

    SimulatedVisitor visitor;
    bool arrives = false;
    bool browses = false;
    bool settled = false;  // has arrived and browsed: decides about tasks
    bool queued = false;
    std::vector<std::shared_ptr<const OpenTask>> to_decide;
    // What came of it.
    Status failure;
    bool more_events = false;
    std::vector<Result<Decision>> decisions;
    double seconds = 0;
  };

  bool burst() const { return options_.burst || options_.made_beforehand; }

  void invite() {
    const auto malicious =
        malicious_devices(options_.visitors, options_.poison.fraction, options_.seed);
    guests_.reserve(options_.visitors);
    for (uint32_t number = 0; number < options_.visitors; ++number) {
      Random random(derive_seed(options_.seed, kTraitStream, number));
      VisitorTraits traits;
      traits.number = number;
      traits.seed = options_.seed;
      traits.skew_ms = static_cast<int64_t>(std::llround(1000 * options_.skew_s * random.normal()));
      traits.malicious = malicious[number];
      traits.live_events = burst() || options_.think_s == 0 ? 0 : kLiveEvents;
      guests_.push_back(std::make_unique<Guest>(traits, device_options_, people_));
    }
    thinking_ = Random(derive_seed(options_.seed, kTraitStream, options_.visitors));
  }

  int64_t after_a_thought() {
    if (burst()) return timeline_.now_ms();
    return timeline_.now_ms() +
           static_cast<int64_t>(1000 * options_.think_s * thinking_.exponential());
  }

  Status begin_when_there_is_a_site() {
    if (begun_) return {};
    if (site_.model() == nullptr) {
      if (timeline_.now_ms() - begin_ms_ < options_.patience_ms) return {};
      return {ErrorCode::kIo, "site: not reached: " + site_.traffic().last_failure};
    }
    begun_ = true;
    const auto moments =
        arrival_moments(options_.visitors, burst() ? 0 : options_.arrivals_per_s, options_.seed);
    const int64_t now = timeline_.now_ms();
    for (uint32_t number = 0; number < options_.visitors; ++number)
      timeline_.at(now + moments[number], [this, &guest = *guests_[number]] {
        guest.arrives = true;
        enqueue(guest);
      });
    return {};
  }

  // --- Tasks

  void open(std::shared_ptr<const OpenTask> task) {
    if (options_.tasks && tasks_.size() >= *options_.tasks) return;
    accounts_[task->id()].window_end_ms = task->task().window_end_ms;
    if (options_.poison.on()) {
      auto attackers =
          Attackers::create(options_.poison, people_, task, pinned_, timeline_.now_ms());
      if (!attackers.ok()) {
        failure_ = attackers.error();
        return;
      }
      attackers_[task->id()] = std::move(attackers).value();
    }
    tasks_.push_back(task);
    for (const auto& guest : guests_)
      if (guest->settled) plan(*guest, task);
  }

  void plan(Guest& guest, const std::shared_ptr<const OpenTask>& task) {
    ++planned_;
    // By its own clock: one that is ahead comes early, and is turned away.
    const int64_t opens = task->task().window_start_ms - guest.visitor.traits().skew_ms;
    const int64_t at = std::max(after_a_thought(), opens);
    timeline_.at(at, [this, &guest, task] {
      if (timeline_.now_ms() >= task->task().window_end_ms) {
        --planned_;
        return;
      }
      guest.to_decide.push_back(task);
      enqueue(guest);
    });
  }

  // --- Work

  void enqueue(Guest& guest) {
    if (std::exchange(guest.queued, true)) return;
    queue_.push_back(&guest);
  }

  bool compute_some() {
    if (queue_.empty()) return false;
    const size_t n = std::min(queue_.size(), kJobsPerWorker * executor_.workers());
    const std::vector<Guest*> some(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(n));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(n));
    const int64_t now = timeline_.now_ms();
    executor_.for_blocks(n, 1, [&](size_t i, size_t, size_t) { work(*some[i], now); });
    for (Guest* const guest : some) settle(*guest);
    return true;
  }

  void work(Guest& guest, int64_t now_ms) const {
    const auto start = std::chrono::steady_clock::now();
    if (guest.arrives) guest.failure = guest.visitor.arrive(now_ms);
    if (guest.browses) {
      auto more = guest.visitor.browse(site_.model(), now_ms);
      guest.more_events = more.ok() && *more;
      if (!more.ok()) guest.failure = more.error();
    }
    for (const auto& task : guest.to_decide) {
      const auto attackers = attackers_.find(task->id());
      guest.decisions.push_back(guest.visitor.contribute(
          *task, attackers == attackers_.end() ? nullptr : attackers->second.get(),
          options_.want_clear, now_ms));
    }
    guest.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  void settle(Guest& guest) {
    guest.queued = false;
    making_s_ += guest.seconds;
    if (!guest.failure.ok() && failure_.ok())
      failure_ = {guest.failure.error().code, "visitor " +
                                                  std::to_string(guest.visitor.traits().number) +
                                                  ": " + guest.failure.error().message};
    const bool arrived = std::exchange(guest.arrives, false);
    const bool browsed = std::exchange(guest.browses, false);
    if (arrived) ++arrived_;
    if (arrived && guest.visitor.traits().live_events > 0)
      browse_later(guest);
    else if (browsed && guest.more_events)
      browse_later(guest);
    else if (arrived || browsed)
      decide_about_all(guest);
    settle_decisions(guest);
  }

  void browse_later(Guest& guest) {
    timeline_.at(after_a_thought(), [this, &guest] {
      guest.browses = true;
      enqueue(guest);
    });
  }

  void decide_about_all(Guest& guest) {
    guest.settled = true;
    for (const auto& task : tasks_)
      if (timeline_.now_ms() < task->task().window_end_ms) plan(guest, task);
  }

  void settle_decisions(Guest& guest) {
    const auto tasks = std::exchange(guest.to_decide, {});
    auto decisions = std::exchange(guest.decisions, {});
    for (size_t i = 0; i < tasks.size(); ++i) {
      --planned_;
      TaskAccount& account = accounts_[tasks[i]->id()];
      if (!decisions[i].ok()) {
        ++account.not_made[error_code_name(decisions[i].error().code)];
      } else if (!decisions[i]->report) {
        ++account.declined;
      } else {
        ++account.made;
        if (decisions[i]->participation == Participation::kZeroReport) ++account.zero;
        if (guest.visitor.traits().malicious) ++account.malicious;
        uploads_.add(guest.visitor, tasks[i], std::move(*decisions[i]));
      }
    }
  }

  void release_when_all_are_made() {
    if (!options_.made_beforehand || released_ || tasks_.empty() || !all_decided()) return;
    released_ = true;
    uploads_.release();
  }

  // --- The end

  bool all_decided() const { return arrived_ == options_.visitors && planned_ == 0; }

  bool over() const {
    const int64_t now = timeline_.now_ms();
    if (options_.duration_ms > 0 && now - begin_ms_ >= options_.duration_ms) return true;
    if (!options_.tasks || tasks_.size() < *options_.tasks) return false;
    if (burst() && all_decided() && uploads_.under_way() == 0) return true;
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
    progress({arrived_, tasks_.size(), sum.made, sum.acknowledged, uploads_.finished(),
              uploads_.in_flight()});
  }

  CrowdOutcome outcome() {
    CrowdOutcome out;
    out.accounts = accounts_;
    out.uploads = uploads_.traffic();
    out.site = site_.traffic();
    out.visitors = arrived_;
    for (const auto& guest : guests_) out.malicious += guest->visitor.traits().malicious ? 1 : 0;
    out.duration_ms = timeline_.now_ms() - begin_ms_;
    out.making_s = making_s_;
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
  Executor& executor_;
  DeviceOptions device_options_;
  Timeline timeline_;
  SiteClient site_;
  TaskAccounts accounts_;
  std::optional<ClearSums> clear_;
  std::vector<std::unique_ptr<Guest>> guests_;
  Uploads uploads_;
  std::vector<std::shared_ptr<const OpenTask>> tasks_;
  std::map<TaskId, std::unique_ptr<const Attackers>> attackers_;
  std::deque<Guest*> queue_;
  Random thinking_{0};
  Status failure_;
  uint64_t arrived_ = 0;
  uint64_t planned_ = 0;  // decisions to come
  bool begun_ = false;
  bool released_ = false;
  int64_t begin_ms_ = 0;
  int64_t next_report_ms_ = 0;
  double making_s_ = 0;
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
