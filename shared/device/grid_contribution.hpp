// A contribution on the grid of its task: what a report holds before noise and shares.
#pragma once

#include <cstdint>
#include <vector>

#include "base/entropy.hpp"
#include "base/result.hpp"
#include "model/task_layout.hpp"
#include "vdaf/grid.hpp"

namespace sotto {

/// The coordinates that may differ from zero; all others are zero. L2 norm at most Grid::bound.
struct GridContribution {
  std::vector<uint32_t> indices;  ///< Distinct, below the layout's dimension.
  std::vector<int32_t> values;    ///< One an index.
  bool clipped = false;           ///< The vector was longer than the clip: scaled down as a whole.

  bool zero() const { return indices.empty(); }
  /// All coordinates.
  std::vector<int32_t> dense(size_t dimension) const;
};

/// Draws 8 bytes: the seed of the device's own choices (which of too many items it contributes).
/// Errors: those of contribute and encode_on_grid. Thread safety: pure but for the entropy.
Result<GridContribution> grid_contribution(const TaskLayout& layout, const Grid& grid,
                                           const ContributionInput& input, EntropySource& entropy);

}  // namespace sotto
