// What is stored of a ledger: the same decisions after any restore, closed after any damage.
#include <doctest/doctest.h>

#include "base/random.hpp"
#include "privacy/ledger.hpp"
#include "privacy/small_ledger.hpp"

using namespace sotto;

TEST_CASE("a ledger restored at any point decides as one that was never stored") {
  Random random(7);
  const LedgerLimits limits{.window_rho = 1, .lifetime_rho = 12};
  Ledger kept = fresh(limits);
  Ledger stored = fresh(limits);
  int64_t now = kStart;
  int n_ok = 0, n_exhausted = 0, n_replay = 0;
  for (int step = 0; step < 3000; ++step) {
    stored = restored(stored.records(), limits);
    now += static_cast<int64_t>(random.below(static_cast<uint64_t>(kDay)));
    if (random.below(50) == 0) now -= 5 * kDay;
    if (random.below(100) == 0) {
      CHECK(kept.forget() == stored.forget());
      continue;
    }
    const auto kind = static_cast<BudgetKind>(random.below(3));
    const int64_t opens = now - static_cast<int64_t>(random.below(3)) * kDay;
    const Debit debit = a_debit(random.below(2000), .05 * random.uniform(), kind, opens);
    const auto a = kept.debit(debit, now);
    const auto b = stored.debit(debit, now);
    REQUIRE(a.ok() == b.ok());
    if (a.ok()) {
      CHECK(a->records == b->records);
      ++n_ok;
    } else {
      CHECK(a.error().code == b.error().code);
      n_exhausted += a.error().code == ErrorCode::kBudgetExhausted;
      n_replay += a.error().code == ErrorCode::kReplay;
    }
    CHECK(kept.left(kind) >= 0);
  }
  CHECK(n_ok > 100);
  CHECK(n_replay > 20);
  CHECK(n_exhausted > 100);
}

TEST_CASE("an existing installation without a ledger stays closed for ever") {
  auto missing = Ledger::restore({}, Ledger::Installation::kExisting, kLimits, kSeal).value();
  CHECK(missing.ledger.state() == Ledger::State::kDamaged);
  CHECK(code_of(missing.ledger, a_debit(1, .1)) == ErrorCode::kBudgetExhausted);
  CHECK(missing.ledger.left(BudgetKind::kLearning) == 0);
  CHECK(missing.ledger.overview(1e-6)->lifetime.left_rho == 0);
  // The mark survives the loss of everything else.
  REQUIRE(missing.changes.size() == 1);
  const auto later =
      Ledger::restore(missing.changes, Ledger::Installation::kNew, kLimits, kSeal).value();
  CHECK(later.ledger.state() == Ledger::State::kDamaged);
  CHECK(restored(missing.ledger.forget()).state() == Ledger::State::kDamaged);
}

TEST_CASE("a new installation stores its ledger before anything else") {
  const auto begun = Ledger::restore({}, Ledger::Installation::kNew, kLimits, kSeal).value();
  CHECK(begun.ledger.state() == Ledger::State::kOpen);
  REQUIRE(begun.changes.size() == 1);
  CHECK(restored(begun.changes).state() == Ledger::State::kOpen);
  CHECK(begun.changes[0].key == "ledger/state");
}

TEST_CASE("damage at any byte, and any truncation, closes the ledger") {
  const auto records = used().records();
  const auto is_open = [](const Bytes& bytes, const LedgerSeal& seal) {
    const std::vector<KeyedRecord> damaged{{Ledger::kKey, bytes}};
    auto back = Ledger::restore(damaged, Ledger::Installation::kNew, kLimits, seal).value();
    const bool open = back.ledger.state() != Ledger::State::kDamaged;
    if (!open) {
      CHECK(back.changes.empty());
      CHECK(code_of(back.ledger, a_debit(9, 1e-6), kStart + kDay) == ErrorCode::kBudgetExhausted);
    }
    return open;
  };
  const Bytes good = *records.at(0).bytes;
  REQUIRE(is_open(good, kSeal));
  CHECK_FALSE(is_open(good, TestSeal(2)));
  for (size_t size = 0; size < good.size(); ++size)
    REQUIRE_FALSE(is_open(Bytes(good.data(), good.data() + size), kSeal));
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes bad = good;
      bad[i] = static_cast<uint8_t>(bad[i] ^ (1 << bit));
      REQUIRE_FALSE(is_open(bad, kSeal));
    }
  }
  Bytes longer = good;
  longer.push_back(0);
  CHECK_FALSE(is_open(longer, kSeal));
  const std::vector<KeyedRecord> twice{records[0], records[0]};
  CHECK(restored(twice).state() == Ledger::State::kDamaged);
}

TEST_CASE("what no ledger can have written is refused even under a good seal") {
  const Bytes good = *used().records().at(0).bytes;
  const size_t body = good.size() - 32;
  const auto reseal = [&](Bytes bytes) {
    const auto tag = kSeal.seal(bytes);
    bytes.insert(bytes.end(), tag.begin(), tag.end());
    return restored({{Ledger::kKey, bytes}});
  };
  REQUIRE(reseal(Bytes(good.data(), good.data() + body)).state() == Ledger::State::kOpen);
  for (size_t size = 0; size < body; ++size)
    REQUIRE(reseal(Bytes(good.data(), good.data() + size)).state() == Ledger::State::kDamaged);

  Random random(3);
  for (int trial = 0; trial < 20'000; ++trial) {
    Bytes bad(good.data(), good.data() + body);
    for (uint64_t n = 1 + random.below(4); n > 0; --n)
      bad[static_cast<size_t>(random.below(body))] = static_cast<uint8_t>(random.below(256));
    Ledger ledger = reseal(bad);
    if (ledger.state() == Ledger::State::kDamaged) continue;
    // Readable by chance: then it must be a ledger that can be stored and read again.
    CHECK(restored(ledger.records()).state() == ledger.state());
    CHECK(ledger.left(BudgetKind::kLearning) >= 0);
  }
}
