// Ed25519 (RFC 8032) identities: who said this, and in which sense.
//
// Leader, helper and publisher each have one identity, pinned by its public key in the page.
// Everything that is signed carries a domain tag, so that a signature made for one kind of message
// is never one for another: what goes into Ed25519 is
//   "sotto" || length of the tag (1 byte) || tag || message.
// Verification is libsodium's: it refuses public keys of small order and signatures that are not
// in canonical form, so a signature cannot be altered into another valid one.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/entropy.hpp"
#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace sotto {

/// The public half of an identity. Everybody may know it.
using IdentityKey = std::array<uint8_t, 32>;
using Signature = std::array<uint8_t, 64>;

/// In which sense something is signed: a literal of 1 to 64 characters, e.g. "hpke key v1".
class DomainTag {
 public:
  template <size_t N>
  consteval DomainTag(const char (&text)[N]) : text_(text, N - 1) {
    static_assert(N >= 2 && N <= 65);
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// The secret half of an identity. Thread safety: sign may be called from several threads.
class Identity {
 public:
  static Identity generate(EntropySource& entropy);
  /// The 32-byte seed that RFC 8032 calls the private key; what a key file holds.
  static Identity from_seed(const Seed& seed);

  const IdentityKey& key() const { return key_; }
  const Seed& seed() const { return seed_; }
  /// Deterministic.
  Signature sign(DomainTag domain, std::span<const uint8_t> message) const;

 private:
  Identity() = default;
  Seed seed_;
  IdentityKey key_{};
};

/// Errors: kAuthentication unless `identity` signed exactly this message under this tag.
/// Thread safety: pure.
Status verify_signature(const IdentityKey& identity, DomainTag domain,
                        std::span<const uint8_t> message, const Signature& signature);

namespace internal {

/// Bare Ed25519, without a tag. For the RFC's test vectors only.
Signature ed25519_sign(const Seed& seed, std::span<const uint8_t> message);
bool ed25519_verify(const IdentityKey& key, std::span<const uint8_t> message,
                    const Signature& signature);

}  // namespace internal
}  // namespace sotto
