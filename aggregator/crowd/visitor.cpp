#include "crowd/visitor.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/random.hpp"
#include "crypto/random.hpp"
#include "events/event.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "protocol/task_vdaf.hpp"

namespace sotto {
namespace {

constexpr uint64_t kInstallationStream = 0x696e7374;  // "inst"
constexpr uint64_t kSendingStream = 0x73656e64;       // "send"
// As honest devices, so that a report's moment does not give its sender away.
constexpr double kSendingShare = 0.95;
// Of the history: far enough apart for cleaning to keep all.
constexpr int64_t kEventSpacingMs = 10'000;
// Where a report's id stands (protocol/report.hpp): after message, version and task id.
constexpr size_t kReportIdAt = 2 + sizeof(TaskId);

Result<Nonce> id_of(std::span<const uint8_t> report) {
  Nonce id;
  if (report.size() < kReportIdAt + id.size())
    return Error{ErrorCode::kInternal, "report: too short for its id"};
  std::memcpy(id.data(), report.data() + kReportIdAt, id.size());
  return id;
}

// What the report holds: the contribution, or what the task's VDAF has for nothing to say.
ClearVector clear_of(GridContribution contribution, const Task& task) {
  if (contribution.zero()) {
    const std::vector<int32_t> silence = nothing_to_say(task);
    for (uint32_t j = 0; j < silence.size(); ++j) {
      if (silence[j] == 0) continue;
      contribution.indices.push_back(j);
      contribution.values.push_back(silence[j]);
    }
  }
  return {std::move(contribution.indices),
          {contribution.values.begin(), contribution.values.end()}};
}

}  // namespace

SimulatedVisitor::SimulatedVisitor(VisitorTraits traits, const DeviceOptions& options,
                                   const CrowdPeople& people)
    : traits_(traits), options_(&options), people_(&people) {}

uint64_t SimulatedVisitor::stream_of(const TaskId& task) const {
  uint64_t number;
  std::memcpy(&number, task.data(), sizeof number);
  return derive_seed(traits_.number, number);
}

Status SimulatedVisitor::track(uint32_t item, int64_t at_ms, int64_t now_ms) {
  Event event;
  event.type = EventType::kLike;
  event.item = people_->item_ids[item];
  event.timestamp_ms = at_ms;
  const auto tracked = device_->track(event, now_ms);
  return tracked.ok() ? Status() : Status(tracked.error());
}

Status SimulatedVisitor::arrive(int64_t now_ms) {
  ChaChaEntropy entropy(traits_.seed, derive_seed(kInstallationStream, traits_.number));
  const int64_t own_ms = now_ms + traits_.skew_ms;
  SOTTO_TRY(Device::Opened opened, Device::open(*options_, {}, own_ms, entropy));
  device_ = std::move(opened.device);
  const auto history = people_->of(traits_.number);
  next_event_ = history.size() - std::min<size_t>(traits_.live_events, history.size());
  for (size_t i = 0; i < next_event_; ++i) {
    const int64_t at_ms = own_ms - static_cast<int64_t>(next_event_ - i) * kEventSpacingMs;
    SOTTO_CHECK_OK(track(history[i], at_ms, at_ms));
  }
  return {};
}

Result<bool> SimulatedVisitor::browse(std::shared_ptr<const DeviceModel> model, int64_t now_ms) {
  const auto history = people_->of(traits_.number);
  if (device_->model() != model.get()) {
    SOTTO_TRY([[maybe_unused]] const auto changes, device_->use_model(std::move(model)));
  }
  if (next_event_ < history.size()) {
    const int64_t own_ms = now_ms + traits_.skew_ms;
    SOTTO_CHECK_OK(track(history[next_event_++], own_ms, own_ms));
  }
  return next_event_ < history.size();
}

Result<Decision> SimulatedVisitor::contribute(const OpenTask& task, const Attackers* attackers,
                                              bool want_clear, int64_t now_ms) {
  if (traits_.malicious && attackers != nullptr)
    return attack(task, *attackers, want_clear, now_ms);
  const int64_t own_ms = now_ms + traits_.skew_ms;
  device_->expire(own_ms);
  if (device_->model() != task.model.get()) {
    SOTTO_TRY([[maybe_unused]] const auto changes, device_->use_model(task.model));
  }
  ChaChaEntropy entropy(traits_.seed, stream_of(task.id()));
  SOTTO_TRY(const ContributeOutcome outcome,
            device_->contribute({task.file, task.leader_key, task.helper_key}, own_ms, entropy));
  Decision decision;
  decision.participation = outcome.participation;
  decision.unfunded = outcome.unfunded;
  const auto waiting = report(task.id());
  if (waiting == nullptr) return decision;
  SOTTO_TRY(decision.report, id_of(*waiting));
  decision.send_at_ms = outcome.send_at_ms - traits_.skew_ms;
  if (want_clear) {
    SOTTO_TRY(decision.clear, clear_vector(task, outcome.participation, own_ms));
  }
  return decision;
}

// Everything is drawn again, as Device::contribute and DeviceTask::report draw it.
Result<ClearVector> SimulatedVisitor::clear_vector(const OpenTask& task,
                                                   Participation participation,
                                                   int64_t own_ms) const {
  ChaChaEntropy entropy(traits_.seed, stream_of(task.id()));
  if (options_->participation < 1) static_cast<void>(random_from(entropy));
  SOTTO_TRY(GridContribution contribution, device_->compute(task.task(), own_ms, entropy));
  if (participation == Participation::kZeroReport) contribution = {};
  const uint64_t sigma = task.task().device_sigma();
  if (sigma == 0) return clear_of(std::move(contribution), task.task());
  SOTTO_TRY(const auto noise, DiscreteGaussian::create(sigma));
  const std::vector<int32_t> dense = contribution.dense(task.task().dimension);
  ClearVector noised{{}, {dense.begin(), dense.end()}};
  Nonce id;
  entropy.fill(id);
  EntropyWords words(entropy);
  noise.add_to(noised.values, words);
  return noised;
}

Result<Decision> SimulatedVisitor::attack(const OpenTask& task, const Attackers& attackers,
                                          bool want_clear, int64_t now_ms) {
  ChaChaEntropy entropy(traits_.seed, stream_of(task.id()));
  SOTTO_TRY(Bytes forged, attackers.report(traits_.number, now_ms + traits_.skew_ms, entropy));
  Decision decision;
  decision.participation = Participation::kReport;
  SOTTO_TRY(decision.report, id_of(forged));
  const auto left = static_cast<double>(task.task().window_end_ms - now_ms);
  Random random(derive_seed(traits_.seed, stream_of(task.id()), kSendingStream));
  decision.send_at_ms = now_ms + static_cast<int64_t>(random.uniform() * kSendingShare * left);
  if (want_clear) {
    ChaChaEntropy again(traits_.seed, stream_of(task.id()));
    SOTTO_TRY(std::vector<int64_t> wish, attackers.wish(traits_.number, again));
    if (!wish.empty()) decision.clear = ClearVector{{}, std::move(wish)};
  }
  forged_[task.id()] = std::make_shared<const Bytes>(std::move(forged));
  return decision;
}

std::shared_ptr<const Bytes> SimulatedVisitor::report(const TaskId& task) const {
  if (const auto forged = forged_.find(task); forged != forged_.end()) return forged->second;
  const OutboxEntry* const entry = device_->outbox().find(task);
  if (entry == nullptr || entry->state != OutboxState::kWaiting) return nullptr;
  return std::make_shared<const Bytes>(entry->report);
}

void SimulatedVisitor::drop_report(const TaskId& task) {
  forged_.erase(task);
  static_cast<void>(device_->acknowledge(task));
}

}  // namespace sotto
