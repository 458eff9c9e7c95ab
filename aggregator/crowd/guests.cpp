#include "crowd/guests.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "lab/poison.hpp"

namespace sotto {
namespace {

constexpr uint64_t kTraitStream = 0x74726169;  // "trai"
// Of each visitor's history: enough for a placement or two to ride in its report.
constexpr uint32_t kLiveEvents = 3;
// Contributions between two looks at the timeline, for each worker.
constexpr size_t kJobsPerWorker = 2;

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

}  // namespace

// A visitor, and what it has to do on a worker.
struct Guests::Guest {
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

Guests::Guests(const GuestsOf& of)
    : of_(of),
      device_options_(device_options(of.options, of.pinned, of.people)),
      thinking_(derive_seed(of.options.seed, kTraitStream, of.options.visitors)) {
  const auto malicious =
      malicious_devices(of_.options.visitors, of_.options.poison.fraction, of_.options.seed);
  guests_.reserve(of_.options.visitors);
  for (uint32_t number = 0; number < of_.options.visitors; ++number) {
    Random random(derive_seed(of_.options.seed, kTraitStream, number));
    VisitorTraits traits;
    traits.number = number;
    traits.seed = of_.options.seed;
    traits.skew_ms =
        static_cast<int64_t>(std::llround(1000 * of_.options.skew_s * random.normal()));
    traits.malicious = malicious[number];
    traits.live_events = kLiveEvents;
    guests_.push_back(std::make_unique<Guest>(traits, device_options_, of_.people));
  }
}

Guests::~Guests() = default;

uint64_t Guests::malicious() const {
  return static_cast<uint64_t>(std::count_if(guests_.begin(), guests_.end(), [](const auto& guest) {
    return guest->visitor.traits().malicious;
  }));
}

void Guests::invite() {
  const CrowdOptions& options = of_.options;
  const auto moments = arrival_moments(
      options.visitors, options.at_once() ? 0 : options.arrivals_per_s, options.seed);
  const int64_t now = of_.timeline.now_ms();
  for (uint32_t number = 0; number < options.visitors; ++number)
    of_.timeline.at(now + moments[number], [this, &guest = *guests_[number]] {
      guest.arrives = true;
      enqueue(guest);
    });
}

int64_t Guests::after_a_thought() {
  if (of_.options.at_once()) return of_.timeline.now_ms();
  return of_.timeline.now_ms() +
         static_cast<int64_t>(1000 * of_.options.think_s * thinking_.exponential());
}

Status Guests::open(std::shared_ptr<const OpenTask> task) {
  if (of_.options.poison.on()) {
    SOTTO_TRY(attackers_[task->id()], Attackers::create(of_.options.poison, of_.people, task,
                                                        of_.pinned, of_.timeline.now_ms()));
  }
  tasks_.push_back(task);
  for (const auto& guest : guests_)
    if (guest->settled) plan(*guest, task);
  return {};
}

void Guests::plan(Guest& guest, const std::shared_ptr<const OpenTask>& task) {
  ++planned_;
  // By its own clock: one that is ahead comes early, and is turned away.
  const int64_t opens = task->task().window_start_ms - guest.visitor.traits().skew_ms;
  const int64_t at = std::max(after_a_thought(), opens);
  of_.timeline.at(at, [this, &guest, task] {
    if (of_.timeline.now_ms() >= task->task().window_end_ms) {
      --planned_;
      return;
    }
    guest.to_decide.push_back(task);
    enqueue(guest);
  });
}

void Guests::enqueue(Guest& guest) {
  if (std::exchange(guest.queued, true)) return;
  queue_.push_back(&guest);
}

bool Guests::compute_some() {
  if (queue_.empty()) return false;
  const size_t n = std::min(queue_.size(), kJobsPerWorker * of_.executor.workers());
  const std::vector<Guest*> some(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(n));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(n));
  const int64_t now = of_.timeline.now_ms();
  of_.executor.for_blocks(n, 1, [&](size_t i, size_t, size_t) { work(*some[i], now); });
  for (Guest* const guest : some) settle(*guest);
  return true;
}

void Guests::work(Guest& guest, int64_t now_ms) const {
  const auto start = std::chrono::steady_clock::now();
  if (guest.arrives) guest.failure = guest.visitor.arrive(now_ms);
  if (guest.browses) {
    auto more = guest.visitor.browse(of_.site.model(), now_ms);
    guest.more_events = more.ok() && *more;
    if (!more.ok()) guest.failure = more.error();
  }
  for (const auto& task : guest.to_decide) {
    const auto attackers = attackers_.find(task->id());
    guest.decisions.push_back(guest.visitor.contribute(
        *task, attackers == attackers_.end() ? nullptr : attackers->second.get(),
        of_.options.want_clear, now_ms));
  }
  guest.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Guests::settle(Guest& guest) {
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

void Guests::browse_later(Guest& guest) {
  of_.timeline.at(after_a_thought(), [this, &guest] {
    guest.browses = true;
    enqueue(guest);
  });
}

void Guests::decide_about_all(Guest& guest) {
  guest.settled = true;
  ++settled_;
  for (const auto& task : tasks_)
    if (of_.timeline.now_ms() < task->task().window_end_ms) plan(guest, task);
}

void Guests::settle_decisions(Guest& guest) {
  const auto tasks = std::exchange(guest.to_decide, {});
  auto decisions = std::exchange(guest.decisions, {});
  for (size_t i = 0; i < tasks.size(); ++i) {
    --planned_;
    TaskAccount& account = of_.accounts[tasks[i]->id()];
    if (!decisions[i].ok()) {
      ++account.not_made[error_code_name(decisions[i].error().code)];
    } else if (!decisions[i]->report) {
      ++account.declined;
    } else {
      ++account.made;
      if (decisions[i]->participation == Participation::kZeroReport) ++account.zero;
      if (decisions[i]->unfunded) ++account.unfunded;
      if (guest.visitor.traits().malicious) ++account.malicious;
      of_.uploads.add(guest.visitor, tasks[i], std::move(*decisions[i]));
    }
  }
}

}  // namespace sotto
