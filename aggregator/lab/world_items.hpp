// The items of a synthetic world: what they are about, how popular they are, when they arrive.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/alias_table.hpp"
#include "lab/dataset.hpp"
#include "lab/world.hpp"

namespace sotto {

/// Items that are drawn together, and their share of all popularity.
struct WorldCell {
  std::vector<uint32_t> items;
  AliasTable table;  ///< Over `items`, by popularity.
  double mass = 0;
};

struct WorldItems {
  std::vector<ItemInfo> info;          ///< One an item. Tags: its topics, then its style.
  std::vector<std::string> tag_names;  ///< Topics, then styles.
  std::vector<uint32_t> arrival_day;   ///< One an item; 0: there from the beginning.
  std::vector<WorldCell> cells;        ///< topics x kStyles.
  std::vector<double> topic_mass;      ///< One a topic.
  AliasTable by_popularity;            ///< Over all items.
};

std::string world_item_id(uint32_t item);

/// Made from options.seed. Precondition: valid options.
WorldItems make_world_items(const WorldOptions& options);

}  // namespace sotto
