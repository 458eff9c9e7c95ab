#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

#include "base/random.hpp"
#include "store/connection.hpp"
#include "store/records.hpp"
#include "store/sqlite_store.hpp"
#include "temp_folder.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

Result<std::unique_ptr<Store>> open(const std::string& path,
                                    StoreAccess access = StoreAccess::kServe, bool create = true) {
  return open_sqlite_store(path, access, create);
}

unsigned mode_of(const std::string& path) {
  struct stat file {};
  REQUIRE(stat(path.c_str(), &file) == 0);
  return file.st_mode & 0777;
}

// Runs SQL on a file that nobody has opened.
void execute(const std::string& path, const std::string& sql) {
  Connection connection(path, 1024);
  connection.execute(sql);
}

// Commits for ever; writes the number of every commit that was acknowledged.
[[noreturn]] void commit_until_killed(const std::string& path, int acknowledge, uint32_t first) {
  auto store = open(path);
  if (!store.ok()) _exit(1);
  for (uint32_t i = first;; ++i) {
    const std::string number = std::to_string(i);
    const std::vector<StoreChange> changes = {
        put("a", number, number), {"b", {number, Bytes(20'000, static_cast<uint8_t>(i))}}};
    if (!(*store)->commit(changes).ok()) _exit(2);
    if (write(acknowledge, &i, sizeof i) != sizeof i) _exit(3);
  }
}

// Kills it after `n` acknowledgements; returns the last one.
uint32_t kill_in_mid_commit(const std::string& path, uint32_t first, uint32_t n) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    commit_until_killed(path, ends[1], first);
  }
  close(ends[1]);
  uint32_t acknowledged = 0, number = 0, n_read = 0;
  while (read(ends[0], &number, sizeof number) == sizeof number) {
    acknowledged = number;
    if (++n_read == n) kill(child, SIGKILL);
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  return acknowledged;
}

}  // namespace

TEST_CASE("store file: after a kill -9 every acknowledged commit is there, whole, 20 times") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  uint32_t first = 1;
  for (uint32_t run = 0; run < 20; ++run) {
    const uint32_t acknowledged = kill_in_mid_commit(path, first, 3 + 7 * run % 31);
    REQUIRE(acknowledged >= first);
    const auto store = open(path);
    REQUIRE(store.ok());
    // One more may be there: killed between the commit and its acknowledgement.
    const auto a = (*store)->keys("a", ""), b = (*store)->keys("b", "");
    REQUIRE(a.ok());
    REQUIRE(b.ok());
    CHECK(*a == *b);
    CHECK(a->size() >= acknowledged);
    CHECK(a->size() <= acknowledged + 1);
    for (uint32_t i = 1; i <= acknowledged; ++i)
      CHECK((*store)->get("a", std::to_string(i))->has_value());
    first = static_cast<uint32_t>(a->size()) + 1;
  }
}

TEST_CASE("store file: one that is missing is made only when it shall be") {
  const TempFolder folder;
  CHECK(open(folder.path("store"), StoreAccess::kServe, false).error().code ==
        ErrorCode::kNotFound);
  CHECK(open(folder.path("store"), StoreAccess::kShare, false).error().code ==
        ErrorCode::kNotFound);
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(open(folder.path("no folder/store")).error().code == ErrorCode::kIo);
  CHECK(open("").error().code == ErrorCode::kInvalidArgument);
  CHECK(open(folder.path("store")).ok());
  CHECK(open(folder.path("store"), StoreAccess::kServe, false).ok());
}

TEST_CASE("store file: only its owner may read it and what stands beside it") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  const mode_t old = umask(0);
  auto store = open(path);
  umask(old);
  REQUIRE(store.ok());
  REQUIRE(commit(**store, {put("a", "x", "1")}).ok());
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) CHECK(mode_of(path + suffix) == 0600);
  store = Error{ErrorCode::kInternal, ""};  // closed
  REQUIRE(chmod(path.c_str(), 0644) == 0);
  REQUIRE(chmod((path + ".lock").c_str(), 0644) == 0);
  store = open(path);
  REQUIRE(store.ok());
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) CHECK(mode_of(path + suffix) == 0600);
}

TEST_CASE("store file: one server serves a store, under all of its names; others may share it") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  std::filesystem::create_symlink(path, folder.path("link"));
  auto store = open(path);
  REQUIRE(store.ok());
  for (const auto& name : {path, folder.path("link"), folder.path("./store")}) {
    const auto second = open(name);
    REQUIRE(!second.ok());
    CHECK(second.error().code == ErrorCode::kDisagreement);
    CHECK(second.error().message.find("another server holds") != std::string::npos);
  }
  const auto shared = open(path, StoreAccess::kShare, false);
  REQUIRE(shared.ok());
  REQUIRE(commit(**shared, {put("a", "x", "1")}).ok());
  CHECK(*(*store)->get("a", "x") == bytes_of("1"));
  store = Error{ErrorCode::kInternal, ""};  // closed
  CHECK(open(path).ok());
}

TEST_CASE("store file: an older schema is migrated, unless a server has it open") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  std::vector<const char*> steps(store_migrations().begin(), store_migrations().end());
  steps.push_back("CREATE TABLE later (x)");
  steps.push_back("INSERT INTO later VALUES (7)");
  SqliteOptions newer;
  newer.migrations = steps;
  {
    const auto server = open(path);
    REQUIRE(server.ok());
    REQUIRE(commit(**server, {put("a", "x", "1")}).ok());
    CHECK(open_sqlite_store(path, StoreAccess::kShare, false, newer).error().code ==
          ErrorCode::kDisagreement);
  }
  {
    const auto store = open_sqlite_store(path, StoreAccess::kShare, false, newer);
    REQUIRE(store.ok());
    CHECK(*(*store)->get("a", "x") == bytes_of("1"));
  }
  CHECK(Connection(path, 1024).integer("SELECT x FROM later") == 7);
  const auto older = open(path);
  REQUIRE(!older.ok());
  CHECK(older.error().code == ErrorCode::kUnsupported);
  CHECK(older.error().message.find("version 3") != std::string::npos);
}

TEST_CASE("store file: a step of the schema that fails leaves the older schema") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  { REQUIRE(open(path).ok()); }
  std::vector<const char*> steps(store_migrations().begin(), store_migrations().end());
  steps.push_back("CREATE TABLE later (x)");
  steps.push_back("CREATE TABLE space (x)");
  SqliteOptions newer;
  newer.migrations = steps;
  CHECK(!open_sqlite_store(path, StoreAccess::kServe, false, newer).ok());
  CHECK(open(path).ok());
  CHECK(Connection(path, 1024).integer("SELECT count(*) FROM sqlite_schema WHERE name='later'") ==
        0);
}

TEST_CASE("store file: files of others are recognised and left as they are") {
  const TempFolder folder;
  const std::string text = folder.write("text", std::string(5000, 'x'));
  CHECK(open(text).error().code == ErrorCode::kMalformed);
  CHECK(folder.read("text") == std::string(5000, 'x'));

  const std::string foreign = folder.write("foreign", "");
  execute(foreign, "CREATE TABLE t (x)");
  const std::string before = folder.read("foreign");
  CHECK(open(foreign).error().code == ErrorCode::kMalformed);
  CHECK(folder.read("foreign") == before);

  const std::string empty = folder.write("empty", "");
  CHECK(open(empty, StoreAccess::kServe, false).error().code == ErrorCode::kMalformed);
  CHECK(open(empty).ok());  // what a crash leaves when it falls on the making of a store

  const std::string bare = folder.write("bare", "");
  execute(bare, "PRAGMA application_id = " + std::to_string(kStoreApplicationId) +
                    "; PRAGMA user_version = 1");
  CHECK(open(bare).error().code == ErrorCode::kMalformed);
}

TEST_CASE("store file: one with flipped or missing bytes gives errors or records, never a crash") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  {
    const auto store = open(path);
    REQUIRE(store.ok());
    std::vector<StoreChange> changes;
    for (int i = 0; i < 2000; ++i)
      changes.push_back(put(i % 2 == 0 ? "a" : "b", std::to_string(i), std::string(400, 'x')));
    changes.push_back({"a", {"large", Bytes(300'000, 5)}});
    REQUIRE((*store)->commit(changes).ok());
  }
  const std::string whole = folder.read("store");
  REQUIRE(whole.size() > 900'000);
  Random random(11);
  int n_refused = 0, n_failed = 0;
  for (int run = 0; run < 150; ++run) {
    std::string damaged = whole;
    if (run % 10 == 0) damaged.resize(static_cast<size_t>(random.below(damaged.size())));
    for (int flip = 0; flip < 40 && !damaged.empty(); ++flip) {
      // Every other one in the first page and its neighbours: header, schema, roots.
      const uint64_t range =
          flip % 2 == 0 ? std::min<uint64_t>(65536, damaged.size()) : damaged.size();
      damaged[static_cast<size_t>(random.below(range))] ^= static_cast<char>(1 << random.below(8));
    }
    const std::string name = "damaged" + std::to_string(run);
    const auto store = open(folder.write(name, damaged), StoreAccess::kShare, false);
    if (!store.ok()) {
      CHECK((store.error().code == ErrorCode::kMalformed || store.error().code == ErrorCode::kIo ||
             store.error().code == ErrorCode::kUnsupported));
      ++n_refused;
      continue;
    }
    bool failed = false;
    for (const char* space : {"a", "b"}) {
      failed |= !(*store)->list(space, "").ok();
      failed |= !(*store)->keys(space, "1").ok();
    }
    failed |= !(*store)->get("a", "large").ok();
    failed |= !commit(**store, {put("a", "new", "1"), erase("b", "1")}).ok();
    failed |= !(*store)->drop("a").ok();
    n_failed += failed ? 1 : 0;
    for (const char* suffix : {"", "-wal", "-shm", ".lock"})
      std::filesystem::remove(folder.path(name) + suffix);
  }
  MESSAGE(n_refused << " of 150 refused, " << n_failed << " failed later");
  CHECK(n_refused + n_failed > 30);
}

TEST_CASE("store file: the WAL is cut back, and a start gives free pages back to the disk") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  constexpr int kBlobs = 256;
  {
    const auto store = open(path);
    REQUIRE(store.ok());
    uintmax_t largest_wal = 0;
    for (int i = 0; i < kBlobs; ++i) {
      const std::vector<StoreChange> blob = {{"a", {std::to_string(i), Bytes(500'000, 3)}}};
      REQUIRE((*store)->commit(blob).ok());
      largest_wal = std::max(largest_wal, std::filesystem::file_size(path + "-wal"));
    }
    CHECK(largest_wal < static_cast<uintmax_t>(kWalBytes) + (uintmax_t{2} << 20));
    REQUIRE((*store)->drop("a").ok());
  }
  const uintmax_t full = std::filesystem::file_size(path);
  CHECK(full > kBlobs * uintmax_t{500'000});
  { REQUIRE(open(path).ok()); }
  CHECK(std::filesystem::file_size(path) < full / 10);
  CHECK(!std::filesystem::exists(path + "-wal"));
}

TEST_CASE("store file: who reads an old state does not stop commits, nor keep the WAL large") {
  const TempFolder folder;
  const std::string path = folder.path("store");
  const auto store = open(path);
  REQUIRE(store.ok());
  const auto commit_blobs = [&](int n) {
    for (int i = 0; i < n; ++i) {
      const std::vector<StoreChange> blob = {{"a", {"blob", Bytes(1'000'000, uint8_t(i))}}};
      REQUIRE((*store)->commit(blob).ok());
    }
  };
  commit_blobs(1);
  {
    Connection reader(path, 1024);
    reader.execute("BEGIN");
    CHECK(reader.integer("SELECT substr(bytes, 1, 1) = x'00' FROM record WHERE key = 'blob'") == 1);
    commit_blobs(140);
    CHECK(std::filesystem::file_size(path + "-wal") > 4 * kWalBytes);
    CHECK(reader.integer("SELECT substr(bytes, 1, 1) = x'00' FROM record WHERE key = 'blob'") == 1);
  }
  commit_blobs(3);
  CHECK(std::filesystem::file_size(path + "-wal") <= kWalBytes + (int64_t{2} << 20));
}
