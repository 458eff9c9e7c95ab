#include "lab/positives.hpp"

#include <algorithm>
#include <limits>

namespace sotto {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// Row numbers of data.interactions, grouped by user, in file order; offsets as in Histories.
struct RowsByUser {
  std::vector<uint64_t> offsets;
  std::vector<uint64_t> rows;
};

RowsByUser group_by_user(const Dataset& data) {
  RowsByUser grouped{.offsets = std::vector<uint64_t>(data.user_ids.size() + 1),
                     .rows = std::vector<uint64_t>(data.interactions.size())};
  for (const Interaction& row : data.interactions) ++grouped.offsets[row.user + 1];
  for (size_t u = 0; u < data.user_ids.size(); ++u) grouped.offsets[u + 1] += grouped.offsets[u];
  std::vector<uint64_t> next(grouped.offsets.begin(), grouped.offsets.end() - 1);
  for (uint64_t i = 0; i < data.interactions.size(); ++i)
    grouped.rows[next[data.interactions[i].user]++] = i;
  return grouped;
}

}  // namespace

Histories positive_histories(const Dataset& data, double positive_from) {
  const bool all_positive = positive_from == 0 || !data.has_ratings;
  RowsByUser grouped = group_by_user(data);
  std::vector<uint32_t> last_owner(data.items.size(), kNone);  // the user who was seen to have it
  Histories histories;
  std::vector<uint32_t> history;
  for (uint32_t user = 0; user < data.user_ids.size(); ++user) {
    const auto rows =
        std::span(grouped.rows)
            .subspan(grouped.offsets[user], grouped.offsets[user + 1] - grouped.offsets[user]);
    if (data.has_timestamps)
      std::stable_sort(rows.begin(), rows.end(), [&](uint64_t a, uint64_t b) {
        return data.interactions[a].timestamp < data.interactions[b].timestamp;
      });
    history.clear();
    for (size_t i = rows.size(); i-- > 0;) {  // from the latest, which is the one that counts
      const Interaction& row = data.interactions[rows[i]];
      if (last_owner[row.item] == user) continue;
      last_owner[row.item] = user;
      if (all_positive || double{row.rating} >= positive_from) history.push_back(row.item);
    }
    std::reverse(history.begin(), history.end());
    histories.add(history);
  }
  return histories;
}

std::vector<uint32_t> occurring_items(const std::vector<const Histories*>& parts,
                                      uint32_t n_items) {
  std::vector<bool> occurs(n_items);
  for (const Histories* part : parts)
    for (const uint32_t item : part->items) occurs[item] = true;
  std::vector<uint32_t> items;
  for (uint32_t item = 0; item < n_items; ++item)
    if (occurs[item]) items.push_back(item);
  return items;
}

CatalogueMap::CatalogueMap(const std::vector<uint32_t>& catalogue, uint32_t n_items)
    : rows_(n_items, kNone) {
  for (uint32_t row = 0; row < catalogue.size(); ++row) rows_[catalogue[row]] = row;
}

std::vector<uint32_t> CatalogueMap::map(std::span<const uint32_t> history) const {
  std::vector<uint32_t> mapped;
  mapped.reserve(history.size());
  for (const uint32_t item : history)
    if (rows_[item] != kNone) mapped.push_back(rows_[item]);
  return mapped;
}

Histories CatalogueMap::map(const Histories& histories) const {
  Histories mapped;
  for (size_t u = 0; u < histories.size(); ++u) mapped.add(map(histories[u]));
  return mapped;
}

}  // namespace sotto
