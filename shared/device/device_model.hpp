// A published model as a device uses it: checked, and ready to score.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "catalog/catalogue.hpp"
#include "catalog/content_index.hpp"
#include "catalog/item_index.hpp"
#include "model/fold_in.hpp"
#include "model/tuning_gate.hpp"
#include "protocol/manifest.hpp"
#include "retrieval/item_rows.hpp"

namespace sotto {

/// Thread safety: immutable; one model may serve many devices (the lab does that).
struct DeviceModel {
  Manifest manifest;
  SeenManifest seen;  ///< What a device that takes this model remembers.
  ItemRows rows;      ///< m x k, int8.
  SquareMatrix gram;  ///< V'V.
  Regularization reg;
  ItemIndex items;
  std::vector<float> popularity;  ///< Released: share of devices that have the item; m, or empty.
  /// Released: what fine-tuning is worth to the crowd. Without it devices do not fine-tune.
  std::optional<CrowdPrior> tuning_prior;
  Catalogue catalogue;  ///< Without tags where none is published.
  ContentIndex content;
};

/// The bytes of a publication, as fetched.
struct ModelFiles {
  std::span<const uint8_t> manifest;   ///< Signed.
  std::span<const uint8_t> snapshot;   ///< int8.
  std::span<const uint8_t> catalogue;  ///< Empty when the manifest names none.
  /// SHA-256 of snapshot and catalogue, where the caller has computed them of these very bytes.
  std::optional<Digest> snapshot_hash{}, catalogue_hash{};
};

/// Beyond memory_budget, which bounds snapshot and catalogue: 4 bytes a row, and for a k that is no
/// multiple of 16 a padded copy of the codes.
/// Phases, each before the next one allocates: the manifest's signature, site, sequence and time;
/// the files' sizes and hashes; their formats within memory_budget; smoke_test.
/// Errors: those of open_manifest, check_published_file, load_snapshot, load_catalogue and
/// smoke_test; kUnsupported for a snapshot that is not int8; kDisagreement for a catalogue of
/// another item index.
Result<std::shared_ptr<const DeviceModel>> open_device_model(
    const ModelFiles& files, const PinnedSite& pinned, const std::optional<SeenManifest>& seen,
    uint64_t memory_budget, int64_t now_ms);

}  // namespace sotto
