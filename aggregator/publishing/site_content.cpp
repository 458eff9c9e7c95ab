#include <algorithm>
#include <cstring>
#include <numeric>
#include <string_view>

#include "base/bytes.hpp"
#include "lab/item_files.hpp"
#include "publishing/course.hpp"
#include "publishing/stored.hpp"

namespace sotto {
namespace {

constexpr StoredKind kContent{"sotto content", 1, "content"};
constexpr uint32_t kMaxColumns = 4096;
constexpr uint64_t kMaxCatalogue = uint64_t{1} << 32;

// Ids of the file get rows, those that it has no more become tombstones.
Result<ItemIndex> number_items(const Dataset& data, const std::optional<ItemIndex>& before) {
  ItemIndex items = before.value_or(ItemIndex());
  for (uint32_t row = 0; row < items.size(); ++row)
    if (items.live(row) && !data.items.find(items.id(row)))
      SOTTO_CHECK_OK(items.remove(items.id(row)));
  for (uint32_t i = 0; i < data.items.size(); ++i) {
    SOTTO_TRY([[maybe_unused]] const auto row, items.add(data.items.id(i)));
  }
  return items;
}

// The most frequent tags, of equally frequent ones the first; tag -> column, or none.
std::vector<int32_t> choose_columns(const std::vector<ItemFeatures>& items, size_t n_tags) {
  std::vector<uint32_t> uses(n_tags, 0), order(n_tags);
  for (const ItemFeatures& item : items)
    for (const uint32_t tag : item.tags) ++uses[tag];
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return uses[a] > uses[b]; });
  order.resize(std::min(n_tags, SiteContent::kContentTags));
  std::sort(order.begin(), order.end());
  std::vector<int32_t> column(n_tags, -1);
  for (size_t j = 0; j < order.size(); ++j) column[order[j]] = static_cast<int32_t>(j);
  return column;
}

// features: one a row, of live rows only; live: the rows.
Matrix content_of(std::vector<ItemFeatures> features, const std::vector<uint32_t>& live,
                  uint32_t n_rows, size_t n_tags) {
  const bool known = std::any_of(features.begin(), features.end(), [](const ItemFeatures& item) {
    return !item.tags.empty() || item.year.has_value();
  });
  if (!known) return {static_cast<Eigen::Index>(n_rows), 0};
  const std::vector<int32_t> column = choose_columns(features, n_tags);
  for (ItemFeatures& item : features) {
    std::erase_if(item.tags, [&](uint32_t tag) { return column[tag] < 0; });
    for (uint32_t& tag : item.tags) tag = static_cast<uint32_t>(column[tag]);
  }
  const auto columns = static_cast<uint32_t>(std::min(n_tags, SiteContent::kContentTags));
  const Matrix vectors = content_vectors(features, columns);
  Matrix content = Matrix::Zero(static_cast<Eigen::Index>(n_rows), vectors.cols());
  content.col(0).setOnes();
  for (size_t j = 0; j < live.size(); ++j)
    content.row(static_cast<Eigen::Index>(live[j])) = vectors.row(static_cast<Eigen::Index>(j));
  return content;
}

Status check_tags(const Dataset& data) {
  if (data.tag_names.size() > Catalogue::kMaxTags)
    return {ErrorCode::kInvalidArgument, "tags: more than " + std::to_string(Catalogue::kMaxTags)};
  for (const std::string& name : data.tag_names)
    if (name.empty() || name.size() > Catalogue::kMaxTagName)
      return {ErrorCode::kInvalidArgument, "tag '" + name + "': must have 1 .. 256 bytes"};
  for (uint32_t i = 0; i < data.items.size(); ++i)
    if (data.item_info[i].features.tags.size() > Catalogue::kMaxItemTags)
      return {ErrorCode::kInvalidArgument, "item '" + data.items.id(i) + "': more than " +
                                               std::to_string(Catalogue::kMaxItemTags) + " tags"};
  return {};
}

}  // namespace

Result<SiteContent> load_site_content(const std::string& path,
                                      const std::optional<ItemIndex>& before) {
  DatasetBuilder builder;
  SOTTO_CHECK_OK(read_items_jsonl(path, builder));
  const Dataset& data = builder.data;
  if (data.items.size() == 0)
    return Error{ErrorCode::kMalformed, path + ":1:1: the file holds no items"};
  SOTTO_CHECK_OK(check_tags(data));

  SiteContent site;
  SOTTO_TRY(site.items, number_items(data, before));
  site.catalogue.tag_names = data.tag_names;
  site.catalogue.item_index_version = site.items.version();
  site.catalogue.items.resize(site.items.size());
  std::vector<ItemFeatures> features;
  std::vector<uint32_t> live;
  for (uint32_t row = 0; row < site.items.size(); ++row) {
    if (!site.items.live(row)) continue;
    ItemFeatures item = data.item_info[*data.items.find(site.items.id(row))].features;
    std::sort(item.tags.begin(), item.tags.end());
    site.catalogue.items[row].tags = item.tags;
    features.push_back(std::move(item));
    live.push_back(row);
  }
  site.content = content_of(std::move(features), live, site.items.size(), data.tag_names.size());
  return site;
}

Bytes encode_content(const SiteContent& content) {
  ByteWriter out;
  begin_record(out, kContent);
  content.items.write(out);
  out.put<uint32_t>(static_cast<uint32_t>(content.content.cols()));
  const auto* values = reinterpret_cast<const uint8_t*>(content.content.data());
  out.put_bytes({values, static_cast<size_t>(content.content.size()) * sizeof(float)});
  const auto catalogue = write_catalogue(content.catalogue);
  out.put_array(std::span<const uint8_t>(catalogue.ok() ? *catalogue : Bytes{}));
  return std::move(out).bytes();
}

Result<SiteContent> decode_content(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(begin_record(in, kContent));
  SiteContent site;
  SOTTO_TRY(site.items, ItemIndex::read(in));
  SOTTO_TRY(const auto columns, in.get<uint32_t>("content: columns"));
  if (columns > kMaxColumns) return Error{ErrorCode::kMalformed, "content: columns"};
  const uint64_t size = uint64_t{site.items.size()} * columns * sizeof(float);
  if (size > in.remaining()) return Error{ErrorCode::kMalformed, "content: too short"};
  SOTTO_TRY(const auto values, in.get_bytes(static_cast<size_t>(size), "content: vectors"));
  site.content.resize(static_cast<Eigen::Index>(site.items.size()),
                      static_cast<Eigen::Index>(columns));
  if (size > 0) std::memcpy(site.content.data(), values.data(), values.size());
  SOTTO_TRY(const auto file, in.get_array<uint8_t>(kMaxCatalogue, "content: catalogue"));
  SOTTO_CHECK_OK(in.finish("content"));
  SOTTO_TRY(site.catalogue, load_catalogue(file, kMaxCatalogue));
  if (!site.content.allFinite() || site.catalogue.items.size() != site.items.size() ||
      site.catalogue.item_index_version != site.items.version())
    return Error{ErrorCode::kMalformed, "content: its parts do not fit"};
  return site;
}

}  // namespace sotto
