// The training of one site's model: which task comes next, what a released sum makes of the model,
// and what may be published. No I/O: the server brings sums and stores what comes out.
//
// A course is a cycle of releases: popularity first (layout `counts`), then rounds (`whitened`), as
// model/private_trainer.hpp does them; after the last release of a cycle the next one begins. Where
// the options want it, every cycle begins with an evaluation (`quality`): how well the lists of
// the last 90 days did, whichever models they came from (device/prequential.hpp). It changes no
// model. The
// model is a function of the catalogue, the options and the releases alone, so that a restarted
// server replays its releases and has the very same model. (It gives use_content and use_model
// again where they were given: after as many releases.)
//
// Devices contribute against the model that is published, so the second cycle and every later one
// goes on from it: its counts choose the slice and the frequencies anew, and its rounds begin with
// the published rows in the place of V0. What is published changes with the first round that passes
// the gate. (In the first cycle the counts already make a better V0, and that is published.)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "catalog/catalogue.hpp"
#include "catalog/item_index.hpp"
#include "model/private_trainer.hpp"
#include "model/quality_release.hpp"
#include "model/snapshot.hpp"
#include "protocol/signed_task.hpp"
#include "protocol/task.hpp"

namespace sotto {

/// The items of a site. Append-only: rows are never reused, removed items become tombstones.
struct SiteContent {
  /// Tags that content vectors have a column for: the most frequent ones.
  static constexpr size_t kContentTags = 256;

  ItemIndex items;
  Matrix content;       ///< m x F, content_vectors; 0 columns: nothing is known.
  Catalogue catalogue;  ///< What devices get of it: tags. (Years are in `content` only.)
};
/// Reads items.jsonl (as `sotto import` and `sotto world` write it) on top of what there was: new
/// ids get new rows, ids that the file has no more become tombstones, whose content is unknown
/// (1, then zeros: the mean of the others).
/// Errors: those of the lab's item files, naming file and line; kMalformed for a file without
/// items; kInvalidArgument for what no catalogue may hold.
Result<SiteContent> load_site_content(const std::string& path,
                                      const std::optional<ItemIndex>& before);
/// As a server keeps it, so that releases are replayed on the content that they were made with.
///   "sotto content" | version u8 = 1 | item index (item_index.hpp) | columns u32 | m x F f32
///   | catalogue file: u64 length, bytes
Bytes encode_content(const SiteContent& content);
/// Errors: kMalformed; kUnsupported for another version.
Result<SiteContent> decode_content(std::span<const uint8_t> bytes);

struct CourseOptions {
  double z = 1;  ///< Noise multiplier that one release spending a whole cycle's budget would have.
  std::optional<PrivateRecipe> recipe{};  ///< Default: for_budget of the noise really added.
  NoiseBy noise_by = NoiseBy::kServers;
  VdafId vdaf = VdafId::kPine32HmacSha256Aes128;  ///< PINE, or kSumField32.
  int32_t grid_bound = 1 << 15;
  uint64_t min_batch = 100;
  uint64_t max_batch = 10'000;
  uint32_t metrics = 1;  ///< 1: prequential metrics ride in rounds (kPrequentialMetrics); 0: none.
  uint64_t seed = 1;     ///< Of V0. Public.
  double ndcg_fall = 0.1;  ///< GateLimits::ndcg_fall, in [0, 1].
  /// Cycles begin with an evaluation, from the next one on: may change with releases stored. Its
  /// price comes on top of z: the part of a device's budget that is reserved for it
  /// (privacy/ledger.hpp), beside the part that learning spends.
  bool evaluation = false;

  /// Fields out of range, by name.
  Status validate() const;
};

/// A collected sum, as it is kept.
///   "sotto release" | version u8 = 1 | number u64 | task id 32 | task file: u64 length, bytes
///   | reports u64 | sum: u64 length, i64 each
struct StoredRelease {
  static constexpr uint64_t kMaxDimension = uint64_t{1} << 24;  ///< As PINE's.

  uint64_t number = 0;  ///< 0, 1, ... over all cycles.
  TaskId task{};
  Bytes task_file;
  uint64_t reports = 0;
  std::vector<int64_t> sum;
};
Bytes encode_release(const StoredRelease& release);
/// Errors: kMalformed for anything that encode_release does not write, and when the task id is not
/// that of the file; kUnsupported for another version.
Result<StoredRelease> decode_release(std::span<const uint8_t> bytes);

/// What the gate says of a release and its candidate. Public checks and released values only.
struct GateReport {
  bool passed = false;  ///< Honest reports can have made it, and its candidate may be published.
  bool evaluation = false;                             ///< It was one: there is no candidate.
  std::string reason;                                  ///< Why not; empty when it passed.
  double largest_row = 0;                              ///< Norm.
  double drift = 0;                                    ///< |V' - V| / |V|.
  double coverage = 0;                                 ///< Share of items whose row is not zero.
  std::vector<std::pair<std::string, double>> movers;  ///< The ten rows that moved most.
  std::optional<PrequentialRelease> metrics;           ///< Of the model that devices had.
  double ndcg_sd = 0;                                  ///< Of the noise in metrics->ndcg_100.
  /// The publication of the model before, which did better than the one that devices had; 0: it did
  /// not, or was not measured.
  uint64_t roll_back_to = 0;
  /// What an evaluation says; absent when it tells of no more devices than noise.
  std::optional<QualityRelease> quality;
};

/// The latest evaluation that said anything.
struct MeasuredQuality {
  uint64_t release = 0;  ///< StoredRelease::number.
  QualityRelease values;

  bool operator==(const MeasuredQuality&) const = default;
};

/// Copies are the same course. Thread safety: one thread at a time.
class Course {
 public:
  static Result<Course> create(const CourseOptions& options, SiteContent content);
  /// Another course that stands where this one does: to try what may have to be given up.
  Course fork() const;

  const CourseOptions& options() const;
  const SiteContent& content() const;
  /// Of the next release: kind, layout, VDAF, dimension, grid, sigma, noise, batch sizes are filled
  /// in; names, model, keys and times are the caller's. evaluate: false leaves the cycle's
  /// evaluation out. Errors: those of use_pine and check_batch_fits.
  Result<Task> next_task(bool evaluate = true) const;
  /// Whether the next release may be the evaluation of a cycle.
  bool may_evaluate() const;
  /// Whether the next release may be the counts of a cycle: all that it trains on comes after them.
  bool begins_training() const;
  /// What one device pays for a whole cycle, its evaluation included, by one server's noise (rho).
  double cycle_rho() const;
  /// What it has paid at most in the cycle of the latest release, for the evaluation too: counts
  /// that were refused are asked for, and paid, again, with an evaluation before them.
  double paid_rho() const;
  /// Nothing until an evaluation has said something.
  const std::optional<MeasuredQuality>& quality() const;

  /// Takes the next release. A release that leaves no model (kNumerical) or that the gate refuses
  /// leaves the model as it was: the report says so. So does one that no honest reports can have
  /// summed up to (gate.hpp). Refused counts are asked for again, from the beginning of a cycle; a
  /// refused round or evaluation is over. An evaluation leaves the model as it was in any case.
  /// Errors: kMalformed; kDisagreement when it is not the next one (number, kind, layout, grid,
  /// sigma).
  Result<GateReport> accept(const StoredRelease& release, Executor& executor);
  uint64_t releases() const;

  /// The model as it is to be published: int8, gram, popularity, every item of the content. Items
  /// that the cycle does not know yet have a row by content (ridge regression of the trained rows
  /// on content). Before the first release: V0 from content alone, or a model of zeros and ones
  /// that passes smoke_test where there is no content.
  Result<Snapshot> snapshot() const;
  /// New or removed items, without retraining. Takes effect in snapshot() now, in tasks from the
  /// next cycle on. Errors: kInvalidArgument unless it goes on from the present index.
  Status use_content(SiteContent content);
  /// After a rollback: training goes on from the model that devices then have, which is one that
  /// this course once gave out. The gate takes the next one as it takes a first, and what was
  /// measured before is compared with nothing. Errors: kInvalidArgument for one of other items or
  /// dimensions.
  Status use_model(const Snapshot& snapshot);

 private:
  struct Impl;
  explicit Course(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sotto
