#include "crypto/signed_key.hpp"

#include <algorithm>

#include "crypto/hash.hpp"

namespace sotto {
namespace {

constexpr uint8_t kVersion = 1;
constexpr DomainTag kDomain = "hpke key v1";

Bytes encode_statement(const SignedKey& key) {
  ByteWriter out;
  out.put<uint8_t>(kVersion);
  out.put(key.role);
  out.put<int64_t>(key.not_before_ms);
  out.put<int64_t>(key.not_after_ms);
  out.put_bytes(key.public_key);
  return std::move(out).bytes();
}

bool times_valid(int64_t not_before_ms, int64_t not_after_ms) {
  return not_before_ms >= 0 && not_after_ms >= not_before_ms &&
         not_after_ms - not_before_ms <= kMaxKeyLifetimeMs;
}

bool known(KeyRole role) {
  return role == KeyRole::kLeader || role == KeyRole::kHelper || role == KeyRole::kCollector;
}

}  // namespace

KeyId SignedKey::id() const {
  const Digest digest = sha256(encode_statement(*this));
  KeyId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

Result<SignedKey> sign_key(const Identity& identity, KeyRole role, const HpkePublicKey& public_key,
                           int64_t not_before_ms, int64_t not_after_ms) {
  if (!times_valid(not_before_ms, not_after_ms))
    return Error{ErrorCode::kInvalidArgument,
                 "signed key: times negative or out of order, or more "
                 "than 100 days"};
  SignedKey key{role, not_before_ms, not_after_ms, public_key, {}};
  key.signature = identity.sign(kDomain, encode_statement(key));
  return key;
}

Bytes encode_signed_key(const SignedKey& key) {
  Bytes bytes = encode_statement(key);
  bytes.insert(bytes.end(), key.signature.begin(), key.signature.end());
  return bytes;
}

Result<SignedKey> decode_signed_key(std::span<const uint8_t> bytes) {
  if (bytes.size() != kSignedKeySize)
    return Error{ErrorCode::kMalformed, "signed key: not 114 bytes"};
  ByteReader in(bytes);
  SOTTO_TRY(const auto version, in.get<uint8_t>("signed key: version"));
  if (version != kVersion) return Error{ErrorCode::kUnsupported, "signed key: unknown version"};
  SignedKey key;
  SOTTO_TRY(key.role, in.get<KeyRole>("signed key: role"));
  if (!known(key.role)) return Error{ErrorCode::kMalformed, "signed key: unknown role"};
  SOTTO_TRY(key.not_before_ms, in.get<int64_t>("signed key: not_before_ms"));
  SOTTO_TRY(key.not_after_ms, in.get<int64_t>("signed key: not_after_ms"));
  if (!times_valid(key.not_before_ms, key.not_after_ms))
    return Error{ErrorCode::kMalformed, "signed key: times out of range"};
  SOTTO_TRY(const auto public_key, in.get_bytes(key.public_key.size(), "signed key: public key"));
  std::copy(public_key.begin(), public_key.end(), key.public_key.begin());
  SOTTO_TRY(const auto signature, in.get_bytes(key.signature.size(), "signed key: signature"));
  std::copy(signature.begin(), signature.end(), key.signature.begin());
  SOTTO_CHECK_OK(in.finish("signed key"));
  return key;
}

Result<SignedKey> open_signed_key(std::span<const uint8_t> bytes, const IdentityKey& identity,
                                  KeyRole role, int64_t now_ms) {
  SOTTO_TRY(const SignedKey key, decode_signed_key(bytes));
  SOTTO_CHECK_OK(verify_signature(identity, kDomain, encode_statement(key), key.signature));
  if (key.role != role)
    return Error{ErrorCode::kAuthentication, "signed key: signed for another role"};
  if (now_ms < key.not_before_ms || now_ms > key.not_after_ms)
    return Error{ErrorCode::kExpired, "signed key: not valid now"};
  return key;
}

}  // namespace sotto
