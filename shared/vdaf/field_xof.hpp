// Field elements from the stream of an XOF (draft-irtf-cfrg-vdaf section 6.2, next_vec): successive
// little-endian words, leaving out those >= q. How often that happens depends only on the left-out
// words, so the time that it takes says nothing about the others.
// Thread safety: one thread at a time per XOF.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "crypto/secret.hpp"
#include "vdaf/field.hpp"
#include "vdaf/xof.hpp"

namespace sotto {

/// The next elements of the stream. Never reads ahead, so a vector may be taken in pieces.
template <class Field>
void expand(Xof& xof, std::span<typename Field::Element> out) {
  // Little enough for the L1 cache.
  constexpr size_t kChunk = 1024 * Field::kEncodedSize;
  // Words that are used at once when all of them are canonical.
  constexpr size_t kGroup = 64 * Field::kEncodedSize;
  SecretBytes stream(kChunk);
  while (!out.empty()) {
    std::span<uint8_t> chunk =
        stream.reveal_mutable().first(std::min(kChunk, out.size() * Field::kEncodedSize));
    xof.next(chunk);
    while (!chunk.empty() && !out.empty()) {
      const std::span<const uint8_t> group = chunk.first(std::min(kGroup, chunk.size()));
      chunk = chunk.subspan(group.size());
      const size_t words = group.size() / Field::kEncodedSize;
      if (decode<Field>(group, out.first(words))) {
        out = out.subspan(words);
        continue;
      }
      size_t kept = 0;
      for (size_t i = 0; i < words; ++i) {
        const auto word = Field::load(&group[i * Field::kEncodedSize]);
        if (Field::is_canonical(word)) out[kept++] = word;
      }
      out = out.subspan(kept);
    }
  }
}

/// A seed from a seed: the first bytes of its stream.
inline void derive_seed(XofKind kind, std::span<const uint8_t> seed, std::span<const uint8_t> dst,
                        std::span<const uint8_t> binder, std::span<uint8_t> out) {
  Xof(kind, seed, dst, binder).next(out);
}

}  // namespace sotto
