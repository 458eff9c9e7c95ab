#include "lab/interactions_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "lab/encoding.hpp"

namespace sotto {
namespace {

using Row = std::vector<std::string>;

// Names in lower case without anything but letters and digits, so that user_id, userId and
// "User ID" are one.
constexpr std::array kUserNames = {"user",      "userid",     "uid",        "users",   "visitor",
                                   "visitorid", "customer",   "customerid", "member",  "memberid",
                                   "reviewer",  "reviewerid", "client",     "clientid"};
constexpr std::array kItemNames = {
    "item",      "itemid",  "iid",        "items",    "movie",     "movieid",   "film",
    "filmid",    "book",    "bookid",     "isbn",     "asin",      "song",      "songid",
    "track",     "trackid", "artist",     "artistid", "article",   "articleid", "product",
    "productid", "sku",     "parentasin", "business", "businessid"};
constexpr std::array kRatingNames = {"rating", "ratings", "score",      "stars",     "overall",
                                     "value",  "weight",  "preference", "bookrating"};
constexpr std::array kTimestampNames = {"timestamp", "time",          "ts",
                                        "unixtime",  "unixtimestamp", "unixreviewtime",
                                        "datetime",  "timestamps"};

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') plain.push_back(static_cast<char>(c - 'A' + 'a'));
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain.push_back(c);
  }
  return plain;
}

template <size_t N>
std::optional<size_t> find_known(const Row& row, const std::array<const char*, N>& names) {
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string name = plain_name(row[i]);
    if (std::any_of(names.begin(), names.end(), [&](const char* known) { return name == known; }))
      return i;
  }
  return std::nullopt;
}

bool numeric(const Row& row, size_t field) {
  double value = 0;
  return field < row.size() && parse_number(row[field], value);
}

bool looks_like_header(const Row& first, const Row& second) {
  const auto user = find_known(first, kUserNames);
  const auto item = find_known(first, kItemNames);
  if (user && item) return true;
  // One known name alone may be data ("book"), unless it is one like userId.
  for (const auto& known : {user, item})
    if (known && plain_name(first[*known]).ends_with("id")) return true;
  if (numeric(first, 0) && numeric(first, 1)) return false;
  for (size_t i = 2; i < std::min<size_t>(first.size(), 4); ++i)
    if (!numeric(first, i)) return true;
  return numeric(second, 0) && numeric(second, 1);
}

Result<std::array<Row, 2>> first_rows(const std::string& path, const CsvFormat& format) {
  SOTTO_TRY(auto reader, CsvReader::open(path, format));
  std::array<Row, 2> rows;
  for (Row& row : rows) {
    SOTTO_TRY(const bool any, reader.next());
    if (any) row.assign(reader.fields().begin(), reader.fields().end());
  }
  return rows;
}

std::string list_of(const Row& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + quote(name);
  return list;
}

// The column of one kind: the one the caller names, else the first with a known name.
template <size_t N>
Result<std::optional<size_t>> find_column(const std::string& path, const Row& header,
                                          const std::string& wanted,
                                          const std::array<const char*, N>& known) {
  if (wanted.empty()) return find_known(header, known);
  const auto found = std::find(header.begin(), header.end(), wanted);
  if (found == header.end())
    return Error{ErrorCode::kMalformed, path + ":1:1: there is no column " + quote(wanted) +
                                            "; the columns are " + list_of(header)};
  return std::optional<size_t>(static_cast<size_t>(found - header.begin()));
}

Error missing_column(const std::string& path, const Row& header, const char* kind) {
  return {ErrorCode::kMalformed, path + ":1:1: no column is known to hold the " + kind +
                                     "; the columns are " + list_of(header) +
                                     ": name it (sotto import --" + kind + "-column NAME)"};
}

bool named(const ColumnNames& columns) {
  return !columns.user.empty() || !columns.item.empty() || !columns.rating.empty() ||
         !columns.timestamp.empty();
}

}  // namespace

Result<InteractionsLayout> find_layout(const std::string& path, const ColumnNames& columns) {
  InteractionsLayout layout;
  SOTTO_TRY(layout.format, guess_csv_format(path));
  SOTTO_TRY(const auto rows, first_rows(path, layout.format));
  const Row& header = rows[0];
  layout.has_header = named(columns) || looks_like_header(header, rows[1]);

  SOTTO_TRY(const auto user, find_column(path, header, columns.user, kUserNames));
  SOTTO_TRY(const auto item, find_column(path, header, columns.item, kItemNames));
  if (named(columns) || (layout.has_header && (user || item))) {
    if (!user) return missing_column(path, header, "user");
    if (!item) return missing_column(path, header, "item");
    layout.user = *user;
    layout.item = *item;
    SOTTO_TRY(layout.rating, find_column(path, header, columns.rating, kRatingNames));
    SOTTO_TRY(layout.timestamp, find_column(path, header, columns.timestamp, kTimestampNames));
    return layout;
  }
  if (header.size() >= 3) layout.rating = 2;
  if (header.size() >= 4) layout.timestamp = 3;
  return layout;
}

Status read_interactions(const std::string& path, const InteractionsLayout& layout,
                         DatasetBuilder& builder) {
  // A time in seconds beyond the year 5138, or in milliseconds after March 1973.
  constexpr int64_t kFirstMilliseconds = 100'000'000'000;
  SOTTO_TRY(auto reader, CsvReader::open(path, layout.format));
  const size_t n_fields = std::max({layout.user, layout.item, layout.rating.value_or(0),
                                    layout.timestamp.value_or(0)}) +
                          1;
  builder.data.has_ratings = layout.rating.has_value();
  builder.data.has_timestamps = layout.timestamp.has_value();

  bool skip = layout.has_header;
  while (true) {
    SOTTO_TRY(const bool any, reader.next());
    if (!any) return {};
    if (std::exchange(skip, false)) continue;
    const auto fields = reader.fields();
    if (fields.size() < n_fields)
      return reader.error(fields.size() - 1, "the row has " + std::to_string(fields.size()) +
                                                 " fields, " + std::to_string(n_fields) +
                                                 " are needed");
    const auto user = builder.user(fields[layout.user]);
    if (!user.ok()) return reader.error(layout.user, user.error().message);
    const auto item = builder.item(fields[layout.item]);
    if (!item.ok()) return reader.error(layout.item, item.error().message);

    Interaction row{.user = *user, .item = *item};
    if (layout.rating) {
      SOTTO_TRY(const double rating, reader.number(*layout.rating, "rating"));
      if (std::abs(rating) > std::numeric_limits<float>::max())
        return reader.error(*layout.rating, "rating is out of range");
      row.rating = static_cast<float>(rating);
    }
    if (layout.timestamp) {
      SOTTO_TRY(row.timestamp, reader.integer(*layout.timestamp, "timestamp"));
      if (row.timestamp >= kFirstMilliseconds) row.timestamp /= 1000;
    }
    builder.data.interactions.push_back(row);
  }
}

void drop_constant_columns(Dataset& data) {
  auto& rows = data.interactions;
  const auto constant = [&](auto member) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](const Interaction& row) { return row.*member == rows[0].*member; });
  };
  if (data.has_ratings && constant(&Interaction::rating)) {
    data.has_ratings = false;
    for (Interaction& row : rows) row.rating = Interaction{}.rating;
  }
  if (data.has_timestamps && constant(&Interaction::timestamp)) {
    data.has_timestamps = false;
    for (Interaction& row : rows) row.timestamp = Interaction{}.timestamp;
  }
}

}  // namespace sotto
