// A contribution on the grid of its task: what a report holds before noise and shares.
#pragma once

#include <cstdint>
#include <vector>

#include "base/entropy.hpp"
#include "base/random.hpp"
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

/// The device's own choices, from the next 8 bytes of the entropy. Not for anything secret.
Random random_from(EntropySource& entropy);

/// Draws 8 bytes (random_from): the seed of the device's own choices (which of too many items it
/// contributes). Errors: those of contribute and encode_on_grid. Thread safety: pure but for the
/// entropy.
Result<GridContribution> grid_contribution(const TaskLayout& layout, const Grid& grid,
                                           const ContributionInput& input, EntropySource& entropy);

}  // namespace sotto
