// Reading files of interactions: CSV and TSV with or without a header, and JSON Lines events.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "lab/csv_reader.hpp"
#include "lab/dataset.hpp"
#include "lab/dataset_builder.hpp"

namespace sotto {

/// Where an interactions file has what: positions of fields, from 0.
struct InteractionsLayout {
  CsvFormat format;
  bool has_header = false;
  size_t user = 0;
  size_t item = 1;
  std::optional<size_t> rating;
  std::optional<size_t> timestamp;
};

/// Finds the layout of a file. The first row is a header when columns are named, when it has known
/// names of both the user and the item (user, item, asin, ...) or one that ends in "id" (userId,
/// movie_id, ...), or when an id in it is no number and its third or fourth field is none either,
/// or both ids of the second row are.
/// Without known names the columns are user,item[,rating[,timestamp]] in this order.
/// Errors: kNotFound, kIo; kMalformed when a named or needed column is missing.
Result<InteractionsLayout> find_layout(const std::string& path, const ColumnNames& columns);

/// Appends the rows of the file to the builder's interactions and sets has_ratings and
/// has_timestamps by the layout. Timestamps beyond the year 5000 are taken as milliseconds.
Status read_interactions(const std::string& path, const InteractionsLayout& layout,
                         DatasetBuilder& builder);

/// A rating or time that is the same in every row says nothing: has_ratings or has_timestamps
/// becomes false, and the values what Interaction documents for it.
void drop_constant_columns(Dataset& data);

}  // namespace sotto
