// The stored side of Ledger: one sealed record.
//
//   u8 format = 1 | u8 flags: 1 opted out, 2 damaged | i64 clock | i64 closed until
//   for each kind: u64 lifetime price | u64 carried price | i64 carried time
//   u32 number of entries; for each: 32 bytes task | u8 kind | u64 price | i64 opens | i64 debited
//   32 bytes seal of all before
// Prices are whole numbers of 1e-9 rho, times milliseconds; little-endian.
#include <algorithm>
#include <string>

#include "privacy/ledger.hpp"

namespace sotto {
namespace {

constexpr uint8_t kFormat = 1;
constexpr uint8_t kOptedOut = 1;
constexpr uint8_t kDamaged = 2;
constexpr size_t kTagSize = std::tuple_size_v<LedgerSeal::Tag>;
// Room for 1024 entries a window, many times over, in 64 bits.
constexpr uint64_t kMostPrice = uint64_t{1} << 53;

Error malformed(const char* field) {
  return {ErrorCode::kMalformed, std::string("ledger ") + field + ": cannot have been written"};
}

}  // namespace

Bytes Ledger::encode() const {
  ByteWriter out;
  out.put<uint8_t>(kFormat);
  out.put<uint8_t>(static_cast<uint8_t>((opted_out_ ? kOptedOut : 0) | (damaged_ ? kDamaged : 0)));
  out.put<int64_t>(clock_ms_);
  out.put<int64_t>(closed_until_ms_);
  for (size_t kind = 0; kind < kBudgetKinds; ++kind) {
    out.put<uint64_t>(lifetime_[kind]);
    out.put<uint64_t>(carried_[kind].price);
    out.put<int64_t>(carried_[kind].debited_ms);
  }
  out.put<uint32_t>(static_cast<uint32_t>(entries_.size()));
  for (const Entry& entry : entries_) {
    out.put_bytes(entry.task);
    out.put<BudgetKind>(entry.kind);
    out.put<uint64_t>(entry.price);
    out.put<int64_t>(entry.opens_ms);
    out.put<int64_t>(entry.debited_ms);
  }
  out.put_bytes(seal_->seal(out.bytes()));
  return std::move(out).bytes();
}

Status Ledger::decode(std::span<const uint8_t> record) {
  if (record.size() < kTagSize) return malformed("seal");
  const auto body = record.first(record.size() - kTagSize);
  const LedgerSeal::Tag tag = seal_->seal(body);
  if (!std::equal(tag.begin(), tag.end(), record.last(kTagSize).begin()))
    return {ErrorCode::kAuthentication, "ledger: the seal does not fit"};

  ByteReader in(body);
  SOTTO_TRY(const auto format, in.get<uint8_t>("ledger format"));
  if (format != kFormat) return {ErrorCode::kUnsupported, "ledger: unknown format"};
  SOTTO_TRY(const auto flags, in.get<uint8_t>("ledger flags"));
  if ((flags & ~(kOptedOut | kDamaged)) != 0) return malformed("flags");
  opted_out_ = (flags & kOptedOut) != 0;
  damaged_ = (flags & kDamaged) != 0;
  SOTTO_TRY(clock_ms_, in.get<int64_t>("ledger clock"));
  SOTTO_TRY(closed_until_ms_, in.get<int64_t>("ledger closed until"));
  for (size_t kind = 0; kind < kBudgetKinds; ++kind) {
    SOTTO_TRY(lifetime_[kind], in.get<uint64_t>("ledger lifetime"));
    SOTTO_TRY(carried_[kind].price, in.get<uint64_t>("ledger carried price"));
    SOTTO_TRY(carried_[kind].debited_ms, in.get<int64_t>("ledger carried time"));
  }
  SOTTO_TRY(const auto n_entries, in.get<uint32_t>("ledger entries"));
  if (n_entries > kMaxEntries) return malformed("entries");
  for (uint32_t i = 0; i < n_entries; ++i) {
    Entry entry{};
    SOTTO_TRY(const auto task, in.get_bytes(entry.task.size(), "ledger task"));
    std::copy(task.begin(), task.end(), entry.task.begin());
    SOTTO_TRY(const auto kind, in.get<uint8_t>("ledger kind"));
    if (kind >= kBudgetKinds) return malformed("kind");
    entry.kind = static_cast<BudgetKind>(kind);
    SOTTO_TRY(entry.price, in.get<uint64_t>("ledger price"));
    SOTTO_TRY(entry.opens_ms, in.get<int64_t>("ledger opening time"));
    SOTTO_TRY(entry.debited_ms, in.get<int64_t>("ledger debit time"));
    entries_.push_back(entry);
  }
  SOTTO_CHECK_OK(in.finish("ledger"));
  SOTTO_CHECK_OK(check_decoded());
  drop_old();  // the window may have become shorter
  return {};
}

// What this room can have written, whoever made the seal.
Status Ledger::check_decoded() const {
  if (clock_ms_ < 0 || clock_ms_ > kLatestTime) return malformed("clock");
  if (closed_until_ms_ < -1 || closed_until_ms_ > clock_ms_) return malformed("closed until");
  std::array<uint64_t, kBudgetKinds> in_window{};
  int64_t previous_ms = 0;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->price < 1 || entry->price > kMostPrice) return malformed("price");
    if (entry->opens_ms < 0 || entry->opens_ms > entry->debited_ms ||
        entry->debited_ms < previous_ms || entry->debited_ms > clock_ms_)
      return malformed("time");
    if (std::any_of(entries_.begin(), entry,
                    [&](const Entry& other) { return other.task == entry->task; }))
      return malformed("task");
    previous_ms = entry->debited_ms;
    in_window[static_cast<size_t>(entry->kind)] += entry->price;
  }
  for (size_t kind = 0; kind < kBudgetKinds; ++kind) {
    const Carried& carried = carried_[kind];
    if (carried.price > kMostPrice || carried.debited_ms < 0 || carried.debited_ms > clock_ms_ ||
        (carried.price == 0 && carried.debited_ms != 0))
      return malformed("carried sum");
    if (lifetime_[kind] > kMostPrice || lifetime_[kind] < in_window[kind] + carried.price)
      return malformed("lifetime");
  }
  return {};
}

}  // namespace sotto
