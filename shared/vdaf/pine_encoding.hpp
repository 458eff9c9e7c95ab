// How a device writes a gradient down for PINE's circuits (draft-chen-cfrg-vdaf-pine-01, section
// 4.1), into the measurement that pine_circuit.hpp lays out.
// No branch and no index depends on the gradient. Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vdaf/constant_time.hpp"
#include "vdaf/field.hpp"
#include "vdaf/pine_circuit.hpp"

namespace sotto {

/// Gradient, v and u. False when the norm is beyond the bound.
template <class Field>
bool encode_gradient_and_norm(const PineLayout& layout, std::span<const int32_t> gradient,
                              std::span<typename Field::Element> measurement) {
  Uint128 norm = 0;
  for (size_t j = 0; j < gradient.size(); ++j) {
    const auto value = int64_t{gradient[j]};
    measurement[j] = Field::from_signed(value);
    norm += static_cast<uint64_t>(value * value);
  }
  const auto bits = measurement.subspan(layout.dimension);
  to_bits<Field>(norm, bits.first(layout.squared_norm_bits));
  to_bits<Field>(layout.squared_norm_bound - norm,
                 bits.subspan(layout.squared_norm_bits, layout.squared_norm_bits));
  return norm <= layout.squared_norm_bound;
}

/// The bits of the wraparound checks, from the dot products at the end of the measurement. Counts
/// the first that are in range, as many as must be. False when there are fewer.
template <class Field>
bool encode_wraparound_checks(const PineLayout& layout,
                              std::span<typename Field::Element> measurement) {
  using Element = typename Field::Element;
  const Element least = Field::negate(element<Field>(layout.wraparound_bound - 1));
  const Element size = element<Field>(2 * layout.wraparound_bound);
  uint64_t counted = 0;
  for (size_t i = 0; i < layout.wraparound_checks; ++i) {
    const auto bits = measurement.subspan(layout.norm_end() + i * (layout.wraparound_bits + 1),
                                          layout.wraparound_bits + 1);
    const Element moved = Field::subtract(measurement[layout.shared_size() + i], least);
    const bool in_range = moved < size;
    const uint64_t counts =
        only_if(in_range, static_cast<uint64_t>(counted < layout.wraparound_successes));
    to_bits<Field>(only_if(in_range, moved), bits.first(layout.wraparound_bits));
    bits[layout.wraparound_bits] = static_cast<Element>(counts);
    counted += counts;
  }
  return counted == layout.wraparound_successes;
}

}  // namespace sotto
