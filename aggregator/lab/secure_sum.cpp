#include "lab/secure_sum.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "events/event.hpp"

namespace sotto {
namespace {

constexpr uint64_t kInstallationStream = 0x696e7374;  // "inst"
constexpr uint64_t kJobStream = 0x6a6f62;             // "job"
constexpr int64_t kEventSpacingMs = 10'000;
// Prices are rounded up and limits down to 1e-9: so much more than the exact cost lets every sum
// pass, and no further one, which costs far more.
constexpr double kRhoSlack = 1e-6;
constexpr size_t kDevicesPerBlock = 16;

Error of_device(uint32_t device, const Error& error) {
  return {error.code, "device " + std::to_string(device) + ": " + error.message};
}

// Adds the wall-clock time of its life.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// A visitor whose history this is, up to the first window.
Status live_through(Device& device, std::span<const uint32_t> history, const SecureSite& site) {
  const auto n = static_cast<int64_t>(history.size());
  for (int64_t i = 0; i < n; ++i) {
    Event event;
    event.type = EventType::kLike;
    event.item = site.item_id(history[static_cast<size_t>(i)]);
    event.timestamp_ms = SecureSite::kBeginMs - (n - i) * kEventSpacingMs;
    SOTTO_TRY(const TrackOutcome outcome, device.track(event, event.timestamp_ms));
    if (!outcome.kept.has_value())
      return {ErrorCode::kInternal, "an event of its history was cleaned away"};
  }
  return {};
}

bool is_kept(const KeyedRecord& record) {
  return record.key == Ledger::kKey || record.key == "device/installation" ||
         record.key == "device/model";
}

Result<std::vector<std::vector<KeyedRecord>>> read_saved(std::span<const uint8_t> saved,
                                                         size_t n_devices) {
  constexpr const char* kWhat = "devices";
  ByteReader in(saved);
  SOTTO_TRY(const auto stored, in.get<uint64_t>(kWhat));
  if (stored != n_devices)
    return Error{ErrorCode::kInvalidArgument, "checkpoint: of another number of devices"};
  std::vector<std::vector<KeyedRecord>> devices(n_devices);
  for (auto& records : devices) {
    SOTTO_TRY(const auto count, in.get<uint8_t>(kWhat));
    for (uint8_t r = 0; r < count; ++r) {
      KeyedRecord record;
      SOTTO_TRY(record.key, in.get_string(256, kWhat));
      SOTTO_TRY(record.bytes, in.get_array<uint8_t>(in.remaining(), kWhat));
      records.push_back(std::move(record));
    }
  }
  SOTTO_CHECK_OK(in.finish(kWhat));
  return devices;
}

}  // namespace

// One task, from its publication to its sum.
class SecureSum::CohortRun {
 public:
  CohortRun(SecureSum& simulation, const SumJob& job, const Cohort& cohort,
            std::shared_ptr<const DeviceModel> model, PublishedTask task, TaskServers servers,
            Executor& executor, SecureStatistics& statistics)
      : simulation_(simulation),
        job_(job),
        cohort_(cohort),
        model_(std::move(model)),
        task_(std::move(task)),
        servers_(std::move(servers)),
        executor_(executor),
        statistics_(statistics),
        job_entropy_(job.seed, derive_seed(kJobStream, job.stream, cohort.number)) {}

  Result<CollectedSum> run(const SumProgress& progress, uint64_t done) {
    const auto devices = cohort_.devices;
    for (size_t begin = 0; begin < devices.size(); begin += kJobReports) {
      const auto some = devices.subspan(begin, std::min(kJobReports, devices.size() - begin));
      SOTTO_TRY(std::vector<Visit> visits, visit(some));
      deliver(some, std::move(visits));
      SOTTO_CHECK_OK(run_job());
      if (progress) progress(done + begin + some.size());
    }
    for (const auto& [reason, reports] : servers_.leader.state().rejected)
      statistics_.rejected[reason] += reports;
    return collect();
  }

 private:
  // What a device sends, and when.
  struct Visit {
    Bytes report;
    int64_t send_at_ms = 0;
  };

  unsigned deliveries(uint32_t device) const {
    return simulation_.options_.deliveries ? simulation_.options_.deliveries(device) : 1;
  }

  // Phase 2.
  Result<std::vector<Visit>> visit(std::span<const uint32_t> devices) {
    const Stopwatch watch(statistics_.device_seconds);
    std::vector<Visit> visits(devices.size());
    std::vector<Status> failures(devices.size());
    std::vector<uint8_t> zero(devices.size());
    executor_.for_blocks(devices.size(), 1, [&](size_t i, size_t, size_t) {
      auto outcome = contribute(devices[i], visits[i]);
      if (outcome.ok())
        zero[i] = *outcome == Participation::kZeroReport ? 1 : 0;
      else
        failures[i] = of_device(devices[i], outcome.error());
    });
    for (const Status& failure : failures) SOTTO_CHECK_OK(failure);
    statistics_.zero_reports += static_cast<uint64_t>(std::count(zero.begin(), zero.end(), 1));
    return visits;
  }

  Result<Participation> contribute(uint32_t number, Visit& visit) {
    Device& device = simulation_.devices_[number];
    const int64_t now_ms = SecureSite::window_start(job_.stream);
    device.expire(now_ms);
    SOTTO_CHECK_OK(device.use_model(model_));
    ChaChaEntropy entropy = device_entropy(job_, cohort_, number);
    SOTTO_TRY(const ContributeOutcome outcome,
              device.contribute({task_.file, task_.leader_key, task_.helper_key}, now_ms, entropy));
    const OutboxEntry* entry = device.outbox().find(outcome.task);
    if (entry == nullptr || entry->state != OutboxState::kWaiting)
      return Error{ErrorCode::kInternal, "nothing is in its outbox"};
    visit = {entry->report, entry->send_at_ms};
    // Nobody answers for a report that is lost: it stays until its window is over.
    if (deliveries(number) > 0) device.acknowledge(outcome.task);
    return outcome.participation;
  }

  // Phase 3, the leader's door. What it refuses is counted as rejected.
  void deliver(std::span<const uint32_t> devices, std::vector<Visit> visits) {
    const Stopwatch watch(statistics_.leader_seconds);
    LeaderRole& leader = servers_.leader;
    std::vector<std::optional<Result<ArrivedReport>>> arrived(visits.size());
    executor_.for_blocks(visits.size(), 1, [&](size_t i, size_t, size_t) {
      arrived[i] = leader.examine(std::move(visits[i].report));
    });
    for (size_t i = 0; i < visits.size(); ++i) {
      const unsigned times = deliveries(devices[i]);
      for (unsigned time = 0; time < times; ++time) {
        auto accepted = accept(*arrived[i], time + 1 == times, visits[i].send_at_ms);
        if (!accepted.ok()) ++statistics_.rejected[accepted.error().code];
      }
    }
  }

  Result<Acceptance> accept(Result<ArrivedReport>& report, bool last, int64_t now_ms) {
    if (!report.ok()) return report.error();
    statistics_.report_bytes = report->bytes.size();
    if (last) return servers_.leader.accept(std::move(report).value(), now_ms);
    ArrivedReport copy = *report;
    return servers_.leader.accept(std::move(copy), now_ms);
  }

  // Phase 3, both servers.
  Status run_job() {
    auto& [leader, helper, collector] = servers_;
    const int64_t now_ms = SecureSite::window_start(job_.stream);
    Bytes request, response, commit, committed;
    if (leader.state().waiting.empty()) return {};
    {
      const Stopwatch watch(statistics_.leader_seconds);
      auto started = leader.start_job(kJobReports, job_entropy_);
      if (!started.ok()) {  // of these reports none could be opened
        if (started.error().code == ErrorCode::kNotFound) return {};
        return std::move(started).error();
      }
      request = std::move(started).value();
    }
    {
      const Stopwatch watch(statistics_.helper_seconds);
      SOTTO_TRY(response, helper.prepare(request, now_ms));
    }
    {
      const Stopwatch watch(statistics_.leader_seconds);
      SOTTO_TRY(commit, leader.on_prepare_response(response));
    }
    {
      const Stopwatch watch(statistics_.helper_seconds);
      SOTTO_TRY(committed, helper.commit(commit));
    }
    const Stopwatch watch(statistics_.leader_seconds);
    return leader.on_commit_response(committed);
  }

  // Phase 4. Each server draws its noise from its own stream.
  Result<CollectedSum> collect() {
    auto& [leader, helper, collector] = servers_;
    const int64_t now_ms = SecureSite::window_end(job_.stream);
    Bytes request, helper_share, leader_share;
    {
      const Stopwatch watch(statistics_.leader_seconds);
      SOTTO_TRY(request, leader.start_collection(now_ms));
    }
    {
      const Stopwatch watch(statistics_.helper_seconds);
      ChaChaEntropy noise = server_entropy(job_, cohort_, false);
      SOTTO_TRY(helper_share, helper.collect(request, now_ms, noise));
    }
    {
      const Stopwatch watch(statistics_.leader_seconds);
      ChaChaEntropy noise = server_entropy(job_, cohort_, true);
      SOTTO_TRY(leader_share, leader.finish_collection(helper_share, noise));
    }
    const Stopwatch watch(statistics_.collector_seconds);
    return collector.open(leader_share, helper_share);
  }

  SecureSum& simulation_;
  const SumJob& job_;
  const Cohort& cohort_;
  std::shared_ptr<const DeviceModel> model_;
  PublishedTask task_;
  TaskServers servers_;
  Executor& executor_;
  SecureStatistics& statistics_;
  ChaChaEntropy job_entropy_;
};

SecureSum::SecureSum(const Histories& histories, uint32_t n_items, SecureOptions options)
    : histories_(&histories),
      options_(std::move(options)),
      site_(std::make_unique<SecureSite>(n_items, options_.seed)) {}

DeviceOptions SecureSum::device_options() const {
  DeviceOptions options;
  options.pinned = site_->pinned();
  options.floors = site_->floors();
  if (options_.rho > 0) {
    const double rho = options_.rho * (1 + kRhoSlack) + kRhoSlack;
    options.limits.window_rho = rho / reserved_share(BudgetKind::kLearning);
    options.limits.lifetime_rho = options.limits.window_rho;
  }
  size_t longest = 1;
  for (size_t user = 0; user < histories_->size(); ++user)
    longest = std::max(longest, (*histories_)[user].size());
  options.log_limits.max_events = static_cast<uint32_t>(longest);
  return options;
}

Result<SecureSum> SecureSum::create(const Histories& histories, uint32_t n_items,
                                    SecureOptions options, Executor& executor,
                                    std::span<const uint8_t> saved) {
  SecureSum simulation(histories, n_items, std::move(options));
  const DeviceOptions device_options = simulation.device_options();
  const size_t n = histories.size();
  std::vector<std::vector<KeyedRecord>> records(n);
  if (!saved.empty()) {
    SOTTO_TRY(records, read_saved(saved, n));
  }
  std::vector<std::optional<Device>> devices(n);
  std::vector<Status> failures(n);
  const auto install = [&](uint32_t user) -> Status {
    ChaChaEntropy entropy(simulation.options_.seed, derive_seed(kInstallationStream, user));
    SOTTO_TRY(Device::Opened opened,
              Device::open(device_options, records[user], SecureSite::kBeginMs, entropy));
    if (opened.damage.any()) return {ErrorCode::kMalformed, "checkpoint: its records are damaged"};
    devices[user] = std::move(opened.device);
    return live_through(*devices[user], histories[user], *simulation.site_);
  };
  executor.for_blocks(n, kDevicesPerBlock, [&](size_t begin, size_t end, size_t) {
    for (size_t user = begin; user < end; ++user)
      failures[user] = install(static_cast<uint32_t>(user));
  });
  for (size_t user = 0; user < n; ++user)
    if (!failures[user].ok()) return of_device(static_cast<uint32_t>(user), failures[user].error());
  simulation.devices_.reserve(n);
  for (auto& device : devices) simulation.devices_.push_back(*std::move(device));
  return simulation;
}

Result<DeviceSum> SecureSum::sum(const SumJob& job, Executor& executor,
                                 const SumProgress& progress) {
  SOTTO_TRY(const auto cohorts, make_cohorts(job));
  SOTTO_TRY(const auto model, site_->publish(job));
  DeviceSum out;
  out.sum.assign(layout_dimension(job.layout), 0);
  SumStatistics& statistics = out.statistics;
  statistics.secure.emplace();
  double variance = 0;
  uint64_t done = 0;
  for (const Cohort& cohort : cohorts) {
    SOTTO_TRY(PublishedTask task, site_->publish_task(cohort.task, *model, job.stream));
    SOTTO_TRY(TaskServers servers,
              site_->open_servers(task, executor, SecureSite::window_start(job.stream)));
    CohortRun run(*this, job, cohort, model, std::move(task), std::move(servers), executor,
                  *statistics.secure);
    SOTTO_TRY(const CollectedSum collected, run.run(progress, done));
    for (size_t j = 0; j < out.sum.size(); ++j) out.sum[j] += collected.sum[j];
    statistics.reports += collected.reports;
    variance += noise_variance(cohort.task, collected.reports);
    done += cohort.devices.size();
  }
  statistics.cohorts = static_cast<uint32_t>(cohorts.size());
  statistics.noise_sd = std::sqrt(variance);
  return out;
}

Bytes SecureSum::save() const {
  ByteWriter out;
  out.put<uint64_t>(devices_.size());
  for (const Device& device : devices_) {
    std::vector<KeyedRecord> records = device.save();
    std::erase_if(records, [](const KeyedRecord& record) { return !is_kept(record); });
    out.put<uint8_t>(static_cast<uint8_t>(records.size()));
    for (const KeyedRecord& record : records) {
      out.put_string(record.key);
      out.put_array(std::span<const uint8_t>(*record.bytes));
    }
  }
  return std::move(out).bytes();
}

}  // namespace sotto
