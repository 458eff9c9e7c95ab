#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "store/records.hpp"
#include "store/store.hpp"
#include "temp_folder.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

std::unique_ptr<Store> serve(const std::string& path, bool create = false) {
  auto store = open_sqlite_store(path, StoreAccess::kServe, create);
  REQUIRE(store.ok());
  return std::move(*store);
}

bool restored(const Store& store) {
  const auto answer = was_restored(store);
  REQUIRE(answer.ok());
  return *answer;
}

size_t n_files(const TempFolder& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {}));
}

// What whoever knows no better does: with cp, of a server that does not run.
void copy_by_hand(const std::string& from, const std::string& to) {
  for (const char* suffix : {"-wal", "-shm"}) CHECK(!std::filesystem::exists(from + suffix));
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
}

}  // namespace

TEST_CASE("backup: it holds one moment of a store that is being written to") {
  const TempFolder folder;
  const auto store = serve(folder.path("store"), true);
  std::vector<StoreChange> some;
  for (int i = 0; i < 100; ++i) some.push_back({"large", {std::to_string(i), Bytes(400'000, 1)}});
  REQUIRE(store->commit(some).ok());
  std::atomic<bool> done = false;
  std::atomic<int> n_commits = 0, n_failed = 0;
  std::thread writer([&] {
    for (int i = 0; !done; ++i) {
      const std::string text = std::to_string(i);
      const std::vector<StoreChange> changes = {
          put("a", "x", text), put("a", "y", text), {"b", {text, Bytes(10'000, 2)}}};
      if (!store->commit(changes).ok()) ++n_failed;
      ++n_commits;
    }
  });
  while (n_commits < 3) std::this_thread::yield();
  std::vector<double> shares;
  const Status status = backup_store(folder.path("store"), folder.path("backup"),
                                     [&](double share) { shares.push_back(share); });
  done = true;
  writer.join();
  REQUIRE(status.ok());
  CHECK(n_failed == 0);
  REQUIRE(shares.size() >= 2);
  CHECK(std::is_sorted(shares.begin(), shares.end()));
  CHECK(shares.back() == 1);
  struct stat file {};
  REQUIRE(stat(folder.path("backup").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);

  const auto copy = open_sqlite_store(folder.path("backup"), StoreAccess::kShare, false);
  REQUIRE(copy.ok());
  const auto x = (*copy)->get("a", "x");
  REQUIRE(x->has_value());
  CHECK(*x == *(*copy)->get("a", "y"));
  const size_t last = std::stoul(std::string((*x)->begin(), (*x)->end()));
  CHECK((*copy)->keys("b", "")->size() == last + 1);
  CHECK((*copy)->keys("large", "")->size() == 100);
}

TEST_CASE("backup: the name of a backup must be free, and nothing is left of one that failed") {
  const TempFolder folder;
  serve(folder.path("store"), true);
  folder.write("there", "something");
  CHECK(backup_store(folder.path("store"), folder.path("there"), {}).error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(folder.read("there") == "something");
  CHECK(backup_store(folder.path("none"), folder.path("backup"), {}).error().code ==
        ErrorCode::kNotFound);
  const size_t before = n_files(folder);
  CHECK(backup_store(folder.path("there"), folder.path("backup"), {}).error().code ==
        ErrorCode::kMalformed);
  CHECK(backup_store(folder.path("store"), folder.path("no folder/backup"), {}).error().code ==
        ErrorCode::kIo);
  CHECK(n_files(folder) == before);
  REQUIRE(backup_store(folder.path("store"), folder.path("backup"), {}).ok());
  CHECK(n_files(folder) == before + 1);
}

TEST_CASE("restore: the store is as it was, is marked until it is cleared, and was not before") {
  const TempFolder folder;
  const std::string path = folder.path("store"), backup = folder.path("backup");
  {
    const auto store = serve(path, true);
    REQUIRE(commit(*store, {put("a", "x", "old")}).ok());
    REQUIRE(backup_store(path, backup, {}).ok());
    REQUIRE(commit(*store, {put("a", "x", "new"), put("a", "y", "new")}).ok());
    CHECK(!restored(*store));
    CHECK(restore_store(backup, path, true).error().code == ErrorCode::kDisagreement);
    CHECK(*store->get("a", "x") == bytes_of("new"));
  }
  CHECK(!restored(*serve(path)));
  CHECK(restore_store(backup, path, false).error().code == ErrorCode::kInvalidArgument);
  CHECK(restore_store(backup, backup, true).error().code == ErrorCode::kInvalidArgument);
  REQUIRE(restore_store(backup, path, true).ok());
  {
    const auto store = serve(path);
    CHECK(*store->get("a", "x") == bytes_of("old"));
    CHECK(store->keys("a", "")->size() == 1);
    CHECK(restored(*store));
  }
  {
    const auto store = serve(path);  // still: it was not cleared
    CHECK(restored(*store));
    REQUIRE(clear_restored(*store).ok());
    CHECK(!restored(*store));
  }
  CHECK(!restored(*serve(path)));
}

TEST_CASE("restore: to where there was no store, and only from a whole one") {
  const TempFolder folder;
  {
    const auto store = serve(folder.path("store"), true);
    REQUIRE(store->commit(std::vector<StoreChange>{{"a", {"x", Bytes(1'000'000, 1)}}}).ok());
    REQUIRE(backup_store(folder.path("store"), folder.path("backup"), {}).ok());
  }
  REQUIRE(restore_store(folder.path("backup"), folder.path("new"), false).ok());
  CHECK(restored(*serve(folder.path("new"))));

  std::string damaged = folder.read("backup");
  damaged.resize(damaged.size() / 2);
  folder.write("damaged", damaged);
  folder.write("text", "no store at all, but long enough to be taken for a header of one ........");
  for (const char* name : {"damaged", "text"})
    CHECK(restore_store(folder.path(name), folder.path("new"), true).error().code ==
          ErrorCode::kMalformed);
  CHECK(restore_store(folder.path("none"), folder.path("new"), true).error().code ==
        ErrorCode::kNotFound);
  CHECK(serve(folder.path("new"))->get("a", "x")->has_value());
}

TEST_CASE("restore: a store that was copied back by hand is found out") {
  const TempFolder folder;
  const std::string path = folder.path("store"), old = folder.path("old");
  serve(path, true);
  serve(path);
  copy_by_hand(path, old);
  CHECK(!restored(*serve(path)));
  copy_by_hand(old, path);
  {
    const auto store = serve(path);
    CHECK(restored(*store));
    REQUIRE(clear_restored(*store).ok());
  }
  CHECK(!restored(*serve(path)));

  copy_by_hand(old, folder.path("elsewhere"));  // without its lock
  CHECK(restored(*serve(folder.path("elsewhere"))));

  REQUIRE(backup_store(path, folder.path("backup"), {}).ok());  // as old as the last start
  copy_by_hand(folder.path("backup"), path);
  CHECK(restored(*serve(path)));
}

TEST_CASE("restore: a new store under an old name is not as the one that was served there") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  CHECK(!restored(*serve(path, true)));
  std::filesystem::remove(path);
  CHECK(restored(*serve(path, true)));
}
