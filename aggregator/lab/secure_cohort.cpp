#include "lab/secure_cohort.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"

namespace sotto {
namespace {

constexpr uint64_t kJobStream = 0x6a6f62;  // "job"

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

// One task, from its publication to its sum.
class CohortRun {
 public:
  CohortRun(const SumJob& job, const Cohort& cohort, const CohortParties& parties,
            Executor& executor, SecureStatistics& statistics)
      : job_(job),
        cohort_(cohort),
        parties_(parties),
        executor_(executor),
        statistics_(statistics),
        job_entropy_(job.seed, derive_seed(kJobStream, job.stream, cohort.number)) {}

  Result<CollectedSum> run(const SumProgress& progress) {
    const auto devices = cohort_.devices;
    for (size_t begin = 0; begin < devices.size(); begin += kJobReports) {
      const auto some = devices.subspan(begin, std::min(kJobReports, devices.size() - begin));
      SOTTO_TRY(std::vector<Visit> visits, visit(some));
      deliver(some, std::move(visits));
      SOTTO_CHECK_OK(run_job());
      progress(begin + some.size());
    }
    for (const auto& [reason, reports] : parties_.servers.leader.state().rejected)
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
    return parties_.deliveries ? parties_.deliveries(device) : 1;
  }

  // Phase 2.
  Result<std::vector<Visit>> visit(std::span<const uint32_t> devices) {
    const Stopwatch watch(statistics_.device_seconds);
    std::vector<Visit> visits(devices.size());
    std::vector<Status> failures(devices.size());
    std::vector<uint8_t> zero(devices.size());
    executor_.for_blocks(devices.size(), 1, [&](size_t i, size_t, size_t) {
      if (is_malicious(devices[i])) {
        failures[i] = attack(devices[i], visits[i]);
        return;
      }
      auto outcome = contribute(devices[i], visits[i]);
      if (outcome.ok())
        zero[i] = *outcome == Participation::kZeroReport ? 1 : 0;
      else
        failures[i] = of_device(devices[i], outcome.error());
    });
    for (const Status& failure : failures) SOTTO_CHECK_OK(failure);
    for (const uint32_t device : devices) statistics_.malicious += is_malicious(device) ? 1 : 0;
    statistics_.zero_reports += static_cast<uint64_t>(std::count(zero.begin(), zero.end(), 1));
    return visits;
  }

  bool is_malicious(uint32_t device) const {
    return parties_.attacker != nullptr && parties_.malicious[device];
  }

  Status attack(uint32_t number, Visit& visit) const {
    visit.send_at_ms = SecureSite::window_start(job_.stream);
    ChaChaEntropy entropy = device_entropy(job_, cohort_, number);
    auto report = parties_.attacker->report(number, visit.send_at_ms, entropy);
    if (!report.ok()) return of_device(number, report.error());
    visit.report = std::move(report).value();
    return {};
  }

  Result<Participation> contribute(uint32_t number, Visit& visit) {
    Device& device = parties_.devices[number];
    const int64_t now_ms = SecureSite::window_start(job_.stream);
    device.expire(now_ms);
    SOTTO_CHECK_OK(device.use_model(parties_.model));
    ChaChaEntropy entropy = device_entropy(job_, cohort_, number);
    SOTTO_TRY(
        const ContributeOutcome outcome,
        device.contribute({parties_.task.file, parties_.task.leader_key, parties_.task.helper_key},
                          now_ms, entropy));
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
    LeaderRole& leader = parties_.servers.leader;
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
    std::vector<KeyedRecord> changes;
    const auto keep = [&](ArrivedReport arrived) {
      return parties_.servers.leader.accept(std::move(arrived), now_ms, changes);
    };
    auto accepted = last ? keep(std::move(report).value()) : keep(*report);
    for (KeyedRecord& change : changes)
      if (change.key.starts_with(kReportPrefix))
        reports_[change.key] = std::move(change.bytes).value();
    return accepted;
  }

  // Nobody restores a simulation: of what the servers would store it keeps the bytes of waiting
  // reports, and those only until they are asked for.
  Result<Bytes> take_report(const Nonce& id) {
    auto report = reports_.extract(report_key(id));
    if (report.empty()) return Error{ErrorCode::kNotFound, "simulation: a report is gone"};
    return std::move(report.mapped());
  }

  // Phase 3, both servers.
  Status run_job() {
    auto& [leader, helper, collector] = parties_.servers;
    const int64_t now_ms = SecureSite::window_start(job_.stream);
    const ReportSource reports = [this](const Nonce& id) { return take_report(id); };
    std::vector<KeyedRecord> changes;
    Bytes request, response, commit, committed;
    if (leader.state().waiting.empty()) return {};
    {
      const Stopwatch watch(statistics_.leader_seconds);
      auto started = leader.start_job(kJobReports, reports, job_entropy_, changes);
      if (!started.ok()) {  // of these reports none could be opened
        if (started.error().code == ErrorCode::kNotFound) return {};
        return std::move(started).failure();
      }
      request = std::move(started).value();
    }
    {
      const Stopwatch watch(statistics_.helper_seconds);
      SOTTO_TRY(response, helper.prepare(request, now_ms, changes));
    }
    {
      const Stopwatch watch(statistics_.leader_seconds);
      SOTTO_TRY(commit, leader.on_prepare_response(response, reports, changes));
    }
    {
      const Stopwatch watch(statistics_.helper_seconds);
      SOTTO_TRY(committed, helper.commit(commit, changes));
    }
    const Stopwatch watch(statistics_.leader_seconds);
    return leader.on_commit_response(committed, changes);
  }

  // Phase 4. Each server draws its noise from its own stream.
  Result<CollectedSum> collect() {
    auto& [leader, helper, collector] = parties_.servers;
    const int64_t now_ms = SecureSite::window_end(job_.stream);
    std::vector<KeyedRecord> changes;
    Bytes request, helper_share, leader_share;
    {
      const Stopwatch watch(statistics_.leader_seconds);
      SOTTO_TRY(request, leader.start_collection(now_ms, changes));
    }
    {
      const Stopwatch watch(statistics_.helper_seconds);
      ChaChaEntropy noise = server_entropy(job_, cohort_, false);
      SOTTO_TRY(helper_share, helper.collect(request, now_ms, noise, changes));
    }
    {
      const Stopwatch watch(statistics_.leader_seconds);
      ChaChaEntropy noise = server_entropy(job_, cohort_, true);
      SOTTO_TRY(leader_share, leader.finish_collection(helper_share, noise, changes));
    }
    const Stopwatch watch(statistics_.collector_seconds);
    return collector.open(leader_share, helper_share);
  }

  const SumJob& job_;
  const Cohort& cohort_;
  const CohortParties& parties_;
  Executor& executor_;
  SecureStatistics& statistics_;
  ChaChaEntropy job_entropy_;
  std::map<std::string, Bytes> reports_;  // that wait, by the key of their record
};

}  // namespace

Error of_device(uint32_t device, const ErrorInfo& error) {
  return {error.code, "device " + std::to_string(device) + ": " + error.message};
}

Result<CollectedSum> run_cohort(const SumJob& job, const Cohort& cohort,
                                const CohortParties& parties, Executor& executor,
                                SecureStatistics& statistics, const SumProgress& progress) {
  return CohortRun(job, cohort, parties, executor, statistics).run(progress);
}

}  // namespace sotto
