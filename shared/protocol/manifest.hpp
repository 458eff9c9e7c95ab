// The manifest: what a site publishes now, signed by its publisher.
//
// Devices fetch it from anybody; the signature and the pinned identity make it the publisher's, the
// sequence keeps whoever serves it from going back or swapping, the expiry from freezing. Files are
// named by their SHA-256, so they may come from any cache.
//
// Canonical form, integers little-endian, no optional fields, nothing after the end:
//   "sotto manifest" | version u8 = 1
//   site: u64 length, 1..253 printable ASCII characters without space
//   sequence u64 | created i64 | expires i64 (ms since 1970) | label u8
//   three files (int8 snapshot, float32 snapshot, catalogue): SHA-256 32 | size u64
//   catalogue version u64 | audit head 32
//   publisher's signature 64, over all before it, with the domain tag "manifest v1"
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "crypto/sign.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

/// A published file. size 0: there is none.
struct PublishedFile {
  Digest hash{};      ///< SHA-256.
  uint64_t size = 0;  ///< Bytes, at most kLargestSize.

  static constexpr uint64_t kLargestSize = uint64_t{1} << 40;

  friend bool operator==(const PublishedFile&, const PublishedFile&) = default;
};
/// The file's name and size. SHA-256 of everything.
PublishedFile published_file(std::span<const uint8_t> bytes);
/// Whether the file that was found is the one that the manifest names. Errors: kAuthentication,
/// naming `what`.
Status check_published_file(const PublishedFile& named, const PublishedFile& found,
                            const char* what);

/// What visitors are told about a site. Only a demonstration may run below the production floors.
enum class SiteLabel : uint8_t { kProduction = 0, kDemo = 1 };

struct Manifest {
  std::string site;
  uint64_t sequence = 0;  ///< >= 1; one more with every publication, also with a rollback.
  int64_t created_ms = 0;
  int64_t expires_ms = 0;  ///< First millisecond at which it may no longer be taken.
  SiteLabel label = SiteLabel::kProduction;
  PublishedFile model;          ///< int8 snapshot: what devices compute with. Not empty.
  PublishedFile model_float32;  ///< For other tools; may be absent.
  PublishedFile catalogue;      ///< May be absent.
  uint64_t catalogue_version = 0;
  Digest audit_head{};  ///< Of the hash-chained audit log; zero before there is one.

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// The latest manifest that a device has taken.
struct SeenManifest {
  uint64_t sequence = 0;
  Digest digest{};  ///< SHA-256 of the signed manifest.

  friend bool operator==(const SeenManifest&, const SeenManifest&) = default;
};
SeenManifest seen_manifest(const Manifest& manifest, std::span<const uint8_t> signed_manifest);

/// Errors: kInvalidArgument for a field out of its range, by name.
Result<Bytes> sign_manifest(const Identity& publisher, const Manifest& manifest);

/// What a signed manifest says, whoever signed it and when: for the publisher's own records and for
/// inspection. Never for acting on one from elsewhere. Errors: kMalformed, kUnsupported.
Result<Manifest> read_manifest(std::span<const uint8_t> signed_manifest);

/// A manifest that may be used. seen: the latest one that this device took, if any. One that was
/// seen is taken again whatever the time (a device that is offline goes on with what it has).
/// Errors: kMalformed; kUnsupported for another version; kAuthentication for another publisher or
/// site; kReplay for a sequence below the seen one; kDisagreement for another manifest of the same
/// sequence; kExpired when now_ms is at or after its expiry, or more than a day before its
/// creation. Thread safety: pure.
Result<Manifest> open_manifest(std::span<const uint8_t> signed_manifest, const PinnedSite& pinned,
                               const std::optional<SeenManifest>& seen, int64_t now_ms);

}  // namespace sotto
