#include "model/snapshot.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string>

#include "base/random.hpp"
#include "base/safetensors.hpp"
#include "model/random_data.hpp"

using namespace sotto;

namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// 6 rows of 3, item "id 2" removed.
Snapshot small_snapshot(bool int8, bool with_gram = true) {
  Snapshot snapshot;
  const Matrix values = random_matrix(6, 3, 11);
  if (int8)
    snapshot.rows = quantize_rows(values);
  else
    snapshot.rows = values;
  for (int i = 0; i < 6; ++i) REQUIRE(snapshot.items.add("id " + std::to_string(i)).ok());
  REQUIRE(snapshot.items.remove("id 2").ok());
  snapshot.reg = {.a0 = .25F, .lambda = .0035F};
  if (with_gram) {
    snapshot.gram = gram_of(snapshot);
    snapshot.popularity = {.5F, 0, .25F, .125F, 0, 1};
    snapshot.tuning_prior = {-.25, .0625, .5};
  }
  return snapshot;
}

Matrix values_of(const Snapshot& snapshot) {
  Matrix values(snapshot.n_items(), snapshot.dim());
  for (Eigen::Index i = 0; i < values.rows(); ++i) values.row(i) = snapshot.row(i);
  return values;
}

// A file as a stranger might write it: the tensors of a good one, changed.
struct Foreign {
  explicit Foreign(const Snapshot& snapshot) : file(write_snapshot(snapshot).value()) {
    static constexpr KnownTensor kAll[] = {
        {"items", TensorType::kF32, 2},           {"codes", TensorType::kI8, 2},
        {"scales", TensorType::kF32, 1},          {"gram", TensorType::kF32, 2},
        {"regularization", TensorType::kF32, 1},  {"item_ids", TensorType::kU8, 1},
        {"item_id_offsets", TensorType::kU64, 1}, {"item_live", TensorType::kU8, 1},
        {"popularity", TensorType::kF32, 1},      {"tuning_prior", TensorType::kF32, 1}};
    contents = read_safetensors(file, kAll).value();
    for (const Tensor& tensor : contents.tensors)
      data.emplace(tensor.name, Bytes(tensor.bytes.begin(), tensor.bytes.end()));
  }

  template <class T>
  Foreign& set(const std::string& name, size_t index, T value) {
    std::memcpy(data.at(name).data() + index * sizeof value, &value, sizeof value);
    return *this;
  }

  Foreign& reshape(std::string_view name, const std::vector<uint64_t>& shape, size_t n_bytes) {
    for (Tensor& tensor : contents.tensors)
      if (tensor.name == name) tensor.shape = shape;
    data.at(std::string(name)).resize(n_bytes);
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

  std::string load() {
    for (Tensor& tensor : contents.tensors) tensor.bytes = data.at(tensor.name);
    const auto result = load_snapshot(write_safetensors(contents).value(), kPlenty);
    return result.ok() ? "loaded" : result.error().message;
  }

  Bytes file;
  Safetensors contents;
  std::map<std::string, Bytes> data;
};

}  // namespace

TEST_CASE("a snapshot gives back what was written, in both layouts") {
  for (const bool int8 : {false, true}) {
    for (const bool with_gram : {false, true}) {
      const Snapshot snapshot = small_snapshot(int8, with_gram);
      const Bytes file = write_snapshot(snapshot).value();
      const auto back = load_snapshot(file, kPlenty);
      REQUIRE(back.ok());
      CHECK(std::holds_alternative<QuantizedMatrix>(back->rows) == int8);
      CHECK(values_of(*back) == values_of(snapshot));
      CHECK(back->gram.has_value() == with_gram);
      CHECK(back->popularity == snapshot.popularity);
      REQUIRE(back->tuning_prior.has_value() == with_gram);
      if (with_gram) {
        CHECK(back->tuning_prior->mean_gain == -.25);
        CHECK(back->tuning_prior->between_users == .0625);
        CHECK(back->tuning_prior->within_user == .5);
      }
      CHECK(gram_of(*back) == gram_of(snapshot));
      CHECK(back->reg.a0 == snapshot.reg.a0);
      CHECK(back->reg.lambda == snapshot.reg.lambda);
      CHECK(back->items.size() == 6);
      CHECK(back->items.version() == snapshot.items.version());
      CHECK(back->items.find("id 3") == 3U);
      CHECK_FALSE(back->items.find("id 2").has_value());
      CHECK(back->items.id(2) == "id 2");
      CHECK(write_snapshot(*back).value() == file);
      CHECK(smoke_test(*back, gram_of(*back)).ok());
    }
  }
}

TEST_CASE("the int8 layout holds the published model") {
  const Matrix values = random_matrix(200, 16, 3);
  Snapshot snapshot;
  snapshot.rows = quantize_rows(values);
  for (int i = 0; i < 200; ++i) REQUIRE(snapshot.items.add(std::to_string(i)).ok());
  const auto back = load_snapshot(write_snapshot(snapshot).value(), kPlenty).value();
  const Matrix published = as_published(values);
  CHECK(values_of(back) == published);
  const SquareMatrix expected = published.transpose() * published;
  CHECK((gram_of(back) - expected).cwiseAbs().maxCoeff() < 1e-3F);
}

TEST_CASE("values that are not finite, or out of range, are refused") {
  const Snapshot floats = small_snapshot(false), codes = small_snapshot(true);
  REQUIRE(Foreign(floats).load() == "loaded");
  REQUIRE(Foreign(codes).load() == "loaded");
  for (const float bad : {kNan, std::numeric_limits<float>::infinity(), 2e9F, -2e9F}) {
    for (const size_t place : {size_t{0}, size_t{7}, size_t{17}})
      CHECK(Foreign(floats).set("items", place, bad).load() ==
            "items: a value is not finite or too large");
    CHECK(Foreign(codes).set("scales", 5, bad).load() ==
          "scales: a value is not finite, negative or too large");
    CHECK(Foreign(codes).set("regularization", 1, bad).load() ==
          "regularization: must be positive and finite");
  }
  for (const float bad : {kNan, std::numeric_limits<float>::infinity(), 2e9F, 0.F, -1.F})
    for (const size_t variance : {size_t{1}, size_t{2}})
      CHECK(Foreign(codes).set("tuning_prior", variance, bad).load() ==
            "tuning_prior: must be finite, with variances > 0");
  CHECK(Foreign(codes).set("tuning_prior", 0, kNan).load() != "loaded");
  CHECK(Foreign(codes).set("tuning_prior", 0, -2e9F).load() != "loaded");
  CHECK(Foreign(codes).set("regularization", 0, 0.F).load() != "loaded");
  CHECK(Foreign(codes).set("codes", 4, int8_t{-128}).load() == "codes: a code below -127");
  CHECK(Foreign(codes).set("scales", 1, 0.F).load() == "codes: codes behind a scale of 0");
  CHECK(Foreign(codes).set("gram", 4, kNan).load() != "loaded");
  CHECK(Foreign(codes).set("gram", 0, -1.F).load() != "loaded");
  CHECK(Foreign(codes).set("gram", 1, 77.F).load() != "loaded");  // no longer symmetric
}

TEST_CASE("shapes that do not agree and tensors of the other layout are refused") {
  const Snapshot codes = small_snapshot(true);
  CHECK(Foreign(codes).reshape("scales", {5}, 20).load() != "loaded");
  CHECK(Foreign(codes).reshape("codes", {3, 6}, 18).load() != "loaded");
  CHECK(Foreign(codes).reshape("codes", {0, 3}, 0).load() != "loaded");
  CHECK(Foreign(codes).reshape("codes", {18, 0}, 0).load() != "loaded");
  CHECK(Foreign(codes).reshape("codes", {6, 513}, 6 * 513).load() != "loaded");
  CHECK(Foreign(codes).reshape("gram", {2, 3}, 24).load() != "loaded");
  CHECK(Foreign(codes).reshape("regularization", {3}, 12).load() != "loaded");
  CHECK(Foreign(codes).reshape("tuning_prior", {2}, 8).load() != "loaded");
  CHECK(Foreign(codes).reshape("item_live", {7}, 7).load() != "loaded");
  CHECK(Foreign(codes).reshape("item_id_offsets", {6}, 48).load() != "loaded");
  for (const char* name :
       {"codes", "scales", "regularization", "item_ids", "item_id_offsets", "item_live"})
    CHECK(Foreign(codes).erase(name).load() != "loaded");
  for (const char* name : {"gram", "popularity", "tuning_prior"})
    CHECK(Foreign(codes).erase(name).load() == "loaded");
  CHECK(Foreign(codes).describe("layout", "float32").load() == "items: the tensor is missing");
  CHECK(Foreign(codes).describe("layout", "int4").load() == "layout: neither float32 nor int8");
  CHECK(Foreign(codes).describe("version", "3").load() == "format: not sotto-model version 2");
  CHECK(Foreign(codes).describe("more", "").load() == "metadata: an entry that is not known");

  Foreign both(codes);
  const Bytes items(72, 0);
  both.data.emplace("items", items);
  both.contents.tensors.push_back({"items", TensorType::kF32, {6, 3}, {}});
  CHECK(both.load() == "tensors: of the other layout");
}

TEST_CASE("a table of items that no index can hold is refused") {
  const Snapshot codes = small_snapshot(true);
  CHECK(Foreign(codes).set("item_ids", 7, '0').load() == "item id: twice in the index");
  CHECK(Foreign(codes).set("item_live", 3, uint8_t{2}).load() == "item_live: neither 0 nor 1");
  CHECK(Foreign(codes).set("item_live", 3, uint8_t{0}).load() ==
        "item index version: cannot have led to these items");
  CHECK(Foreign(codes).set("item_id_offsets", 1, uint64_t{0}).load() ==
        "item id length: out of range");
  CHECK(Foreign(codes).set("item_id_offsets", 2, ~uint64_t{0}).load() != "loaded");
  CHECK(Foreign(codes).set("item_id_offsets", 0, uint64_t{1}).load() != "loaded");
  CHECK(Foreign(codes).set("item_id_offsets", 6, uint64_t{23}).load() != "loaded");
  for (const char* version : {"", "-7", "07", "7 ", "0x7", "6", "8", "99999999999999999999"})
    CHECK(Foreign(codes).describe("item_index_version", version).load() != "loaded");
  CHECK(Foreign(codes).describe("item_index_version", "9").load() == "loaded");
}

TEST_CASE("a snapshot beyond the memory budget is refused before it is read") {
  const Bytes file = write_snapshot(small_snapshot(true)).value();
  CHECK(load_snapshot(file, 500).error().code == ErrorCode::kOutOfMemory);
  CHECK(load_snapshot(file, 0).error().code == ErrorCode::kOutOfMemory);
  CHECK(load_snapshot(file, 1000).ok());
}

TEST_CASE("every truncation and every added byte of a snapshot is refused") {
  for (const bool int8 : {false, true}) {
    const Bytes good = write_snapshot(small_snapshot(int8)).value();
    for (size_t size = 0; size < good.size(); ++size)
      CHECK_FALSE(load_snapshot(std::span(good).first(size), kPlenty).ok());
    Bytes longer = good;
    longer.push_back(0);
    CHECK_FALSE(load_snapshot(longer, kPlenty).ok());
  }
}

TEST_CASE("a mutated snapshot never gives a model with values that are not finite") {
  const Bytes seeds[] = {write_snapshot(small_snapshot(false)).value(),
                         write_snapshot(small_snapshot(true)).value()};
  Random random(17);
  int n_loaded = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    Bytes bad = seeds[trial % 2];
    for (uint64_t n = 1 + random.below(3); n > 0; --n)
      bad[static_cast<size_t>(random.below(bad.size()))] = static_cast<uint8_t>(random.below(256));
    const auto result = load_snapshot(bad, kPlenty);
    if (!result.ok()) continue;
    ++n_loaded;
    REQUIRE(values_of(*result).allFinite());
    REQUIRE(gram_of(*result).allFinite());
    REQUIRE(static_cast<Eigen::Index>(result->items.size()) == result->n_items());
    (void)smoke_test(*result, gram_of(*result));
  }
  CHECK(n_loaded > 1000);
}

TEST_CASE("what could not be loaded is not written") {
  const auto refuses = [](const Snapshot& snapshot) {
    return write_snapshot(snapshot).error().code == ErrorCode::kInvalidArgument;
  };
  Snapshot snapshot = small_snapshot(false);
  std::get<Matrix>(snapshot.rows)(2, 1) = kNan;
  CHECK(refuses(snapshot));
  snapshot = small_snapshot(true);
  std::get<QuantizedMatrix>(snapshot.rows).scales.pop_back();
  CHECK(refuses(snapshot));
  snapshot = small_snapshot(true);
  REQUIRE(snapshot.items.add("one more").ok());
  CHECK(refuses(snapshot));
  snapshot = small_snapshot(true);
  snapshot.reg.lambda = 0;
  CHECK(refuses(snapshot));
  for (const CrowdPrior& prior : {CrowdPrior{NAN, 1, 1}, CrowdPrior{0, 1e-60, 1},
                                  CrowdPrior{0, 1, 0}, CrowdPrior{1e300, 1, 1}}) {
    snapshot = small_snapshot(true);
    snapshot.tuning_prior = prior;
    CHECK(refuses(snapshot));
  }
  CHECK(refuses(Snapshot{}));
}

TEST_CASE("the smoke test notices a model that does not work") {
  Snapshot snapshot = small_snapshot(false);
  const SquareMatrix gram = gram_of(snapshot);
  REQUIRE(smoke_test(snapshot, gram).ok());
  CHECK(smoke_test(snapshot, 2 * gram).error().code == ErrorCode::kNumerical);
  CHECK_FALSE(smoke_test(snapshot, SquareMatrix::Identity(2, 2)).ok());
  std::get<Matrix>(snapshot.rows).setZero();
  CHECK_FALSE(smoke_test(snapshot, SquareMatrix::Zero(3, 3)).ok());
}

TEST_CASE("popularity is one finite number a row, not negative, or left out") {
  for (const bool int8 : {false, true}) {
    const Snapshot snapshot = small_snapshot(int8);
    REQUIRE(Foreign(snapshot).load() == "loaded");
    CHECK(Foreign(snapshot).erase("popularity").load() == "loaded");
    for (const uint64_t n : {0U, 1U, 5U, 7U})
      CHECK(Foreign(snapshot).reshape("popularity", {n}, static_cast<size_t>(n) * 4).load() ==
            "popularity: the shape does not fit the other tensors");
    for (const float bad :
         {-1.F, -1e-30F, kNan, -kNan, 2e9F, std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()})
      for (const size_t row : {size_t{0}, size_t{5}})
        CHECK(Foreign(snapshot).set("popularity", row, bad).load() ==
              "popularity: must be finite and not negative");
    // A share, but more is not this file's business.
    for (const float fine : {0.F, 1.F, 1000.F, Snapshot::kLargestValue})
      CHECK(Foreign(snapshot).set("popularity", 3, fine).load() == "loaded");
    const auto refuses = [&](std::vector<float> popularity) {
      Snapshot changed = small_snapshot(int8);
      changed.popularity = std::move(popularity);
      const auto file = write_snapshot(changed);
      return !file.ok() && file.error().code == ErrorCode::kInvalidArgument;
    };
    CHECK(refuses({1, 1, 1, 1, 1}));
    CHECK(refuses({1, 1, 1, 1, 1, 1, 1}));
    CHECK(refuses({1, 1, 1, 1, 1, -.5F}));
    CHECK(refuses({1, kNan, 1, 1, 1, 1}));
    CHECK_FALSE(refuses({}));
    CHECK_FALSE(refuses({0, 0, 0, 0, 0, 0}));
  }
}
