// Public content vectors: what is known of an item before anybody touched it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/matrix.hpp"

namespace sotto {

/// The public facts of one item that content vectors are made of.
struct ItemFeatures {
  std::vector<uint32_t> tags;  ///< Numbers of its genres, topics, tags; each < n_tags.
  std::optional<int> year;     ///< Of publication.
};

/// Soft year bins of content_vectors: Gaussian bumps centred at the quantiles .02, .1, .25, .45,
/// .65, .85, .97 of the catalogue's years (made strictly increasing, at least a year apart), each
/// as wide (standard deviation) as its nearest neighbour is far, at least 2 years.
inline constexpr size_t kYearBins = 7;

/// One row an item: [ 1 ; one column a tag (1 if it has it) ; kYearBins Gaussian bumps over the
/// catalogue's own quantiles of the year, if any item has one ]. All columns but the first are
/// then centred and scaled to standard deviation 1 over the catalogue (columns that do not vary
/// become 0). An item without a year gets the mean of its bumps, i.e. 0 after centring.
/// Shape n_items x (1 + n_tags + (kYearBins or 0)). Thread safety: pure.
Matrix content_vectors(std::span<const ItemFeatures> items, uint32_t n_tags);

}  // namespace sotto
