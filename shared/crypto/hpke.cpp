#include "crypto/hpke.hpp"

#include <sodium.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "crypto/hkdf.hpp"
#include "crypto/start_sodium.hpp"

namespace sotto {
namespace {

// suite_id of the KEM and of the whole suite (sections 4.1 and 5.1): ids are two bytes big-endian.
constexpr std::string_view kKemSuite("KEM\x00\x20", 5);
constexpr std::string_view kHpkeSuite("HPKE\x00\x20\x00\x01\x00\x03", 10);
constexpr uint8_t kModeBase = 0;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Wipes itself, because extracted keys go through it.
SecretBytes concatenated(std::initializer_list<std::span<const uint8_t>> parts) {
  size_t size = 0;
  for (const auto part : parts) size += part.size();
  SecretBytes all(size);
  auto out = all.reveal_mutable().begin();
  for (const auto part : parts) out = std::copy(part.begin(), part.end(), out);
  return all;
}

// Section 4: LabeledExtract.
Secret<32> labeled_extract(std::string_view suite, std::span<const uint8_t> salt,
                           std::string_view label, std::span<const uint8_t> input_key) {
  const SecretBytes labeled =
      concatenated({bytes_of("HPKE-v1"), bytes_of(suite), bytes_of(label), input_key});
  return hkdf_extract(salt, labeled.reveal());
}

// Section 4: LabeledExpand.
Status labeled_expand(std::string_view suite, const Secret<32>& key, std::string_view label,
                      std::span<const uint8_t> info, std::span<uint8_t> out) {
  const uint8_t size[2] = {static_cast<uint8_t>(out.size() >> 8), static_cast<uint8_t>(out.size())};
  const SecretBytes labeled =
      concatenated({size, bytes_of("HPKE-v1"), bytes_of(suite), bytes_of(label), info});
  return hkdf_expand(key, labeled.reveal(), out);
}

// DH, and ExtractAndExpand of section 4.1. False when the result is all zero.
bool agree(const Secret<32>& secret_key, const std::array<uint8_t, 32>& public_key,
           const EncapsulatedKey& encapsulated, const HpkePublicKey& recipient,
           Secret<32>& shared_secret) {
  start_sodium();
  Secret<32> dh;
  if (crypto_scalarmult_curve25519(dh.reveal_mutable().data(), secret_key.reveal().data(),
                                   public_key.data()) != 0)
    return false;
  const Secret<32> extracted = labeled_extract(kKemSuite, {}, "eae_prk", dh.reveal());
  const SecretBytes kem_context = concatenated({encapsulated, recipient});
  return labeled_expand(kKemSuite, extracted, "shared_secret", kem_context.reveal(),
                        shared_secret.reveal_mutable())
      .ok();
}

constexpr size_t kNonceSize = crypto_aead_chacha20poly1305_ietf_NPUBBYTES;
static_assert(kNonceSize == 12 && crypto_aead_chacha20poly1305_ietf_ABYTES == kHpkeTag);

}  // namespace

HpkeKeyPair HpkeKeyPair::generate(EntropySource& entropy) {
  // DeriveKeyPair, section 7.1.3.
  const Secret<32> input_key = Secret<32>::random(entropy);
  const Secret<32> extracted = labeled_extract(kKemSuite, {}, "dkp_prk", input_key.reveal());
  Secret<32> secret_key;
  // Cannot fail: 32 bytes are asked for.
  static_cast<void>(
      labeled_expand(kKemSuite, extracted, "sk", {}, secret_key.reveal_mutable()).ok());
  return from_secret_key(secret_key);
}

HpkeKeyPair HpkeKeyPair::from_secret_key(const Secret<32>& secret_key) {
  start_sodium();
  HpkeKeyPair pair;
  pair.secret_key_ = secret_key.clone();
  crypto_scalarmult_curve25519_base(pair.public_key_.data(), secret_key.reveal().data());
  return pair;
}

// KeySchedule, section 5.1, without a pre-shared key.
Result<HpkeContext> schedule_keys(const Secret<32>& shared_secret, std::span<const uint8_t> info) {
  const Secret<32> psk_id_hash = labeled_extract(kHpkeSuite, {}, "psk_id_hash", {});
  const Secret<32> info_hash = labeled_extract(kHpkeSuite, {}, "info_hash", info);
  const SecretBytes context =
      concatenated({{&kModeBase, 1}, psk_id_hash.reveal(), info_hash.reveal()});
  const Secret<32> secret = labeled_extract(kHpkeSuite, shared_secret.reveal(), "secret", {});

  HpkeContext keys;
  SOTTO_CHECK_OK(
      labeled_expand(kHpkeSuite, secret, "key", context.reveal(), keys.key_.reveal_mutable()));
  SOTTO_CHECK_OK(labeled_expand(kHpkeSuite, secret, "base_nonce", context.reveal(),
                                keys.base_nonce_.reveal_mutable()));
  SOTTO_CHECK_OK(labeled_expand(kHpkeSuite, secret, "exp", context.reveal(),
                                keys.exporter_secret_.reveal_mutable()));
  return keys;
}

// ComputeNonce, section 5.2: the sequence number, big-endian over 12 bytes, XOR base_nonce.
std::array<uint8_t, 12> HpkeContext::next_nonce() const {
  std::array<uint8_t, kNonceSize> nonce;
  std::copy_n(base_nonce_.reveal().begin(), kNonceSize, nonce.begin());
  for (size_t i = 0; i < 8; ++i)
    nonce[kNonceSize - 1 - i] ^= static_cast<uint8_t>(sequence_ >> (8 * i));
  return nonce;
}

void HpkeContext::seal_into(std::span<const uint8_t> aad, std::span<const uint8_t> plaintext,
                            std::span<uint8_t> out) {
  const auto nonce = next_nonce();
  crypto_aead_chacha20poly1305_ietf_encrypt(out.data(), nullptr, plaintext.data(), plaintext.size(),
                                            aad.data(), aad.size(), nullptr, nonce.data(),
                                            key_.reveal().data());
  ++sequence_;
}

Bytes HpkeContext::seal(std::span<const uint8_t> aad, std::span<const uint8_t> plaintext) {
  Bytes ciphertext(plaintext.size() + kHpkeTag);
  seal_into(aad, plaintext, ciphertext);
  return ciphertext;
}

Result<SecretBytes> HpkeContext::open(std::span<const uint8_t> aad,
                                      std::span<const uint8_t> ciphertext) {
  if (ciphertext.size() < kHpkeTag)
    return Error{ErrorCode::kMalformed, "hpke: the ciphertext is shorter than its tag"};
  SecretBytes plaintext(ciphertext.size() - kHpkeTag);
  const auto nonce = next_nonce();
  // libsodium checks the tag before it decrypts anything.
  if (crypto_aead_chacha20poly1305_ietf_decrypt(
          plaintext.reveal_mutable().data(), nullptr, nullptr, ciphertext.data(), ciphertext.size(),
          aad.data(), aad.size(), nonce.data(), key_.reveal().data()) != 0)
    return Error{ErrorCode::kAuthentication, "hpke: the ciphertext does not open"};
  ++sequence_;
  return plaintext;
}

Result<SecretBytes> HpkeContext::export_secret(std::span<const uint8_t> exporter_context,
                                               size_t size) const {
  // Checked before it is allocated; hkdf_expand has the same limit.
  if (size > size_t{255} * 32)
    return Error{ErrorCode::kInvalidArgument, "hpke: more than 8160 bytes asked for"};
  SecretBytes secret(size);
  SOTTO_CHECK_OK(labeled_expand(kHpkeSuite, exporter_secret_, "sec", exporter_context,
                                secret.reveal_mutable()));
  return secret;
}

Result<HpkeSender> hpke_setup_sender(const HpkePublicKey& recipient, std::span<const uint8_t> info,
                                     EntropySource& entropy) {
  const HpkeKeyPair ephemeral = HpkeKeyPair::generate(entropy);
  Secret<32> shared_secret;
  if (!agree(ephemeral.secret_key(), recipient, ephemeral.public_key(), recipient, shared_secret))
    return Error{ErrorCode::kInvalidArgument, "hpke: the recipient's public key is of small order"};
  SOTTO_TRY(HpkeContext context, schedule_keys(shared_secret, info));
  return HpkeSender{ephemeral.public_key(), std::move(context)};
}

Result<HpkeContext> hpke_setup_receiver(const HpkeKeyPair& recipient,
                                        const EncapsulatedKey& encapsulated_key,
                                        std::span<const uint8_t> info) {
  Secret<32> shared_secret;
  if (!agree(recipient.secret_key(), encapsulated_key, encapsulated_key, recipient.public_key(),
             shared_secret))
    return Error{ErrorCode::kAuthentication, "hpke: the encapsulated key is of small order"};
  return schedule_keys(shared_secret, info);
}

Result<Bytes> hpke_seal(const HpkePublicKey& recipient, std::span<const uint8_t> info,
                        std::span<const uint8_t> aad, std::span<const uint8_t> plaintext,
                        EntropySource& entropy) {
  SOTTO_TRY(HpkeSender sender, hpke_setup_sender(recipient, info, entropy));
  const auto& key = sender.encapsulated_key;
  Bytes sealed(key.size() + plaintext.size() + kHpkeTag);
  std::copy(key.begin(), key.end(), sealed.begin());
  sender.context.seal_into(aad, plaintext, std::span(sealed).subspan(key.size()));
  return sealed;
}

Result<SecretBytes> hpke_open(const HpkeKeyPair& recipient, std::span<const uint8_t> info,
                              std::span<const uint8_t> aad, std::span<const uint8_t> sealed) {
  if (sealed.size() < kHpkeOverhead)
    return Error{ErrorCode::kMalformed, "hpke: shorter than an encapsulated key and a tag"};
  EncapsulatedKey key;
  std::copy_n(sealed.begin(), key.size(), key.begin());
  SOTTO_TRY(HpkeContext context, hpke_setup_receiver(recipient, key, info));
  return context.open(aad, sealed.subspan(key.size()));
}

}  // namespace sotto
