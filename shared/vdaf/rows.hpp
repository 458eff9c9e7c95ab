// The loops over vectors of field elements in which proofs spend their time. A matrix is worked on
// row by row, so that every loop runs over neighbours, whatever the transform is along the columns.
//
// Generic over the field; Field32 has SIMD: AVX2 where the processor has it (asked at run time),
// WASM SIMD, plain loops elsewhere. All give the same elements.
// No branch and no index depends on a value. Thread safety: pure.
#pragma once

#include <cstddef>
#include <vector>

#include "vdaf/field.hpp"
#include "vdaf/field32.hpp"

namespace sotto {

static_assert(PrimeField<Field32>);

/// a, b := a + factor b, a - factor b (a butterfly of Cooley and Tukey).
template <class Field>
void butterfly(typename Field::Element* a, typename Field::Element* b, size_t n,
               typename Field::Element factor) {
  for (size_t i = 0; i < n; ++i) {
    const auto scaled = Field::multiply(b[i], factor);
    b[i] = Field::subtract(a[i], scaled);
    a[i] = Field::add(a[i], scaled);
  }
}

/// a, b := a + b, factor (a - b) (a butterfly of Gentleman and Sande).
template <class Field>
void inverse_butterfly(typename Field::Element* a, typename Field::Element* b, size_t n,
                       typename Field::Element factor) {
  for (size_t i = 0; i < n; ++i) {
    const auto difference = Field::subtract(a[i], b[i]);
    a[i] = Field::add(a[i], b[i]);
    b[i] = Field::multiply(difference, factor);
  }
}

/// into += factor row.
template <class Field>
void add_scaled(typename Field::Element* into, const typename Field::Element* row, size_t n,
                typename Field::Element factor) {
  for (size_t i = 0; i < n; ++i) into[i] = Field::add(into[i], Field::multiply(row[i], factor));
}

/// row *= factor.
template <class Field>
void scale(typename Field::Element* row, size_t n, typename Field::Element factor) {
  for (size_t i = 0; i < n; ++i) row[i] = Field::multiply(row[i], factor);
}

/// sum of a_i b_i.
template <class Field>
typename Field::Element dot(const typename Field::Element* a, const typename Field::Element* b,
                            size_t n) {
  typename Field::Element sum = 0;
  for (size_t i = 0; i < n; ++i) sum = Field::add(sum, Field::multiply(a[i], b[i]));
  return sum;
}

/// into += other, into -= other.
template <class Field>
void add_row(typename Field::Element* into, const typename Field::Element* other, size_t n) {
  for (size_t i = 0; i < n; ++i) into[i] = Field::add(into[i], other[i]);
}
template <class Field>
void subtract_row(typename Field::Element* into, const typename Field::Element* other, size_t n) {
  for (size_t i = 0; i < n; ++i) into[i] = Field::subtract(into[i], other[i]);
}

/// The SIMD of Field32. Internal to this room; public for its tests and benchmarks.
struct Field32Rows {
  const char* name;  ///< "scalar", "avx2" or "wasm".
  void (*butterfly)(uint32_t* a, uint32_t* b, size_t n, uint32_t factor);
  void (*inverse_butterfly)(uint32_t* a, uint32_t* b, size_t n, uint32_t factor);
  void (*add_scaled)(uint32_t* into, const uint32_t* row, size_t n, uint32_t factor);
  void (*scale)(uint32_t* row, size_t n, uint32_t factor);
  uint32_t (*dot)(const uint32_t* a, const uint32_t* b, size_t n);
};

/// The fastest that this machine has.
const Field32Rows& best_field32_rows();
/// All that this machine has.
std::vector<Field32Rows> available_field32_rows();

template <>
inline void butterfly<Field32>(uint32_t* a, uint32_t* b, size_t n, uint32_t factor) {
  best_field32_rows().butterfly(a, b, n, factor);
}
template <>
inline void inverse_butterfly<Field32>(uint32_t* a, uint32_t* b, size_t n, uint32_t factor) {
  best_field32_rows().inverse_butterfly(a, b, n, factor);
}
template <>
inline void add_scaled<Field32>(uint32_t* into, const uint32_t* row, size_t n, uint32_t factor) {
  best_field32_rows().add_scaled(into, row, n, factor);
}
template <>
inline void scale<Field32>(uint32_t* row, size_t n, uint32_t factor) {
  best_field32_rows().scale(row, n, factor);
}
template <>
inline uint32_t dot<Field32>(const uint32_t* a, const uint32_t* b, size_t n) {
  return best_field32_rows().dot(a, b, n);
}

}  // namespace sotto
