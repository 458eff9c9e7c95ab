#include "catalog/catalogue.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <map>

#include "base/random.hpp"
#include "base/safetensors.hpp"

using namespace sotto;

namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// 4 items, the third without tags; 3 tags, one of two bytes a letter, one without a name.
Catalogue small_catalogue(bool with_values = true) {
  Catalogue catalogue;
  catalogue.tag_names = {"drama", "\xc3\xa9t\xc3\xa9", ""};
  catalogue.items.resize(4);
  catalogue.items[0].tags = {0, 2};
  catalogue.items[1].tags = {1};
  catalogue.items[3].tags = {0, 1, 2};
  if (with_values) {
    catalogue.dwell_ms = {1000, 0, 86'400'000, 250};
    catalogue.scroll = {0, 1, .25F, 0};
  }
  catalogue.item_index_version = 9;
  return catalogue;
}

bool same(const Catalogue& a, const Catalogue& b) {
  if (a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i)
    if (a.items[i].tags != b.items[i].tags || a.items[i].year != b.items[i].year) return false;
  return a.tag_names == b.tag_names && a.dwell_ms == b.dwell_ms && a.scroll == b.scroll &&
         a.item_index_version == b.item_index_version;
}

// A file as a stranger might write it: the tensors of a good one, changed.
struct Foreign {
  explicit Foreign(const Catalogue& catalogue = small_catalogue())
      : file(write_catalogue(catalogue).value()) {
    static constexpr KnownTensor kAll[] = {
        {"tag_names", TensorType::kU8, 1},  {"tag_name_offsets", TensorType::kU64, 1},
        {"item_tags", TensorType::kU32, 1}, {"item_tag_offsets", TensorType::kU64, 1},
        {"dwell_ms", TensorType::kF32, 1},  {"scroll", TensorType::kF32, 1}};
    contents = read_safetensors(file, kAll).value();
    for (const Tensor& tensor : contents.tensors)
      data.emplace(tensor.name, Bytes(tensor.bytes.begin(), tensor.bytes.end()));
  }

  template <class T>
  Foreign& set(const std::string& name, size_t index, T value) {
    std::memcpy(data.at(name).data() + index * sizeof value, &value, sizeof value);
    return *this;
  }

  Foreign& resize(const std::string& name, uint64_t n) {
    for (Tensor& tensor : contents.tensors)
      if (tensor.name == name) {
        tensor.shape = {n};
        data.at(name).resize(static_cast<size_t>(n) * tensor_type_size(tensor.type));
      }
    return *this;
  }

  Foreign& retype(std::string_view name, TensorType type, std::vector<uint64_t> shape) {
    for (Tensor& tensor : contents.tensors)
      if (tensor.name == name) {
        tensor.type = type;
        tensor.shape = std::move(shape);
      }
    return *this;
  }

  Foreign& erase(std::string_view name) {
    std::erase_if(contents.tensors, [&](const Tensor& tensor) { return tensor.name == name; });
    return *this;
  }

  Foreign& describe(const std::string& key, const std::string& text) {
    contents.metadata[key] = text;
    return *this;
  }
  Foreign& forget(const std::string& key) {
    contents.metadata.erase(key);
    return *this;
  }

  Result<Catalogue> result() {
    for (Tensor& tensor : contents.tensors) tensor.bytes = data.at(tensor.name);
    return load_catalogue(write_safetensors(contents).value(), kPlenty);
  }
  std::string load() {
    const auto loaded = result();
    return loaded.ok() ? "loaded" : loaded.error().message;
  }
  ErrorCode code() {
    const auto loaded = result();
    return loaded.ok() ? ErrorCode::kOk : loaded.error().code;
  }

  Bytes file;
  Safetensors contents;
  std::map<std::string, Bytes> data;
};

}  // namespace

TEST_CASE("a catalogue gives back what was written, with and without values") {
  Catalogue only_dwell = small_catalogue();
  only_dwell.scroll.clear();
  Catalogue no_tags;
  no_tags.items.resize(3);
  no_tags.item_index_version = UINT64_MAX;
  for (const Catalogue& catalogue :
       {small_catalogue(), small_catalogue(false), only_dwell, no_tags, Catalogue{}}) {
    const Bytes file = write_catalogue(catalogue).value();
    const auto back = load_catalogue(file, kPlenty);
    REQUIRE(back.ok());
    CHECK(same(*back, catalogue));
    CHECK(write_catalogue(*back).value() == file);
  }
}

TEST_CASE("means are over items that have a value") {
  CHECK(small_catalogue().mean_dwell_ms().value() == doctest::Approx(86'401'250.0 / 3));
  CHECK(small_catalogue().mean_scroll().value() == doctest::Approx(.625));
  CHECK_FALSE(small_catalogue(false).mean_dwell_ms().has_value());
  CHECK_FALSE(small_catalogue(false).mean_scroll().has_value());
  Catalogue unknown = small_catalogue();
  unknown.dwell_ms.assign(4, 0);
  CHECK_FALSE(unknown.mean_dwell_ms().has_value());
}

TEST_CASE("a missing, resized or retyped tensor is refused by name") {
  REQUIRE(Foreign().load() == "loaded");
  for (const char* name : {"tag_names", "tag_name_offsets", "item_tags", "item_tag_offsets"})
    CHECK(Foreign().erase(name).load() == std::string(name) + ": the tensor is missing");
  CHECK(Foreign().erase("dwell_ms").load() == "loaded");
  CHECK(Foreign().erase("scroll").load() == "loaded");
  for (const char* name : {"dwell_ms", "scroll"})
    for (const uint64_t n : {0U, 3U, 5U})
      CHECK(Foreign().resize(name, n).load() == std::string(name) + ": must be one an item");
  for (const char* name : {"tag_name_offsets", "item_tag_offsets"})
    for (const uint64_t n : {0U, 1U, 2U}) CHECK(Foreign().resize(name, n).load() != "loaded");
  for (const uint64_t n : {0U, 5U, 7U}) {
    CHECK(Foreign().resize("item_tags", n).load() ==
          "item_tag_offsets: must end with the length of the list");
    CHECK(Foreign().resize("tag_names", n).load() ==
          "tag_name_offsets: must end with the length of the list");
  }
  CHECK(Foreign().retype("item_tags", TensorType::kF32, {6}).load() == "item_tags: another dtype");
  CHECK(Foreign().retype("dwell_ms", TensorType::kU32, {4}).load() == "dwell_ms: another dtype");
  CHECK(Foreign().retype("item_tags", TensorType::kU32, {2, 3}).load() ==
        "item_tags: another rank");
}

TEST_CASE("offsets grow from nothing to the length of the list, by no more than the limits") {
  const auto set = [](const char* name, size_t index, uint64_t value) {
    return Foreign().set(name, index, value).load();
  };
  for (const char* name : {"tag_name_offsets", "item_tag_offsets"}) {
    CAPTURE(name);
    const std::string grow = std::string(name) + ": must grow from 0, by at most its limit";
    CHECK(set(name, 0, 1) == grow);
    CHECK(set(name, 0, UINT64_MAX) == grow);
    CHECK(set(name, 2, 0) == grow);  // back
    CHECK(set(name, 2, UINT64_MAX) == grow);
    CHECK(set(name, 2, uint64_t{1} << 63) == grow);
  }
  CHECK(set("item_tag_offsets", 4, 5) == "item_tag_offsets: must end with the length of the list");
  CHECK(set("tag_name_offsets", 3, 11) == "tag_name_offsets: must end with the length of the list");
  // At the limits, and one more.
  Catalogue catalogue;
  catalogue.tag_names.assign(65, std::string(256, 'n'));
  catalogue.items.resize(1);
  for (uint32_t tag = 0; tag < 64; ++tag) catalogue.items[0].tags.push_back(tag);
  CHECK(same(load_catalogue(write_catalogue(catalogue).value(), kPlenty).value(), catalogue));
  catalogue.items[0].tags.push_back(64);
  CHECK(write_catalogue(catalogue).error().code == ErrorCode::kInvalidArgument);
  catalogue.items[0].tags.pop_back();
  catalogue.tag_names[3] += 'n';
  CHECK(write_catalogue(catalogue).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("at most 65536 tags") {
  Catalogue catalogue;
  catalogue.tag_names.resize(Catalogue::kMaxTags);
  CHECK(write_catalogue(catalogue).ok());
  catalogue.tag_names.emplace_back();
  CHECK(write_catalogue(catalogue).error().code == ErrorCode::kInvalidArgument);
  CHECK(write_catalogue(catalogue).error().message == "tag_names: more than 65536");
}

TEST_CASE("tags of an item ascend, once each, and have a name") {
  const auto set = [](size_t index, uint32_t value) {
    return Foreign().set("item_tags", index, value).load();
  };
  const char* const refused = "item_tags: must ascend within an item and name a tag";
  CHECK(set(1, 0) == refused);  // twice
  CHECK(set(1, 3) == refused);  // no such tag
  CHECK(set(2, UINT32_MAX) == refused);
  CHECK(set(5, 0) == refused);  // back
  CHECK(set(2, 0) == "loaded");
  for (const std::vector<uint32_t>& tags :
       {std::vector<uint32_t>{1, 0}, {0, 0}, {3}, {0, 1, 2, 3}}) {
    Catalogue catalogue = small_catalogue();
    catalogue.items[2].tags = tags;
    CHECK(write_catalogue(catalogue).error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("dwells and scroll depths are finite and in their range") {
  for (const float bad : {-1.F, -1e-30F, 86'400'008.F, kNan, -kNan, kInfinity, -kInfinity})
    CHECK(Foreign().set("dwell_ms", 3, bad).load() == "dwell_ms: a value is out of range");
  for (const float bad : {-1e-30F, 1.0000001F, kNan, kInfinity, -kInfinity})
    CHECK(Foreign().set("scroll", 0, bad).load() == "scroll: a value is out of range");
  CHECK(Foreign().set("dwell_ms", 3, 86'400'000.F).load() == "loaded");
  CHECK(Foreign().set("scroll", 0, 1.F).load() == "loaded");
  for (const size_t n : {1U, 3U, 5U}) {
    Catalogue catalogue = small_catalogue();
    catalogue.dwell_ms.resize(n);
    CHECK(write_catalogue(catalogue).error().code == ErrorCode::kInvalidArgument);
    catalogue = small_catalogue();
    catalogue.scroll.resize(n);
    CHECK(write_catalogue(catalogue).error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("the metadata is the format's, all of it and nothing else") {
  CHECK(Foreign().describe("format", "sotto-model").code() == ErrorCode::kUnsupported);
  CHECK(Foreign().describe("version", "2").code() == ErrorCode::kUnsupported);
  CHECK(Foreign().describe("version", "1 ").code() == ErrorCode::kUnsupported);
  CHECK(Foreign().forget("format").code() == ErrorCode::kUnsupported);
  CHECK(Foreign().forget("version").code() == ErrorCode::kUnsupported);
  CHECK(Foreign().forget("item_index_version").code() == ErrorCode::kMalformed);
  for (const char* version :
       {"", "-1", "+1", "01", " 1", "1 ", "0x1", "1.0", "1e3", "18446744073709551616", "x"})
    CHECK(Foreign().describe("item_index_version", version).load() ==
          "item_index_version: not a whole number");
  for (const char* version : {"0", "18446744073709551615"})
    CHECK(Foreign().describe("item_index_version", version).load() == "loaded");
  CHECK(Foreign().describe("more", "").load() == "metadata: an entry that is not known");
}

TEST_CASE("a catalogue beyond the memory budget is refused before it is read") {
  const Bytes file = write_catalogue(small_catalogue()).value();
  for (const uint64_t budget : {uint64_t{0}, uint64_t{file.size()}, uint64_t{2 * file.size()}})
    CHECK(load_catalogue(file, budget).error().code == ErrorCode::kOutOfMemory);
  CHECK(load_catalogue(file, 2 * file.size() + 64 * 7).ok());
  CHECK_FALSE(load_catalogue(file, 2 * file.size() + 64 * 7 - 1).ok());
  // The budget comes before tags are looked at one by one.
  Foreign foreign;
  foreign.set("item_tags", 0, UINT32_MAX);
  (void)foreign.load();
  for (Tensor& tensor : foreign.contents.tensors) tensor.bytes = foreign.data.at(tensor.name);
  const Bytes bad = write_safetensors(foreign.contents).value();
  CHECK(load_catalogue(bad, 100).error().code == ErrorCode::kOutOfMemory);
  CHECK(load_catalogue(bad, kPlenty).error().code == ErrorCode::kMalformed);
}

TEST_CASE("every truncation and every added byte of a catalogue is refused") {
  const Bytes good = write_catalogue(small_catalogue()).value();
  for (size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(load_catalogue(Bytes(good.data(), good.data() + size), kPlenty).ok());
  Bytes longer = good;
  longer.push_back(0);
  CHECK_FALSE(load_catalogue(longer, kPlenty).ok());
}

TEST_CASE("a mutated catalogue is refused, or every rule holds of it") {
  const Bytes seeds[] = {write_catalogue(small_catalogue()).value(),
                         write_catalogue(small_catalogue(false)).value()};
  Random random(7);
  int n_loaded = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    Bytes bad = seeds[trial % 2];
    for (uint64_t n = 1 + random.below(3); n > 0; --n)
      bad[static_cast<size_t>(random.below(bad.size()))] = static_cast<uint8_t>(random.below(256));
    const auto loaded = load_catalogue(bad, kPlenty);
    if (!loaded.ok()) continue;
    ++n_loaded;
    bool tags_fit = true;
    for (const ItemFeatures& item : loaded->items)
      for (size_t j = 0; j < item.tags.size(); ++j)
        tags_fit = tags_fit && item.tags[j] < loaded->tag_names.size() &&
                   (j == 0 || item.tags[j - 1] < item.tags[j]);
    REQUIRE(tags_fit);
    REQUIRE(write_catalogue(*loaded).ok());
    REQUIRE(same(load_catalogue(*write_catalogue(*loaded), kPlenty).value(), *loaded));
  }
  CHECK(n_loaded > 100);
}
