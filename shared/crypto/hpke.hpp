// HPKE (RFC 9180) in base mode: anybody can seal to a public key, only its owner can open.
//
// One suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305 (ids 0x0020, 0x0001,
// 0x0003). The recipient learns the plaintext and nothing about who sealed it; anybody else learns
// its length. `info` and `aad` are not sent, but whoever opens must name the same ones.
//
// An encapsulation draws 32 bytes from the entropy source in one fill, as `ikmE` of the RFC, so
// that its vectors replay. Agreements whose result is all zero (public keys of small order) are
// refused, section 7.1.4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/entropy.hpp"
#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace sotto {

/// X25519. Everybody may know it.
using HpkePublicKey = std::array<uint8_t, 32>;
/// What an encapsulation sends ahead of the ciphertext: an X25519 public key too.
using EncapsulatedKey = std::array<uint8_t, 32>;

/// Bytes of the authentication tag of every ciphertext.
inline constexpr size_t kHpkeTag = 16;
/// A sealed message is this much longer than its plaintext: encapsulated key and tag.
inline constexpr size_t kHpkeOverhead = 32 + kHpkeTag;

/// A recipient's key pair. Thread safety: immutable.
class HpkeKeyPair {
 public:
  /// DeriveKeyPair of 32 random bytes (section 4).
  static HpkeKeyPair generate(EntropySource& entropy);
  /// What secret_key() gave; what a key file holds.
  static HpkeKeyPair from_secret_key(const Secret<32>& secret_key);

  const HpkePublicKey& public_key() const { return public_key_; }
  const Secret<32>& secret_key() const { return secret_key_; }

 private:
  HpkeKeyPair() = default;
  Secret<32> secret_key_;
  HpkePublicKey public_key_{};
};

/// One message: encapsulated key (32) || ciphertext (as long as the plaintext) || tag (16).
/// Errors: kInvalidArgument when the public key is of small order.
/// Thread safety: one thread at a time per entropy source.
Result<Bytes> hpke_seal(const HpkePublicKey& recipient, std::span<const uint8_t> info,
                        std::span<const uint8_t> aad, std::span<const uint8_t> plaintext,
                        EntropySource& entropy);

/// Errors: kMalformed when `sealed` is shorter than kHpkeOverhead; kAuthentication when it was not
/// sealed to this key with this info and aad, or was altered.
/// Thread safety: pure.
Result<SecretBytes> hpke_open(const HpkeKeyPair& recipient, std::span<const uint8_t> info,
                              std::span<const uint8_t> aad, std::span<const uint8_t> sealed);

/// The key schedule's result, from which both sides encrypt (section 5.2). For several messages
/// under one encapsulation, in order; a single message is hpke_seal and hpke_open.
/// A failed open does not advance it. Thread safety: one thread at a time per object.
class HpkeContext {
 public:
  /// Ciphertext || tag. Errors: none.
  Bytes seal(std::span<const uint8_t> aad, std::span<const uint8_t> plaintext);
  /// Errors: kMalformed when shorter than a tag; kAuthentication.
  Result<SecretBytes> open(std::span<const uint8_t> aad, std::span<const uint8_t> ciphertext);
  /// A secret that both sides share, bound to `exporter_context` (section 5.3).
  /// Errors: kInvalidArgument for more than 8160 bytes.
  Result<SecretBytes> export_secret(std::span<const uint8_t> exporter_context, size_t size) const;

 private:
  friend Result<HpkeContext> schedule_keys(const Secret<32>& shared_secret,
                                           std::span<const uint8_t> info);
  friend Result<Bytes> hpke_seal(const HpkePublicKey&, std::span<const uint8_t>,
                                 std::span<const uint8_t>, std::span<const uint8_t>,
                                 EntropySource&);
  std::array<uint8_t, 12> next_nonce() const;
  void seal_into(std::span<const uint8_t> aad, std::span<const uint8_t> plaintext,
                 std::span<uint8_t> out);

  Secret<32> key_;
  Secret<12> base_nonce_;
  Secret<32> exporter_secret_;
  uint64_t sequence_ = 0;  // 2^64 messages are out of reach
};

struct HpkeSender {
  EncapsulatedKey encapsulated_key;
  HpkeContext context;
};
/// SetupBaseS. Errors: kInvalidArgument when the public key is of small order.
Result<HpkeSender> hpke_setup_sender(const HpkePublicKey& recipient, std::span<const uint8_t> info,
                                     EntropySource& entropy);
/// SetupBaseR. Errors: kAuthentication when the encapsulated key is of small order.
Result<HpkeContext> hpke_setup_receiver(const HpkeKeyPair& recipient,
                                        const EncapsulatedKey& encapsulated_key,
                                        std::span<const uint8_t> info);

}  // namespace sotto
