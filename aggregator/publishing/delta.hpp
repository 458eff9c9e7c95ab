// What turns one published file into another: copies of parts of the old one, and new bytes.
//
// When it pays: a new catalogue without new training. Rows of items that were there keep their
// bytes (int8 codes and scales, ids), so the delta holds the new items' rows, the shifted offsets,
// and V'V (4 k^2 bytes). When it does not: every release of training changes nearly every code, and
// the delta is as large as the file. Whoever serves it compares the two.
//
//   "sotto delta" | version u8 = 1 | base: SHA-256 32, size u64 | target: SHA-256 32, size u64
//   | operations to the end, in the order of the target, integers little-endian:
//     u8 1 copy    u64 offset in base, u64 length >= 1
//     u8 2 insert  u64 length >= 1, the bytes
// The base is looked up by blocks of 16 bytes at multiples of 16; the target is searched at every
// byte, and a match is followed in both directions. Memory: about 4 bytes a byte of the base.
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

Bytes make_delta(std::span<const uint8_t> from, std::span<const uint8_t> to);

/// limit: the largest target that is made; checked before anything is allocated.
/// Errors: kMalformed, also when the target is not the one that the delta names; kUnsupported for
/// another version; kDisagreement for another base; kOutOfMemory for a target above the limit.
Result<Bytes> apply_delta(std::span<const uint8_t> from, std::span<const uint8_t> delta,
                          uint64_t limit);

}  // namespace sotto
