// A site with everything published, and devices on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "model/random_data.hpp"
#include "model/snapshot.hpp"
#include "protocol/cast.hpp"
#include "storage.hpp"

namespace sotto {

inline std::string item_id(uint32_t i) { return "item-" + std::to_string(i); }

/// 80 items of 8 dimensions, the last one removed, the one before it without a row; 5 categories.
/// Demonstration, so that small batches pass.
struct SmallSite : Cast {
  static constexpr uint32_t kItems = 80;
  static constexpr uint32_t kWithoutRow = 78;
  static constexpr uint32_t kRemoved = 79;
  static constexpr uint64_t kBudget = uint64_t{1} << 26;

  struct Publication {
    Bytes manifest, snapshot, catalogue;
    ModelFiles files() const { return {manifest, snapshot, catalogue}; }
  };

  SiteLabel label = SiteLabel::kDemo;
  Snapshot snapshot = make_snapshot();
  Catalogue catalogue = make_catalogue(snapshot.items.version());

  static Snapshot make_snapshot() {
    Snapshot snapshot;
    Matrix values = random_matrix(kItems, 8, 21, 0.4F);
    values.row(kWithoutRow).setZero();
    snapshot.rows = quantize_rows(values);
    for (uint32_t i = 0; i < kItems; ++i) REQUIRE(snapshot.items.add(item_id(i)).ok());
    REQUIRE(snapshot.items.remove(item_id(kRemoved)).ok());
    snapshot.reg = {.a0 = .1F, .lambda = .01F};
    snapshot.gram = gram_of(snapshot);
    for (uint32_t i = 0; i < kItems; ++i)
      snapshot.popularity.push_back(1 / (1 + static_cast<float>(i * 7 % kItems)));
    return snapshot;
  }
  static Catalogue make_catalogue(uint64_t version) {
    Catalogue catalogue;
    catalogue.tag_names = {"air", "brass", "choir", "drums", "electronic"};
    for (uint32_t i = 0; i < kItems; ++i)
      catalogue.items.push_back({.tags = {i % 3, 3 + i % 2}, .year = {}});
    catalogue.dwell_ms.assign(kItems, 0);
    for (uint32_t i = 0; i < kItems; i += 4) catalogue.dwell_ms[i] = 20'000;
    catalogue.item_index_version = version;
    return catalogue;
  }

  Publication publish(uint64_t sequence) const {
    Publication out;
    out.snapshot = write_snapshot(snapshot).value();
    out.catalogue = write_catalogue(catalogue).value();
    Manifest manifest;
    manifest.site = pinned.site;
    manifest.sequence = sequence;
    manifest.created_ms = kStart;
    manifest.expires_ms = kEnd + 60 * kMinute;
    manifest.label = label;
    manifest.model = published_file(out.snapshot);
    manifest.catalogue = published_file(out.catalogue);
    manifest.catalogue_version = snapshot.items.version();
    out.manifest = sign_manifest(publisher, manifest).value();
    return out;
  }
  std::shared_ptr<const DeviceModel> model(uint64_t sequence = 1) const {
    const Publication published = publish(sequence);
    auto model = open_device_model(published.files(), pinned, std::nullopt, kBudget, kNow);
    REQUIRE(model.ok());
    return *model;
  }

  DeviceOptions options() const {
    DeviceOptions options;
    options.pinned = pinned;
    options.floors = floors;
    options.limits = {5, 20, LedgerLimits::kNinetyDays};
    return options;
  }

  /// A task of the first publication, z = 1 (rho = 1/2), for a layout.
  Task task(const TaskLayout& layout) const {
    const std::shared_ptr<const DeviceModel> published = model();
    Task task = Cast::task();
    task.model_hash = published->manifest.model.hash;
    task.model_sequence = 1;
    task.catalogue_hash = published->manifest.catalogue.hash;
    task.catalogue_version = published->manifest.catalogue_version;
    task.layout = layout_name(layout);
    task.layout_parameters = encode_layout(layout);
    task.dimension = static_cast<uint32_t>(layout_dimension(layout));
    task.grid = {1 << 15, layout_clip(layout)};
    task.sigma = 1 << 15;
    return task;
  }
  TaskLayout rows_layout(uint32_t n_metrics = kPrequentialMetrics) const {
    return make_rows_task({kItems, 8, n_metrics}, snapshot.reg, 50);
  }
  Task rows_task() const { return task(rows_layout()); }
  /// An evaluation of 31 bins under Prio3, z = 3/2 (rho = 2/9).
  Task quality_task() const {
    const QualityTask layout{{kItems, 31}};
    Task evaluation = task(layout);
    evaluation.kind = TaskKind::kEvaluation;
    evaluation.grid = {2, layout_clip(layout)};
    evaluation.sigma = 3;
    REQUIRE(use_prio3_histogram(evaluation).ok());
    return evaluation;
  }
};

/// A device with storage, on the small site.
struct Visitor {
  explicit Visitor(const SmallSite& of, const DeviceOptions& options)
      : site(of), device_options(options) {
    open();
  }
  explicit Visitor(const SmallSite& of) : Visitor(of, of.options()) {}

  /// As after a reload of the page: from storage alone.
  void open() {
    auto opened = Device::open(device_options, storage.records(), now_ms, entropy);
    REQUIRE(opened.ok());
    damage = opened->damage;
    storage.commit(opened->changes);
    device.emplace(std::move(opened->device));
    storage.commit(device->use_model(site.model()).value());
  }
  TrackOutcome track(EventType type, uint32_t item, std::optional<double> value = 1.0) {
    now_ms += 2000;
    TrackOutcome outcome =
        device
            ->track({.type = type, .item = item_id(item), .timestamp_ms = now_ms, .value = value},
                    now_ms)
            .value();
    storage.commit(outcome.changes);
    return outcome;
  }
  void like(std::initializer_list<uint32_t> items) {
    for (const uint32_t item : items) REQUIRE(track(EventType::kLike, item).kept.has_value());
  }
  Result<ContributeOutcome> contribute(std::span<const uint8_t> file) {
    const Bytes leader = encode_signed_key(site.leader_key);
    const Bytes helper = encode_signed_key(site.helper_key);
    auto outcome = device->contribute({file, leader, helper}, now_ms, entropy);
    if (outcome.ok()) storage.commit(outcome->changes);
    return outcome;
  }
  /// The same, where it must not fail.
  ContributeOutcome decide(std::span<const uint8_t> file) {
    auto outcome = contribute(file);
    INFO((outcome.ok() ? std::string() : outcome.error().message));
    REQUIRE(outcome.ok());
    return std::move(*outcome);
  }
  std::vector<Recommendation> list(const RecommendRequest& request = {}) {
    return device->recommend(request, now_ms).value();
  }

  const SmallSite& site;
  DeviceOptions device_options;
  TestEntropy entropy{99};
  int64_t now_ms = kNow;
  Storage storage;
  DeviceDamage damage;
  std::optional<Device> device;
};

inline std::vector<uint32_t> items_of(const std::vector<Recommendation>& list) {
  std::vector<uint32_t> items;
  for (const Recommendation& entry : list) items.push_back(entry.item);
  return items;
}

}  // namespace sotto
