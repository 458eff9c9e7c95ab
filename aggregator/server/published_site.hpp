// What the world sees of the published model, and the files of the versions before it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"
#include "protocol/manifest.hpp"
#include "publishing/publisher.hpp"
#include "store/store.hpp"

namespace sotto {

/// A published file as it is sent.
struct PublishedContent {
  SharedBytes bytes;               ///< Null: there is none.
  std::vector<HttpVariant> forms;  ///< The same bytes compressed, where that pays.
};

/// Immutable, swapped as a whole.
struct PublishedSite {
  Publication publication;
  Manifest manifest;
  SharedBytes signed_manifest;
  PublishedContent model;          ///< int8.
  PublishedContent model_float32;  ///< Null: not published.
  PublishedContent catalogue;      ///< Null: none.
  /// From the parent's int8 file, where that is smaller than the file (publishing/delta.hpp): for
  /// publications of a new catalogue alone. Else null.
  SharedBytes delta;
  /// Items with a released popularity, the most popular first.
  std::vector<std::pair<std::string, float>> popular;
};
using PublishedSitePointer = std::shared_ptr<const PublishedSite>;

/// Reads the latest version's files. Errors: those of the store; kIo for a file that is gone;
/// those of load_snapshot.
Result<PublishedSitePointer> read_published_site(const Store& store, const Publisher& publisher);

/// Files of older versions, from the store. However many ask for one, and however slowly they take
/// it, it is in memory once.
/// Thread safety: every call from any thread; one reads at a time.
class KeptFiles {
 public:
  explicit KeptFiles(const Store& store) : store_(store) {}
  /// Null: not kept.
  SharedBytes find(const Digest& hash);

 private:
  const Store& store_;
  std::mutex mutex_;
  std::map<Digest, std::weak_ptr<const Bytes>> sent_;  // no more than files are kept
};

}  // namespace sotto
