// What one device owns, tied together: events in, recommendations out, contributions out.
//
//   open        stored records -> a device. Without any: a new installation.
//   use_model   a checked publication (device_model.hpp) replaces the one before.
//   track       an event -> cleaned, placed (prequential.hpp), appended to the log. For hosts whose
//               page waits for the next list: record, prepare while nothing is asked, settle later.
//   recommend, similar, explain, interests
//   tune        slices of fine-tuning (gated_tuning.hpp), for the host's idle time.
//   contribute  a task -> a report in the outbox, paid for in the ledger, in one list of changes.
//   due, report_of, acknowledge   the host sends what the outbox holds.
//   forget, set_opted_out
//
// The device stores nothing itself: every call that changes something returns the records to commit
// (base/keyed_record.hpp), all in one transaction and before anything that they stand for is shown
// to the world; save() is the same list in full. Records: "log/...", "ledger/state", "outbox/...",
// "device/installation" (the MAC key of the ledger's seal), "device/cleaner",
// "device/prequential", "device/model" (latest manifest taken).
//
// Who learns what: nobody learns anything but from the reports in the outbox (protocol/).
// Thread safety: one thread at a time per object. No clock in here: now_ms is the host's, and the
// ledger alone decides what a clock that jumps may change.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/entropy.hpp"
#include "base/keyed_record.hpp"
#include "base/result.hpp"
#include "device/device_model.hpp"
#include "device/gated_tuning.hpp"
#include "device/grid_contribution.hpp"
#include "device/outbox.hpp"
#include "device/prequential.hpp"
#include "device/profile.hpp"
#include "device/recommender.hpp"
#include "events/cleaning.hpp"
#include "events/event_log.hpp"
#include "privacy/ledger.hpp"
#include "protocol/device_role.hpp"
#include "protocol/floors.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

struct DeviceOptions {
  PinnedSite pinned;
  /// Lower than production only counts while the site's manifest is labelled a demonstration.
  Floors floors = Floors::production();
  /// rho 0.5 in a window (z = 1 once, epsilon 5.2 at delta 1e-6); four windows' worth in a
  /// lifetime.
  LedgerLimits limits{0.5, 2.0, LedgerLimits::kNinetyDays};
  EventLogLimits log_limits{};
  CleaningPolicy cleaning{};
  ProfilePolicy profile{};
  /// Of the user vector, for lists; nullopt: never. On only with models that were published with a
  /// prior of its gains, and for users whose gate keeps it.
  std::optional<FineTuningOptions> fine_tuning = FineTuningOptions{};
  /// Chance to take part in a task, in (0, 1]; tossed before the history is looked at.
  double participation = 1;
  /// Fewer positive items than this in the window: the zero report, which costs nothing.
  uint32_t least_history = 1;
};

/// What a restored device found wrong with its records. Recommending goes on with what is left;
/// a damaged ledger never lets it contribute again.
struct DeviceDamage {
  LogDamage log;
  bool cleaner = false;
  bool prequential = false;
  bool model =
      false;  ///< Which manifest was seen is unknown: the next one is trusted as the first.
  bool ledger = false;  ///< Ledger::State::kDamaged.
  uint32_t outbox = 0;  ///< Reports lost.

  bool any() const;
};

struct TrackOutcome {
  std::optional<Event> kept;          ///< As stored; absent when it was dropped.
  std::optional<DropReason> dropped;  ///< Exactly one of the two.
  std::vector<KeyedRecord> changes;
};

enum class Participation : uint8_t {
  kReport = 1,      ///< A contribution is in the outbox.
  kZeroReport = 2,  ///< A zero report is: too little history or budget.
  kDeclined = 3,    ///< The coin says no.
  kDecided = 4,     ///< The outbox has an entry for this task already; nothing changed.
};

struct ContributeOutcome {
  Participation participation = Participation::kDecided;
  TaskId task{};
  bool unfunded = false;   ///< A zero report of a device with history: the ledger did not pay.
  double rho = 0;          ///< What it cost.
  int64_t send_at_ms = 0;  ///< When its report is to be sent.
  std::vector<KeyedRecord> changes;
};

/// A task file and the servers' signed keys, as fetched.
struct TaskFiles {
  std::span<const uint8_t> task;
  std::span<const uint8_t> leader_key;
  std::span<const uint8_t> helper_key;
};

/// What the visitor would contribute to a task, for showing it to them: never sent, never charged.
/// All of it is as private as the history.
struct ContributionPreview {
  /// Clipped and on the grid, all coordinates; zero for a device with too little history.
  std::vector<int32_t> computed;
  bool clipped = false;  ///< It was longer than the clip.
  OpenReport open;       ///< With the device's noise, if the task asks for any, and as two shares.
};

class Device {
 public:
  struct Opened;
  Device(Device&&) noexcept;
  Device& operator=(Device&&) noexcept;
  ~Device();

  /// entropy: for a new installation's id and key. Errors: kInvalidArgument for options out of
  /// range. Damage of records is no error.
  static Result<Opened> open(const DeviceOptions& options, std::span<const KeyedRecord> records,
                             int64_t now_ms, EntropySource& entropy);

  /// The manifest that this device has seen last: what open_device_model asks for.
  const std::optional<SeenManifest>& seen() const { return seen_; }
  /// model: from open_device_model with seen(). Errors: kReplay when it is older than seen().
  Result<std::vector<KeyedRecord>> use_model(std::shared_ptr<const DeviceModel> model);
  /// Null before use_model.
  const DeviceModel* model() const { return model_.get(); }

  /// record, then settle. Errors: none for bad events, which are dropped with a reason; kInternal.
  Result<TrackOutcome> track(const Event& event, int64_t now_ms);
  /// What of track cannot wait. The rest is due until settle().
  Result<TrackOutcome> record(const Event& event, int64_t now_ms);
  /// What is due of events: the placement of the latest one, by the profile as it was before it (of
  /// an earlier one it was computed when it was needed), and the records that this and the cleaner
  /// have changed. Nothing when nothing is.
  std::vector<KeyedRecord> settle();
  /// Makes the profile now that the next list or event would make first. Errors: those of profile.
  Status prepare(int64_t now_ms);
  const CleaningCounts& cleaning_counts() const { return cleaner_.counts(); }

  /// recommend: by the fine-tuned scores when tune() has nothing left to do for the history as it
  /// is now and the gate keeps them; else, and for all the others, by the plain fold-in.
  /// Errors: kNotFound without a model; those of recommender.hpp.
  Result<std::vector<Recommendation>> recommend(const RecommendRequest& request, int64_t now_ms);
  Result<std::vector<Recommendation>> similar(std::string_view item,
                                              const RecommendRequest& request, int64_t now_ms);
  Result<Explanation> explain(std::string_view item, size_t n_reasons, int64_t now_ms);
  Result<std::vector<Interest>> interests(int64_t now_ms);
  /// The profile that these work with. now_ms: for policies that fade by the clock; none does yet.
  /// Errors: kNotFound without a model; those of ProfileMaker.
  Result<const Profile*> profile(int64_t now_ms);

  /// Fine-tunes by up to `steps` pieces of work (GatedTuning::run: a millisecond or so each), in
  /// the host's idle time. True: there is more to do. False: there is nothing to do, or fine-tuning
  /// is off. Nothing is stored: the same vectors come out of the same history after a restore,
  /// whatever the slices. It changes what recommend() returns and nothing else: contributions,
  /// placements, explanations are of the plain fold-in. Errors: those of profile.
  Result<bool> tune(size_t steps, int64_t now_ms);

  /// Decides about a task, once. The order: the task and keys are checked; the coin; the history of
  /// the rolling window; the ledger is charged; the report is made. Nothing is in the outbox that
  /// is not paid for in the same list of changes.
  /// A task without noise has no price that a ledger could hold: only floors of simulations let it
  /// through, and nothing is charged.
  /// Errors: those of DeviceTask::open, decode_layout, contribute, encode_on_grid and Outbox::put;
  /// kCancelled when the visitor has opted out; kNotFound without a model, or when the task is for
  /// another model (fetch the manifest first); kDisagreement for another catalogue or dimension,
  /// or a VDAF that may refuse what the layout makes (all devices fail alike, whatever they hold);
  /// kBudgetExhausted when the ledger is damaged. After an error the ledger may have been charged,
  /// never the other way round.
  Result<ContributeOutcome> contribute(const TaskFiles& files, int64_t now_ms,
                                       EntropySource& entropy);
  /// What contribute() puts into a report before noise and shares, drawing as it does; zero for a
  /// device with too little history. As private as the history: for simulations that compare sums.
  /// Precondition: use_model. Errors: those of decode_layout, contribute and encode_on_grid;
  /// kDisagreement for another dimension or clip.
  Result<GridContribution> compute(const Task& task, int64_t now_ms, EntropySource& entropy) const;
  /// The same computation, drawn anew, as an open report. Errors: those of contribute that come
  /// before the ledger.
  Result<ContributionPreview> preview(const TaskFiles& files, int64_t now_ms,
                                      EntropySource& entropy);
  const Outbox& outbox() const { return outbox_; }
  std::vector<KeyedRecord> acknowledge(const TaskId& task) { return outbox_.acknowledge(task); }
  /// Drops what is over. For the host's regular visits.
  std::vector<KeyedRecord> expire(int64_t now_ms) { return outbox_.expire(now_ms); }

  const Ledger& ledger() const { return ledger_; }
  const Prequential& prequential() const { return prequential_; }
  const EventLog& log() const { return log_; }
  /// Empties the outbox when opting out.
  std::vector<KeyedRecord> set_opted_out(bool opted_out);
  /// Everything about the visitor goes; the ledger's totals, the opt-out, the installation's key
  /// and the seen manifest stay.
  std::vector<KeyedRecord> forget();
  /// The whole state, but for a placement that is due.
  std::vector<KeyedRecord> save() const;

 private:
  class Seal;
  /// Of an item that is learnt from meanwhile, in the list as it was before.
  struct DuePlacement {
    int64_t time_ms = 0;
    uint32_t row = 0;
    Profile before;
  };

  Device(const DeviceOptions& options, std::unique_ptr<Seal> seal, Ledger ledger, EventLog log,
         Cleaner cleaner);

  ImputationPriors priors() const;
  std::vector<double> neighbour_means(EventType type, std::string_view item) const;
  Result<uint32_t> row_of(std::string_view item) const;
  void start_tuning();
  void owe_placement(const Event& event, int64_t now_ms);
  void place();
  Floors floors() const;
  Status check_model(const Task& task) const;
  Result<bool> charge(const Task& task, const TaskId& id, int64_t now_ms, ContributeOutcome& out);

  DeviceOptions options_;
  std::unique_ptr<Seal> seal_;  // the ledger points to it
  Ledger ledger_;
  EventLog log_;
  Cleaner cleaner_;
  Prequential prequential_;
  Outbox outbox_;
  std::optional<SeenManifest> seen_;
  std::shared_ptr<const DeviceModel> model_;
  ProfileMaker profiles_;
  std::optional<Profile> profile_;  // of log_ and model_; absent when either has changed
  std::optional<DuePlacement> due_;
  bool cleaner_due_ = false, prequential_due_ = false;  // their records
  std::optional<GatedTuning> tuning_;  // of profile_ while there is one; absent when it is off
  ScanScratch scratch_;
};

struct Device::Opened {
  Device device;
  DeviceDamage damage;
  std::vector<KeyedRecord> changes;  ///< To commit before the first event.
};

}  // namespace sotto
