// What is published: kept in the store, shown to everybody, announced.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "publishing/publisher.hpp"
#include "server/context.hpp"
#include "server/published_site.hpp"

namespace sotto {

/// Thread safety: install and make_files by one thread, never the queue's; everything else from
/// any.
class SitePublisher {
 public:
  using Announce = std::function<void(const PublishedSite&)>;
  /// Makes the next version as changes to commit, or none.
  using Prepare = std::function<Result<std::optional<PublishedVersion>>(const Publisher&,
                                                                        std::vector<StoreChange>&)>;

  /// Shows what was published last. Errors: those of Publisher::open and read_published_site.
  static Result<std::unique_ptr<SitePublisher>> open(const ServerContext& context,
                                                     Announce announce);

  /// Null before anything is published.
  PublishedSitePointer published() const;
  /// Versions, oldest first.
  std::vector<Publication> versions() const;
  /// Errors: kNotFound.
  Result<PublishedVersion> version(uint64_t sequence) const;
  /// A version's file. Null bytes: not kept.
  PublishedContent file(const Digest& hash);
  /// Whether that file is kept; file() has no bytes all the same when the store cannot be read.
  bool keeps(const Digest& hash) const;
  /// The latest publication that took the model back; 0: none. Known within its commit.
  uint64_t rolled_back() const;

  /// As Publisher's: what takes time, before the queue waits for install.
  Result<VersionFiles> make_files(const Snapshot& snapshot, const Catalogue& catalogue) const;
  /// prepare: called on the queue's thread, where its changes are committed together with the audit
  /// log's. Then the version is shown and announced. Errors: those of prepare and the commit, of
  /// which nothing is stored then; those of show(), after it was stored.
  Status install(const Prepare& prepare, const std::string& actor, const std::string& action);
  /// Shows and announces what is stored and could not be shown. Errors: those of
  /// read_published_site.
  Status show();

 private:
  SitePublisher(const ServerContext& context, Publisher publisher, Announce announce);
  Status show_latest();

  const ServerContext& context_;
  const Announce announce_;
  KeptFiles kept_files_;
  mutable std::mutex mutex_;  // of everything below
  Publisher publisher_;  // changed by the installing thread alone, which reads it without the lock
  PublishedSitePointer published_;
  uint64_t rolled_back_ = 0;
};

}  // namespace sotto
