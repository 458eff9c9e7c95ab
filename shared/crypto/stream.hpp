// ChaCha20 (RFC 8439, 96-bit nonce of zeros) as an expander: a short seed becomes many bytes that
// nobody without the seed can tell from random ones.
#pragma once

#include <cstdint>
#include <span>

namespace sotto {

/// Bytes in one block of the key stream.
inline constexpr size_t kChaChaBlock = 64;

/// Overwrites `out` with the key stream of `key` from block `first_block` on. Every key must be
/// used for one purpose only: the nonce is fixed. 64 or more blocks a call are fastest.
/// Requires first_block + ceil(out.size() / 64) <= 2^32; beyond that the stream would repeat, so
/// the program is terminated. No task's share comes near its 256 GiB.
/// Thread safety: pure.
void expand_chacha20(std::span<const uint8_t, 32> key, uint64_t first_block,
                     std::span<uint8_t> out);

}  // namespace sotto
