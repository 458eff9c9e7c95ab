#include "device/device.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.hpp"
#include "base/sort.hpp"
#include "crypto/hash.hpp"
#include "model/dense.hpp"
#include "protocol/device_role.hpp"
#include "retrieval/rank.hpp"
#include "vdaf/pine_parameters.hpp"

namespace sotto {
namespace {

constexpr const char* kInstallationKey = "device/installation";
constexpr const char* kCleanerKey = "device/cleaner";
constexpr const char* kModelKey = "device/model";
constexpr uint8_t kFormat = 1;
constexpr std::string_view kSealDomain = "sotto ledger v1";
/// Content neighbours that stand in for a dwell that could not be measured.
constexpr size_t kImputationNeighbours = 10;
/// Share of what is left of a window in which reports are sent: the rest is for trying again.
constexpr double kSendingShare = 0.95;

const Bytes* find_record(std::span<const KeyedRecord> records, std::string_view key) {
  for (const KeyedRecord& record : records)
    if (record.key == key && record.bytes.has_value()) return &*record.bytes;
  return nullptr;
}

Result<Seed> read_installation(std::span<const uint8_t> record) {
  ByteReader in(record);
  SOTTO_TRY(const auto format, in.get<uint8_t>("installation"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "installation: unknown format"};
  SOTTO_TRY(const auto key, in.get_bytes(Seed::size(), "installation"));
  SOTTO_CHECK_OK(in.finish("installation"));
  return Seed::copy_of(key.first<Seed::size()>());
}

KeyedRecord model_record(const SeenManifest& seen) {
  ByteWriter out;
  out.put<uint8_t>(kFormat);
  out.put<uint64_t>(seen.sequence);
  out.put_bytes(seen.digest);
  return {kModelKey, std::move(out).bytes()};
}

Result<SeenManifest> read_model(std::span<const uint8_t> record) {
  ByteReader in(record);
  SOTTO_TRY(const auto format, in.get<uint8_t>("model record"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "model record: unknown format"};
  SeenManifest seen;
  SOTTO_TRY(seen.sequence, in.get<uint64_t>("model record"));
  SOTTO_TRY(const auto digest, in.get_bytes(seen.digest.size(), "model record"));
  std::copy(digest.begin(), digest.end(), seen.digest.begin());
  SOTTO_CHECK_OK(in.finish("model record"));
  return seen;
}

KeyedRecord cleaner_record(const Cleaner& cleaner) {
  ByteWriter out;
  cleaner.write(out);
  return {kCleanerKey, std::move(out).bytes()};
}

Result<Cleaner> read_cleaner(std::span<const uint8_t> record, const CleaningPolicy& policy) {
  ByteReader in(record);
  SOTTO_TRY(Cleaner cleaner, Cleaner::read(in, policy));
  SOTTO_CHECK_OK(in.finish("cleaner"));
  return cleaner;
}

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

void append(std::vector<KeyedRecord>& changes, std::vector<KeyedRecord> more) {
  std::move(more.begin(), more.end(), std::back_inserter(changes));
}

bool owned(std::string_view key) {
  return key.starts_with(EventLog::kKeyPrefix) || key.starts_with(Outbox::kKeyPrefix) ||
         key.starts_with("device/") || key == Ledger::kKey;
}

}  // namespace

bool DeviceDamage::any() const {
  return log.any() || cleaner || prequential || model || ledger || outbox > 0;
}

class Device::Seal final : public LedgerSeal {
 public:
  explicit Seal(Seed key) : key_(std::move(key)) {}

  Tag seal(std::span<const uint8_t> bytes) const override {
    Blake2b hash(key_);
    hash.update({reinterpret_cast<const uint8_t*>(kSealDomain.data()), kSealDomain.size()});
    hash.update(bytes);
    return std::move(hash).finish();
  }
  KeyedRecord record() const {
    ByteWriter out;
    out.put<uint8_t>(kFormat);
    out.put_bytes(key_.reveal());
    return {kInstallationKey, std::move(out).bytes()};
  }

 private:
  Seed key_;
};

Device::Device(const DeviceOptions& options, std::unique_ptr<Seal> seal, Ledger ledger,
               EventLog log, Cleaner cleaner)
    : options_(options),
      seal_(std::move(seal)),
      ledger_(std::move(ledger)),
      log_(std::move(log)),
      cleaner_(std::move(cleaner)) {}

Device::Device(Device&&) noexcept = default;
Device& Device::operator=(Device&&) noexcept = default;
Device::~Device() = default;

Result<Device::Opened> Device::open(const DeviceOptions& options,
                                    std::span<const KeyedRecord> records, int64_t now_ms,
                                    EntropySource& entropy) {
  if (!(options.participation > 0 && options.participation <= 1))
    return Error{ErrorCode::kInvalidArgument, "participation: must be in (0, 1]"};
  if (!(options.profile.recency_lambda > 0))
    return Error{ErrorCode::kInvalidArgument, "recency lambda: must be positive"};
  if (options.fine_tuning.has_value()) SOTTO_CHECK_OK(check_options(*options.fine_tuning));
  const bool existing = std::any_of(records.begin(), records.end(), [](const KeyedRecord& record) {
    return record.bytes.has_value() && owned(record.key);
  });
  DeviceDamage damage;
  std::vector<KeyedRecord> changes;

  // A new key beside existing records leaves the ledger damaged: its seal does not fit.
  std::unique_ptr<Seal> seal;
  if (const Bytes* const record = find_record(records, kInstallationKey))
    if (auto key = read_installation(*record); key.ok())
      seal = std::make_unique<Seal>(std::move(*key));
  if (seal == nullptr) {
    seal = std::make_unique<Seal>(Seed::random(entropy));
    changes.push_back(seal->record());
  }
  SOTTO_TRY(auto ledger,
            Ledger::restore(records,
                            existing ? Ledger::Installation::kExisting : Ledger::Installation::kNew,
                            options.limits, *seal));
  append(changes, std::move(ledger.changes));
  ledger.ledger.observe(now_ms);
  damage.ledger = ledger.ledger.state() == Ledger::State::kDamaged;

  SOTTO_TRY(auto log, EventLog::salvage(records, options.log_limits));
  append(changes, std::move(log.changes));
  damage.log = log.damage;

  SOTTO_TRY(Cleaner cleaner, Cleaner::create(options.cleaning));
  if (const Bytes* const record = find_record(records, kCleanerKey)) {
    auto stored = read_cleaner(*record, options.cleaning);
    damage.cleaner = !stored.ok();
    if (stored.ok()) cleaner = std::move(*stored);
  }

  Device device(options, std::move(seal), std::move(ledger.ledger), std::move(log.log),
                std::move(cleaner));
  if (const Bytes* const record = find_record(records, Prequential::kKey)) {
    auto stored = Prequential::read(*record);
    damage.prequential = !stored.ok();
    if (stored.ok()) device.prequential_ = std::move(*stored);
  }
  if (const Bytes* const record = find_record(records, kModelKey)) {
    const auto stored = read_model(*record);
    damage.model = !stored.ok();
    if (stored.ok()) device.seen_ = *stored;
  }
  const size_t before = changes.size();
  device.outbox_ = Outbox::restore(records, changes);
  damage.outbox = static_cast<uint32_t>(changes.size() - before);
  return Opened{std::move(device), damage, std::move(changes)};
}

Result<std::vector<KeyedRecord>> Device::use_model(std::shared_ptr<const DeviceModel> model) {
  if (model == nullptr) return Error{ErrorCode::kInvalidArgument, "model: none"};
  if (model->manifest.site != options_.pinned.site)
    return Error{ErrorCode::kAuthentication, "model: of another site"};
  if (seen_.has_value() && model->seen.sequence < seen_->sequence)
    return Error{ErrorCode::kReplay, "model: older than one that was taken"};
  place();
  std::vector<KeyedRecord> changes;
  model_ = std::move(model);
  profile_.reset();
  profiles_ = {};
  start_tuning();
  if (seen_ != model_->seen) changes.push_back(model_record(model_->seen));
  seen_ = model_->seen;
  return changes;
}

// --- Events
// ---------------------------------------------------------------------------------------

ImputationPriors Device::priors() const {
  ImputationPriors priors;
  if (model_ == nullptr) return priors;
  const Catalogue& catalogue = model_->catalogue;
  priors.catalogue_dwell_ms = catalogue.mean_dwell_ms();
  priors.catalogue_scroll = catalogue.mean_scroll();
  priors.neighbor_means = [this, means = std::vector<double>()](EventType type,
                                                                std::string_view item) mutable {
    means = neighbour_means(type, item);
    return std::span<const double>(means);
  };
  return priors;
}

// What is usual for the item itself, or else for those nearest to it by content.
std::vector<double> Device::neighbour_means(EventType type, std::string_view item) const {
  const Catalogue& catalogue = model_->catalogue;
  const std::vector<float>& known =
      type == EventType::kDwell ? catalogue.dwell_ms : catalogue.scroll;
  const auto row = model_->items.find(item);
  if (!row.has_value() || *row >= known.size()) return {};
  if (known[*row] > 0) return {known[*row]};
  std::vector<float> scores(known.size());
  model_->content.score(model_->content.vector(*row), scores);
  std::vector<std::pair<float, uint32_t>> nearest;
  for (uint32_t i = 0; i < known.size(); ++i)
    if (known[i] > 0 && scores[i] > 0) nearest.emplace_back(-scores[i], i);
  const size_t n = std::min(kImputationNeighbours, nearest.size());
  sort_first(std::span(nearest), n);
  std::vector<double> means;
  for (size_t j = 0; j < n; ++j) means.push_back(known[nearest[j].second]);
  return means;
}

// Where the live list has an item that is about to be learnt from, if it is new to the history: a
// look at every row, for settle().
void Device::owe_placement(const Event& event, int64_t now_ms) {
  if (model_ == nullptr || !event.value.has_value() ||
      !(event_strength(event.type, *event.value) > 0))
    return;
  const auto row = model_->items.find(event.item);
  if (!row.has_value() || !profile(now_ms).ok()) return;
  if (profile_->history.empty() || !profile_->unseen.allows(*row)) return;
  due_ = DuePlacement{event.timestamp_ms, *row, std::move(*profile_)};
  profile_.reset();
}

Result<TrackOutcome> Device::record(const Event& event, int64_t now_ms) {
  TrackOutcome outcome;
  place();
  ledger_.observe(now_ms);
  CleanOutcome cleaned = cleaner_.clean(event, now_ms, priors());
  cleaner_due_ = true;
  outcome.dropped = cleaned.dropped;
  if (!cleaned.event.has_value()) return outcome;
  owe_placement(*cleaned.event, now_ms);
  SOTTO_TRY(auto appended, log_.append(*cleaned.event));
  outcome.changes = std::move(appended);
  // What was shown changes no weight.
  if (cleaned.event->type != EventType::kImpression) profile_.reset();
  outcome.kept = std::move(cleaned.event);
  return outcome;
}

void Device::place() {
  if (!due_.has_value()) return;
  const DuePlacement due = std::move(*due_);
  due_.reset();
  const auto rank =
      rank_of(model_->rows, span_of(due.before.user), due.row, due.before.unseen, scratch_);
  if (!rank.ok()) return;
  prequential_.add({due.time_ms, *rank, due.before.unseen.allowed_count()});
  prequential_due_ = true;
}

std::vector<KeyedRecord> Device::settle() {
  place();
  std::vector<KeyedRecord> changes;
  if (std::exchange(cleaner_due_, false)) changes.push_back(cleaner_record(cleaner_));
  if (std::exchange(prequential_due_, false)) changes.push_back(prequential_.record());
  return changes;
}

Result<TrackOutcome> Device::track(const Event& event, int64_t now_ms) {
  SOTTO_TRY(TrackOutcome outcome, record(event, now_ms));
  append(outcome.changes, settle());
  return outcome;
}

Status Device::prepare(int64_t now_ms) {
  SOTTO_TRY([[maybe_unused]] const Profile* const known, profile(now_ms));
  return {};
}

// --- Lists
// ----------------------------------------------------------------------------------------

Result<const Profile*> Device::profile(int64_t /*now_ms*/) {
  if (model_ == nullptr) return Error{ErrorCode::kNotFound, "model: none is loaded"};
  if (!profile_.has_value()) {
    SOTTO_TRY(profile_, profiles_.make(log_, *model_, options_.profile));
    if (tuning_.has_value()) tuning_->set_history(profile_->history, profile_->strengths);
  }
  return &*profile_;
}

Result<uint32_t> Device::row_of(std::string_view item) const {
  if (model_ == nullptr) return Error{ErrorCode::kNotFound, "model: none is loaded"};
  const auto row = model_->items.find(item);
  if (!row.has_value()) return Error{ErrorCode::kNotFound, "item: not in the catalogue"};
  return *row;
}

Result<std::vector<Recommendation>> Device::recommend(const RecommendRequest& request,
                                                      int64_t now_ms) {
  SOTTO_TRY(const Profile* const known, profile(now_ms));
  return sotto::recommend(*model_, *known, request, scratch_,
                          tuning_.has_value() ? tuning_->result() : nullptr);
}

// From nothing: what was known of a history goes.
void Device::start_tuning() {
  tuning_.reset();
  if (options_.fine_tuning.has_value() && model_ != nullptr && model_->tuning_prior.has_value())
    tuning_.emplace(*model_, *model_->tuning_prior, options_.profile, *options_.fine_tuning);
}

Result<bool> Device::tune(size_t steps, int64_t now_ms) {
  if (!tuning_.has_value()) return false;
  SOTTO_TRY([[maybe_unused]] const Profile* const known, profile(now_ms));
  return tuning_->run(steps, scratch_);
}

Result<std::vector<Recommendation>> Device::similar(std::string_view item,
                                                    const RecommendRequest& request,
                                                    int64_t now_ms) {
  SOTTO_TRY(const uint32_t row, row_of(item));
  SOTTO_TRY(const Profile* const known, profile(now_ms));
  return sotto::similar(*model_, *known, row, request, scratch_);
}

Result<Explanation> Device::explain(std::string_view item, size_t n_reasons, int64_t now_ms) {
  SOTTO_TRY(const uint32_t row, row_of(item));
  SOTTO_TRY(const Profile* const known, profile(now_ms));
  return sotto::explain(*model_, *known, options_.profile, row, n_reasons);
}

Result<std::vector<Interest>> Device::interests(int64_t now_ms) {
  SOTTO_TRY(const Profile* const known, profile(now_ms));
  return sotto::interests(*model_, *known);
}

// --- Contributions
// --------------------------------------------------------------------------------

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
  append(out.changes, std::move(debited.records));
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

// --- The whole
// ------------------------------------------------------------------------------------

std::vector<KeyedRecord> Device::set_opted_out(bool opted_out) {
  std::vector<KeyedRecord> changes = ledger_.set_opted_out(opted_out);
  if (opted_out) append(changes, outbox_.decline_waiting());
  return changes;
}

std::vector<KeyedRecord> Device::forget() {
  std::vector<KeyedRecord> changes = ledger_.forget();
  append(changes, log_.clear());
  append(changes, outbox_.clear());
  changes.push_back({kCleanerKey, std::nullopt});
  changes.push_back({Prequential::kKey, std::nullopt});
  cleaner_ = Cleaner::create(options_.cleaning).value();  // was valid before
  prequential_ = {};
  profile_.reset();
  profiles_ = {};
  due_.reset();
  cleaner_due_ = prequential_due_ = false;
  start_tuning();
  return changes;
}

std::vector<KeyedRecord> Device::save() const {
  std::vector<KeyedRecord> records{seal_->record(), cleaner_record(cleaner_),
                                   prequential_.record()};
  append(records, ledger_.records());
  append(records, log_.records());
  append(records, outbox_.records());
  if (seen_.has_value()) records.push_back(model_record(*seen_));
  return records;
}

}  // namespace sotto
