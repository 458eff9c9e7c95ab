#include "catalog/content_index.hpp"

#include <algorithm>
#include <cmath>

#include "base/sort.hpp"

namespace sotto {
namespace {

// The distinct tags of an item that count, ascending; one buffer for all items.
void find_tags(const ItemFeatures& item, uint32_t n_tags, std::vector<uint32_t>& tags) {
  tags.clear();
  for (const uint32_t tag : item.tags)
    if (tag < n_tags) tags.push_back(tag);
  sort_all(std::span(tags));
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
}

}  // namespace

ContentIndex::ContentIndex(std::span<const ItemFeatures> items, uint32_t n_tags) : n_tags_(n_tags) {
  std::vector<uint32_t> items_with(n_tags, 0);
  offsets_.reserve(items.size() + 1);
  offsets_.push_back(0);
  std::vector<uint32_t> tags;
  for (const ItemFeatures& item : items) {
    find_tags(item, n_tags, tags);
    for (const uint32_t tag : tags) {
      ++items_with[tag];
      entries_.push_back({tag, 0});
    }
    offsets_.push_back(entries_.size());
  }
  const auto n_items = static_cast<double>(items.size());
  for (uint32_t i = 0; i < size(); ++i) {
    double squares = 0;
    for (size_t j = offsets_[i]; j < offsets_[i + 1]; ++j) {
      const double weight = std::log(1 + n_items / items_with[entries_[j].tag]);
      entries_[j].weight = static_cast<float>(weight);
      squares += weight * weight;
    }
    for (size_t j = offsets_[i]; j < offsets_[i + 1]; ++j)
      entries_[j].weight = static_cast<float>(entries_[j].weight / std::sqrt(squares));
  }
}

std::span<const TagWeight> ContentIndex::vector(uint32_t item) const {
  if (item >= size()) return {};
  return std::span(entries_).subspan(offsets_[item], offsets_[item + 1] - offsets_[item]);
}

float ContentIndex::similarity(uint32_t a, uint32_t b) const {
  const auto x = vector(a), y = vector(b);
  float sum = 0;
  for (size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    if (x[i].tag == y[j].tag)
      sum += x[i++].weight * y[j++].weight;
    else if (x[i].tag < y[j].tag)
      ++i;
    else
      ++j;
  }
  return std::min(sum, 1.0F);
}

void ContentIndex::score(std::span<const TagWeight> interests, std::span<float> scores) const {
  std::vector<float> weight_of(n_tags_, 0);
  for (const TagWeight& interest : interests)
    if (interest.tag < n_tags_) weight_of[interest.tag] = interest.weight;
  std::fill(scores.begin(), scores.end(), 0.0F);
  for (uint32_t i = 0; i < size(); ++i)
    for (const TagWeight& entry : vector(i)) scores[i] += entry.weight * weight_of[entry.tag];
}

std::vector<TagWeight> ContentIndex::interests(std::span<const uint32_t> items,
                                               std::span<const float> weights) const {
  std::vector<float> sums(n_tags_, 0);
  for (size_t j = 0; j < items.size(); ++j)
    for (const TagWeight& entry : vector(items[j])) sums[entry.tag] += weights[j] * entry.weight;
  std::vector<TagWeight> interests;
  for (uint32_t tag = 0; tag < n_tags_; ++tag)
    if (sums[tag] != 0) interests.push_back({tag, sums[tag]});
  return interests;
}

}  // namespace sotto
