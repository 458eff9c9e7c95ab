#include "catalog/item_index.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>

#include "base/random.hpp"

using namespace sotto;

namespace {

Bytes written(const ItemIndex& index) {
  ByteWriter out;
  index.write(out);
  return std::move(out).bytes();
}

// An index with live, removed and revived items.
ItemIndex example() {
  ItemIndex index;
  for (const char* id : {"a", "bb", "item/3", "ä"}) REQUIRE(index.add(id).ok());
  REQUIRE(index.remove("bb").ok());
  REQUIRE(index.remove("a").ok());
  REQUIRE(index.add("a").ok());
  return index;
}

ErrorCode read_code(const Bytes& bytes) {
  ByteReader in(bytes);
  auto index = ItemIndex::read(in);
  if (!index.ok()) return index.error().code;
  const Status finished = in.finish("item index");
  return finished.ok() ? ErrorCode::kOk : finished.error().code;
}

}  // namespace

TEST_CASE("items get numbers in order of arrival, the same one for ever") {
  ItemIndex index;
  CHECK(index.add("x").value() == 0);
  CHECK(index.add("y").value() == 1);
  CHECK(index.add("x").value() == 0);
  CHECK(index.size() == 2);
  CHECK(index.find("y") == 1);
  CHECK_FALSE(index.find("z").has_value());
  CHECK(index.id(1) == "y");
}

TEST_CASE("removing leaves a tombstone whose number is not reused") {
  ItemIndex index;
  REQUIRE(index.add("x").ok());
  REQUIRE(index.remove("x").ok());
  CHECK_FALSE(index.find("x").has_value());
  CHECK_FALSE(index.live(0));
  CHECK(index.id(0) == "x");
  CHECK(index.live_count() == 0);
  CHECK(index.add("y").value() == 1);
  CHECK(index.remove("x").error().code == ErrorCode::kNotFound);
  CHECK(index.remove("never").error().code == ErrorCode::kNotFound);
}

TEST_CASE("a removed item comes back under its old number") {
  ItemIndex index;
  REQUIRE(index.add("x").ok());
  REQUIRE(index.add("y").ok());
  REQUIRE(index.remove("x").ok());
  CHECK(index.add("x").value() == 0);
  CHECK(index.live(0));
  CHECK(index.live_count() == 2);
}

TEST_CASE("the version grows by one with every change and only then") {
  ItemIndex index;
  REQUIRE(index.add("x").ok());
  CHECK(index.version() == 1);
  REQUIRE(index.add("x").ok());
  CHECK(index.version() == 1);
  REQUIRE(index.remove("x").ok());
  CHECK(index.version() == 2);
  CHECK_FALSE(index.remove("x").ok());
  CHECK(index.version() == 2);
  REQUIRE(index.add("x").ok());
  CHECK(index.version() == 3);
}

TEST_CASE("ids of no or too many bytes are refused") {
  ItemIndex index;
  CHECK(index.add("").error().code == ErrorCode::kInvalidArgument);
  CHECK(index.add(std::string(257, 'x')).error().code == ErrorCode::kInvalidArgument);
  CHECK(index.add(std::string(256, 'x')).ok());
  CHECK_FALSE(index.live(1));
}

TEST_CASE("numbers beyond the index are not live") { CHECK_FALSE(example().live(4)); }

TEST_CASE("what was written is read, and goes on as before") {
  const Bytes bytes = written(example());
  ByteReader in(bytes);
  auto index = ItemIndex::read(in).value();
  CHECK(in.finish("index").ok());
  CHECK(written(index) == bytes);
  CHECK(index.version() == 7);
  CHECK(index.live_count() == 3);
  CHECK(index.find("item/3") == 2);
  CHECK_FALSE(index.find("bb").has_value());
  CHECK(index.add("bb").value() == 1);
  CHECK(index.add("new").value() == 4);
}

TEST_CASE("thousands of items come, go and come back, as in an ordered map of them") {
  Random random(11);
  struct Row {
    uint32_t number;
    bool live;
  };
  std::map<std::string, Row> rows;
  const auto check = [&](const ItemIndex& index) {
    CHECK(index.size() == rows.size());
    for (const auto& [id, row] : rows) {
      CHECK(index.id(row.number) == id);
      CHECK(index.find(id) == (row.live ? std::optional(row.number) : std::nullopt));
    }
    CHECK_FALSE(index.find("never").has_value());
  };
  ItemIndex index;
  for (int step = 0; step < 8000; ++step) {
    const std::string id = "item-" + std::to_string(random.below(3000));
    const auto known = rows.find(id);
    if (random.below(3) > 0) {
      const auto number =
          known == rows.end() ? static_cast<uint32_t>(rows.size()) : known->second.number;
      CHECK(index.add(id).value() == number);
      rows[id] = {number, true};
    } else {
      const bool was_live = known != rows.end() && known->second.live;
      CHECK(index.remove(id).ok() == was_live);
      if (was_live) known->second.live = false;
    }
    if (step % 2000 != 1999) continue;
    check(index);
    // A copy goes its own way; what was moved from is empty, and of use.
    ItemIndex copy = index;
    CHECK(copy.add("only in the copy").ok());
    CHECK_FALSE(index.find("only in the copy").has_value());
    ItemIndex moved = std::move(copy);
    CHECK(moved.find("only in the copy").has_value());
    const Bytes bytes = written(index);
    ByteReader in(bytes);
    index = ItemIndex::read(in).value();
    check(index);
  }
}

TEST_CASE("as many rows as fill the slots, and one more") {
  for (const uint32_t n : {1u, 2u, 64u, 256u}) {
    std::vector<std::string> ids;
    for (uint32_t i = 0; i < n; ++i) ids.push_back(std::to_string(i));
    ItemIndex index = ItemIndex::from_rows(ids, std::vector<uint8_t>(n, 1), n).value();
    CHECK(index.add(ids.back()).value() == n - 1);
    CHECK(index.add("more").value() == n);
    for (uint32_t i = 0; i < n; ++i) CHECK(index.find(ids[i]) == i);
    ids.back() = ids.front();
    if (n > 1)
      CHECK(ItemIndex::from_rows(ids, std::vector<uint8_t>(n, 1), n).error().message ==
            "item id: twice in the index");
  }
}

TEST_CASE("the empty index is written and read") {
  CHECK(read_code(written(ItemIndex())) == ErrorCode::kOk);
}

TEST_CASE("every truncated index is refused") {
  const Bytes bytes = written(example());
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK(read_code(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length))) ==
          ErrorCode::kMalformed);
}

TEST_CASE("corrupted indices are refused") {
  // u32 format, u64 version, u32 size, then u8 live, u16 length, id: "a" is at 16.
  const Bytes good = written(example());
  const auto with = [&](size_t at, uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return read_code(bytes);
  };
  REQUIRE(read_code(good) == ErrorCode::kOk);
  CHECK(with(0, 2) == ErrorCode::kUnsupported);
  CHECK(with(4, 6) == ErrorCode::kMalformed);   // a version of the wrong parity
  CHECK(with(4, 3) == ErrorCode::kMalformed);   // one that four items cannot have
  CHECK(with(12, 5) == ErrorCode::kMalformed);  // more items than follow
  CHECK(with(12, 3) == ErrorCode::kMalformed);  // fewer
  CHECK(with(15, 0xff) == ErrorCode::kMalformed);
  CHECK(with(16, 2) == ErrorCode::kMalformed);  // neither live nor removed
  CHECK(with(17, 0) == ErrorCode::kMalformed);  // an empty id
  CHECK(with(18, 9) == ErrorCode::kMalformed);  // a long one

  ItemIndex pair;
  REQUIRE(pair.add("a").ok());
  REQUIRE(pair.add("b").ok());
  Bytes twice = written(pair);
  twice.back() = 'a';
  CHECK(read_code(twice) == ErrorCode::kMalformed);
}

TEST_CASE("random bytes never crash the reader and what it accepts it writes back") {
  Random random(1);
  const Bytes good = written(example());
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = good;
    for (uint64_t flips = 1 + random.below(4); flips > 0; --flips)
      bytes[static_cast<size_t>(random.below(bytes.size()))] = static_cast<uint8_t>(random.next());
    ByteReader in(bytes);
    const auto index = ItemIndex::read(in);
    if (!index.ok()) continue;
    const size_t used = bytes.size() - in.remaining();
    CHECK(written(index.value()) ==
          Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(used)));
  }
}
