// The device's privacy ledger: what its contributions have cost, and what it may still spend.
//
// Prices are rho of zero-concentrated differential privacy (accountant.hpp), which add up. Inside,
// rho is a whole number of 1e-9: a price is rounded up, a limit down, so sums are exact, the same
// in any order and after any restore.
//
// Two limits hold for every debit: one for all debits within the rolling window, one for the
// lifetime of the installation. Both are divided by kind of task: 70% learning, 20% evaluation, 10%
// experiments; a kind never borrows from another. A metric that rides in a learning task is
// learning.
//
// Time is the latest time the ledger has ever seen. A clock that jumps back changes nothing. One
// that jumps forward frees at most one window's budget early, under the lifetime cap as ever; and
// what is then debited stays charged until that future is past, so that nothing is gained twice.
//
// One contribution a task: two reports in one batch would cost four times the price of one, not
// twice. The ids of debited tasks are kept for a window; when one is dropped (or forgotten), every
// task that opened no later than it is refused from then on.
//
// Stored as one record, "ledger/state", so that it is whole or damaged, never half. It is sealed by
// the caller's LedgerSeal. The life of a debit:
//   1. debit() charges in memory, at once, and returns the records to commit.
//   2. The host commits them in one transaction with the outbox entry that they pay for.
//   3. Only after the commit may the report leave. If the commit failed nothing may be sent; this
//      object goes on charging (too much, never too little), the stored ledger never knew.
// A ledger that is damaged, or missing beside an event log, may have spent any sum: it is kDamaged
// and refuses every debit for ever. Only wiping the whole installation begins a new one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/keyed_record.hpp"
#include "base/result.hpp"

namespace sotto {

/// What a task is for: each kind has its own part of every limit.
enum class BudgetKind : uint8_t { kLearning = 0, kEvaluation = 1, kExperiment = 2 };
inline constexpr size_t kBudgetKinds = 3;

/// Part of a limit that a kind of task may spend.
constexpr double reserved_share(BudgetKind kind) {
  constexpr std::array<double, kBudgetKinds> kShares{.7, .2, .1};
  return kShares[static_cast<size_t>(kind)];
}

struct LedgerLimits {
  static constexpr int64_t kNinetyDays = int64_t{90} * 24 * 3600 * 1000;

  double window_rho = 0;    ///< All kinds together, in one rolling window.
  double lifetime_rho = 0;  ///< All kinds together, ever.
  int64_t window_ms = kNinetyDays;
};

/// The seal on the ledger's record: a MAC under a key of this installation, over a domain tag of
/// the implementation's own and the bytes. It shows damage and changes by others; an older record
/// that was sealed here carries a valid seal too.
class LedgerSeal {
 public:
  using Tag = std::array<uint8_t, 32>;

  virtual ~LedgerSeal() = default;
  virtual Tag seal(std::span<const uint8_t> bytes) const = 0;
};

struct Debit {
  using TaskId = std::array<uint8_t, 32>;

  TaskId task{};  ///< SHA-256 of the task file.
  BudgetKind kind = BudgetKind::kLearning;
  double rho = 0;        ///< The price, computed by the device itself.
  int64_t opens_ms = 0;  ///< When the task's window opens.

  bool operator==(const Debit&) const = default;
};

/// Spent and left of one limit.
struct Allowance {
  double spent_rho = 0;
  double left_rho = 0;
  double spent_epsilon = 0;  ///< What spent_rho certifies at the given delta.
  double limit_epsilon = 0;  ///< What the whole limit would.
};

/// What the visitor is shown. Of a damaged ledger nothing is left, and spent is a lower bound.
struct LedgerOverview {
  Allowance window;
  Allowance lifetime;
  std::array<double, kBudgetKinds> left_rho{};  ///< By kind, under both limits.
};

/// Thread safety: one thread at a time per object.
class Ledger {
 public:
  static constexpr const char* kKey = "ledger/state";
  /// Debits in one window; far more than there are tasks, few enough for one small record.
  static constexpr size_t kMaxEntries = 1024;
  /// Beyond it no sum of prices could be exact.
  static constexpr double kLargestRho = 1e6;
  static constexpr int64_t kLatestTime = int64_t{1} << 53;

  enum class State : uint8_t { kOpen, kOptedOut, kDamaged };
  /// Whether anything else of the installation (event log, profile, outbox) is stored.
  enum class Installation : uint8_t { kNew, kExisting };
  struct Restored;
  struct Debited;

  /// From the records of storage; other keys are passed over. A new installation begins an empty
  /// ledger, whose record (`changes`) must be committed no later than the first event. Any damage,
  /// or no record in an existing installation, gives a ledger that is kDamaged. An unreadable
  /// record is left where it is until something is written, a newer build may read it; a missing
  /// one is replaced by a mark (`changes`), so that deleting the rest does not make the
  /// installation new. `seal` must outlive the ledger.
  /// Errors: kInvalidArgument for limits outside (0, kLargestRho], a window limit above the
  /// lifetime's, or a window_ms < 1 or > kLatestTime.
  static Result<Restored> restore(std::span<const KeyedRecord> records, Installation installation,
                                  const LedgerLimits& limits, const LedgerSeal& seal);

  /// Charges a contribution, or changes nothing but the clock. The same debit again is not charged
  /// again (`repeated`).
  /// Errors: kBudgetExhausted when less than rho is left to this kind (the message says how much),
  /// too many debits stand in the window, or the ledger is damaged; kCancelled when the visitor
  /// opted out; kReplay for a task debited otherwise before, or one that may have been; kExpired
  /// for a task that is not open yet; kInvalidArgument for rho not in (0, infinity), an unknown
  /// kind or a time outside [0, kLatestTime].
  Result<Debited> debit(const Debit& debit, int64_t now_ms);

  /// Tells the ledger the time, e.g. before it is shown. A time outside [0, kLatestTime] is passed
  /// over. Nothing need be committed: a ledger that missed this is stricter, never laxer.
  void observe(int64_t now_ms);

  /// Keeps the totals, the clock and the opt-out, and forgets which tasks they were spent on; what
  /// was spent in the window stays charged until the latest debit of its kind has left it.
  std::vector<KeyedRecord> forget();
  std::vector<KeyedRecord> set_opted_out(bool opted_out);
  /// The whole ledger.
  std::vector<KeyedRecord> records() const;

  State state() const;
  bool opted_out() const { return opted_out_; }
  /// rho that a task of this kind may cost now; 0 when damaged.
  double left(BudgetKind kind) const;
  /// delta in (0, 1), the same for both limits. Errors: kInvalidArgument.
  Result<LedgerOverview> overview(double delta) const;
  /// The latest time ever seen.
  int64_t clock_ms() const { return clock_ms_; }
  const LedgerLimits& limits() const { return limits_; }

 private:
  struct Entry {
    Debit::TaskId task;
    BudgetKind kind;
    uint64_t price;  // nano-rho
    int64_t opens_ms;
    int64_t debited_ms;
  };
  /// Debits whose tasks were forgotten, as if all were made at the latest of them.
  struct Carried {
    uint64_t price = 0;
    int64_t debited_ms = 0;
  };

  Ledger(const LedgerLimits& limits, const LedgerSeal& seal) : limits_(limits), seal_(&seal) {}

  bool in_window(int64_t debited_ms) const;
  void drop_old();
  uint64_t spent_in_window(BudgetKind kind) const;
  uint64_t left_price(BudgetKind kind) const;
  Bytes encode() const;
  Status decode(std::span<const uint8_t> record);
  Status check_decoded() const;

  LedgerLimits limits_;
  const LedgerSeal* seal_;
  bool damaged_ = false;
  bool opted_out_ = false;
  int64_t clock_ms_ = 0;
  int64_t closed_until_ms_ = -1;  // tasks that opened until then may have been debited
  std::array<uint64_t, kBudgetKinds> lifetime_{};
  std::array<Carried, kBudgetKinds> carried_{};
  std::vector<Entry> entries_;  // in order of debited_ms
};

struct Ledger::Restored {
  Ledger ledger;
  std::vector<KeyedRecord> changes;  ///< To commit: empty when the ledger is as it was stored.
};

struct Ledger::Debited {
  /// The task had been debited before: send what the outbox has for it and nothing else.
  bool repeated = false;
  std::vector<KeyedRecord> records;  ///< To commit with the outbox entry.
};

}  // namespace sotto
