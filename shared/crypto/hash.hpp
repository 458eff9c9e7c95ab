// SHA-256 (FIPS 180-4), where other formats fix it (task ids, report digests, file hashes), and
// BLAKE2b-256 (RFC 7693), everywhere else: twice as fast, and with a key it is a MAC.
//
// Both are one call, or streaming: update() in any pieces, then std::move(hash).finish(), once.
// Errors: none. Thread safety: one thread at a time per object; the functions are pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/secret.hpp"

namespace sotto {

using Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();  // wipes: what is hashed may be secret
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::span<const uint8_t> bytes);
  /// The digest of everything so far. Uses the object up.
  Digest finish() &&;

 private:
  alignas(64) std::array<uint8_t, 128> state_;
};

Digest sha256(std::span<const uint8_t> bytes);

class Blake2b {
 public:
  Blake2b();
  /// A MAC: nobody without the key can compute or check it. The same as a keyed hash of RFC 7693.
  explicit Blake2b(const Seed& key);
  ~Blake2b();
  Blake2b(const Blake2b&) = delete;
  Blake2b& operator=(const Blake2b&) = delete;

  void update(std::span<const uint8_t> bytes);
  /// The digest of everything so far. Uses the object up.
  Digest finish() &&;

 private:
  alignas(64) std::array<uint8_t, 384> state_;
};

Digest blake2b(std::span<const uint8_t> bytes);
/// The MAC of one message. Compare with equal_in_constant_time.
Digest blake2b(const Seed& key, std::span<const uint8_t> bytes);

}  // namespace sotto
