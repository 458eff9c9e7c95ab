// Short-lived HPKE public keys, signed by the Ed25519 identity of their server.
//
// Devices pin identities, not HPKE keys: a server makes a new HPKE key for every few weeks, signs
// it, and forgets the old one's secret half when its last task is over. A key that is unsigned,
// outside of its time or for another role is refused.
//
// Canonical form, 114 bytes, integers little-endian:
//   version u8 = 1 | role u8 | not_before_ms i64 | not_after_ms i64 | public key 32 | signature 64
// The signature is over the 50 bytes before it, with the domain tag "hpke key v1".
// The id is the first 16 bytes of SHA-256 of those 50 bytes: nobody can give two keys one id, and
// an id means the same role and time to everybody.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/hpke.hpp"
#include "crypto/sign.hpp"

namespace sotto {

/// For whom messages are sealed with the key.
enum class KeyRole : uint8_t { kLeader = 1, kHelper = 2, kCollector = 3 };

using KeyId = std::array<uint8_t, 16>;

inline constexpr size_t kSignedKeySize = 114;
/// The longest validity: the 90 days of a privacy window, and ten to collect its last task.
inline constexpr int64_t kMaxKeyLifetimeMs = int64_t{100} * 24 * 60 * 60 * 1000;

/// What it says about itself. Worth nothing until open_signed_key has checked it.
struct SignedKey {
  KeyRole role = KeyRole::kLeader;
  int64_t not_before_ms = 0;  ///< First and last millisecond of its time, since 1970.
  int64_t not_after_ms = 0;
  HpkePublicKey public_key{};
  Signature signature{};

  KeyId id() const;
  friend bool operator==(const SignedKey&, const SignedKey&) = default;
};

/// Errors: kInvalidArgument when the times are negative, out of order, or longer apart than
/// kMaxKeyLifetimeMs.
Result<SignedKey> sign_key(const Identity& identity, KeyRole role, const HpkePublicKey& public_key,
                           int64_t not_before_ms, int64_t not_after_ms);

Bytes encode_signed_key(const SignedKey& key);

/// The counterpart of encode_signed_key; checks the form only. To look at a key; to use it, call
/// open_signed_key.
/// Errors: kMalformed for any other length, an unknown role, or times as above; kUnsupported for
/// another version.
Result<SignedKey> decode_signed_key(std::span<const uint8_t> bytes);

/// A key that may be used: the right role, now, under the pinned identity.
/// Errors: those of decode_signed_key; kAuthentication when the signature or the role is not the
/// expected one; kExpired when `now_ms` is outside of its time.
/// Thread safety: pure.
Result<SignedKey> open_signed_key(std::span<const uint8_t> bytes, const IdentityKey& identity,
                                  KeyRole role, int64_t now_ms);

}  // namespace sotto
