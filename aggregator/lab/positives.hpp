// From rows of an interactions file to one clean history a user.
#pragma once

#include <cstdint>
#include <vector>

#include "events/histories.hpp"
#include "lab/dataset.hpp"

namespace sotto {

/// One history for each user of `data`: rows of Dataset::items, oldest first (file order where
/// times are missing or equal), each item once, at its latest interaction, and only where that one
/// counts as positive: rating >= positive_from, or anything when positive_from is 0 or the data has
/// no ratings.
Histories positive_histories(const Dataset& data, double positive_from);

/// Which items occur in any of the histories, ascending.
std::vector<uint32_t> occurring_items(const std::vector<const Histories*>& parts, uint32_t n_items);

/// Dataset rows -> model rows.
class CatalogueMap {
 public:
  CatalogueMap(const std::vector<uint32_t>& catalogue, uint32_t n_items);

  /// The history in model rows, without what is not in the catalogue.
  std::vector<uint32_t> map(std::span<const uint32_t> history) const;
  Histories map(const Histories& histories) const;

 private:
  std::vector<uint32_t> rows_;
};

}  // namespace sotto
