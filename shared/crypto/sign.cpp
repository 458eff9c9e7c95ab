#include "crypto/sign.hpp"

#include <sodium.h>

#include "base/bytes.hpp"
#include "crypto/start_sodium.hpp"

namespace sotto {
namespace {

using SecretKey = Secret<crypto_sign_SECRETKEYBYTES>;

SecretKey expand_seed(const Seed& seed, IdentityKey& key) {
  SecretKey secret_key;
  crypto_sign_seed_keypair(key.data(), secret_key.reveal_mutable().data(), seed.reveal().data());
  return secret_key;
}

Bytes framed(DomainTag domain, std::span<const uint8_t> message) {
  const std::string_view tag = domain.text();
  ByteWriter out;
  for (const char c : std::string_view("sotto")) out.put<char>(c);
  out.put<uint8_t>(static_cast<uint8_t>(tag.size()));
  for (const char c : tag) out.put<char>(c);
  out.put_bytes(message);
  return std::move(out).bytes();
}

}  // namespace

Identity Identity::generate(EntropySource& entropy) { return from_seed(Seed::random(entropy)); }

Identity Identity::from_seed(const Seed& seed) {
  start_sodium();
  Identity identity;
  identity.seed_ = seed.clone();
  expand_seed(seed, identity.key_);
  return identity;
}

Signature Identity::sign(DomainTag domain, std::span<const uint8_t> message) const {
  return internal::ed25519_sign(seed_, framed(domain, message));
}

Status verify_signature(const IdentityKey& identity, DomainTag domain,
                        std::span<const uint8_t> message, const Signature& signature) {
  if (!internal::ed25519_verify(identity, framed(domain, message), signature))
    return {ErrorCode::kAuthentication,
            std::string(domain.text()) + ": the signature is not of the expected identity"};
  return {};
}

namespace internal {

Signature ed25519_sign(const Seed& seed, std::span<const uint8_t> message) {
  start_sodium();
  IdentityKey key;
  const SecretKey secret_key = expand_seed(seed, key);
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                       secret_key.reveal().data());
  return signature;
}

bool ed25519_verify(const IdentityKey& key, std::span<const uint8_t> message,
                    const Signature& signature) {
  start_sodium();
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

}  // namespace internal
}  // namespace sotto
