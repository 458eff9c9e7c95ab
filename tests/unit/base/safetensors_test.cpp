#include "base/safetensors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/random.hpp"

using namespace sotto;

namespace {

constexpr KnownTensor kKnown[] = {
    {"rows", TensorType::kF32, 2}, {"ids", TensorType::kU8, 1}, {"ends", TensorType::kU64, 1}};

Bytes file_of(std::string_view header, size_t data_size) {
  ByteWriter out;
  out.put_string(header);
  out.put_bytes(Bytes(data_size, 7));
  return std::move(out).bytes();
}

Result<Safetensors> read(const Bytes& file) { return read_safetensors(file, kKnown); }

std::string why_not(std::string_view header, size_t data_size) {
  const auto result = read(file_of(header, data_size));
  if (result.ok()) return "accepted";
  return result.error().code == ErrorCode::kMalformed ? result.error().message : "another code";
}

std::string tensor(std::string_view name, std::string_view type, std::string_view shape,
                   std::string_view offsets) {
  return '"' + std::string(name) + R"(":{"dtype":")" + std::string(type) + R"(","shape":)" +
         std::string(shape) + R"(,"data_offsets":)" + std::string(offsets) + '}';
}

const std::string kRows = tensor("rows", "F32", "[2,3]", "[0,24]");

struct Owned {
  Bytes rows = Bytes(24, 1), ids = Bytes(5, 2), ends = Bytes(16, 3);

  Safetensors contents() const {
    return {{{"ids", TensorType::kU8, {5}, ids},
             {"rows", TensorType::kF32, {2, 3}, rows},
             {"ends", TensorType::kU64, {2}, ends}},
            {{"format", "a test"}, {"version", "1"}}};
  }
};

}  // namespace

TEST_CASE("a safetensors file gives back what was written, every tensor aligned") {
  const Owned owned;
  const Bytes file = write_safetensors(owned.contents()).value();
  const auto back = read(file);
  REQUIRE(back.ok());
  CHECK(back->metadata == owned.contents().metadata);
  REQUIRE(back->tensors.size() == 3);
  for (const Tensor& written : owned.contents().tensors) {
    const Tensor* const found = back->find(written.name);
    REQUIRE(found != nullptr);
    CHECK(found->shape == written.shape);
    CHECK(found->type == written.type);
    CHECK(std::equal(found->bytes.begin(), found->bytes.end(), written.bytes.begin(),
                     written.bytes.end()));
    const auto place = static_cast<size_t>(found->bytes.data() - file.data());
    CHECK(place % tensor_type_size(found->type) == 0);
  }
  CHECK(back->find("other") == nullptr);
}

TEST_CASE("a header as Python's library writes it is accepted") {
  CHECK(why_not("{" + kRows + "}", 24) == "accepted");
  CHECK(why_not(R"({"__metadata__":{"format":"pt"},)" + kRows + "}      ", 24) == "accepted");
  CHECK(why_not(R"({ "rows" : {"shape": [2, 3], "data_offsets": [0, 24], "dtype": "F32"} })", 24) ==
        "accepted");
  CHECK(why_not("{" + tensor("ids", "U8", "[4]", "[24,28]") + "," + kRows + "}", 28) == "accepted");
  CHECK(why_not(R"({"__metadata__":{}})", 0) == "accepted");
  CHECK(why_not("{}", 0) == "accepted");
  CHECK(why_not("{" + tensor("rows", "F32", "[0,3]", "[0,0]") + "}", 0) == "accepted");
}

TEST_CASE("gaps, overlaps and bytes of no tensor are refused") {
  const auto both = [&](std::string_view place) {
    return "{" + kRows + "," + tensor("ids", "U8", "[4]", place) + "}";
  };
  REQUIRE(why_not(both("[24,28]"), 28) == "accepted");
  CHECK(why_not(both("[25,29]"), 29) == "ids: a gap or an overlap before it");
  CHECK(why_not(both("[23,27]"), 27) == "ids: a gap or an overlap before it");
  CHECK(why_not(both("[0,4]"), 24) == "rows: a gap or an overlap before it");
  CHECK(why_not(both("[8,12]"), 24) == "ids: a gap or an overlap before it");
  CHECK(why_not(both("[24,28]"), 29) == "file: bytes that belong to no tensor");
  CHECK(why_not(both("[24,28]"), 27) == "ids: the file ends too early");
  CHECK(why_not("{}", 1) == "file: bytes that belong to no tensor");
  CHECK(why_not("{" + tensor("rows", "F32", "[2,3]", "[1,25]") + "}", 25) ==
        "rows: a gap or an overlap before it");
}

TEST_CASE("names, types, ranks and keys come from the list and once") {
  CHECK(why_not("{" + kRows + "," + kRows + "}", 24) == "rows: twice in the header");
  CHECK(why_not("{" + tensor("row", "F32", "[2,3]", "[0,24]") + "}", 24) ==
        "row: a tensor that is not known");
  for (const char* type : {"F16", "F64", "BF16", "I32", "f32", "", "F321"})
    CHECK(why_not("{" + tensor("rows", type, "[2,3]", "[0,24]") + "}", 24) ==
          "rows: another dtype");
  CHECK(why_not("{" + tensor("rows", "F32", "[6]", "[0,24]") + "}", 24) == "rows: another rank");
  CHECK(why_not("{" + tensor("rows", "F32", "[1,2,3]", "[0,24]") + "}", 24) ==
        "rows: another rank");
  CHECK(why_not(R"({"rows":{"dtype":"F32","shape":[2,3]}})", 24) == "rows: a key is missing");
  CHECK(why_not(R"({"rows":{"dtype":"F32","dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})",
                24) == "rows: a key twice or not known");
  CHECK(why_not(R"({"rows":{"dtype":"F32","x":1,"shape":[2,3],"data_offsets":[0,24]}})", 24) ==
        "rows: a key twice or not known");
  CHECK(why_not(R"({"__metadata__":{},"__metadata__":{}})", 0) == "__metadata__: twice");
  CHECK(why_not(R"({"__metadata__":{"a":"1","a":"2"}})", 0) == "a: twice in the metadata");
}

TEST_CASE("shapes that overflow or do not fit their bytes are refused") {
  for (const char* shape :
       {"[2,4]", "[4294967296,4294967296]", "[9007199254740992,9007199254740992]",
        "[4611686018427387904,4]", "[18446744073709551616,1]", "[99999999999999999999999,0]",
        "[-2,-3]", "[2.0,3]", "[2e0,3]", "[02,3]", "[,3]", "[2,3,]", "[2 3]", "[1,1,1,1,1,1,1,1,6]",
        "6", "[\"2\",3]"})
    CHECK(why_not("{" + tensor("rows", "F32", shape, "[0,24]") + "}", 24) != "accepted");
  for (const char* place : {"[0,23]", "[24,0]", "[0]", "[0,24,24]", "[]", "[0,9007199254740993]"})
    CHECK(why_not("{" + tensor("rows", "F32", "[2,3]", place) + "}", 24) != "accepted");
}

TEST_CASE("what is no such header is refused") {
  for (const char* header : {"",
                             " ",
                             "[]",
                             "null",
                             "{",
                             "}",
                             "{}}",
                             "{},",
                             " {}",
                             "{}x",
                             "{,}",
                             R"({"rows"})",
                             R"({"rows":})",
                             R"({"rows":1})",
                             R"({"rows":null})",
                             R"({"__metadata__":{"a":1}})",
                             R"({"__metadata__":{"a":null}})",
                             R"({"__metadata__":{"a":"\n"}})",
                             R"({"__metadata__":{"a":"b",}})",
                             R"({"__metadata__":{"a":{"b":"c"}}})",
                             "{\"__metadata__\":{\"a\":\"\n\"}}",
                             "{\"__metadata__\":{\"a\":\"\xc3\xa9\"}}",
                             R"({"__metadata__":[]})",
                             R"({'__metadata__':{}})"})
    CHECK_MESSAGE(why_not(header, 0) != "accepted", header);
  CHECK(why_not(std::string("{}\0", 3), 0) != "accepted");
}

TEST_CASE("the header's limits hold") {
  const auto padded = [](size_t size) { return "{}" + std::string(size - 2, ' '); };
  CHECK(why_not(padded(kMostSafetensorsHeader), 0) == "accepted");
  CHECK(why_not(padded(kMostSafetensorsHeader + 1), 0) == "header: longer than 64 KiB");
  const auto with_text = [](size_t key, size_t text) {
    return R"({"__metadata__":{")" + std::string(key, 'k') + R"(":")" + std::string(text, 't') +
           R"("}})";
  };
  CHECK(why_not(with_text(kLongestMetadataKey, kLongestMetadataText), 0) == "accepted");
  CHECK(why_not(with_text(kLongestMetadataKey + 1, 1), 0) != "accepted");
  CHECK(why_not(with_text(1, kLongestMetadataText + 1), 0) != "accepted");
  const auto with_entries = [](size_t n) {
    std::string text = R"({"__metadata__":{)";
    for (size_t i = 0; i < n; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + R"(":"")";
    return text + "}}";
  };
  CHECK(why_not(with_entries(kMostMetadata), 0) == "accepted");
  CHECK(why_not(with_entries(kMostMetadata + 1), 0) == "__metadata__: too many entries");

  Bytes huge(8, 0xff);
  CHECK_FALSE(read(huge).ok());
}

TEST_CASE("every truncation and every added byte is refused") {
  const Bytes good = write_safetensors(Owned().contents()).value();
  for (size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(read(Bytes(good.data(), good.data() + size)).ok());
  Bytes longer = good;
  longer.push_back(0);
  CHECK_FALSE(read(longer).ok());
}

TEST_CASE("a mutated file is refused or read, and then every byte has its place") {
  const Bytes good = write_safetensors(Owned().contents()).value();
  Random random(5);
  int n_accepted = 0;
  for (int trial = 0; trial < 30'000; ++trial) {
    Bytes bad = good;
    for (uint64_t n = 1 + random.below(4); n > 0; --n)
      bad[static_cast<size_t>(random.below(bad.size()))] = static_cast<uint8_t>(random.below(256));
    const auto result = read(bad);
    if (!result.ok()) continue;
    ++n_accepted;
    size_t n_bytes = 0;
    for (const Tensor& one : result->tensors) n_bytes += one.bytes.size();
    CHECK(n_bytes == 24 + 5 + 16);
  }
  CHECK(n_accepted > 0);
}

TEST_CASE("what could not be read back is not written") {
  const Bytes bytes(4, 0);
  const auto refuses = [](const Safetensors& contents) {
    return write_safetensors(contents).error().code == ErrorCode::kInvalidArgument;
  };
  CHECK(refuses({{{"a", TensorType::kU8, {5}, bytes}}, {}}));
  CHECK(refuses({{{"a", TensorType::kU8, {4}, bytes}, {"a", TensorType::kU8, {4}, bytes}}, {}}));
  CHECK(refuses({{{"__metadata__", TensorType::kU8, {4}, bytes}}, {}}));
  CHECK(refuses({{{"a\"b", TensorType::kU8, {4}, bytes}}, {}}));
  CHECK(refuses({{}, {{"key", "two\nlines"}}}));
  CHECK(refuses({{}, {{"key", std::string(2000, 'x')}}}));
}

TEST_CASE("every type has its size and name, and comes back as itself alone") {
  const std::pair<TensorType, std::string_view> types[] = {{TensorType::kU8, "U8"},
                                                           {TensorType::kI8, "I8"},
                                                           {TensorType::kU32, "U32"},
                                                           {TensorType::kF32, "F32"},
                                                           {TensorType::kU64, "U64"}};
  const size_t sizes[] = {1, 1, 4, 4, 8};
  for (size_t i = 0; i < std::size(types); ++i) {
    const TensorType type = types[i].first;
    const std::string_view name = types[i].second;
    CAPTURE(name);
    CHECK(tensor_type_size(type) == sizes[i]);
    CHECK(tensor_type_name(type) == name);
    const Bytes values(3 * sizes[i], 0xa5);
    const Bytes file = write_safetensors({{{"x", type, {3}, values}}, {}}).value();
    for (const auto& [other, other_name] : types) {
      const KnownTensor known[] = {{"x", other, 1}};
      const auto back = read_safetensors(file, known);
      REQUIRE(back.ok() == (other == type));
      if (!back.ok()) {
        CHECK(back.error().message == "x: another dtype");
        continue;
      }
      CHECK(back->tensors[0].type == type);
      CHECK(Bytes(back->tensors[0].bytes.begin(), back->tensors[0].bytes.end()) == values);
    }
  }
}

TEST_CASE("U32 tensors are laid out between 64 and 8 bits, aligned to four bytes") {
  const Bytes bytes(3, 1), words(4, 2), numbers(8, 3), longs(8, 4);
  const Bytes file = write_safetensors({{{"bytes", TensorType::kU8, {3}, bytes},
                                         {"words", TensorType::kU32, {1}, words},
                                         {"numbers", TensorType::kF32, {2}, numbers},
                                         {"longs", TensorType::kU64, {1}, longs}},
                                        {}})
                         .value();
  constexpr KnownTensor known[] = {{"bytes", TensorType::kU8, 1},
                                   {"words", TensorType::kU32, 1},
                                   {"numbers", TensorType::kF32, 1},
                                   {"longs", TensorType::kU64, 1}};
  const auto back = read_safetensors(file, known).value();
  const auto place = [&](const char* name) {
    return static_cast<size_t>(back.find(name)->bytes.data() - file.data());
  };
  CHECK(place("longs") % 8 == 0);
  CHECK(place("words") == place("longs") + 8);
  CHECK(place("numbers") == place("words") + 4);
  CHECK(place("bytes") == place("numbers") + 8);
  const auto size_is = [](const char* shape, const char* offsets, size_t size) {
    const KnownTensor one[] = {{"x", TensorType::kU32, 1}};
    return read_safetensors(file_of("{" + tensor("x", "U32", shape, offsets) + "}", size), one)
        .ok();
  };
  CHECK(size_is("[3]", "[0,12]", 12));
  CHECK_FALSE(size_is("[3]", "[0,11]", 11));
  CHECK_FALSE(size_is("[3]", "[0,3]", 3));
  CHECK_FALSE(size_is("[3]", "[0,24]", 24));
  CHECK_FALSE(size_is("[4611686018427387904]", "[0,0]", 0));
}
