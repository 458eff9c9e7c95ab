// Drawing from a fixed discrete distribution in constant time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.hpp"

namespace sotto {

/// Vose's alias method (1991). Thread safety: const methods from several threads.
class AliasTable {
 public:
  /// Weights >= 0 with a positive sum, or none at all.
  explicit AliasTable(std::span<const double> weights);
  AliasTable() = default;

  bool empty() const { return cells_.empty(); }
  /// The index of a weight, with probability in proportion to it. Precondition: not empty().
  uint32_t draw(Random& random) const {
    const Cell& cell = cells_[random.below(cells_.size())];
    return random.uniform() < cell.keep ? cell.own : cell.alias;
  }

 private:
  struct Cell {
    double keep = 1;
    uint32_t own = 0;
    uint32_t alias = 0;
  };
  std::vector<Cell> cells_;
};

}  // namespace sotto
