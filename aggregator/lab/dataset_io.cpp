#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <system_error>

#include "lab/atomic_file.hpp"
#include "lab/dataset.hpp"
#include "lab/dataset_builder.hpp"
#include "lab/interactions_file.hpp"
#include "lab/item_files.hpp"
#include "lab/json_lines.hpp"

namespace sotto {
namespace {

namespace fs = std::filesystem;

Status read_side_files(const fs::path& directory, DatasetBuilder& builder) {
  std::error_code ignored;
  const fs::path items = directory / "items.jsonl";
  const fs::path users = directory / "users.csv";
  if (fs::exists(items, ignored)) SOTTO_CHECK_OK(read_items_jsonl(items.string(), builder));
  if (fs::exists(users, ignored)) SOTTO_CHECK_OK(read_users_csv(users.string(), builder));
  const fs::path split = directory / "strong.csv";
  if (fs::exists(split, ignored)) builder.data.fixed_split_path = split.string();
  return {};
}

Error no_interactions(const std::string& path) {
  return {ErrorCode::kMalformed, path + ":1:1: the file holds no interactions"};
}

// A time in milliseconds, as JavaScript gives it, in seconds.
Result<int64_t> event_time(const JsonLinesReader& reader) {
  constexpr double kMaxTime = 8.64e15;  // the last time that a JavaScript Date can hold
  SOTTO_TRY(const auto time, reader.number("timestamp"));
  if (!time) return int64_t{0};
  if (*time < 0 || *time > kMaxTime) return reader.error("timestamp", "is out of range");
  return static_cast<int64_t>(*time / 1000);
}

Result<std::optional<float>> event_rating(const JsonLinesReader& reader, const std::string& type) {
  SOTTO_TRY(const auto value, reader.number("value"));
  if (type != "rating") return std::optional<float>();
  if (!value) return reader.error("value", "is missing in a rating");
  if (std::abs(*value) > 1e9) return reader.error("value", "is out of range");
  return std::optional(static_cast<float>(*value));
}

std::string interactions_header(const Dataset& data) {
  return std::string("user,item") + (data.has_ratings ? ",rating" : "") +
         (data.has_timestamps ? ",timestamp\n" : "\n");
}

template <class T>
void append_number(std::string& row, T value) {
  char digits[32];
  row.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void write_interactions(const Dataset& data, AtomicFile& file) {
  std::vector<std::string> users, items;
  for (const std::string& id : data.user_ids) users.push_back(csv_field(id));
  for (uint32_t i = 0; i < data.items.size(); ++i) items.push_back(csv_field(data.items.id(i)));
  file.write(interactions_header(data));
  std::string row;
  for (const Interaction& interaction : data.interactions) {
    row.assign(users[interaction.user]).append(1, ',').append(items[interaction.item]);
    if (data.has_ratings) append_number(row.append(1, ','), interaction.rating);
    if (data.has_timestamps) append_number(row.append(1, ','), interaction.timestamp);
    file.write(row.append(1, '\n'));
  }
}

}  // namespace

Result<Dataset> load_csv(const std::string& path, const ColumnNames& columns) {
  DatasetBuilder builder;
  SOTTO_TRY(const auto layout, find_layout(path, columns));
  SOTTO_CHECK_OK(read_side_files(fs::path(path).parent_path(), builder));
  SOTTO_CHECK_OK(read_interactions(path, layout, builder));
  if (builder.data.interactions.empty()) return no_interactions(path);
  builder.data.name = fs::path(path).stem().string();
  complete_side_information(builder.data);
  drop_constant_columns(builder.data);
  return std::move(builder.data);
}

Result<Dataset> load_events_jsonl(const std::string& path) {
  DatasetBuilder builder;
  Dataset& data = builder.data;
  SOTTO_CHECK_OK(read_side_files(fs::path(path).parent_path(), builder));
  SOTTO_TRY(auto reader, JsonLinesReader::open(path));
  std::vector<size_t> unrated;
  float highest = 1;
  while (true) {
    SOTTO_TRY(const bool any, reader.next());
    if (!any) break;
    SOTTO_TRY(const std::string type, reader.text("type"));
    if (type == "impression" || type == "dislike") continue;
    SOTTO_TRY(const std::string user_id, reader.id("user"));
    SOTTO_TRY(const std::string item_id, reader.id("item"));
    const auto user = builder.user(user_id);
    if (!user.ok()) return reader.error("user", "is not valid: " + user.error().message);
    const auto item = builder.item(item_id);
    if (!item.ok()) return reader.error("item", "is not valid: " + item.error().message);
    SOTTO_TRY(const auto rating, event_rating(reader, type));
    SOTTO_TRY(const int64_t time, event_time(reader));
    if (!rating) unrated.push_back(data.interactions.size());
    if (rating) highest = data.has_ratings ? std::max(highest, *rating) : *rating;
    data.has_ratings |= rating.has_value();
    data.has_timestamps |= time != 0;
    data.interactions.push_back({*user, *item, rating.value_or(1), time});
  }
  if (data.interactions.empty()) return no_interactions(path);
  for (const size_t row : unrated) data.interactions[row].rating = highest;
  data.name = fs::path(path).stem().string();
  complete_side_information(data);
  return std::move(data);
}

Status write_dataset(const Dataset& data, const std::string& directory) {
  const fs::path folder = directory;
  SOTTO_TRY(auto users, AtomicFile::create((folder / "users.csv").string()));
  users.write("user,group\n");
  for (size_t u = 0; u < data.user_ids.size(); ++u)
    users.write(csv_field(data.user_ids[u]) + "," +
                (data.user_groups.empty() ? "" : csv_field(data.user_groups[u])) + "\n");

  SOTTO_TRY(auto items, AtomicFile::create((folder / "items.jsonl").string()));
  for (uint32_t i = 0; i < data.items.size(); ++i)
    items.write(items_jsonl_row(data.items.id(i),
                                data.item_info.empty() ? ItemInfo{} : data.item_info[i],
                                data.tag_names, -1));

  SOTTO_TRY(auto interactions, AtomicFile::create((folder / "interactions.csv").string()));
  write_interactions(data, interactions);
  SOTTO_CHECK_OK(users.commit());
  SOTTO_CHECK_OK(items.commit());
  return interactions.commit();
}

}  // namespace sotto
