// Vectors of field elements in their encoding, worked on where they lie: a share that arrived is
// used as it is, and an aggregate share is always ready to be sent.
//
// Loops are free of branches on values, so that compilers turn them into SIMD.
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sotto {

/// Whether `encoded` holds canonical elements only. Requires a whole number of elements.
template <class Field>
bool all_canonical(std::span<const uint8_t> encoded) {
  uint32_t others = 0;
  for (size_t i = 0; i < encoded.size() / Field::kEncodedSize; ++i)
    others |= Field::is_canonical(Field::load(encoded.data() + i * Field::kEncodedSize)) ? 0U : 1U;
  return others == 0;
}

/// into += other. Requires equal sizes and canonical elements.
template <class Field>
void add_vector(std::span<uint8_t> into, std::span<const uint8_t> other) {
  for (size_t i = 0; i < into.size() / Field::kEncodedSize; ++i) {
    uint8_t* const at = into.data() + i * Field::kEncodedSize;
    Field::store(at,
                 Field::add(Field::load(at), Field::load(other.data() + i * Field::kEncodedSize)));
  }
}

/// into -= other. Requires equal sizes and canonical elements.
template <class Field>
void subtract_vector(std::span<uint8_t> into, std::span<const uint8_t> other) {
  for (size_t i = 0; i < into.size() / Field::kEncodedSize; ++i) {
    uint8_t* const at = into.data() + i * Field::kEncodedSize;
    Field::store(
        at, Field::subtract(Field::load(at), Field::load(other.data() + i * Field::kEncodedSize)));
  }
}

}  // namespace sotto
