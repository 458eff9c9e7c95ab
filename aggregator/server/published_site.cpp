#include "server/published_site.hpp"

#include <algorithm>

#include "publishing/delta.hpp"

namespace sotto {
namespace {

constexpr const char* kFiles = "file";
constexpr const char* kForms = "form";
constexpr size_t kMostPopular = 1000;
constexpr uint64_t kModelMemory = uint64_t{4} << 30;

Result<PublishedContent> read_content(const Store& store, const PublishedFile& named) {
  PublishedContent content;
  if (named.size == 0) return content;
  SOTTO_TRY(auto bytes, store.get(kFiles, file_key(named.hash)));
  if (!bytes) return Error{ErrorCode::kIo, "store: a published file is gone"};
  content.bytes = std::make_shared<const Bytes>(std::move(*bytes));
  for (const char* coding : kCodings) {
    SOTTO_TRY(auto form, store.get(kForms, form_key(named.hash, coding)));
    if (form) content.forms.push_back({coding, std::make_shared<const Bytes>(std::move(*form))});
  }
  return content;
}

// Training changes nearly every byte: only for a new catalogue it pays to look.
SharedBytes delta_from_parent(const Store& store, const Publisher& publisher,
                              const PublishedSite& site) {
  const auto parent = publisher.versions().find(site.publication.parent);
  if (site.publication.why != "catalogue" || parent == publisher.versions().end()) return nullptr;
  const auto old_file = store.get(kFiles, file_key(parent->second.manifest.model.hash));
  if (!old_file.ok() || !*old_file) return nullptr;
  auto made = std::make_shared<const Bytes>(make_delta(**old_file, *site.model.bytes));
  return made->size() < site.model.bytes->size() ? made : nullptr;
}

std::vector<std::pair<std::string, float>> most_popular(const Snapshot& snapshot) {
  std::vector<std::pair<std::string, float>> popular;
  for (uint32_t i = 0; i < snapshot.popularity.size(); ++i)
    if (snapshot.items.live(i)) popular.emplace_back(snapshot.items.id(i), snapshot.popularity[i]);
  std::stable_sort(popular.begin(), popular.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  popular.resize(std::min(popular.size(), kMostPopular));
  return popular;
}

}  // namespace

Result<PublishedSitePointer> read_published_site(const Store& store, const Publisher& publisher) {
  const PublishedVersion* latest = publisher.latest();
  if (latest == nullptr) return PublishedSitePointer();
  auto site = std::make_shared<PublishedSite>();
  site->publication = latest->publication;
  site->manifest = latest->manifest;
  site->signed_manifest = std::make_shared<const Bytes>(latest->publication.manifest);
  SOTTO_TRY(site->model, read_content(store, site->manifest.model));
  SOTTO_TRY(site->model_float32, read_content(store, site->manifest.model_float32));
  SOTTO_TRY(site->catalogue, read_content(store, site->manifest.catalogue));
  site->delta = delta_from_parent(store, publisher, *site);
  SOTTO_TRY(const Snapshot snapshot, load_snapshot(*site->model.bytes, kModelMemory));
  site->popular = most_popular(snapshot);
  return PublishedSitePointer(std::move(site));
}

SharedBytes KeptFiles::find(const Digest& hash) {
  const std::lock_guard lock(mutex_);
  const auto known = sent_.find(hash);
  if (known != sent_.end())
    if (SharedBytes shared = known->second.lock()) return shared;
  std::erase_if(sent_, [](const auto& file) { return file.second.expired(); });
  auto bytes = store_.get(kFiles, file_key(hash));
  if (!bytes.ok() || !*bytes) return nullptr;
  SharedBytes shared = std::make_shared<const Bytes>(std::move(**bytes));
  sent_.insert_or_assign(hash, shared);
  return shared;
}

}  // namespace sotto
