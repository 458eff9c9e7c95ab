#include "lab/secure_sum.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "events/event.hpp"
#include "lab/secure_cohort.hpp"
#include "protocol/task_vdaf.hpp"

namespace sotto {
namespace {

constexpr uint64_t kInstallationStream = 0x696e7374;  // "inst"
constexpr int64_t kEventSpacingMs = 10'000;
// Prices are rounded up and limits down to 1e-9: so much more than the exact cost lets every sum
// pass, and no further one, which costs far more.
constexpr double kRhoSlack = 1e-6;
constexpr size_t kDevicesPerBlock = 16;

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

Status set_vdaf(Task& task, VdafId vdaf) {
  const auto pine = pine_instance(vdaf);
  if (!pine) return {};  // a task's VDAF is `sum`
  if (task.noise_by == NoiseBy::kServersAndDevice)
    return {ErrorCode::kInvalidArgument,
            "vdaf: devices add no noise under PINE, which bounds all that they send"};
  return use_pine(task, *pine);
}

void leave_room_for_rejected(Cohort& cohort, const std::vector<bool>& malicious) {
  uint64_t attackers = 0;
  for (const uint32_t device : cohort.devices) attackers += malicious[device] ? 1 : 0;
  const uint64_t least = cohort.task.min_batch;
  cohort.task.min_batch = least > attackers ? least - attackers : 1;
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

SecureSum::SecureSum(const Histories& histories, uint32_t n_items, SecureOptions options)
    : histories_(&histories),
      options_(std::move(options)),
      site_(std::make_unique<SecureSite>(n_items, options_.seed)),
      malicious_(malicious_devices(histories.size(), options_.poison.fraction, options_.seed)) {}

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
  if (!(options.rho < Ledger::kLargestRho / 2))
    return Error{ErrorCode::kInvalidArgument,
                 "noise: so little of it, over all rounds, costs more than a ledger can hold"};
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
  SOTTO_TRY(auto cohorts, make_cohorts(job));
  for (Cohort& cohort : cohorts) {
    SOTTO_CHECK_OK(set_vdaf(cohort.task, options_.vdaf));
    leave_room_for_rejected(cohort, malicious_);
  }
  SOTTO_TRY(const auto model, site_->publish(job));
  DeviceSum out;
  out.sum.assign(layout_dimension(job.layout), 0);
  SumStatistics& statistics = statistics_;
  statistics = {};
  statistics.secure.emplace();
  double variance = 0;
  uint64_t done = 0;
  for (const Cohort& cohort : cohorts) {
    SOTTO_TRY(PublishedTask task, site_->publish_task(cohort.task, *model, job.stream));
    SOTTO_TRY(TaskServers servers,
              site_->open_servers(task, executor, SecureSite::window_start(job.stream)));
    std::optional<Attacker> attacker;
    if (options_.poison.on()) {
      SOTTO_TRY(attacker, Attacker::create(options_.poison, job, task, site_->pinned(),
                                           SecureSite::window_start(job.stream)));
    }
    const auto report_progress = [&](uint64_t of_cohort) {
      if (progress) progress(done + of_cohort);
    };
    SOTTO_TRY(const CollectedSum collected,
              run_cohort(job, cohort,
                         {devices_, options_.deliveries, malicious_,
                          attacker ? &*attacker : nullptr, model, task, servers},
                         executor, *statistics.secure, report_progress));
    for (size_t j = 0; j < out.sum.size(); ++j) out.sum[j] += collected.sum[j];
    statistics.reports += collected.reports;
    variance += noise_variance(cohort.task, collected.reports);
    done += cohort.devices.size();
  }
  statistics.cohorts = static_cast<uint32_t>(cohorts.size());
  statistics.noise_sd = std::sqrt(variance);
  out.statistics = statistics;
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
