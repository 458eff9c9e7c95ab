// Items that are alike by content: what a device has for items that nobody has touched yet, and for
// visitors who have not touched anything.
//
// A tag t that n_t of m items have weighs w_t = log(1 + m / n_t). An item's vector has w_t for each
// of its tags, scaled to length 1; an item without tags has none.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "catalog/content.hpp"

namespace sotto {

struct TagWeight {
  uint32_t tag;
  float weight;
};

/// Thread safety: const methods from several threads. Keeps its own copy: about 8 bytes a tag of an
/// item.
class ContentIndex {
 public:
  ContentIndex() = default;
  /// Tags at or above n_tags are passed over.
  ContentIndex(std::span<const ItemFeatures> items, uint32_t n_tags);

  uint32_t size() const {
    return static_cast<uint32_t>(offsets_.empty() ? 0 : offsets_.size() - 1);
  }
  /// The scaled vector of an item: ascending tags. Empty for an item that is not in here.
  std::span<const TagWeight> vector(uint32_t item) const;
  /// Cosine, 0 .. 1; 0 if either has no tags.
  float similarity(uint32_t a, uint32_t b) const;
  /// scores[i] = the inner product of item i's vector with `interests` (distinct tags), for all i.
  /// scores.size() >= size(); what is beyond becomes 0. O(tags of all items).
  void score(std::span<const TagWeight> interests, std::span<float> scores) const;
  /// Sum of weight_j times the vector of item_j: interests of a history, by tag, ascending.
  std::vector<TagWeight> interests(std::span<const uint32_t> items,
                                   std::span<const float> weights) const;

 private:
  std::vector<size_t> offsets_;
  std::vector<TagWeight> entries_;
  uint32_t n_tags_ = 0;
};

}  // namespace sotto
