#include "lab/movielens.hpp"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <utility>

#include "lab/csv_reader.hpp"
#include "lab/dataset_builder.hpp"
#include "lab/encoding.hpp"
#include "lab/interactions_file.hpp"

namespace sotto {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> first_that_exists(const std::string& directory,
                                             std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::error_code ignored;
    const fs::path path = fs::path(directory) / name;
    if (fs::is_regular_file(path, ignored)) return path.string();
  }
  return std::nullopt;
}

std::optional<int> plausible_year(std::string_view digits) {
  int64_t year = 0;
  if (digits.size() != 4 || !parse_integer(digits, year) || year < 1850 || year > 2100)
    return std::nullopt;
  return static_cast<int>(year);
}

// "Toy Story (1995)" -> 1995.
std::optional<int> year_of_title(std::string_view title) {
  while (title.ends_with(' ')) title.remove_suffix(1);
  if (title.size() < 6 || !title.ends_with(')') || title[title.size() - 6] != '(')
    return std::nullopt;
  return plausible_year(title.substr(title.size() - 5, 4));
}

void add_genre(DatasetBuilder& builder, std::string_view genre, ItemFeatures& features) {
  if (genre.empty() || genre == "unknown" || genre == "(no genres listed)") return;
  features.tags.push_back(builder.tag(to_utf8(genre)));
}

// Calls row(reader) for every record but a header's; a record with fewer fields is an error.
template <class Row>
Status for_each_row(const std::string& path, const CsvFormat& format, size_t n_fields,
                    const char* header_field, const Row& row) {
  SOTTO_TRY(auto reader, CsvReader::open(path, format));
  while (true) {
    SOTTO_TRY(const bool any, reader.next());
    if (!any) return {};
    const auto fields = reader.fields();
    if (reader.line() == 1 && header_field != nullptr && fields[0] == header_field) continue;
    if (fields.size() < n_fields)
      return reader.error(fields.size() - 1, "the row has " + std::to_string(fields.size()) +
                                                 " fields, " + std::to_string(n_fields) +
                                                 " are needed");
    SOTTO_CHECK_OK(row(reader));
  }
}

Status read_ratings(const std::string& path, DatasetBuilder& builder) {
  SOTTO_TRY(const auto layout, find_layout(path, {}));
  return read_interactions(path, layout, builder);
}

// id | title | date | video date | address | one flag a genre
Status read_100k_items(const std::string& path, const std::vector<std::string>& genres,
                       DatasetBuilder& builder) {
  constexpr size_t kFirstFlag = 5;
  const CsvFormat format{.separator = "|", .quotes = false};
  builder.data.item_info.resize(builder.data.items.size());
  return for_each_row(
      path, format, kFirstFlag + genres.size(), nullptr, [&](const CsvReader& reader) -> Status {
        const auto fields = reader.fields();
        const auto item = builder.data.items.find(fields[0]);
        if (!item) return {};
        ItemInfo info{.title = to_utf8(fields[1]), .features = {}};
        const std::string_view date = fields[2];
        info.features.year = plausible_year(date.substr(date.size() < 4 ? 0 : date.size() - 4));
        if (!info.features.year) info.features.year = year_of_title(fields[1]);
        for (size_t genre = 0; genre < genres.size(); ++genre) {
          const std::string_view flag = fields[kFirstFlag + genre];
          if (flag != "0" && flag != "1")
            return reader.error(kFirstFlag + genre, "genre flag is not 0 or 1: " + quote(flag));
          if (flag == "1") add_genre(builder, genres[genre], info.features);
        }
        builder.data.item_info[*item] = std::move(info);
        return {};
      });
}

// id, title, genres separated by |
Status read_movies(const std::string& path, DatasetBuilder& builder) {
  SOTTO_TRY(const auto format, guess_csv_format(path));
  builder.data.item_info.resize(builder.data.items.size());
  return for_each_row(path, format, 3, "movieId", [&](const CsvReader& reader) -> Status {
    const auto fields = reader.fields();
    const auto item = builder.data.items.find(fields[0]);
    if (!item) return {};
    ItemInfo info{.title = to_utf8(fields[1]), .features = {}};
    info.features.year = year_of_title(fields[1]);
    for (std::string_view rest = fields[2]; !rest.empty();) {
      const size_t length = std::min(rest.find('|'), rest.size());
      add_genre(builder, rest.substr(0, length), info.features);
      rest.remove_prefix(std::min(length + 1, rest.size()));
    }
    builder.data.item_info[*item] = std::move(info);
    return {};
  });
}

Status read_groups(const std::string& path, const CsvFormat& format, size_t field,
                   DatasetBuilder& builder) {
  builder.data.user_groups.resize(builder.data.user_ids.size());
  return for_each_row(path, format, field + 1, nullptr, [&](const CsvReader& reader) -> Status {
    if (const auto user = builder.find_user(reader.fields()[0]))
      builder.data.user_groups[*user] = to_utf8(reader.fields()[field]);
    return {};
  });
}

Result<std::vector<std::string>> read_100k_genres(const std::string& directory) {
  std::vector<std::string> genres;
  const auto path = first_that_exists(directory, {"u.genre"});
  if (!path) return genres;
  SOTTO_CHECK_OK(for_each_row(*path, {.separator = "|", .quotes = false}, 1, nullptr,
                              [&](const CsvReader& reader) -> Status {
                                genres.emplace_back(reader.fields()[0]);
                                return {};
                              }));
  return genres;
}

Status load_100k(const std::string& directory, const std::string& ratings,
                 DatasetBuilder& builder) {
  SOTTO_CHECK_OK(read_ratings(ratings, builder));
  SOTTO_TRY(const auto genres, read_100k_genres(directory));
  if (const auto items = first_that_exists(directory, {"u.item"}))
    SOTTO_CHECK_OK(read_100k_items(*items, genres, builder));
  if (const auto users = first_that_exists(directory, {"u.user"}))
    SOTTO_CHECK_OK(read_groups(*users, {.separator = "|", .quotes = false}, 2, builder));
  return {};
}

Status load_others(const std::string& directory, const std::string& ratings,
                   DatasetBuilder& builder) {
  SOTTO_CHECK_OK(read_ratings(ratings, builder));
  const auto movies =
      first_that_exists(directory, {"movies.dat", "movies.csv", "ml25m_movies.csv"});
  if (movies) SOTTO_CHECK_OK(read_movies(*movies, builder));
  if (const auto users = first_that_exists(directory, {"users.dat"}))
    SOTTO_CHECK_OK(read_groups(*users, {.separator = "::", .quotes = false}, 1, builder));
  return {};
}

// The directory's own name where that says which one it is.
std::string name_of(const std::string& directory, const char* kind) {
  fs::path path = fs::path(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string name = path.filename().string();
  return name.starts_with("ml-") ? name : kind;
}

}  // namespace

Result<Dataset> load_movielens(const std::string& directory) {
  DatasetBuilder builder;
  if (const auto ratings = first_that_exists(directory, {"u.data"})) {
    SOTTO_CHECK_OK(load_100k(directory, *ratings, builder));
    builder.data.name = name_of(directory, "ml-100k");
  } else if (const auto others = first_that_exists(directory, {"ratings.dat", "ratings.csv"})) {
    SOTTO_CHECK_OK(load_others(directory, *others, builder));
    const bool dat = first_that_exists(directory, {"movies.dat"}).has_value();
    builder.data.name = name_of(directory, dat ? "ml-1m" : "ml-latest");
  } else {
    return Error{ErrorCode::kNotFound,
                 directory + ": no MovieLens files here (u.data, ratings.dat or ratings.csv)"};
  }
  builder.data.fixed_split_path = first_that_exists(directory, {"strong.csv"});
  return std::move(builder.data);
}

}  // namespace sotto
