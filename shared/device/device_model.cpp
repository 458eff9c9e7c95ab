#include "device/device_model.hpp"

#include <string>
#include <utility>

#include "model/snapshot.hpp"

namespace sotto {
namespace {

PublishedFile found_file(std::span<const uint8_t> bytes, const std::optional<Digest>& hash) {
  return hash ? PublishedFile{*hash, bytes.size()} : published_file(bytes);
}

Result<Catalogue> open_catalogue(const Manifest& manifest, const ModelFiles& files,
                                 const ItemIndex& items, uint64_t memory_budget) {
  Catalogue catalogue;
  if (manifest.catalogue.size == 0) {
    if (!files.catalogue.empty())
      return Error{ErrorCode::kAuthentication, "catalogue: the manifest names none"};
    return catalogue;
  }
  SOTTO_CHECK_OK(check_published_file(
      manifest.catalogue, found_file(files.catalogue, files.catalogue_hash), "catalogue"));
  SOTTO_TRY(catalogue, load_catalogue(files.catalogue, memory_budget));
  if (catalogue.item_index_version != items.version() || catalogue.items.size() != items.size())
    return Error{ErrorCode::kDisagreement, "catalogue: of another item index than the model"};
  return catalogue;
}

}  // namespace

Result<std::shared_ptr<const DeviceModel>> open_device_model(
    const ModelFiles& files, const PinnedSite& pinned, const std::optional<SeenManifest>& seen,
    uint64_t memory_budget, int64_t now_ms) {
  SOTTO_TRY(Manifest manifest, open_manifest(files.manifest, pinned, seen, now_ms));
  SOTTO_CHECK_OK(check_published_file(manifest.model,
                                      found_file(files.snapshot, files.snapshot_hash), "model"));
  SOTTO_TRY(Snapshot snapshot, load_snapshot(files.snapshot, memory_budget));
  auto* const quantized = std::get_if<QuantizedMatrix>(&snapshot.rows);
  if (quantized == nullptr)
    return Error{ErrorCode::kUnsupported, "model: not an int8 snapshot, which devices need"};
  SquareMatrix gram = gram_of(snapshot);
  SOTTO_CHECK_OK(smoke_test(snapshot, gram));
  SOTTO_TRY(Catalogue catalogue, open_catalogue(manifest, files, snapshot.items, memory_budget));
  ContentIndex content(catalogue.items, static_cast<uint32_t>(catalogue.tag_names.size()));
  SOTTO_TRY(ItemRows rows, ItemRows::create(std::move(*quantized)));
  const SeenManifest now_seen = seen_manifest(manifest, files.manifest);
  return std::shared_ptr<const DeviceModel>(std::make_shared<DeviceModel>(
      DeviceModel{std::move(manifest), now_seen, std::move(rows), std::move(gram), snapshot.reg,
                  std::move(snapshot.items), std::move(snapshot.popularity), snapshot.tuning_prior,
                  std::move(catalogue), std::move(content)}));
}

}  // namespace sotto
