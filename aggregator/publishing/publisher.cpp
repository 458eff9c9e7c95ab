#include "publishing/publisher.hpp"

#include <iterator>

#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

constexpr const char* kPublications = "publication";
constexpr const char* kFiles = "file";
constexpr const char* kForms = "form";

std::vector<std::string> files_of(const Manifest& manifest) {
  std::vector<std::string> keys;
  for (const PublishedFile* file : {&manifest.model, &manifest.model_float32, &manifest.catalogue})
    if (file->size > 0) keys.push_back(file_key(file->hash));
  return keys;
}

// An int8 snapshot in its other layout, which says the same.
Result<Bytes> write_float32(const Snapshot& snapshot) {
  Snapshot other = snapshot;
  other.rows = dequantize(std::get<QuantizedMatrix>(snapshot.rows));
  return write_snapshot(other);
}

Status check_parts(const Snapshot& snapshot, const Catalogue& catalogue) {
  if (!std::holds_alternative<QuantizedMatrix>(snapshot.rows))
    return {ErrorCode::kInvalidArgument, "publication: the snapshot is not int8"};
  if (!catalogue.items.empty() && (catalogue.items.size() != snapshot.items.size() ||
                                   catalogue.item_index_version != snapshot.items.version()))
    return {ErrorCode::kInvalidArgument, "publication: the catalogue is of other items"};
  return smoke_test(snapshot, gram_of(snapshot));
}

Error malformed(const char* what) {
  return {ErrorCode::kMalformed, std::string("publication: ") + what};
}

}  // namespace

std::string file_key(const Digest& hash) { return to_hex(hash); }

std::string form_key(const Digest& hash, std::string_view coding) {
  return file_key(hash) + "." + std::string(coding);
}

Result<Publisher> Publisher::open(const Options& options, const Store& store) {
  if (!is_site_name(options.site))
    return Error{ErrorCode::kInvalidArgument, "publisher: site is not a name"};
  if (options.manifest_life_ms < 2 || options.keep_files < 1)
    return Error{ErrorCode::kInvalidArgument, "publisher: manifest_life_ms or keep_files"};
  Publisher publisher(options);
  SOTTO_TRY(const auto records, store.list(kPublications, ""));
  for (const KeyedRecord& record : records) SOTTO_CHECK_OK(publisher.read(record));
  SOTTO_TRY(const auto files, store.keys(kFiles, ""));
  publisher.files_.insert(files.begin(), files.end());
  if (const PublishedVersion* live = publisher.latest())
    for (const std::string& key : files_of(live->manifest))
      if (!publisher.files_.contains(key)) return malformed("a file of the latest one is missing");
  return publisher;
}

Status Publisher::read(const KeyedRecord& record) {
  if (!record.bytes) return malformed("a record without bytes");
  PublishedVersion version;
  SOTTO_TRY(version.publication, decode_publication(*record.bytes));
  SOTTO_TRY(version.manifest, read_manifest(version.publication.manifest));
  const uint64_t sequence = version.publication.sequence;
  if (record.key != sequence_key(sequence) || version.manifest.sequence != sequence)
    return malformed("key, record and manifest have different sequences");
  if (version.manifest.site != options_.site) return malformed("of another site");
  versions_.emplace(sequence, std::move(version));
  return {};
}

const PublishedVersion* Publisher::latest() const {
  return versions_.empty() ? nullptr : &versions_.rbegin()->second;
}

const std::map<uint64_t, PublishedVersion>& Publisher::versions() const { return versions_; }

Manifest Publisher::next_manifest(const Digest& audit_head, int64_t now_ms) const {
  Manifest manifest;
  manifest.site = options_.site;
  manifest.sequence = versions_.empty() ? 1 : versions_.rbegin()->first + 1;
  manifest.created_ms = now_ms;
  manifest.expires_ms = now_ms + options_.manifest_life_ms;
  manifest.label = options_.label;
  manifest.audit_head = audit_head;
  return manifest;
}

std::set<std::string> Publisher::kept_files(const Manifest* next) const {
  std::set<std::string> kept;
  std::set<Digest> models;
  const auto keep = [&](const Manifest& manifest) {
    if (models.size() >= options_.keep_files && !models.contains(manifest.model.hash)) return;
    models.insert(manifest.model.hash);
    for (std::string& key : files_of(manifest)) kept.insert(std::move(key));
  };
  if (next != nullptr) keep(*next);
  for (auto version = versions_.rbegin(); version != versions_.rend(); ++version)
    keep(version->second.manifest);
  return kept;
}

Result<PublishedVersion> Publisher::finish(const Identity& publisher, Manifest manifest,
                                           Publication lineage,
                                           std::vector<StoreChange>& changes) const {
  lineage.sequence = manifest.sequence;
  lineage.parent = versions_.empty() ? 0 : versions_.rbegin()->first;
  SOTTO_TRY(lineage.manifest, sign_manifest(publisher, manifest));
  Bytes record = encode_publication(lineage);
  // What could not be read again would keep the next start from succeeding.
  SOTTO_CHECK_OK(decode_publication(record));
  changes.push_back({kPublications, {sequence_key(lineage.sequence), std::move(record)}});
  const std::set<std::string> kept = kept_files(&manifest);
  for (const std::string& key : files_) {
    if (kept.contains(key)) continue;
    changes.push_back({kFiles, {key, std::nullopt}});
    for (const char* coding : kCodings)
      changes.push_back({kForms, {key + "." + coding, std::nullopt}});
  }
  return PublishedVersion{std::move(lineage), std::move(manifest)};
}

bool Publisher::keeps(const Digest& hash) const { return files_.contains(file_key(hash)); }

Result<VersionFiles> Publisher::make_files(const Snapshot& snapshot,
                                           const Catalogue& catalogue) const {
  SOTTO_CHECK_OK(check_parts(snapshot, catalogue));
  VersionFiles files;
  const auto keep = [this](VersionFiles::File& file, Bytes bytes, bool compress) -> Status {
    file.named = published_file(bytes);
    if (compress && !files_.contains(file_key(file.named.hash))) {
      SOTTO_TRY(file.forms, compressed_forms(bytes));
    }
    file.bytes = std::move(bytes);
    return {};
  };
  SOTTO_TRY(Bytes model, write_snapshot(snapshot));
  SOTTO_CHECK_OK(keep(files.model, std::move(model), false));  // int8 codes do not compress
  if (options_.float32) {
    SOTTO_TRY(Bytes float32, write_float32(snapshot));
    SOTTO_CHECK_OK(keep(files.model_float32, std::move(float32), true));
  }
  if (!catalogue.items.empty()) {
    SOTTO_TRY(Bytes file, write_catalogue(catalogue));
    SOTTO_CHECK_OK(keep(files.catalogue, std::move(file), true));
    files.catalogue_version = catalogue.item_index_version;
  }
  return files;
}

Result<PublishedVersion> Publisher::prepare(const Identity& publisher, VersionFiles files,
                                            Publication lineage, const Digest& audit_head,
                                            int64_t now_ms,
                                            std::vector<StoreChange>& changes) const {
  Manifest manifest = next_manifest(audit_head, now_ms);
  manifest.model = files.model.named;
  manifest.model_float32 = files.model_float32.named;
  manifest.catalogue = files.catalogue.named;
  manifest.catalogue_version = files.catalogue_version;
  std::vector<StoreChange> made;
  for (VersionFiles::File* file : {&files.model, &files.model_float32, &files.catalogue}) {
    const Digest& hash = file->named.hash;
    if (file->named.size == 0 || files_.contains(file_key(hash))) continue;
    made.push_back({kFiles, {file_key(hash), std::move(file->bytes)}});
    for (CompressedForm& form : file->forms)
      made.push_back({kForms, {form_key(hash, form.coding), std::move(form.bytes)}});
  }
  lineage.source = 0;
  SOTTO_TRY(auto version, finish(publisher, std::move(manifest), std::move(lineage), made));
  changes.insert(changes.end(), std::make_move_iterator(made.begin()),
                 std::make_move_iterator(made.end()));
  return version;
}

Result<PublishedVersion> Publisher::again(const Identity& publisher,
                                          const PublishedVersion& version, Publication lineage,
                                          const Digest& audit_head, int64_t now_ms,
                                          std::vector<StoreChange>& changes) const {
  Manifest manifest = next_manifest(audit_head, now_ms);
  manifest.model = version.manifest.model;
  manifest.model_float32 = version.manifest.model_float32;
  manifest.catalogue = version.manifest.catalogue;
  manifest.catalogue_version = version.manifest.catalogue_version;
  lineage.source = version.publication.sequence;
  lineage.releases = version.publication.releases;
  lineage.reports = version.publication.reports;
  return finish(publisher, std::move(manifest), std::move(lineage), changes);
}

Result<PublishedVersion> Publisher::prepare_rollback(const Identity& publisher, uint64_t sequence,
                                                     Publication lineage, const Digest& audit_head,
                                                     int64_t now_ms,
                                                     std::vector<StoreChange>& changes) const {
  const auto version = versions_.find(sequence);
  if (version == versions_.end())
    return Error{ErrorCode::kNotFound, "publication: no such sequence"};
  for (const std::string& key : files_of(version->second.manifest))
    if (!files_.contains(key))
      return Error{ErrorCode::kNotFound, "publication: its files are no longer kept"};
  lineage.why = "rollback";
  return again(publisher, version->second, std::move(lineage), audit_head, now_ms, changes);
}

Result<std::optional<PublishedVersion>> Publisher::prepare_renewal(
    const Identity& publisher, const Digest& audit_head, int64_t now_ms,
    std::vector<StoreChange>& changes) const {
  using Renewal = std::optional<PublishedVersion>;
  const PublishedVersion* live = latest();
  if (live == nullptr) return Renewal();
  const int64_t life = live->manifest.expires_ms - live->manifest.created_ms;
  if (now_ms < live->manifest.created_ms + life / 2) return Renewal();
  Publication lineage;
  lineage.why = "renewal";
  lineage.rho = live->publication.rho;
  SOTTO_TRY(auto version, again(publisher, *live, std::move(lineage), audit_head, now_ms, changes));
  return Renewal(std::move(version));
}

void Publisher::installed(PublishedVersion version) {
  for (std::string& key : files_of(version.manifest)) files_.insert(std::move(key));
  const uint64_t sequence = version.publication.sequence;
  versions_.insert_or_assign(sequence, std::move(version));
  const std::set<std::string> kept = kept_files(nullptr);
  std::erase_if(files_, [&](const std::string& key) { return !kept.contains(key); });
}

}  // namespace sotto
