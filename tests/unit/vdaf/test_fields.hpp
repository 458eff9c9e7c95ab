// Random elements for tests.
#pragma once

#include <cstddef>

#include "base/random.hpp"
#include "vdaf/field.hpp"

namespace sotto {

template <class Field>
typename Field::Element random_element(Random& random) {
  while (true) {
    const Uint128 bits = Uint128{random.next()} << 64 | random.next();
    const auto value = static_cast<typename Field::Element>(
        Field::kEncodedSize == 16 ? bits
                                  : bits & ((Uint128{1} << 8 * (Field::kEncodedSize % 16)) - 1));
    if (Field::is_canonical(value)) return value;
  }
}

template <class Field>
FieldVector<Field> random_elements(Random& random, size_t n) {
  FieldVector<Field> elements(n);
  for (size_t i = 0; i < n; ++i) elements[i] = random_element<Field>(random);
  return elements;
}

}  // namespace sotto
