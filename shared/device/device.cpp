#include "device/device.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.hpp"
#include "base/sort.hpp"
#include "crypto/hash.hpp"
#include "model/dense.hpp"
#include "retrieval/rank.hpp"

namespace sotto {
namespace {

constexpr const char* kInstallationKey = "device/installation";
constexpr const char* kCleanerKey = "device/cleaner";
constexpr const char* kModelKey = "device/model";
constexpr uint8_t kFormat = 1;
constexpr std::string_view kSealDomain = "sotto ledger v1";
/// Content neighbours that stand in for a dwell that could not be measured.
constexpr size_t kImputationNeighbours = 10;

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
