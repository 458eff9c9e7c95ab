// Extendable-output functions of the VDAF drafts: a seed, a domain separation tag and a binder
// become any number of bytes that nobody without the seed can tell from random ones.
//
//   kTurboShake128        draft-irtf-cfrg-vdaf (wire version 18), seed 32 bytes:
//                         TurboSHAKE128(u16le(len dst) || dst || u8(len seed) || seed || binder)
//   kTurboShake128Vdaf11  draft 11, which PINE-01 is built on, seed 16 bytes:
//                         TurboSHAKE128(u8(len dst) || dst || seed || binder)
//   kHmacSha256Aes128     PINE-01, seed 32 bytes: HMAC-SHA256(seed; u8(len dst) || dst || binder)
//                         -> AES-128-CTR, key 16 bytes | nonce 8 bytes | counter from the other 8
//
// The domain byte of TurboSHAKE128 is 1. The binder is absorbed as it lies, without a copy.
// Errors: none. Thread safety: one thread at a time per object. Wipes its state. No branch and no
// index depends on seed, binder or output, only on lengths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "crypto/aes128_ctr.hpp"
#include "crypto/turboshake.hpp"

namespace sotto {

enum class XofKind : uint8_t { kTurboShake128, kTurboShake128Vdaf11, kHmacSha256Aes128 };

/// Bytes of a seed: 32, 16, 32.
size_t xof_seed_size(XofKind kind);

class Xof {
 public:
  /// seed: xof_seed_size(kind) bytes. dst: at most 255 bytes (65535 for kTurboShake128).
  Xof(XofKind kind, std::span<const uint8_t> seed, std::span<const uint8_t> dst,
      std::span<const uint8_t> binder);

  /// The next out.size() bytes of the stream.
  void next(std::span<uint8_t> out);

 private:
  using Expander = std::variant<TurboShake128, Aes128Ctr>;
  /// AES is keyed here already, TurboSHAKE has absorbed nothing yet.
  static Expander start(XofKind kind, std::span<const uint8_t> seed, std::span<const uint8_t> dst,
                        std::span<const uint8_t> binder);

  Expander expander_;
};

}  // namespace sotto
