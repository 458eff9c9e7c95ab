#include "privacy/ledger.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "privacy/accountant.hpp"

namespace sotto {
namespace {

constexpr double kPerRho = 1e9;
constexpr std::array<BudgetKind, kBudgetKinds> kKinds{
    BudgetKind::kLearning, BudgetKind::kEvaluation, BudgetKind::kExperiment};

uint64_t price_of(double rho) { return static_cast<uint64_t>(std::ceil(rho * kPerRho)); }
double rho_of(uint64_t price) { return static_cast<double>(price) / kPerRho; }

// Tenths in integers: .7 of a limit in doubles may be a grain less than seven tenths.
uint64_t share_of_limit(double limit_rho, BudgetKind kind) {
  const auto tenths = static_cast<uint64_t>(std::lround(10 * reserved_share(kind)));
  return static_cast<uint64_t>(std::floor(limit_rho * kPerRho)) * tenths / 10;
}

uint64_t less(uint64_t limit, uint64_t spent) { return limit > spent ? limit - spent : 0; }

bool valid_time(int64_t time_ms) { return time_ms >= 0 && time_ms <= Ledger::kLatestTime; }

Status check(const LedgerLimits& limits) {
  const auto in_range = [](double rho) { return rho > 0 && rho <= Ledger::kLargestRho; };
  if (!in_range(limits.window_rho) || !in_range(limits.lifetime_rho))
    return {ErrorCode::kInvalidArgument, "ledger limits: rho must be in (0, 1e6]"};
  if (limits.window_rho > limits.lifetime_rho)
    return {ErrorCode::kInvalidArgument, "ledger limits: the window's is above the lifetime's"};
  if (limits.window_ms < 1 || limits.window_ms > Ledger::kLatestTime)
    return {ErrorCode::kInvalidArgument, "ledger limits: window_ms out of range"};
  return {};
}

Status check(const Debit& debit, int64_t now_ms) {
  if (!(debit.rho > 0) || !std::isfinite(debit.rho))
    return {ErrorCode::kInvalidArgument, "debit rho: must be positive and finite"};
  if (static_cast<size_t>(debit.kind) >= kBudgetKinds)
    return {ErrorCode::kInvalidArgument, "debit kind: unknown"};
  if (!valid_time(now_ms) || !valid_time(debit.opens_ms))
    return {ErrorCode::kInvalidArgument, "debit: a time is out of range"};
  return {};
}

// The number from its digits: nothing else in sotto.wasm needs printf.
Error exhausted(uint64_t left) {
  constexpr uint64_t kUnits = 1'000'000'000;  // kPerRho
  std::string fraction = std::to_string(kUnits + left % kUnits).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  std::string text = "privacy budget: rho " + std::to_string(left / kUnits);
  if (!fraction.empty()) text += '.' + fraction;
  return {ErrorCode::kBudgetExhausted, text + " is left"};
}

Allowance allowance(uint64_t spent, uint64_t left, double limit_rho, double delta) {
  return {rho_of(spent), rho_of(left), zcdp_epsilon(rho_of(spent), delta),
          zcdp_epsilon(limit_rho, delta)};
}

}  // namespace

Result<Ledger::Restored> Ledger::restore(std::span<const KeyedRecord> records,
                                         Installation installation, const LedgerLimits& limits,
                                         const LedgerSeal& seal) {
  SOTTO_CHECK_OK(check(limits));
  Restored restored{Ledger(limits, seal), {}};
  Ledger& ledger = restored.ledger;

  const KeyedRecord* stored = nullptr;
  for (const KeyedRecord& record : records) {
    if (record.key != kKey || !record.bytes) continue;
    if (stored != nullptr) ledger.damaged_ = true;  // which of the two would be the truth?
    stored = &record;
  }
  if (stored == nullptr) {
    ledger.damaged_ = installation == Installation::kExisting;
    restored.changes = ledger.records();
  } else if (!ledger.damaged_ && !ledger.decode(*stored->bytes).ok()) {
    ledger = Ledger(limits, seal);
    ledger.damaged_ = true;
  }
  return restored;
}

Result<Ledger::Debited> Ledger::debit(const Debit& debit, int64_t now_ms) {
  SOTTO_CHECK_OK(check(debit, now_ms));
  observe(now_ms);
  if (damaged_)
    return Error{ErrorCode::kBudgetExhausted,
                 "privacy budget: the ledger is damaged, so nothing may be spent"};
  if (opted_out_) return Error{ErrorCode::kCancelled, "debit: the visitor opted out"};

  const uint64_t left = left_price(debit.kind);
  const bool too_dear = debit.rho > kLargestRho;
  const uint64_t price = too_dear ? 0 : price_of(debit.rho);
  const auto known = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.task == debit.task; });
  if (known != entries_.end()) {
    if (known->kind == debit.kind && known->price == price && known->opens_ms == debit.opens_ms)
      return Debited{.repeated = true, .records = records()};
    return Error{ErrorCode::kReplay, "debit: the task was debited before, otherwise"};
  }
  if (debit.opens_ms <= closed_until_ms_)
    return Error{ErrorCode::kReplay, "debit: opened before the ledger's memory begins"};
  if (debit.opens_ms > clock_ms_)
    return Error{ErrorCode::kExpired, "debit: the task is not open yet"};
  if (too_dear || price > left) return exhausted(left);
  if (entries_.size() >= kMaxEntries)
    return Error{ErrorCode::kBudgetExhausted, "privacy budget: too many debits in one window"};

  entries_.push_back({debit.task, debit.kind, price, debit.opens_ms, clock_ms_});
  lifetime_[static_cast<size_t>(debit.kind)] += price;
  return Debited{.repeated = false, .records = records()};
}

void Ledger::observe(int64_t now_ms) {
  if (!valid_time(now_ms) || now_ms <= clock_ms_) return;
  clock_ms_ = now_ms;
  drop_old();
}

bool Ledger::in_window(int64_t debited_ms) const {
  return debited_ms > clock_ms_ - limits_.window_ms;
}

void Ledger::drop_old() {
  const auto first_kept =
      std::find_if(entries_.begin(), entries_.end(),
                   [this](const Entry& entry) { return in_window(entry.debited_ms); });
  for (auto entry = entries_.begin(); entry != first_kept; ++entry)
    closed_until_ms_ = std::max(closed_until_ms_, entry->opens_ms);
  entries_.erase(entries_.begin(), first_kept);
  for (Carried& carried : carried_)
    if (!in_window(carried.debited_ms)) carried = {};
}

std::vector<KeyedRecord> Ledger::forget() {
  for (const Entry& entry : entries_) {
    Carried& carried = carried_[static_cast<size_t>(entry.kind)];
    carried.price += entry.price;
    carried.debited_ms = std::max(carried.debited_ms, entry.debited_ms);
    closed_until_ms_ = std::max(closed_until_ms_, entry.opens_ms);
  }
  entries_.clear();
  return records();
}

std::vector<KeyedRecord> Ledger::set_opted_out(bool opted_out) {
  opted_out_ = opted_out;
  return records();
}

std::vector<KeyedRecord> Ledger::records() const { return {{kKey, encode()}}; }

Ledger::State Ledger::state() const {
  if (damaged_) return State::kDamaged;
  return opted_out_ ? State::kOptedOut : State::kOpen;
}

uint64_t Ledger::spent_in_window(BudgetKind kind) const {
  uint64_t spent = carried_[static_cast<size_t>(kind)].price;
  for (const Entry& entry : entries_)
    if (entry.kind == kind) spent += entry.price;
  return spent;
}

uint64_t Ledger::left_price(BudgetKind kind) const {
  if (damaged_) return 0;
  const uint64_t window = less(share_of_limit(limits_.window_rho, kind), spent_in_window(kind));
  const uint64_t lifetime =
      less(share_of_limit(limits_.lifetime_rho, kind), lifetime_[static_cast<size_t>(kind)]);
  return std::min(window, lifetime);
}

double Ledger::left(BudgetKind kind) const { return rho_of(left_price(kind)); }

Result<LedgerOverview> Ledger::overview(double delta) const {
  if (!(delta > 0 && delta < 1))
    return Error{ErrorCode::kInvalidArgument, "delta: must be in (0, 1)"};
  uint64_t window = 0, window_left = 0, lifetime = 0, lifetime_left = 0;
  LedgerOverview overview;
  for (const BudgetKind kind : kKinds) {
    const auto k = static_cast<size_t>(kind);
    const uint64_t spent = spent_in_window(kind);
    window += spent;
    lifetime += lifetime_[k];
    overview.left_rho[k] = left(kind);
    if (damaged_) continue;
    window_left += less(share_of_limit(limits_.window_rho, kind), spent);
    lifetime_left += less(share_of_limit(limits_.lifetime_rho, kind), lifetime_[k]);
  }
  overview.window = allowance(window, window_left, limits_.window_rho, delta);
  overview.lifetime = allowance(lifetime, lifetime_left, limits_.lifetime_rho, delta);
  return overview;
}

}  // namespace sotto
