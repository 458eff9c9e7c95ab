// The training of one site's model: which task comes next, what a released sum makes of the model,
// and what may be published. No I/O: the server brings sums and stores what comes out.
//
// A course is a cycle of releases: popularity first (layout `counts`), then rounds (`whitened`), as
// model/private_trainer.hpp does them; after the last release of a cycle the next one begins. The
// model is a function of the catalogue, the options and the releases alone, so that a restarted
// server replays its releases and has the very same model.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "catalog/catalogue.hpp"
#include "catalog/item_index.hpp"
#include "model/private_trainer.hpp"
#include "model/snapshot.hpp"
#include "protocol/task.hpp"

namespace sotto {

/// The items of a site. Append-only: rows are never reused, removed items become tombstones.
struct SiteContent {
  ItemIndex items;
  Matrix content;       ///< m x F, content_vectors; 0 columns: nothing is known.
  Catalogue catalogue;  ///< What devices get of it.
};
/// Reads items.jsonl (as `sotto import` and `sotto world` write it) on top of what there was.
/// Errors: those of the lab's item files, naming file and line; kInvalidArgument.
Result<SiteContent> load_site_content(const std::string& path,
                                      const std::optional<ItemIndex>& before);

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

  /// Fields out of range, by name.
  Status validate() const;
};

/// A collected sum, as it is kept.
struct StoredRelease {
  uint64_t number = 0;  ///< 0, 1, ... over all cycles.
  TaskId task{};
  Bytes task_file;
  uint64_t reports = 0;
  std::vector<int64_t> sum;
};
Bytes encode_release(const StoredRelease& release);
Result<StoredRelease> decode_release(std::span<const uint8_t> bytes);

/// What the gate says of a candidate. Public checks and released values only.
struct GateReport {
  bool passed = false;
  std::string reason;        ///< Why not; empty when it passed.
  double largest_row = 0;    ///< Norm.
  double drift = 0;          ///< |V' - V| / |V|.
  std::vector<std::pair<std::string, double>> movers;  ///< The ten rows that moved most.
  std::optional<PrequentialRelease> metrics;           ///< Of the model that devices had.
};

/// Thread safety: one thread at a time.
class Course {
 public:
  static Result<Course> create(const CourseOptions& options, SiteContent content);

  const CourseOptions& options() const;
  const SiteContent& content() const;
  /// Of the next release: layout, VDAF, dimension, grid, sigma, noise, batch sizes are filled in;
  /// names, model, keys and times are the caller's. Errors: those of use_pine and check_batch_fits.
  Result<Task> next_task() const;
  /// What one device pays for a whole cycle, by one server's noise (rho).
  double cycle_rho() const;

  /// Takes the next release. A release that leaves no model (kNumerical) or that the gate refuses
  /// leaves the model as it was: the report says so.
  /// Errors: kMalformed, kDisagreement when it is not the next one (number, layout, dimension).
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

 private:
  struct Impl;
  explicit Course(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sotto
