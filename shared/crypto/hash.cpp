#include "crypto/hash.hpp"

#include <sodium.h>

#include <new>

#include "crypto/start_sodium.hpp"

namespace sotto {
namespace {

static_assert(sizeof(crypto_hash_sha256_state) <= 128 && sizeof(crypto_generichash_state) <= 384);
static_assert(crypto_hash_sha256_BYTES == sizeof(Digest));

// The header reserves the room, so that no other room sees sodium.h.
template <class State, size_t N>
State* state_in(std::array<uint8_t, N>& room) {
  return std::launder(reinterpret_cast<State*>(room.data()));
}

}  // namespace

Sha256::Sha256() { crypto_hash_sha256_init(new (state_.data()) crypto_hash_sha256_state); }

Sha256::~Sha256() { wipe(state_); }

void Sha256::update(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;  // data() may be null, which libsodium does not take
  crypto_hash_sha256_update(state_in<crypto_hash_sha256_state>(state_), bytes.data(), bytes.size());
}

Digest Sha256::finish() && {
  Digest digest;
  crypto_hash_sha256_final(state_in<crypto_hash_sha256_state>(state_), digest.data());
  return digest;
}

Digest sha256(std::span<const uint8_t> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return std::move(hash).finish();
}

Blake2b::Blake2b() {
  start_sodium();
  crypto_generichash_init(new (state_.data()) crypto_generichash_state, nullptr, 0, sizeof(Digest));
}

Blake2b::Blake2b(const Seed& key) {
  start_sodium();
  crypto_generichash_init(new (state_.data()) crypto_generichash_state, key.reveal().data(),
                          key.size(), sizeof(Digest));
}

Blake2b::~Blake2b() { wipe(state_); }

void Blake2b::update(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  crypto_generichash_update(state_in<crypto_generichash_state>(state_), bytes.data(), bytes.size());
}

Digest Blake2b::finish() && {
  Digest digest;
  crypto_generichash_final(state_in<crypto_generichash_state>(state_), digest.data(),
                           digest.size());
  return digest;
}

Digest blake2b(std::span<const uint8_t> bytes) {
  Blake2b hash;
  hash.update(bytes);
  return std::move(hash).finish();
}

Digest blake2b(const Seed& key, std::span<const uint8_t> bytes) {
  Blake2b hash(key);
  hash.update(bytes);
  return std::move(hash).finish();
}

}  // namespace sotto
