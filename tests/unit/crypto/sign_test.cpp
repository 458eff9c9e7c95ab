#include "crypto/sign.hpp"

#include <doctest/doctest.h>

#include "hex.hpp"

using namespace sotto;

namespace {

struct Vector {
  const char* seed;
  const char* key;
  const char* message;
  const char* signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

}  // namespace

TEST_CASE("Ed25519 gives the answers of RFC 8032") {
  for (const Vector& vector : kVectors) {
    const Seed seed = Seed::copy_of(array_from_hex<32>(vector.seed));
    const Bytes message = from_hex(vector.message);
    const auto signature = array_from_hex<64>(vector.signature);
    const Identity identity = Identity::from_seed(seed);
    CHECK(identity.key() == array_from_hex<32>(vector.key));
    CHECK(internal::ed25519_sign(seed, message) == signature);
    CHECK(internal::ed25519_verify(identity.key(), message, signature));
  }
}

TEST_CASE("an identity signs for its key, and its seed brings it back") {
  TestEntropy entropy(1);
  const Identity identity = Identity::generate(entropy);
  const Identity other = Identity::generate(entropy);
  const Bytes message = from_text("a task file");
  const Signature signature = identity.sign("task v1", message);
  CHECK(verify_signature(identity.key(), "task v1", message, signature).ok());
  CHECK(verify_signature(other.key(), "task v1", message, signature).error().code ==
        ErrorCode::kAuthentication);
  CHECK(Identity::from_seed(identity.seed()).sign("task v1", message) == signature);
}

TEST_CASE("a signature is good for its own domain only") {
  TestEntropy entropy(2);
  const Identity identity = Identity::generate(entropy);
  const Signature signature = identity.sign("task v1", from_text("x"));
  CHECK_FALSE(verify_signature(identity.key(), "task v2", from_text("x"), signature).ok());
  // The border between tag and message is signed too.
  CHECK_FALSE(verify_signature(identity.key(), "task v", from_text("1x"), signature).ok());
  CHECK_FALSE(verify_signature(identity.key(), "task v1x", {}, signature).ok());
}

TEST_CASE("any flipped bit of message, signature or key is seen") {
  TestEntropy entropy(3);
  const Identity identity = Identity::generate(entropy);
  Bytes message(20);
  entropy.fill(message);
  const Signature signature = identity.sign("m", message);
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    Bytes changed = message;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK_FALSE(verify_signature(identity.key(), "m", changed, signature).ok());
  }
  for (size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Signature changed = signature;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK_FALSE(verify_signature(identity.key(), "m", message, changed).ok());
  }
  for (size_t bit = 0; bit < 256; ++bit) {
    IdentityKey changed = identity.key();
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK_FALSE(verify_signature(changed, "m", message, signature).ok());
  }
}

TEST_CASE("a key of small order signs nothing") {
  // The neutral element as key, and as commitment with s = 0, would verify everything.
  IdentityKey neutral{};
  neutral[0] = 1;
  Signature signature{};
  signature[0] = 1;
  CHECK_FALSE(verify_signature(neutral, "m", from_text("anything"), signature).ok());
}

TEST_CASE("a signature with s + L in place of s is refused") {
  // L, the order of the group, little-endian (RFC 8032, section 5.1).
  const Bytes order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  TestEntropy entropy(4);
  const Identity identity = Identity::generate(entropy);
  Signature signature = identity.sign("m", {});
  uint32_t carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += uint32_t{signature[32 + i]} + order[i];
    signature[32 + i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  CHECK(carry == 0);
  CHECK_FALSE(verify_signature(identity.key(), "m", {}, signature).ok());
}
