#include "lab/alias_table.hpp"

#include <numeric>

namespace sotto {

AliasTable::AliasTable(std::span<const double> weights) : cells_(weights.size()) {
  const double mean =
      std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(weights.size());
  std::vector<uint32_t> small, large;
  for (uint32_t i = 0; i < weights.size(); ++i) {
    cells_[i] = {.keep = weights[i] / mean, .own = i, .alias = i};
    (cells_[i].keep < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const uint32_t poor = small.back(), rich = large.back();
    small.pop_back();
    cells_[poor].alias = rich;
    cells_[rich].keep -= 1 - cells_[poor].keep;
    if (cells_[rich].keep < 1) {
      large.pop_back();
      small.push_back(rich);
    }
  }
  // What is left differs from 1 by rounding only.
  for (const uint32_t i : small) cells_[i].keep = 1;
  for (const uint32_t i : large) cells_[i].keep = 1;
}

}  // namespace sotto
