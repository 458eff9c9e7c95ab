// The decoder of signed manifests, under the publisher's signature and not: only what was signed is
// opened, what is opened is taken in one form only, and no device goes back.
#include <algorithm>

#include "base/entropy.hpp"
#include "protocol/manifest.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr size_t kSignature = 64;

const Identity& publisher() {
  static const Identity kPublisher = [] {
    TestEntropy entropy(1);
    return Identity::generate(entropy);
  }();
  return kPublisher;
}

const PinnedSite& pinned() {
  static const PinnedSite kPinned{"shop.example", publisher().key(), {}, {}};
  return kPinned;
}

Manifest manifest(uint64_t sequence) {
  Manifest manifest;
  manifest.site = pinned().site;
  manifest.sequence = sequence;
  manifest.created_ms = kNow;
  manifest.expires_ms = kNow + 86'400'000;
  manifest.model = published_file(Bytes{1});
  if (sequence == 1) return manifest;
  manifest.label = SiteLabel::kDemo;
  manifest.model_float32 = published_file(Bytes{2});
  manifest.catalogue = published_file(Bytes{3});
  manifest.catalogue_version = 7;
  manifest.audit_head.fill(9);
  return manifest;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  return {sign_manifest(publisher(), manifest(1)).value(),
          sign_manifest(publisher(), manifest(2)).value()};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, data + size);
  static const std::vector<Bytes> kSigned = fuzz_seeds();
  must(open_manifest(bytes, pinned(), std::nullopt, kNow).ok() ==
           (std::find(kSigned.begin(), kSigned.end(), bytes) != kSigned.end()),
       "only what the publisher signed is opened");

  // The same with a signature that fits.
  if (size < kSignature) return 0;
  const Signature signature =
      publisher().sign("manifest v1", std::span(bytes).first(size - kSignature));
  std::copy(signature.begin(), signature.end(), bytes.end() - kSignature);
  const auto opened = open_manifest(bytes, pinned(), std::nullopt, kNow);
  if (!opened.ok()) return 0;
  const auto again = sign_manifest(publisher(), *opened);
  must(again.ok() && *again == bytes, "one form only");
  must(opened->model.size > 0 && opened->sequence > 0 && kNow < opened->expires_ms,
       "what is opened can be used");
  const SeenManifest seen = seen_manifest(*opened, bytes);
  must(open_manifest(bytes, pinned(), seen, INT64_MAX).ok(), "what was seen is taken again");
  for (const Bytes& other : kSigned) {
    const auto next = open_manifest(other, pinned(), seen, kNow);
    must(!next.ok() || other == bytes || next->sequence > opened->sequence, "nobody goes back");
  }
  return 0;
}
