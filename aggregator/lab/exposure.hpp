// How far an item has come: what a targeted attack is about.
#pragma once

#include <cstdint>

#include "base/executor.hpp"
#include "lab/measure.hpp"

namespace sotto {

struct Exposure {
  double top_20 = 0;       ///< Share of the users who have it among their best 20.
  double median_rank = 0;  ///< 1 is the best.
  size_t users = 0;
};

/// Over the split's measured users that have not seen the item, ranked among all that they have not
/// seen.
Exposure measure_exposure(const Split& split, const Scorer& scorer, uint32_t item,
                          Executor& executor);

/// An item of middling popularity (the lowest number of the median, of items that somebody has):
/// few would miss it in their list, and few have it there.
uint32_t middling_item(const Split& split);

}  // namespace sotto
