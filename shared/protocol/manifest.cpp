#include "protocol/manifest.hpp"

#include <algorithm>
#include <string_view>

#include "protocol/fields.hpp"
#include "protocol/task.hpp"

namespace sotto {
namespace {

constexpr DomainTag kDomain = "manifest v1";
constexpr std::string_view kTag = "sotto manifest";
constexpr uint8_t kVersion = 1;
constexpr size_t kSignature = std::tuple_size_v<Signature>;
/// How far a publisher's clock may be ahead of a device's.
constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

Status invalid(const char* field) {
  return {ErrorCode::kInvalidArgument, std::string("manifest: ") + field};
}

bool is_absent(const PublishedFile& file) { return file.size == 0 && file.hash == Digest{}; }

bool valid(const PublishedFile& file, bool may_be_absent) {
  if (file.size == 0) return may_be_absent && is_absent(file);
  return file.size <= PublishedFile::kLargestSize;
}

Status check_manifest(const Manifest& manifest) {
  if (!is_site_name(manifest.site)) return invalid("site");
  if (manifest.sequence < 1) return invalid("sequence");
  if (manifest.created_ms < 0) return invalid("created");
  if (manifest.expires_ms <= manifest.created_ms) return invalid("expires");
  if (manifest.label != SiteLabel::kProduction && manifest.label != SiteLabel::kDemo)
    return invalid("label");
  if (!valid(manifest.model, false)) return invalid("model");
  if (!valid(manifest.model_float32, true)) return invalid("float32 model");
  if (!valid(manifest.catalogue, true)) return invalid("catalogue");
  return {};
}

void put(ByteWriter& out, const PublishedFile& file) {
  out.put_bytes(file.hash);
  out.put<uint64_t>(file.size);
}

Status get(ByteReader& in, PublishedFile& file, const char* what) {
  SOTTO_CHECK_OK(get_array(in, file.hash, what));
  SOTTO_TRY(file.size, in.get<uint64_t>(what));
  return {};
}

Result<Manifest> decode(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_TRY(const auto tag, in.get_bytes(kTag.size(), "manifest: domain tag"));
  if (!std::equal(tag.begin(), tag.end(), kTag.begin()))
    return Error{ErrorCode::kMalformed, "manifest: wrong domain tag"};
  SOTTO_TRY(const auto version, in.get<uint8_t>("manifest: version"));
  if (version != kVersion) return Error{ErrorCode::kUnsupported, "manifest: unknown version"};
  Manifest manifest;
  SOTTO_TRY(manifest.site, in.get_string(Task::kMaxSite, "manifest: site"));
  SOTTO_TRY(manifest.sequence, in.get<uint64_t>("manifest: sequence"));
  SOTTO_TRY(manifest.created_ms, in.get<int64_t>("manifest: created"));
  SOTTO_TRY(manifest.expires_ms, in.get<int64_t>("manifest: expires"));
  SOTTO_TRY(manifest.label, in.get<SiteLabel>("manifest: label"));
  SOTTO_CHECK_OK(get(in, manifest.model, "manifest: model"));
  SOTTO_CHECK_OK(get(in, manifest.model_float32, "manifest: float32 model"));
  SOTTO_CHECK_OK(get(in, manifest.catalogue, "manifest: catalogue"));
  SOTTO_TRY(manifest.catalogue_version, in.get<uint64_t>("manifest: catalogue version"));
  SOTTO_CHECK_OK(get_array(in, manifest.audit_head, "manifest: audit head"));
  SOTTO_CHECK_OK(in.finish("manifest"));
  if (Status status = check_manifest(manifest); !status.ok())
    return Error{ErrorCode::kMalformed, status.error().message};
  return manifest;
}

}  // namespace

PublishedFile published_file(std::span<const uint8_t> bytes) {
  return {sha256(bytes), bytes.size()};
}

Status check_published_file(const PublishedFile& named, const PublishedFile& found,
                            const char* what) {
  if (named != found)
    return {ErrorCode::kAuthentication, what, "not the file that the manifest names"};
  return {};
}

SeenManifest seen_manifest(const Manifest& manifest, std::span<const uint8_t> signed_manifest) {
  return {manifest.sequence, sha256(signed_manifest)};
}

Result<Bytes> sign_manifest(const Identity& publisher, const Manifest& manifest) {
  SOTTO_CHECK_OK(check_manifest(manifest));
  ByteWriter out;
  out.put_bytes({reinterpret_cast<const uint8_t*>(kTag.data()), kTag.size()});
  out.put<uint8_t>(kVersion);
  out.put_string(manifest.site);
  out.put<uint64_t>(manifest.sequence);
  out.put<int64_t>(manifest.created_ms);
  out.put<int64_t>(manifest.expires_ms);
  out.put(manifest.label);
  put(out, manifest.model);
  put(out, manifest.model_float32);
  put(out, manifest.catalogue);
  out.put<uint64_t>(manifest.catalogue_version);
  out.put_bytes(manifest.audit_head);
  out.put_bytes(publisher.sign(kDomain, out.bytes()));
  return std::move(out).bytes();
}

Result<Manifest> read_manifest(std::span<const uint8_t> signed_manifest) {
  if (signed_manifest.size() < kSignature)
    return Error{ErrorCode::kMalformed, "manifest: too short"};
  return decode(signed_manifest.first(signed_manifest.size() - kSignature));
}

Result<Manifest> open_manifest(std::span<const uint8_t> signed_manifest, const PinnedSite& pinned,
                               const std::optional<SeenManifest>& seen, int64_t now_ms) {
  SOTTO_TRY(Manifest manifest, read_manifest(signed_manifest));
  const auto body = signed_manifest.first(signed_manifest.size() - kSignature);
  Signature signature;
  std::copy_n(signed_manifest.last(kSignature).begin(), kSignature, signature.begin());
  SOTTO_CHECK_OK(verify_signature(pinned.publisher, kDomain, body, signature));
  if (manifest.site != pinned.site)
    return Error{ErrorCode::kAuthentication, "manifest: of another site"};
  if (seen.has_value()) {
    if (manifest.sequence < seen->sequence)
      return Error{ErrorCode::kReplay, "manifest: older than one that was taken"};
    if (manifest.sequence == seen->sequence) {
      if (seen_manifest(manifest, signed_manifest) == *seen) return manifest;
      return Error{ErrorCode::kDisagreement, "manifest: another one of the same sequence"};
    }
  }
  if (now_ms >= manifest.expires_ms) return Error{ErrorCode::kExpired, "manifest: has expired"};
  if (now_ms < manifest.created_ms - kDayMs)
    return Error{ErrorCode::kExpired, "manifest: from the future"};
  return manifest;
}

}  // namespace sotto
