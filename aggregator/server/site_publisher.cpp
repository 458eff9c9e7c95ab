#include "server/site_publisher.hpp"

#include <malloc.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace sotto {
namespace {

constexpr const char* kRollback = "rollback";

uint64_t latest_rollback(const Publisher& publisher) {
  const auto& versions = publisher.versions();
  const auto found = std::find_if(versions.rbegin(), versions.rend(), [](const auto& version) {
    return version.second.publication.why == kRollback;
  });
  return found == versions.rend() ? 0 : found->first;
}

std::string describe(const PublishedVersion& version) {
  std::string text =
      "sequence " + std::to_string(version.manifest.sequence) + ", " + version.publication.why;
  for (const auto& [item, moved] : version.publication.movers)
    text += "; " + item + " moved " + std::to_string(moved);
  return text;
}

}  // namespace

SitePublisher::SitePublisher(const ServerContext& context, Publisher publisher, Announce announce)
    : context_(context),
      announce_(std::move(announce)),
      kept_files_(context.store),
      publisher_(std::move(publisher)),
      rolled_back_(latest_rollback(publisher_)) {}

Result<std::unique_ptr<SitePublisher>> SitePublisher::open(const ServerContext& context,
                                                           Announce announce) {
  Publisher::Options options;
  options.site = context.pinned.site;
  options.label = context.config.label;
  SOTTO_TRY(Publisher publisher, Publisher::open(options, context.store));
  std::unique_ptr<SitePublisher> site(
      new SitePublisher(context, std::move(publisher), std::move(announce)));
  SOTTO_CHECK_OK(site->show_latest());
  return site;
}

Status SitePublisher::show_latest() {
  SOTTO_TRY(auto site, read_published_site(context_.store, publisher_));
  if (site == nullptr) return {};
  context_.metrics.set_sequence(site->manifest.sequence);
  const std::lock_guard lock(mutex_);
  published_ = std::move(site);
  return {};
}

Result<VersionFiles> SitePublisher::make_files(const Snapshot& snapshot,
                                               const Catalogue& catalogue) const {
  return publisher_.make_files(snapshot, catalogue);
}

Status SitePublisher::install(const Prepare& prepare, const std::string& actor,
                              const std::string& action) {
  std::optional<PublishedVersion> version;
  Status prepared;
  const Status committed = context_.queue.run([&](std::vector<StoreChange>& changes) {
    const std::lock_guard lock(mutex_);
    std::vector<StoreChange> own;
    auto made = prepare(publisher_, own);
    if (!made.ok()) {
      prepared = made.error();
      return;
    }
    version = std::move(*made);
    if (!version) return;
    changes.insert(changes.end(), std::make_move_iterator(own.begin()),
                   std::make_move_iterator(own.end()));
    changes.push_back(
        context_.audit.append(actor, action, describe(*version), context_.clock.now_ms()));
    if (version->publication.why == kRollback) rolled_back_ = version->manifest.sequence;
  });
  {
    const std::lock_guard lock(mutex_);
    if (committed.ok() && version) publisher_.installed(*version);
    rolled_back_ = latest_rollback(publisher_);
  }
  SOTTO_CHECK_OK(committed);
  SOTTO_CHECK_OK(prepared);
  return version ? show() : Status();
}

Status SitePublisher::show() {
  const auto shown = published();
  if (publisher_.latest() == nullptr ||
      (shown != nullptr && shown->manifest.sequence == publisher_.latest()->manifest.sequence))
    return {};
  SOTTO_CHECK_OK(show_latest());
  const auto site = published();
  const Publication& publication = site->publication;
  context_.metrics.count_publication(publication.why);
  context_.log.info("published", {{"sequence", std::to_string(publication.sequence)},
                                  {"why", publication.why},
                                  {"reports", std::to_string(publication.reports)}});
  if (announce_) announce_(*site);
  malloc_trim(0);  // what training has used goes back to the system
  return {};
}

PublishedSitePointer SitePublisher::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

std::vector<Publication> SitePublisher::versions() const {
  const std::lock_guard lock(mutex_);
  std::vector<Publication> all;
  for (const auto& [sequence, version] : publisher_.versions()) all.push_back(version.publication);
  return all;
}

Result<PublishedVersion> SitePublisher::version(uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto found = publisher_.versions().find(sequence);
  if (found == publisher_.versions().end())
    return Error{ErrorCode::kNotFound, "model: there is no such version"};
  return found->second;
}

bool SitePublisher::keeps(const Digest& hash) const {
  const std::lock_guard lock(mutex_);
  return publisher_.keeps(hash);
}

uint64_t SitePublisher::rolled_back() const {
  const std::lock_guard lock(mutex_);
  return rolled_back_;
}

PublishedContent SitePublisher::file(const Digest& hash) {
  if (const auto site = published()) {
    if (hash == site->manifest.model.hash) return site->model;
    if (site->model_float32.bytes && hash == site->manifest.model_float32.hash)
      return site->model_float32;
    if (site->catalogue.bytes && hash == site->manifest.catalogue.hash) return site->catalogue;
  }
  return {kept_files_.find(hash), {}};
}

}  // namespace sotto
