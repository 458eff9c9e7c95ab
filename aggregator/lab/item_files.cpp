#include "lab/item_files.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lab/csv_reader.hpp"
#include "lab/encoding.hpp"
#include "lab/json_lines.hpp"

namespace sotto {
namespace {

Status read_tags(const JsonLinesReader& reader, DatasetBuilder& builder, ItemFeatures& features) {
  const boost::json::value* tags = reader.object().if_contains("tags");
  if (tags == nullptr || tags->is_null()) return {};
  if (!tags->is_array()) return reader.error("tags", "is not an array");
  for (const auto& tag : tags->get_array()) {
    if (!tag.is_string()) return reader.error("tags", "holds something that is not a string");
    const uint32_t number = builder.tag(std::string_view(tag.get_string()));
    if (std::find(features.tags.begin(), features.tags.end(), number) == features.tags.end())
      features.tags.push_back(number);
  }
  return {};
}

}  // namespace

Status read_items_jsonl(const std::string& path, DatasetBuilder& builder) {
  SOTTO_TRY(auto reader, JsonLinesReader::open(path));
  while (true) {
    SOTTO_TRY(const bool any, reader.next());
    if (!any) return {};
    SOTTO_TRY(const std::string id, reader.id("id"));
    const auto item = builder.item(id);
    if (!item.ok()) return reader.error("id", "is not valid: " + item.error().message);
    if (*item < builder.data.item_info.size()) return reader.error("id", "occurs twice");

    ItemInfo info;
    SOTTO_TRY(info.title, reader.text("title"));
    SOTTO_CHECK_OK(read_tags(reader, builder, info.features));
    SOTTO_TRY(const auto year, reader.number("year"));
    if (year && (std::abs(*year) > 9999 || *year != std::floor(*year)))
      return reader.error("year", "is not a year");
    if (year) info.features.year = static_cast<int>(*year);
    builder.data.item_info.push_back(std::move(info));
  }
}

std::string items_jsonl_row(const std::string& id, const ItemInfo& info,
                            const std::vector<std::string>& tag_names, int day) {
  std::string row = "{\"id\":" + json_string(id) + ",\"title\":" + json_string(info.title);
  row += ",\"tags\":[";
  for (size_t i = 0; i < info.features.tags.size(); ++i)
    row.append(i > 0 ? "," : "").append(json_string(tag_names[info.features.tags[i]]));
  row += "]";
  if (info.features.year) row += ",\"year\":" + std::to_string(*info.features.year);
  if (day >= 0) row += ",\"day\":" + std::to_string(day);
  return row + "}\n";
}

Status read_users_csv(const std::string& path, DatasetBuilder& builder) {
  SOTTO_TRY(const auto format, guess_csv_format(path));
  SOTTO_TRY(auto reader, CsvReader::open(path, format));
  bool skip = true;
  while (true) {
    SOTTO_TRY(const bool any, reader.next());
    if (!any) return {};
    if (std::exchange(skip, false)) continue;
    const auto fields = reader.fields();
    const auto user = builder.user(fields[0]);
    if (!user.ok()) return reader.error(0, user.error().message);
    if (*user < builder.data.user_groups.size()) return reader.error(0, "the user occurs twice");
    builder.data.user_groups.push_back(fields.size() > 1 ? to_utf8(fields[1]) : std::string());
  }
}

void complete_side_information(Dataset& data) {
  const auto& infos = data.item_info;
  const bool known = std::any_of(infos.begin(), infos.end(), [](const ItemInfo& info) {
    return !info.title.empty() || !info.features.tags.empty() || info.features.year.has_value();
  });
  data.item_info.resize(known ? data.items.size() : 0);
  const auto& groups = data.user_groups;
  const bool any = std::any_of(groups.begin(), groups.end(),
                               [](const std::string& group) { return !group.empty(); });
  data.user_groups.resize(any ? data.user_ids.size() : 0);
}

std::string csv_field(const std::string& text) {
  const bool plain = text.find_first_of(",;\t|:\"\r\n") == std::string::npos &&
                     !text.starts_with(' ') && !text.ends_with(' ');
  if (plain) return text;
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field.push_back('"');
    field.push_back(c);
  }
  return field + "\"";
}

}  // namespace sotto
