#include "server/hpke_keys.hpp"

#include <doctest/doctest.h>

#include "store/records.hpp"

namespace sotto {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kNow = 1'700'000'000'000;

}  // namespace

TEST_CASE("HPKE keys: made once, read back, renewed at half of their life, forgotten after it") {
  test::MemoryStore store;
  TestEntropy entropy(1);
  const Identity identity = Identity::generate(entropy);
  HpkeKeys keys(KeyRole::kLeader);
  REQUIRE(keys.load(store).ok());
  CHECK(keys.newest() == nullptr);
  const auto maintain = [&](int64_t now_ms, bool rotate = false) {
    REQUIRE(keys.maintain(identity, 10 * kDay, rotate, now_ms, entropy, store).ok());
    return keys.newest()->key.id();
  };
  const KeyId first = maintain(kNow);
  CHECK(open_signed_key(*keys.newest()->signed_key, identity.key(), KeyRole::kLeader, kNow).ok());
  CHECK(maintain(kNow + 4 * kDay) == first);
  const KeyId second = maintain(kNow + 5 * kDay);
  CHECK(second != first);
  CHECK(keys.find(first) != nullptr);

  HpkeKeys again(KeyRole::kLeader);
  REQUIRE(again.load(store).ok());
  CHECK(again.newest()->key.id() == second);
  CHECK(again.find(first)->pair.public_key() == keys.find(first)->pair.public_key());
  HpkeKeys other(KeyRole::kCollector);
  REQUIRE(other.load(store).ok());
  CHECK(other.newest() == nullptr);

  maintain(kNow + 10 * kDay);
  CHECK(keys.find(first) == nullptr);
  CHECK(store.keys("hpke", "leader/").value().size() == 2);
  const KeyId rotated = maintain(kNow + 10 * kDay + 1, true);
  CHECK(rotated != second);
  CHECK(keys.find(second) != nullptr);
}

TEST_CASE("HPKE keys: a key that could not be stored is not used") {
  test::MemoryStore store;
  TestEntropy entropy(2);
  const Identity identity = Identity::generate(entropy);
  HpkeKeys keys(KeyRole::kHelper);
  store.answer = [] { return Status(ErrorCode::kIo, "store: the disk is full"); };
  CHECK_FALSE(keys.maintain(identity, kDay, false, kNow, entropy, store).ok());
  CHECK(keys.newest() == nullptr);
}

TEST_CASE("HPKE keys: a secret beside another's signed key is refused") {
  test::MemoryStore store;
  TestEntropy entropy(3);
  const Identity identity = Identity::generate(entropy);
  HpkeKeys keys(KeyRole::kHelper);
  REQUIRE(keys.maintain(identity, kDay, false, kNow, entropy, store).ok());
  const std::string name = store.keys("hpke", "").value().at(0);
  Bytes bytes = *store.get("hpke", name).value();
  for (const size_t at : {size_t{0}, size_t{5}, size_t{40}, bytes.size()}) {
    Bytes damaged = bytes;
    if (at < damaged.size())
      damaged[at] ^= 1;
    else
      damaged.push_back(0);
    const StoreChange change{"hpke", {name, damaged}};
    REQUIRE(store.commit({&change, 1}).ok());
    HpkeKeys read(KeyRole::kHelper);
    CHECK_FALSE(read.load(store).ok());
  }
}

}  // namespace sotto
