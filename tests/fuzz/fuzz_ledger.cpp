// The decoder of the privacy ledger, with the seal made to fit: whatever it takes, it writes back
// byte for byte, and nothing that it refuses leaves a ledger that spends.
#include <algorithm>

#include "privacy/ledger.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr LedgerLimits kLimits{.window_rho = 1, .lifetime_rho = 3};

class NoSeal final : public LedgerSeal {
 public:
  Tag seal(std::span<const uint8_t>) const override { return {}; }
};

const NoSeal kSeal;

Ledger ledger_of(std::span<const KeyedRecord> records) {
  return Ledger::restore(records, Ledger::Installation::kNew, kLimits, kSeal).value().ledger;
}

Bytes without_seal(const std::vector<KeyedRecord>& records) {
  const Bytes& bytes = *records.front().bytes;
  return {bytes.begin(), bytes.end() - 32};
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  Ledger ledger = ledger_of({});
  std::vector<Bytes> seeds{without_seal(ledger.records())};
  for (const BudgetKind kind :
       {BudgetKind::kLearning, BudgetKind::kEvaluation, BudgetKind::kExperiment}) {
    const Debit debit{
        .task = {static_cast<uint8_t>(seeds.size())}, .kind = kind, .rho = .0625, .opens_ms = kNow};
    const auto debited = ledger.debit(debit, kNow);
    must(debited.ok(), "there is budget");
    seeds.push_back(without_seal(debited->records));
  }
  seeds.push_back(without_seal(ledger.forget()));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, data + size);
  bytes.resize(size + 32, 0);
  const std::vector<KeyedRecord> records{{Ledger::kKey, bytes}};
  Ledger ledger = ledger_of(records);
  if (ledger.state() != Ledger::State::kDamaged) {
    const Ledger again = ledger_of(ledger.records());
    must(again.state() == ledger.state(), "what was restored can be stored");
    must(again.records() == ledger.records(), "and is the same again");
  }
  const double left = ledger.left(BudgetKind::kLearning);
  const Debit debit{.task = {0xee}, .kind = BudgetKind::kLearning, .rho = .5, .opens_ms = kNow};
  if (ledger.debit(debit, kNow).ok()) {
    must(ledger.state() == Ledger::State::kOpen, "only an open ledger spends");
    must(left <= .7, "never more than the part of the limit");
  }
  return 0;
}
