// What a site publishes: versions of the model, the signed manifest, and the files that it names.
//
// Records (space, key, bytes):
//   "publication"  sequence_key              publication.cpp's encoding of Publication
//   "file"         SHA-256 in hex            the bytes
//   "form"         SHA-256 in hex "." coding  the same, compressed (compressed.hpp), where it pays
// A version is never changed. Publishing an older one again is a new sequence with its files.
//
// Publication, integers little-endian:
//   "sotto publication" | version u8 = 1 | sequence u64 | parent u64 | source u64 | releases u64
//   | why: u64 length, 1..32 bytes | rho f64 | reports u64
//   | u8 1 and devices, hr@10, ndcg@100, mrr f64, or u8 0 | drift f64
//   | movers u8, for each: item id: u64 length, bytes | f64 | manifest: u64 length, bytes
//
// Old files: the versions with the latest keep_files different models keep theirs (a rollback or a
// renewal brings no new model). Whatever file none of them names is deleted with the next
// publication, and its forms with it; the lineage stays for good.
// Thread safety: one thread at a time; what it gives out is immutable.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "crypto/sign.hpp"
#include "model/snapshot.hpp"
#include "protocol/manifest.hpp"
#include "publishing/compressed.hpp"
#include "publishing/course.hpp"
#include "store/store.hpp"

namespace sotto {

/// A version and where it comes from.
struct Publication {
  uint64_t sequence = 0;
  uint64_t parent = 0;    ///< The sequence that was live before; 0: none.
  uint64_t source = 0;    ///< Of rollback and renewal: what is published again; else 0.
  uint64_t releases = 0;  ///< How many the course had taken, whatever they gave.
  std::string why;        ///< "bootstrap", "release", "catalogue", "rollback", "renewal".
  double rho = 0;         ///< What a device has paid at most in the cycle so far.
  uint64_t reports = 0;   ///< In its last release.
  std::optional<PrequentialRelease> metrics{};  ///< Of its parent, as released before it.
  double drift = 0;
  std::vector<std::pair<std::string, double>> movers{};
  Bytes manifest{};  ///< Signed.
};

/// Shared with whoever serves it.
struct PublishedVersion {
  Publication publication;
  Manifest manifest;
};

/// Of a "file" record, and of a "form".
std::string file_key(const Digest& hash);
std::string form_key(const Digest& hash, std::string_view coding);

/// What a version consists of, made and not published yet.
struct VersionFiles {
  struct File {
    PublishedFile named;  ///< Size 0: the version has no such file.
    Bytes bytes;
    std::vector<CompressedForm> forms;  ///< None of a file that is published already.
  };
  File model, model_float32, catalogue;
  uint64_t catalogue_version = 0;
};

/// Errors of decoding: kMalformed for anything that encoding does not write; kUnsupported for
/// another version.
Bytes encode_publication(const Publication& publication);
Result<Publication> decode_publication(std::span<const uint8_t> bytes);

class Publisher {
 public:
  struct Options {
    std::string site;
    SiteLabel label = SiteLabel::kProduction;
    int64_t manifest_life_ms = int64_t{30} * 24 * 60 * 60 * 1000;
    bool float32 = true;     ///< Publishes the float32 file too.
    size_t keep_files = 16;  ///< Models whose files are kept, >= 1.
  };

  /// Reads what was published. Errors: those of the store; kMalformed for records that do not fit;
  /// kInvalidArgument for options out of range.
  static Result<Publisher> open(const Options& options, const Store& store);

  /// Null before the first.
  const PublishedVersion* latest() const;
  const std::map<uint64_t, PublishedVersion>& versions() const;
  /// Whether a file of this hash is stored.
  bool keeps(const Digest& hash) const;

  /// The files of a next version, compressed where that pays: the part that takes time. Errors:
  /// those of write_snapshot, write_catalogue and compressed_forms; smoke_test; kInvalidArgument
  /// for a snapshot that is not int8, or a catalogue of other items.
  Result<VersionFiles> make_files(const Snapshot& snapshot, const Catalogue& catalogue) const;
  /// The next version: files and manifest as changes to commit; installed() makes it the latest
  /// after the commit. Of lineage the caller sets releases, why, rho, reports, metrics, drift and
  /// movers. audit_head: of the audit log. Errors: those of sign_manifest; kMalformed for a lineage
  /// that could not be read again.
  Result<PublishedVersion> prepare(const Identity& publisher, VersionFiles files,
                                   Publication lineage, const Digest& audit_head, int64_t now_ms,
                                   std::vector<StoreChange>& changes) const;
  /// A version again, under the next sequence. Of lineage the caller sets rho and metrics. Errors:
  /// kNotFound when its files are gone.
  Result<PublishedVersion> prepare_rollback(const Identity& publisher, uint64_t sequence,
                                            Publication lineage, const Digest& audit_head,
                                            int64_t now_ms,
                                            std::vector<StoreChange>& changes) const;
  /// The latest manifest again with a new expiry, under the next sequence, when it has used up half
  /// of its life; else absent.
  Result<std::optional<PublishedVersion>> prepare_renewal(const Identity& publisher,
                                                          const Digest& audit_head, int64_t now_ms,
                                                          std::vector<StoreChange>& changes) const;
  void installed(PublishedVersion version);

 private:
  explicit Publisher(Options options) : options_(std::move(options)) {}

  Status read(const KeyedRecord& record);
  Manifest next_manifest(const Digest& audit_head, int64_t now_ms) const;
  Result<PublishedVersion> finish(const Identity& publisher, Manifest manifest, Publication lineage,
                                  std::vector<StoreChange>& changes) const;
  Result<PublishedVersion> again(const Identity& publisher, const PublishedVersion& version,
                                 Publication lineage, const Digest& audit_head, int64_t now_ms,
                                 std::vector<StoreChange>& changes) const;
  std::set<std::string> kept_files(const Manifest* next) const;

  Options options_;
  std::map<uint64_t, PublishedVersion> versions_;
  std::set<std::string> files_;  // keys of those that are stored
};

}  // namespace sotto
