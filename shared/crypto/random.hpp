// Cryptographic randomness: the operating system's, and a seeded expansion for reproducible runs.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/entropy.hpp"

namespace sotto {

/// The platform's CSPRNG through libsodium (in WASM: the host's entropy import).
/// Thread safety: may be used from several threads.
class SystemEntropy final : public EntropySource {
 public:
  void fill(std::span<uint8_t> out) override;
};

/// ChaCha20 (RFC 8439, IETF nonce) keystream under a 32-byte key: output is as strong as the key
/// is secret, and the same key always gives the same bytes. Simulations that must be reproducible
/// key it with a seed; a seed of 64 bits is **not** a secret, so such noise protects nobody and
/// is labelled so. At most 256 GiB a key, then it terminates. Every fill starts at a new 64-byte
/// block and discards the rest of its last one: the bytes depend on how they were asked for, so
/// draw through EntropyWords (always 4 KiB) where two runs must agree.
/// Thread safety: one thread at a time per object. Wipes its key on destruction.
class ChaChaEntropy final : public EntropySource {
 public:
  explicit ChaChaEntropy(std::span<const uint8_t, 32> key);
  /// The key is BLAKE2b-256 of the domain "sotto simulation" and the two numbers.
  ChaChaEntropy(uint64_t seed, uint64_t stream);
  ~ChaChaEntropy() override;
  ChaChaEntropy(const ChaChaEntropy&) = delete;
  ChaChaEntropy& operator=(const ChaChaEntropy&) = delete;

  void fill(std::span<uint8_t> out) override;

 private:
  std::array<uint8_t, 32> key_{};
  uint64_t block_ = 0;
};

}  // namespace sotto
