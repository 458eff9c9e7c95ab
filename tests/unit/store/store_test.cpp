#include "store/store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "store/records.hpp"
#include "store/sqlite_store.hpp"
#include "temp_folder.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

using Texts = std::vector<std::string>;

std::unique_ptr<Store> open(const TempFolder& folder, StoreAccess access = StoreAccess::kShare) {
  auto store = open_sqlite_store(folder.path("store"), access, true);
  REQUIRE(store.ok());
  return std::move(*store);
}

Texts keys(const Store& store, std::string_view space, std::string_view prefix) {
  const auto keys = store.keys(space, prefix);
  REQUIRE(keys.ok());
  const auto records = store.list(space, prefix);
  REQUIRE(records.ok());
  Texts listed;
  for (const auto& record : *records) listed.push_back(record.key);
  CHECK(listed == *keys);
  return *keys;
}

Texts spaces(const Store& store, std::string_view prefix) {
  const auto names = store.spaces(prefix);
  REQUIRE(names.ok());
  return *names;
}

}  // namespace

TEST_CASE("store: what was committed in several spaces is there, and the rest is absent") {
  const TempFolder folder;
  const auto store = open(folder);
  REQUIRE(commit(*store, {put("a", "x", "1"), put("b", "x", "2"), put("b", "y", "3")}).ok());
  CHECK(*store->get("a", "x") == bytes_of("1"));
  CHECK(*store->get("b", "x") == bytes_of("2"));
  CHECK(*store->get("b", "y") == bytes_of("3"));
  CHECK(!store->get("a", "y")->has_value());
  CHECK(!store->get("c", "x")->has_value());
  CHECK(keys(*store, "c", "").empty());
  CHECK(spaces(*store, "") == Texts{"a", "b"});
}

TEST_CASE("store: a later change of a key wins, within a commit and after it") {
  const TempFolder folder;
  const auto store = open(folder);
  REQUIRE(commit(*store, {put("a", "x", "1"), put("a", "x", "2"), put("a", "y", "1"),
                          erase("a", "y"), erase("a", "z"), put("a", "z", "3")})
              .ok());
  CHECK(*store->get("a", "x") == bytes_of("2"));
  CHECK(keys(*store, "a", "") == Texts{"x", "z"});
  REQUIRE(commit(*store, {put("a", "x", "4"), erase("a", "z"), erase("none", "z")}).ok());
  CHECK(*store->get("a", "x") == bytes_of("4"));
  CHECK(keys(*store, "a", "") == Texts{"x"});
  CHECK(spaces(*store, "") == Texts{"a"});
}

TEST_CASE("store: a commit that cannot be carried out changes no space") {
  const TempFolder folder;
  SqliteOptions options;
  options.most_pages = 64;
  auto opened = open_sqlite_store(folder.path("store"), StoreAccess::kShare, true, options);
  REQUIRE(opened.ok());
  Store& store = **opened;
  REQUIRE(commit(store, {put("a", "x", "old"), put("b", "x", "old")}).ok());
  StoreChange large{"c", {"large", Bytes(size_t{4} << 20, 7)}};
  const Status full = commit(store, {put("a", "x", "new"), erase("b", "x"), large});
  CHECK(full.error().code == ErrorCode::kIo);
  CHECK(full.error().message == "store: the disk is full");
  CHECK(*store.get("a", "x") == bytes_of("old"));
  CHECK(*store.get("b", "x") == bytes_of("old"));
  CHECK(spaces(store, "") == Texts{"a", "b"});
}

TEST_CASE(
    "store: on a full disk nothing acknowledged is lost, and it goes on when there is space") {
  const TempFolder folder;
  SqliteOptions options;
  options.most_pages = 200;
  auto opened = open_sqlite_store(folder.path("store"), StoreAccess::kServe, true, options);
  REQUIRE(opened.ok());
  Store& store = **opened;
  Texts acknowledged;
  Status status;
  for (int i = 1000; status.ok() && i < 2000; ++i) {
    status = store.commit(
        std::vector<StoreChange>{{"a", {std::to_string(i), Bytes(50'000, uint8_t(i))}}});
    if (status.ok()) acknowledged.push_back(std::to_string(i));
  }
  CHECK(status.error().message == "store: the disk is full");
  CHECK(acknowledged.size() > 10);
  CHECK(keys(store, "a", "") == acknowledged);
  REQUIRE(commit(store, {erase("a", acknowledged[0]), erase("a", acknowledged[1])}).ok());
  CHECK(store.commit(std::vector<StoreChange>{{"a", {"again", Bytes(50'000, 1)}}}).ok());
  opened = Error{ErrorCode::kInternal, ""};  // closed
  opened = open_sqlite_store(folder.path("store"), StoreAccess::kServe, false);
  REQUIRE(opened.ok());
  acknowledged.erase(acknowledged.begin(), acknowledged.begin() + 2);
  acknowledged.push_back("again");
  CHECK(keys(**opened, "a", "") == acknowledged);
  CHECK(commit(**opened, {put("a", "more", "space")}).ok());
}

TEST_CASE("store: keys and spaces come in the order of their bytes") {
  const TempFolder folder;
  const auto store = open(folder);
  Texts names = {"a", "A", "b", "a/", "a0", "a.", "aa", "Z", "_", "~", "10", "9", "a\x01", "\x7f"};
  std::vector<StoreChange> changes;
  for (const auto& name : names) {
    changes.push_back(put("all", name, "1"));
    changes.push_back(put("space/" + name, "x", "1"));
  }
  REQUIRE(store->commit(changes).ok());
  std::sort(names.begin(), names.end());
  CHECK(keys(*store, "all", "") == names);
  for (auto& name : names) name = "space/" + name;
  CHECK(spaces(*store, "space/") == names);
}

TEST_CASE("store: a prefix is taken as it is, also one with wildcards or at the end of all bytes") {
  const TempFolder folder;
  const auto store = open(folder);
  const Texts names = {"a%b", "a%c", "a*b",      "a?b",         "a[b]",
                       "a_b", "axb", "\xff\xff", "\xff\xff\x01"};
  std::vector<StoreChange> changes;
  for (const auto& name : names) {
    changes.push_back(put("all", name, "1"));
    changes.push_back(put("in/" + name, "x", "1"));
  }
  REQUIRE(store->commit(changes).ok());
  CHECK(keys(*store, "all", "a%") == Texts{"a%b", "a%c"});
  CHECK(keys(*store, "all", "a_") == Texts{"a_b"});
  CHECK(keys(*store, "all", "a*") == Texts{"a*b"});
  CHECK(keys(*store, "all", "a?") == Texts{"a?b"});
  CHECK(keys(*store, "all", "a[") == Texts{"a[b]"});
  CHECK(keys(*store, "all", "%").empty());
  CHECK(keys(*store, "all", "axb") == Texts{"axb"});
  CHECK(keys(*store, "all", "axbc").empty());
  CHECK(keys(*store, "all", "\xff") == Texts{"\xff\xff", "\xff\xff\x01"});
  CHECK(keys(*store, "all", "\xff\xff\xff").empty());
  CHECK(spaces(*store, "in/a_") == Texts{"in/a_b"});
  CHECK(spaces(*store, "in/%").empty());
}

TEST_CASE("store: keys are bytes: with zeros, and with quotes") {
  const TempFolder folder;
  const auto store = open(folder);
  const std::string zero("a\0b", 3);
  REQUIRE(
      commit(*store, {put(zero, zero, "1"), put(zero, "a", "2"), put("x'; --", "\"'", "3")}).ok());
  CHECK(keys(*store, zero, "a") == Texts{"a", zero});
  CHECK(*store->get(zero, zero) == bytes_of("1"));
  CHECK(*store->get("x'; --", "\"'") == bytes_of("3"));
  CHECK(!store->get("a", "a")->has_value());
}

TEST_CASE("store: no bytes are a record, and not the absence of one") {
  const TempFolder folder;
  const auto store = open(folder);
  REQUIRE(commit(*store, {put("a", "empty", "")}).ok());
  const auto found = store->get("a", "empty");
  REQUIRE(found.ok());
  CHECK(*found == Bytes());
  CHECK(store->list("a", "")->at(0) == KeyedRecord{"empty", Bytes()});
  REQUIRE(commit(*store, {erase("a", "empty")}).ok());
  CHECK(!store->get("a", "empty")->has_value());
}

TEST_CASE("store: records of 16 MB come back as they were, and one beyond the limit is refused") {
  const TempFolder folder;
  SqliteOptions options;
  options.most_record_bytes = 16'000'000;
  const auto opened = open_sqlite_store(folder.path("store"), StoreAccess::kShare, true, options);
  REQUIRE(opened.ok());
  Store& store = **opened;
  Bytes large(16'000'000);
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<uint8_t>(i * i >> 7);
  REQUIRE(store.commit(std::vector<StoreChange>{{"a", {"large", large}}}).ok());
  CHECK((*store.get("a", "large") == large));
  CHECK(keys(store, "a", "").size() == 1);
  large.push_back(0);
  const Status beyond = commit(store, {put("a", "x", "1"), {"a", {"beyond", large}}});
  CHECK(beyond.error().code == ErrorCode::kInvalidArgument);
  CHECK(beyond.error().message.find("beyond") != std::string::npos);
  CHECK(keys(store, "a", "") == Texts{"large"});
}

TEST_CASE("store: a dropped space is gone with all its records, and others are not") {
  const TempFolder folder;
  const auto store = open(folder);
  REQUIRE(commit(*store, {put("a", "x", "1"), put("a", "y", "1"), put("ab", "x", "1")}).ok());
  REQUIRE(store->drop("a").ok());
  REQUIRE(store->drop("never there").ok());
  CHECK(spaces(*store, "") == Texts{"ab"});
  CHECK(keys(*store, "a", "").empty());
  REQUIRE(commit(*store, {put("a", "z", "2")}).ok());
  CHECK(keys(*store, "a", "") == Texts{"z"});
  CHECK(keys(*store, "ab", "") == Texts{"x"});
}

TEST_CASE("store: readers see whole commits while one writes") {
  const TempFolder folder;
  const auto store = open(folder);
  std::atomic<bool> done = false;
  std::atomic<int> n_torn = 0, n_failed = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const auto records = store->list("a", "");
        if (!records.ok()) {
          ++n_failed;
        } else if (!records->empty() &&
                   (records->size() != 2 || (*records)[0].bytes != (*records)[1].bytes)) {
          ++n_torn;
        }
      }
    });
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(i);
    if (!commit(*store, {put("a", "x", text), put("a", "y", text)}).ok()) ++n_failed;
  }
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(n_torn == 0);
  CHECK(n_failed == 0);
}
