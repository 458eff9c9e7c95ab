#include "catalog/catalogue.hpp"

#include <charconv>
#include <cstring>
#include <string_view>

#include "base/safetensors.hpp"
#include "catalog/item_index.hpp"

namespace sotto {
namespace {

constexpr KnownTensor kKnown[] = {
    {"tag_names", TensorType::kU8, 1},  {"tag_name_offsets", TensorType::kU64, 1},
    {"item_tags", TensorType::kU32, 1}, {"item_tag_offsets", TensorType::kU64, 1},
    {"dwell_ms", TensorType::kF32, 1},  {"scroll", TensorType::kF32, 1}};
constexpr const char* kFormat = "sotto-catalogue";
constexpr const char* kVersion = "1";
constexpr float kMostDwellMs = 86'400'000;

Error malformed(std::string_view what, std::string_view reason) {
  return {ErrorCode::kMalformed, what, reason};
}

template <class T>
T element(const Tensor& tensor, uint64_t i) {
  T value;
  std::memcpy(&value, tensor.bytes.data() + static_cast<size_t>(i) * sizeof value, sizeof value);
  return value;
}

// Offsets into a list of `size` things: ascending from 0 to size, at most `longest` apart.
Status check_offsets(const Tensor& offsets, uint64_t size, uint64_t longest) {
  const uint64_t n = offsets.shape[0];
  uint64_t last = 0;
  for (uint64_t i = 0; i < n; ++i) {
    const auto offset = element<uint64_t>(offsets, i);
    if ((i == 0 && offset != 0) || offset < last || offset - last > longest)
      return malformed(offsets.name, "must grow from 0, by at most its limit");
    last = offset;
  }
  if (n == 0 || last != size)
    return malformed(offsets.name, "must end with the length of the list");
  return {};
}

Result<const Tensor*> require(const Safetensors& file, std::string_view name) {
  const Tensor* const tensor = file.find(name);
  if (tensor == nullptr) return malformed(name, "the tensor is missing");
  return tensor;
}

Result<uint64_t> read_metadata(const Safetensors& file) {
  const auto text = [&](const char* key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  if (text("format") != kFormat || text("version") != kVersion)
    return Error{ErrorCode::kUnsupported, "format: not sotto-catalogue version 1"};
  const std::string number = text("item_index_version");
  uint64_t version = 0;
  const char* const end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, version);
  if (number.empty() || parsed.ec != std::errc{} || std::to_string(version) != number)
    return malformed("item_index_version", "not a whole number");
  if (file.metadata.size() != 3) return malformed("metadata", "an entry that is not known");
  return version;
}

Result<std::vector<float>> read_values(const Safetensors& file, const char* name, uint64_t m,
                                       float highest) {
  const Tensor* const tensor = file.find(name);
  std::vector<float> values;
  if (tensor == nullptr) return values;
  if (tensor->shape[0] != m) return malformed(name, "must be one an item");
  values.resize(static_cast<size_t>(m));
  if (m > 0) std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  for (const float value : values)
    if (!(value >= 0 && value <= highest)) return malformed(name, "a value is out of range");
  return values;
}

std::optional<double> mean_of_known(std::span<const float> values) {
  double sum = 0;
  size_t n = 0;
  for (const float value : values) {
    if (!(value > 0)) continue;
    sum += value;
    ++n;
  }
  if (n == 0) return std::nullopt;
  return sum / static_cast<double>(n);
}

template <class T>
std::span<const uint8_t> bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

std::optional<double> Catalogue::mean_dwell_ms() const { return mean_of_known(dwell_ms); }
std::optional<double> Catalogue::mean_scroll() const { return mean_of_known(scroll); }

Result<Bytes> write_catalogue(const Catalogue& catalogue) {
  Bytes names;
  std::vector<uint64_t> name_offsets{0}, tag_offsets{0};
  std::vector<uint32_t> tags;
  for (const std::string& name : catalogue.tag_names) {
    names.insert(names.end(), name.begin(), name.end());
    name_offsets.push_back(names.size());
  }
  for (const ItemFeatures& item : catalogue.items) {
    tags.insert(tags.end(), item.tags.begin(), item.tags.end());
    tag_offsets.push_back(tags.size());
  }
  Safetensors file;
  const auto add = [&file](const char* name, TensorType type, uint64_t n,
                           std::span<const uint8_t> bytes) {
    file.tensors.push_back({name, type, {n}, bytes});
  };
  add("tag_names", TensorType::kU8, names.size(), names);
  add("tag_name_offsets", TensorType::kU64, name_offsets.size(), bytes_of(name_offsets));
  add("item_tags", TensorType::kU32, tags.size(), bytes_of(tags));
  add("item_tag_offsets", TensorType::kU64, tag_offsets.size(), bytes_of(tag_offsets));
  if (!catalogue.dwell_ms.empty())
    add("dwell_ms", TensorType::kF32, catalogue.dwell_ms.size(), bytes_of(catalogue.dwell_ms));
  if (!catalogue.scroll.empty())
    add("scroll", TensorType::kF32, catalogue.scroll.size(), bytes_of(catalogue.scroll));
  file.metadata = {{"format", kFormat},
                   {"version", kVersion},
                   {"item_index_version", std::to_string(catalogue.item_index_version)}};
  SOTTO_TRY(Bytes bytes, write_safetensors(file));
  if (const auto back = load_catalogue(bytes, UINT64_MAX); !back.ok())
    return Error{ErrorCode::kInvalidArgument, back.error().message};
  return bytes;
}

Result<Catalogue> load_catalogue(std::span<const uint8_t> bytes, uint64_t memory_budget) {
  SOTTO_TRY(const Safetensors file, read_safetensors(bytes, kKnown));
  Catalogue catalogue;
  SOTTO_TRY(catalogue.item_index_version, read_metadata(file));
  SOTTO_TRY(const Tensor* const names, require(file, "tag_names"));
  SOTTO_TRY(const Tensor* const name_offsets, require(file, "tag_name_offsets"));
  SOTTO_TRY(const Tensor* const tags, require(file, "item_tags"));
  SOTTO_TRY(const Tensor* const tag_offsets, require(file, "item_tag_offsets"));
  SOTTO_CHECK_OK(check_offsets(*name_offsets, names->shape[0], Catalogue::kMaxTagName));
  SOTTO_CHECK_OK(check_offsets(*tag_offsets, tags->shape[0], Catalogue::kMaxItemTags));
  const uint64_t n_tags = name_offsets->shape[0] - 1;
  const uint64_t m = tag_offsets->shape[0] - 1;
  if (n_tags > Catalogue::kMaxTags) return malformed("tag_names", "more than 65536");
  if (m > ItemIndex::kMaxItems)
    return malformed("item_tag_offsets", "more items than an index has");
  // An item's features, its vector of tags, and what the allocator adds; names likewise.
  if ((m + n_tags) * 64 + 2 * bytes.size() > memory_budget)
    return Error{ErrorCode::kOutOfMemory, "catalogue: larger than the memory budget"};

  catalogue.tag_names.reserve(static_cast<size_t>(n_tags));
  for (uint64_t t = 0; t < n_tags; ++t) {
    const auto begin = static_cast<size_t>(element<uint64_t>(*name_offsets, t));
    const auto end = static_cast<size_t>(element<uint64_t>(*name_offsets, t + 1));
    const auto name = names->bytes.subspan(begin, end - begin);
    catalogue.tag_names.emplace_back(name.begin(), name.end());
  }
  catalogue.items.resize(static_cast<size_t>(m));
  for (uint64_t i = 0; i < m; ++i) {
    auto& item_tags = catalogue.items[static_cast<size_t>(i)].tags;
    const auto begin = element<uint64_t>(*tag_offsets, i);
    const auto end = element<uint64_t>(*tag_offsets, i + 1);
    item_tags.reserve(static_cast<size_t>(end - begin));
    for (uint64_t j = begin; j < end; ++j) {
      const auto tag = element<uint32_t>(*tags, j);
      if (tag >= n_tags || (!item_tags.empty() && tag <= item_tags.back()))
        return malformed("item_tags", "must ascend within an item and name a tag");
      item_tags.push_back(tag);
    }
  }
  SOTTO_TRY(catalogue.dwell_ms, read_values(file, "dwell_ms", m, kMostDwellMs));
  SOTTO_TRY(catalogue.scroll, read_values(file, "scroll", m, 1));
  return catalogue;
}

}  // namespace sotto
