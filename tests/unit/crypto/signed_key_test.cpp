#include "crypto/signed_key.hpp"

#include <doctest/doctest.h>

#include <set>

#include "crypto/hash.hpp"
#include "hex.hpp"

using namespace sotto;

namespace {

constexpr int64_t kFrom = 1'700'000'000'000;
constexpr int64_t kTo = kFrom + 86'400'000;

struct Fixture {
  TestEntropy entropy{1};
  Identity identity = Identity::generate(entropy);
  HpkeKeyPair pair = HpkeKeyPair::generate(entropy);
  SignedKey key = sign_key(identity, KeyRole::kHelper, pair.public_key(), kFrom, kTo).value();
  Bytes bytes = encode_signed_key(key);

  ErrorCode opened(std::span<const uint8_t> with, KeyRole role = KeyRole::kHelper,
                   int64_t now_ms = kFrom) const {
    const auto result = open_signed_key(with, identity.key(), role, now_ms);
    return result.ok() ? ErrorCode::kOk : result.error().code;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a signed key has its documented form and comes back") {
  CHECK(bytes.size() == kSignedKeySize);
  CHECK(Bytes(bytes.begin(), bytes.begin() + 18) ==
        from_hex("01 02 0068e5cf8b010000 00c40bd58b010000"));
  CHECK(decode_signed_key(bytes).value() == key);
  CHECK(open_signed_key(bytes, identity.key(), KeyRole::kHelper, kFrom).value() == key);
}

TEST_CASE_FIXTURE(Fixture, "it is valid from its first to its last millisecond") {
  CHECK(opened(bytes, KeyRole::kHelper, kFrom - 1) == ErrorCode::kExpired);
  CHECK(opened(bytes, KeyRole::kHelper, kFrom) == ErrorCode::kOk);
  CHECK(opened(bytes, KeyRole::kHelper, kTo) == ErrorCode::kOk);
  CHECK(opened(bytes, KeyRole::kHelper, kTo + 1) == ErrorCode::kExpired);
  CHECK(opened(bytes, KeyRole::kHelper, INT64_MIN) == ErrorCode::kExpired);
  CHECK(opened(bytes, KeyRole::kHelper, INT64_MAX) == ErrorCode::kExpired);
}

TEST_CASE_FIXTURE(Fixture, "a key of another role or another identity is refused") {
  CHECK(opened(bytes, KeyRole::kLeader) == ErrorCode::kAuthentication);
  CHECK(opened(bytes, KeyRole::kCollector) == ErrorCode::kAuthentication);
  const Identity other = Identity::generate(entropy);
  CHECK(open_signed_key(bytes, other.key(), KeyRole::kHelper, kFrom).error().code ==
        ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Fixture, "an unsigned key, or one signed in another sense, is refused") {
  SignedKey unsigned_key = key;
  unsigned_key.signature = {};
  CHECK(opened(encode_signed_key(unsigned_key)) == ErrorCode::kAuthentication);
  unsigned_key.signature = identity.sign("another", std::span(bytes).first(50));
  CHECK(opened(encode_signed_key(unsigned_key)) == ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Fixture, "every truncation and every extension is refused") {
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK(opened(std::span(bytes).first(size)) == ErrorCode::kMalformed);
  Bytes longer = bytes;
  for (int i = 0; i < 100; ++i) {
    longer.push_back(0);
    CHECK(opened(longer) == ErrorCode::kMalformed);
  }
}

TEST_CASE_FIXTURE(Fixture, "every changed byte is refused") {
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const uint8_t mask : {uint8_t{1}, uint8_t{0x80}, uint8_t{0xff}}) {
      Bytes changed = bytes;
      changed[i] ^= mask;
      CHECK(opened(changed) != ErrorCode::kOk);
    }
  }
  Bytes changed = bytes;
  changed[0] = 2;
  CHECK(opened(changed) == ErrorCode::kUnsupported);
  for (const uint8_t role : {uint8_t{0}, uint8_t{4}, uint8_t{255}}) {
    changed = bytes;
    changed[1] = role;
    CHECK(opened(changed) == ErrorCode::kMalformed);
  }
}

TEST_CASE_FIXTURE(Fixture, "times that make no sense are neither signed nor decoded") {
  struct Times {
    int64_t from, to;
  };
  for (const auto [from, to] : {Times{-1, 5}, Times{INT64_MIN, INT64_MAX}, Times{5, 4},
                                Times{0, INT64_MAX}, Times{kFrom, kFrom + kMaxKeyLifetimeMs + 1}}) {
    CHECK(sign_key(identity, KeyRole::kHelper, pair.public_key(), from, to).error().code ==
          ErrorCode::kInvalidArgument);
    SignedKey wrong = key;
    wrong.not_before_ms = from;
    wrong.not_after_ms = to;
    CHECK(decode_signed_key(encode_signed_key(wrong)).error().code == ErrorCode::kMalformed);
  }
  CHECK(sign_key(identity, KeyRole::kHelper, pair.public_key(), kFrom, kFrom + kMaxKeyLifetimeMs)
            .ok());
}

TEST_CASE_FIXTURE(Fixture, "the id is a hash of everything that was signed") {
  const Digest digest = sha256(std::span(bytes).first(50));
  CHECK(std::equal(digest.begin(), digest.begin() + 16, key.id().begin()));
  std::set<KeyId> ids{key.id()};
  SignedKey other = key;
  other.role = KeyRole::kLeader;
  ids.insert(other.id());
  other = key;
  ++other.not_before_ms;
  ids.insert(other.id());
  other = key;
  ++other.not_after_ms;
  ids.insert(other.id());
  other = key;
  other.public_key[31] ^= 1;
  ids.insert(other.id());
  CHECK(ids.size() == 5);
  other = key;
  other.signature[0] ^= 1;
  CHECK(other.id() == key.id());
}
