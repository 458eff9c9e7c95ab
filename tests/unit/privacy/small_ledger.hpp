// A ledger for tests, with small limits and a seal that needs no cryptography.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include "base/random.hpp"
#include "privacy/ledger.hpp"

namespace sotto {

inline constexpr int64_t kDay = int64_t{24} * 3600 * 1000;
inline constexpr int64_t kStart = 20'000 * kDay;
inline constexpr LedgerLimits kLimits{.window_rho = 1, .lifetime_rho = 3};

// FNV-1a, stretched. Enough of a seal for accidents; the real one is a MAC.
class TestSeal final : public LedgerSeal {
 public:
  explicit TestSeal(uint64_t key = 1) : key_(key) {}
  Tag seal(std::span<const uint8_t> bytes) const override {
    uint64_t hash = 0xcbf29ce484222325U ^ key_;
    for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3U;
    Tag tag;
    for (uint8_t& byte : tag) byte = static_cast<uint8_t>(split_mix64(hash));
    return tag;
  }

 private:
  uint64_t key_;
};

inline const TestSeal kSeal;

inline Debit a_debit(uint64_t number, double rho, BudgetKind kind = BudgetKind::kLearning,
                     int64_t opens_ms = kStart) {
  Debit debit{.task = {}, .kind = kind, .rho = rho, .opens_ms = opens_ms};
  for (uint8_t& byte : debit.task) byte = static_cast<uint8_t>(split_mix64(number));
  return debit;
}

inline Ledger restored(const std::vector<KeyedRecord>& records,
                       const LedgerLimits& limits = kLimits) {
  return Ledger::restore(records, Ledger::Installation::kExisting, limits, kSeal).value().ledger;
}

inline Ledger fresh(const LedgerLimits& limits = kLimits) {
  return Ledger::restore({}, Ledger::Installation::kNew, limits, kSeal).value().ledger;
}

inline ErrorCode code_of(Ledger& ledger, const Debit& debit, int64_t now_ms = kStart) {
  const auto result = ledger.debit(debit, now_ms);
  return result.ok() ? ErrorCode::kOk : result.error().code;
}

// A ledger with something in each of its fields.
inline Ledger used() {
  Ledger ledger = fresh();
  REQUIRE(ledger.debit(a_debit(1, .25), kStart).ok());
  REQUIRE(ledger.debit(a_debit(2, .1, BudgetKind::kEvaluation), kStart + kDay).ok());
  ledger.forget();
  const int64_t opens = kStart + 2 * kDay;
  REQUIRE(ledger.debit(a_debit(3, .125, BudgetKind::kLearning, opens), opens).ok());
  REQUIRE(ledger.debit(a_debit(4, .05, BudgetKind::kExperiment, opens), opens + kDay).ok());
  return ledger;
}

}  // namespace sotto
