// A data set in memory: who interacted with what, when, and what is publicly known of the items.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "catalog/content.hpp"
#include "catalog/item_index.hpp"

namespace sotto {

/// One row of an interactions file. 24 bytes, so that 20 million fit in half a GB.
struct Interaction {
  uint32_t user = 0;      ///< Row in Dataset::user_ids.
  uint32_t item = 0;      ///< Row in Dataset::items.
  float rating = 1;       ///< 1 when the data has none.
  int64_t timestamp = 0;  ///< Seconds since 1970; 0 when the data has none.
};

/// What is known of one item beyond its id.
struct ItemInfo {
  std::string title;
  ItemFeatures features;
};

struct Dataset {
  std::string name;  ///< e.g. "ml-1m".
  std::vector<std::string> user_ids;
  ItemIndex items;
  std::vector<ItemInfo> item_info;        ///< One a row of `items`; empty when nothing is known.
  std::vector<std::string> tag_names;     ///< Names of ItemFeatures::tags.
  std::vector<std::string> user_groups;   ///< One a user (e.g. demographic group), or empty.
  std::vector<Interaction> interactions;  ///< In file order.
  bool has_ratings = false;
  bool has_timestamps = false;
  /// strong.csv beside the ratings, when there is one: the fixed strong-generalisation split.
  std::optional<std::string> fixed_split_path;

  /// Content vectors of some rows of `items`; 0 columns when nothing is known of the items.
  Matrix content(std::span<const uint32_t> rows) const;
};

/// Where data comes from, as written on the command line:
///   movielens:DIR   ml-100k, ml-1m or latest, told apart by their files (u.data; ratings.dat or
///                   ratings.csv with movies.dat; ratings.csv with movies.csv / ml25m_movies.csv)
///   csv:FILE        CSV or TSV, columns user,item[,rating[,timestamp]]; a header may name them in
///                   any order (also userId, movieId, item_id, ...); items.jsonl and users.csv
///                   beside it are read when they are there
///   events:FILE     JSON Lines events
///   world:DIR       what `sotto world` wrote (its interactions.csv may be named too)
///   world:PRESET    a synthetic world made in memory (see world.hpp); a folder that is called
///                   like a preset is named world:./demo
/// Users and items are numbered in order of first appearance in the interactions, after those of
/// users.csv and items.jsonl where these are read. A rating or time that is the same in every row
/// says nothing and counts as missing.
/// Errors: kNotFound and kIo name the path; kMalformed names file, line and column.
Result<Dataset> load_dataset(const std::string& source, uint64_t world_seed = 1);

/// Column names for files that call them otherwise. Empty: guess.
struct ColumnNames {
  std::string user, item, rating, timestamp;
};

/// csv:FILE with explicit column names.
Result<Dataset> load_csv(const std::string& path, const ColumnNames& columns = {});
/// JSON Lines events {"user","item","type","timestamp"(ms),"value"}; one interaction a line.
/// "impression" and "dislike" are none and are left out. The value of a "rating" is its rating;
/// events of other types get the highest rating in the file, so that they count as positive.
Result<Dataset> load_events_jsonl(const std::string& path);

/// Writes DIR/{interactions.csv, items.jsonl, users.csv}, each through a temporary file that is
/// renamed at the end, so that nothing is ever half-written. load_dataset("world:DIR") reads it.
Status write_dataset(const Dataset& data, const std::string& directory);

}  // namespace sotto
