// The device's half of tasks: what it would contribute, what it does, and what that costs.
#include <algorithm>
#include <cmath>
#include <utility>

#include "crypto/secret.hpp"
#include "device/device.hpp"
#include "protocol/device_role.hpp"
#include "vdaf/pine_parameters.hpp"

namespace sotto {
namespace {

/// Share of what is left of a window in which reports are sent: the rest is for trying again.
constexpr double kSendingShare = 0.95;

BudgetKind budget_of(TaskKind kind) {
  switch (kind) {
    case TaskKind::kLearning: return BudgetKind::kLearning;
    case TaskKind::kEvaluation: return BudgetKind::kEvaluation;
    case TaskKind::kExperiment: break;
  }
  return BudgetKind::kExperiment;
}

// Whether the VDAF takes whatever the layout makes of any history. Where it does not, whether a
// report comes would tell what nobody may know.
bool takes_all(const Task& task, const TaskLayout& layout) {
  if (task.vdaf == VdafId::kSumField32 || pine_instance(task.vdaf).has_value()) return true;
  return task.vdaf == VdafId::kPrio3Histogram && std::holds_alternative<QualityTask>(layout) &&
         task.grid.unit() == 1;
}

// Uniform in what is left of the window, less the time to try again.
int64_t draw_send_time(const Task& task, int64_t now_ms, EntropySource& entropy) {
  const auto left = static_cast<double>(task.window_end_ms - now_ms);
  return now_ms + static_cast<int64_t>(random_from(entropy).uniform() * kSendingShare * left);
}

}  // namespace

// The grid vector of the task; zero for a device with too little history.
Result<GridContribution> Device::compute(const Task& task, int64_t now_ms,
                                         EntropySource& entropy) const {
  SOTTO_TRY(const TaskLayout layout,
            decode_layout(task.layout, task.layout_parameters, model_->rows.size()));
  if (layout_dimension(layout) != task.dimension)
    return Error{ErrorCode::kDisagreement, "task: its dimension is not that of its layout"};
  if (layout_clip(layout) != task.grid.clip)
    return Error{ErrorCode::kDisagreement, "task: its clip is not that of its layout"};
  if (!takes_all(task, layout))
    return Error{ErrorCode::kDisagreement, "task: its vdaf is not for its layout"};

  const int64_t since_ms = std::max(now_ms, ledger_.clock_ms()) - options_.limits.window_ms;
  std::vector<uint32_t> history;
  for (const ItemInteraction& interaction : contribution_items(log_.events(), since_ms)) {
    const auto row = model_->items.find(interaction.item);
    if (row.has_value() && *row < layout_items(layout)) history.push_back(*row);
  }
  if (history.size() < options_.least_history) return GridContribution{};
  const std::vector<float> metrics = prequential_.coordinates(since_ms);
  const ContributionInput input{history, model_->rows.gather(history), &model_->gram,
                                model_->rows.size(), metrics};
  return grid_contribution(layout, task.grid, input, entropy);
}

Floors Device::floors() const {
  return model_->manifest.label == SiteLabel::kDemo
             ? options_.floors
             : Floors::stricter(options_.floors, Floors::production());
}

Status Device::check_model(const Task& task) const {
  if (task.model_sequence != model_->manifest.sequence ||
      task.model_hash != model_->manifest.model.hash)
    return {ErrorCode::kNotFound, "task: for another model than the one that is loaded"};
  if (task.catalogue_hash != model_->manifest.catalogue.hash ||
      task.catalogue_version != model_->manifest.catalogue_version)
    return {ErrorCode::kDisagreement, "task: for another catalogue"};
  return {};
}

Result<ContributionPreview> Device::preview(const TaskFiles& files, int64_t now_ms,
                                            EntropySource& entropy) {
  if (model_ == nullptr) return Error{ErrorCode::kNotFound, "model: none is loaded"};
  place();
  SOTTO_TRY(const DeviceTask role, DeviceTask::open(files.task, options_.pinned, floors(),
                                                    files.leader_key, files.helper_key, now_ms));
  SOTTO_CHECK_OK(check_model(role.task()));
  SOTTO_TRY(const GridContribution vector, compute(role.task(), now_ms, entropy));
  ContributionPreview preview;
  preview.computed = vector.dense(role.task().dimension);
  preview.clipped = vector.clipped;
  SOTTO_TRY(preview.open, role.open_report(preview.computed, entropy));
  return preview;
}

// Whether a contribution may be made: it is charged, or has no price. False: no budget is left, or
// the ledger knows the task while the outbox has lost its report.
Result<bool> Device::charge(const Task& task, const TaskId& id, int64_t now_ms,
                            ContributeOutcome& out) {
  const double rho = task.price_rho();
  if (std::isinf(rho)) return true;
  const BudgetKind kind = budget_of(task.kind);
  if (ledger_.left(kind) < rho) return false;
  SOTTO_TRY(Ledger::Debited debited, ledger_.debit({id, kind, rho, task.window_start_ms}, now_ms));
  if (debited.repeated) return false;
  out.rho = rho;
  out.changes = std::move(debited.records);
  return true;
}

Result<ContributeOutcome> Device::contribute(const TaskFiles& files, int64_t now_ms,
                                             EntropySource& entropy) {
  if (model_ == nullptr) return Error{ErrorCode::kNotFound, "model: none is loaded"};
  ledger_.observe(now_ms);
  SOTTO_TRY(const DeviceTask role, DeviceTask::open(files.task, options_.pinned, floors(),
                                                    files.leader_key, files.helper_key, now_ms));
  const Task& task = role.task();
  if (ledger_.opted_out()) return Error{ErrorCode::kCancelled, "contribute: opted out"};
  if (ledger_.state() == Ledger::State::kDamaged)
    return Error{ErrorCode::kBudgetExhausted, "contribute: the ledger is damaged"};
  place();
  ContributeOutcome outcome;
  outcome.task = role.id();
  if (outbox_.find(role.id()) != nullptr) return outcome;
  SOTTO_CHECK_OK(check_model(task));

  OutboxEntry entry;
  entry.expires_ms = task.window_end_ms;
  if (options_.participation < 1 && random_from(entropy).uniform() >= options_.participation) {
    outcome.participation = Participation::kDeclined;
  } else {
    SOTTO_TRY(GridContribution vector, compute(task, now_ms, entropy));
    bool paid = false;
    if (!vector.zero()) {
      SOTTO_TRY(paid, charge(task, role.id(), now_ms, outcome));
      outcome.unfunded = !paid;
    }
    outcome.participation = paid ? Participation::kReport : Participation::kZeroReport;
    if (!paid) vector = {};
    std::vector<int32_t> dense = vector.dense(task.dimension);
    auto report = role.report(dense, now_ms, entropy);
    for (const std::span<int32_t> secret : {std::span(dense), std::span(vector.values)})
      wipe({reinterpret_cast<uint8_t*>(secret.data()), secret.size_bytes()});
    SOTTO_TRY(entry.report, std::move(report));
    entry.state = OutboxState::kWaiting;
    entry.send_at_ms = draw_send_time(task, now_ms, entropy);
    outcome.send_at_ms = entry.send_at_ms;
  }
  SOTTO_TRY(KeyedRecord record, outbox_.put(role.id(), std::move(entry)));
  outcome.changes.push_back(std::move(record));
  return outcome;
}

}  // namespace sotto
