#include "protocol/manifest.hpp"

#include <functional>
#include <limits>

#include "cast.hpp"

using namespace sotto;

namespace {

constexpr int64_t kDay = int64_t{24} * 60 * kMinute;

struct Fixture : Cast {
  Manifest manifest() const {
    Manifest manifest;
    manifest.site = "shop.example";
    manifest.sequence = 42;
    manifest.created_ms = kStart;
    manifest.expires_ms = kStart + 7 * kDay;
    manifest.label = SiteLabel::kDemo;
    manifest.model = published_file(from_text("int8"));
    manifest.model_float32 = published_file(from_text("float32"));
    manifest.catalogue = published_file(from_text("catalogue"));
    manifest.catalogue_version = 7;
    manifest.audit_head.fill(0x33);
    return manifest;
  }
  Bytes file(const Manifest& of) const { return sign_manifest(publisher, of).value(); }
  Bytes file() const { return file(manifest()); }
  Result<Manifest> open(std::span<const uint8_t> bytes, int64_t now_ms = kNow,
                        const std::optional<SeenManifest>& seen = std::nullopt) const {
    return open_manifest(bytes, pinned, seen, now_ms);
  }
};

// "sotto manifest" | version | site: length, text | sequence | created | expires | label
constexpr size_t kVersionAt = 14;
constexpr size_t kLabelAt = kVersionAt + 1 + 8 + 12 + 3 * 8;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a manifest comes back as it was signed, with and without its options") {
  Manifest bare = manifest();
  bare.label = SiteLabel::kProduction;
  bare.model_float32 = bare.catalogue = {};
  bare.catalogue_version = 0;
  bare.audit_head = {};
  for (const Manifest& original : {manifest(), bare}) {
    const Bytes bytes = file(original);
    const auto opened = open(bytes);
    REQUIRE(opened.ok());
    CHECK(*opened == original);
    CHECK(file(*opened) == bytes);
    CHECK(seen_manifest(*opened, bytes) == SeenManifest{42, sha256(bytes)});
  }
  const Bytes bytes = file();
  CHECK(Bytes(bytes.begin(), bytes.begin() + 15) == from_text("sotto manifest\x01"));
  // What the header's table adds up to.
  CHECK(bytes.size() == 14 + 1 + 8 + 12 + 3 * 8 + 1 + 3 * 40 + 8 + 32 + 64);
}

TEST_CASE_FIXTURE(Fixture, "a manifest's every truncation, extension and changed byte is refused") {
  const auto opened = [&](std::span<const uint8_t> bytes) { return open(bytes); };
  CHECK(torment(file(), opened) == 0);
  // Also by a device that has seen it.
  const SeenManifest seen = seen_manifest(manifest(), file());
  const auto again = [&](std::span<const uint8_t> bytes) { return open(bytes, kNow, seen); };
  CHECK(torment(file(), again) == 0);
}

TEST_CASE_FIXTURE(Fixture, "another version, tag, publisher, signature domain or site is refused") {
  Bytes other = file();
  other[kVersionAt] = 2;
  CHECK(code_of(open(other)) == ErrorCode::kUnsupported);
  other = file();
  other[0] = 'S';
  CHECK(code_of(open(other)) == ErrorCode::kMalformed);
  CHECK(code_of(open(Bytes{})) == ErrorCode::kMalformed);

  for (const Identity* signer : {&leader, &helper})
    CHECK(code_of(open(sign_manifest(*signer, manifest()).value())) == ErrorCode::kAuthentication);
  other = file();
  const auto body = std::span(other).first(other.size() - 64);
  const Signature task_signature = publisher.sign("task v1", body);
  std::copy(task_signature.begin(), task_signature.end(), other.end() - 64);
  CHECK(code_of(open(other)) == ErrorCode::kAuthentication);

  Manifest elsewhere = manifest();
  elsewhere.site = "shop2.example";
  CHECK(code_of(open(file(elsewhere))) == ErrorCode::kAuthentication);
  PinnedSite stranger = pinned;
  stranger.publisher = leader.key();
  CHECK(code_of(open_manifest(file(), stranger, std::nullopt, kNow)) == ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Fixture, "nobody who serves manifests can go back, swap or freeze") {
  const Bytes bytes = file();
  const SeenManifest seen = seen_manifest(manifest(), bytes);
  CHECK(open(bytes, kNow, seen).ok());
  // Going back.
  for (const uint64_t higher : {uint64_t{43}, std::numeric_limits<uint64_t>::max()})
    CHECK(code_of(open(bytes, kNow, SeenManifest{higher, seen.digest})) == ErrorCode::kReplay);
  // Swapping: another of the same sequence, however little differs.
  Manifest other = manifest();
  other.audit_head[31] ^= 1;
  CHECK(code_of(open(file(other), kNow, seen)) == ErrorCode::kDisagreement);
  other = manifest();
  ++other.expires_ms;
  CHECK(code_of(open(file(other), kNow, seen)) == ErrorCode::kDisagreement);
  // A rollback by the publisher is a new sequence with the old files.
  other = manifest();
  other.sequence = 43;
  CHECK(open(file(other), kNow, seen).ok());
  other.sequence = std::numeric_limits<uint64_t>::max();
  CHECK(open(file(other), kNow, seen).ok());
  // Freezing.
  CHECK(open(bytes, manifest().expires_ms - 1).ok());
  for (const int64_t late : {manifest().expires_ms, manifest().expires_ms + 1, INT64_MAX})
    CHECK(code_of(open(bytes, late)) == ErrorCode::kExpired);
}

TEST_CASE_FIXTURE(Fixture, "a publisher's clock may be a day ahead and no more") {
  const Bytes bytes = file();
  CHECK(open(bytes, kStart - kDay).ok());
  for (const int64_t early : {kStart - kDay - 1, int64_t{0}, int64_t{-1}, INT64_MIN})
    CHECK(code_of(open(bytes, early)) == ErrorCode::kExpired);
  Manifest first = manifest();
  first.created_ms = 0;
  CHECK(open(file(first), -kDay).ok());
  CHECK(code_of(open(file(first), INT64_MIN)) == ErrorCode::kExpired);
  first.created_ms = INT64_MAX - 1;
  first.expires_ms = INT64_MAX;
  CHECK(code_of(open(file(first), kNow)) == ErrorCode::kExpired);
  CHECK(open(file(first), INT64_MAX - 1).ok());
}

TEST_CASE_FIXTURE(Fixture, "a manifest that was seen is taken again whatever the time") {
  const Bytes bytes = file();
  const SeenManifest seen = seen_manifest(manifest(), bytes);
  for (const int64_t now : {INT64_MIN, int64_t{0}, kStart + 365 * kDay, INT64_MAX})
    CHECK(open(bytes, now, seen).value() == manifest());
  // Having seen one does not make another one younger.
  Manifest next = manifest();
  next.sequence = 43;
  CHECK(code_of(open(file(next), manifest().expires_ms, seen)) == ErrorCode::kExpired);
  // And an expired one of the same sequence is still another one.
  next.sequence = 42;
  next.catalogue_version = 8;
  CHECK(code_of(open(file(next), manifest().expires_ms, seen)) == ErrorCode::kDisagreement);
  // Seen by its digest, still the publisher's: no record of a device makes up for a signature.
  const Bytes forged = sign_manifest(leader, manifest()).value();
  CHECK(code_of(open(forged, kNow, seen_manifest(manifest(), forged))) ==
        ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Fixture, "fields out of range are not signed, by name") {
  struct Case {
    const char* field;
    std::function<void(Manifest&)> change;
  };
  const Digest some = sha256(from_text("x"));
  const Case cases[] = {
      {"site", [](Manifest& m) { m.site.clear(); }},
      {"site", [](Manifest& m) { m.site = std::string(254, 'a'); }},
      {"site", [](Manifest& m) { m.site = "a b"; }},
      {"site", [](Manifest& m) { m.site = "caf\xc3\xa9"; }},
      {"site", [](Manifest& m) { m.site = std::string("a\0b", 3); }},
      {"sequence", [](Manifest& m) { m.sequence = 0; }},
      {"created", [](Manifest& m) { m.created_ms = -1; }},
      {"created", [](Manifest& m) { m.created_ms = INT64_MIN; }},
      {"expires", [](Manifest& m) { m.expires_ms = m.created_ms; }},
      {"expires", [](Manifest& m) { m.expires_ms = INT64_MIN; }},
      {"label", [](Manifest& m) { m.label = static_cast<SiteLabel>(2); }},
      {"model", [](Manifest& m) { m.model = {}; }},
      {"model",
       [&](Manifest& m) {
         m.model = {some, 0};
       }},
      {"model",
       [&](Manifest& m) {
         m.model = {some, PublishedFile::kLargestSize + 1};
       }},
      {"float32 model",
       [&](Manifest& m) {
         m.model_float32 = {some, 0};
       }},
      {"float32 model",
       [&](Manifest& m) {
         m.model_float32 = {some, UINT64_MAX};
       }},
      {"catalogue",
       [&](Manifest& m) {
         m.catalogue = {some, 0};
       }},
      {"catalogue", [&](Manifest& m) { m.catalogue.size = PublishedFile::kLargestSize + 1; }},
  };
  for (const Case& one : cases) {
    CAPTURE(one.field);
    Manifest wrong = manifest();
    one.change(wrong);
    const auto result = sign_manifest(publisher, wrong);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kInvalidArgument);
    CHECK(result.error().message == std::string("manifest: ") + one.field);
  }
  Manifest largest = manifest();
  largest.model.size = PublishedFile::kLargestSize;
  largest.site = std::string(253, 'a');
  pinned.site = largest.site;
  CHECK(open(file(largest)).value() == largest);
}

TEST_CASE_FIXTURE(Fixture, "fields out of range are refused even under the publisher's signature") {
  const auto signed_again = [&](Bytes bytes) {
    const Signature signature =
        publisher.sign("manifest v1", std::span(bytes).first(bytes.size() - 64));
    std::copy(signature.begin(), signature.end(), bytes.end() - 64);
    return bytes;
  };
  Bytes bytes = file();
  REQUIRE(signed_again(bytes) == bytes);
  for (const int label : {2, 255}) {
    bytes[kLabelAt] = static_cast<uint8_t>(label);
    CHECK(open(signed_again(bytes)).error().message == "manifest: label");
  }
  bytes = file();
  std::fill_n(bytes.begin() + 14 + 1 + 8 + 12, 8, uint8_t{0});
  const auto zero = open(signed_again(bytes));
  CHECK(code_of(zero) == ErrorCode::kMalformed);
  CHECK(zero.error().message == "manifest: sequence");
  // A length that runs over the end.
  bytes = file();
  std::fill_n(bytes.begin() + 15, 8, uint8_t{0xff});
  CHECK(code_of(open(signed_again(bytes))) == ErrorCode::kMalformed);
  // Whatever the publisher signs, it is taken in one form only.
  for (size_t i = 0; i + 64 < file().size(); ++i) {
    for (const uint8_t mask : {uint8_t{1}, uint8_t{0x80}, uint8_t{0xff}}) {
      bytes = file();
      bytes[i] ^= mask;
      bytes = signed_again(bytes);
      const auto opened = open(bytes, kStart);
      if (opened.ok()) CHECK(file(*opened) == bytes);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "what a manifest says can be read whoever signed it, in one form only") {
  Bytes bytes = file();
  REQUIRE(read_manifest(bytes).ok());
  CHECK(*read_manifest(bytes) == manifest());
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(read_manifest(std::span(bytes).first(length)).ok());
  bytes.back() ^= 1;  // the signature
  CHECK(read_manifest(bytes).ok());
  CHECK_FALSE(open(bytes).ok());
}

TEST_CASE("a published file is the bytes that its manifest names, and no others") {
  const Bytes bytes = from_text("a small model");
  const PublishedFile named = published_file(bytes);
  CHECK(named.size == bytes.size());
  CHECK(named.hash == sha256(bytes));
  CHECK(check_published_file(named, published_file(bytes), "model").ok());
  for (size_t i = 0; i < bytes.size(); ++i) {
    Bytes flipped = bytes;
    flipped[i] ^= 1;
    const Status status = check_published_file(named, published_file(flipped), "model");
    CHECK(code_of(status) == ErrorCode::kAuthentication);
    CHECK(status.error().message.starts_with("model: "));
    const PublishedFile shorter = published_file(std::span(bytes).first(i));
    CHECK_FALSE(check_published_file(named, shorter, "model").ok());
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_FALSE(check_published_file(named, published_file(longer), "model").ok());
  // The size is checked too, whatever the hash.
  CHECK_FALSE(check_published_file({named.hash, named.size + 1}, named, "model").ok());
  CHECK_FALSE(
      check_published_file({}, published_file({}), "catalogue").ok());  // absent: no bytes are it
}

TEST_CASE_FIXTURE(Cast, "the stricter of two floors demands the higher of each") {
  const Floors batch{1000, 0.1, false}, noise{3, 2, false}, both{1, 0, true};
  for (const auto& [a, b] : {std::pair(batch, noise), std::pair(noise, batch)}) {
    const Floors stricter = Floors::stricter(a, b);
    CHECK(stricter.min_batch == 1000);
    CHECK(stricter.min_z == 2);
    CHECK_FALSE(stricter.both_servers_add_noise);
  }
  CHECK(Floors::stricter(both, batch).both_servers_add_noise);
  CHECK(Floors::stricter(batch, both).both_servers_add_noise);

  // Whatever is refused by one of them is refused by the stricter, and nothing else is.
  Random random(4);
  for (int trial = 0; trial < 2000; ++trial) {
    const auto draw = [&] {
      return Floors{random.below(30), static_cast<double>(random.below(5)) / 2,
                    random.below(2) == 0};
    };
    const Floors a = draw(), b = draw();
    Task one = task();
    one.min_batch = 1 + random.below(20);
    one.sigma = random.below(3000);
    one.noise_by = static_cast<NoiseBy>(1 + random.below(3));
    CHECK(Floors::stricter(a, b).check(one).ok() == (a.check(one).ok() && b.check(one).ok()));
  }
  // Nothing is below production once production is one of the two.
  for (const Floors& low : {Floors::none(), Floors{0, -1, false},
                            Floors{0, std::numeric_limits<double>::quiet_NaN(), false}}) {
    for (const Floors& stricter : {Floors::stricter(Floors::production(), low),
                                   Floors::stricter(low, Floors::production())}) {
      CHECK(stricter.min_batch == 100);
      CHECK_FALSE(stricter.min_z < 1);
      CHECK(stricter.both_servers_add_noise);
      CHECK(code_of(stricter.check(task())) == ErrorCode::kBelowFloor);
    }
  }
}
