// How a circuit's inputs are best cut into calls of a parallel gadget.
#pragma once

#include <cstddef>

#include "vdaf/ntt.hpp"

namespace sotto {

/// The number of inputs a call with which a proof is shortest, when each of n >= 1 inputs takes
/// `wires` wires of a gadget of degree 2 and `extra_calls` are made besides: the proof has
/// wires * chunk + 2 (P - 1) + 1 elements, P the power of two that holds all calls and the seed.
/// Of equal ones the longest: the fewest calls, and the best soundness.
constexpr size_t shortest_chunk_length(size_t n, size_t wires, size_t extra_calls = 0) {
  size_t best = n;
  size_t best_size = ~size_t{0};
  for (size_t log_points = 1; log_points < 24; ++log_points) {
    const size_t points = size_t{1} << log_points;
    if (points <= 1 + extra_calls) continue;
    const size_t calls = points - 1 - extra_calls;
    const size_t chunk = (n + calls - 1) / calls;
    const size_t size = wires * chunk + 2 * (points - 1) + 1;
    if (size < best_size) {
      best = chunk;
      best_size = size;
    }
    if (chunk == 1) break;
  }
  return best;
}

}  // namespace sotto
