#include "server/audit_log.hpp"

#include <doctest/doctest.h>

#include "store/records.hpp"

namespace sotto {
namespace {

void add(test::MemoryStore& store, AuditLog& log, const std::string& action) {
  const StoreChange change = log.append("token ann", action, "detail of " + action, 1000);
  REQUIRE(store.commit({&change, 1}).ok());
}

test::MemoryStore& filled(test::MemoryStore& store, int entries) {
  AuditLog log = AuditLog::open(store).value();
  for (int i = 0; i < entries; ++i) add(store, log, "action " + std::to_string(i));
  return store;
}

}  // namespace

TEST_CASE("audit log: it goes on where it was and is read in pieces") {
  test::MemoryStore store;
  filled(store, 3);
  AuditLog log = AuditLog::open(store).value();
  CHECK(log.sequence() == 3);
  add(store, log, "fourth");
  const auto rest = AuditLog::read(store, 2, 10).value();
  REQUIRE(rest.size() == 2);
  CHECK(rest[0].sequence == 3);
  CHECK(rest[1].action == "fourth");
  CHECK(rest[1].previous == rest[0].digest);
  CHECK(AuditLog::read(store, 0, 2).value().size() == 2);
  const AuditEntry last = AuditLog::verify(store).value();
  CHECK(last.sequence == 4);
  CHECK(last.digest == log.head());
}

TEST_CASE("audit log: a changed, lost, or added entry breaks the chain") {
  const auto broken = [](auto change_store) {
    test::MemoryStore store;
    filled(store, 20);
    change_store(store);
    return !AuditLog::verify(store).ok();
  };
  const std::string tenth = "000000000000000a";
  CHECK_FALSE(broken([](test::MemoryStore&) {}));
  CHECK(broken([&](test::MemoryStore& store) {
    Bytes bytes = *store.get("audit", tenth).value();
    bytes[bytes.size() - 40] ^= 1;
    const StoreChange change{"audit", {tenth, bytes}};
    REQUIRE(store.commit({&change, 1}).ok());
  }));
  CHECK(broken([&](test::MemoryStore& store) {
    const StoreChange change{"audit", {tenth, std::nullopt}};
    REQUIRE(store.commit({&change, 1}).ok());
  }));
  CHECK(broken([&](test::MemoryStore& store) {
    const StoreChange change{"audit", {"0000000000000015", *store.get("audit", tenth).value()}};
    REQUIRE(store.commit({&change, 1}).ok());
  }));
}

TEST_CASE("audit log: what was noted beside the server is taken into the chain, once") {
  test::MemoryStore store;
  TestEntropy entropy(1);
  AuditLog log = AuditLog::open(store).value();
  add(store, log, "first");
  for (const int64_t time_ms : {3000, 2000}) {
    const StoreChange note =
        AuditLog::note("operator", "add token", std::to_string(time_ms), time_ms, entropy);
    REQUIRE(store.commit({&note, 1}).ok());
  }
  add(store, log, "second");
  for (int time = 0; time < 2; ++time) {
    std::vector<StoreChange> changes;
    REQUIRE(log.take_notes(store, changes).ok());
    REQUIRE(store.commit(changes).ok());
  }
  CHECK(AuditLog::notes(store).value().empty());
  const auto entries = AuditLog::read(store, 0, 10).value();
  REQUIRE(entries.size() == 4);
  CHECK(entries[2].detail == "2000");
  CHECK(entries[3].detail == "3000");
  CHECK(AuditLog::verify(store).value().digest == log.head());
}

TEST_CASE("audit log: long texts are cut, not refused") {
  test::MemoryStore store;
  AuditLog log = AuditLog::open(store).value();
  const StoreChange change = log.append("a", "b", std::string(100'000, 'x'), 1);
  REQUIRE(store.commit({&change, 1}).ok());
  CHECK(AuditLog::read(store, 0, 1).value().at(0).detail.size() == AuditLog::kMostText);
}

}  // namespace sotto
