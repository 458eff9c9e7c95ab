// The stored side of EventLog: keys, records, restoring.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/sort.hpp"
#include "events/event_log.hpp"
#include "events/stored_record.hpp"

namespace sotto {
namespace {

constexpr std::string_view kHeadKey = "log/head";
constexpr std::string_view kEventPrefix = "log/event/";
constexpr std::string_view kSummaryPrefix = "log/summary/";
constexpr size_t kDigits = 16;
// Numbers that a double, and so a page's JavaScript, can hold; far from where they could overflow.
constexpr uint64_t kMostNumber = uint64_t{1} << 53;
constexpr std::string_view kHex = "0123456789abcdef";

std::string numbered_key(std::string_view prefix, uint64_t number) {
  std::string key(prefix);
  for (size_t digit = kDigits; digit-- > 0;) key += kHex[(number >> (4 * digit)) & 0xF];
  return key;
}

// The number in a key of that prefix; nothing for a key that numbered_key cannot have made.
std::optional<uint64_t> number_in(std::string_view key, std::string_view prefix) {
  if (key.substr(0, prefix.size()) != prefix || key.size() != prefix.size() + kDigits)
    return std::nullopt;
  uint64_t number = 0;
  for (const char digit : key.substr(prefix.size())) {
    const size_t value = kHex.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    number = number << 4 | value;
  }
  if (number >= kMostNumber) return std::nullopt;
  return number;
}

template <class T>
using Numbered = std::vector<std::pair<uint64_t, T>>;

// Sorted by number; of several under one number the first stands.
template <class T>
uint32_t sort_unique(Numbered<T>& entries) {
  // By number and position: one sort for entries of every type.
  std::vector<std::pair<uint64_t, size_t>> order;
  for (const auto& entry : entries) order.emplace_back(entry.first, order.size());
  sort_all(std::span(order));
  Numbered<T> sorted;
  for (const auto& [number, position] : order)
    if (sorted.empty() || sorted.back().first != number)
      sorted.push_back(std::move(entries[position]));
  const auto n_removed = static_cast<uint32_t>(entries.size() - sorted.size());
  entries = std::move(sorted);
  return n_removed;
}

template <class T, class Keep>
uint32_t remove_unless(Numbered<T>& entries, Keep keep) {
  const auto end = std::remove_if(entries.begin(), entries.end(),
                                  [&](const auto& entry) { return !keep(entry.first); });
  const auto n_removed = static_cast<uint32_t>(entries.end() - end);
  entries.erase(end, entries.end());
  return n_removed;
}

uint64_t missing(uint64_t n_known, size_t n_found) {
  return n_known > n_found ? n_known - n_found : 0;
}

bool ours(const KeyedRecord& record) {
  const std::string_view prefix = EventLog::kKeyPrefix;
  return std::string_view(record.key).substr(0, prefix.size()) == prefix;
}

}  // namespace

struct EventLog::Head {
  uint64_t first_sequence;
  uint64_t next_sequence;
  uint32_t n_events;
  uint64_t next_slot;
  uint32_t n_summaries;
  uint64_t n_forgotten;
};

struct EventLog::Contents {
  std::optional<Head> head;
  Numbered<Event> events;
  Numbered<ItemSummary> summaries;
};

KeyedRecord EventLog::head_record() const {
  ByteWriter out;
  out.put<uint64_t>(sequences_.empty() ? next_sequence_ : sequences_.front());
  out.put<uint64_t>(next_sequence_);
  out.put<uint32_t>(static_cast<uint32_t>(events_.size()));
  out.put<uint64_t>(next_slot_);
  out.put<uint32_t>(static_cast<uint32_t>(summaries_.size()));
  out.put<uint64_t>(n_forgotten_);
  return {std::string(kHeadKey), seal_record(RecordKind::kHead, 0, out.bytes())};
}

KeyedRecord EventLog::event_record(size_t position) const {
  const uint64_t sequence = sequences_[position];
  return {numbered_key(kEventPrefix, sequence),
          seal_record(RecordKind::kEvent, sequence, encode_event(events_[position]))};
}

KeyedRecord EventLog::summary_record(size_t position) const {
  const uint64_t slot = slots_[position];
  return {numbered_key(kSummaryPrefix, slot),
          seal_record(RecordKind::kSummary, slot, encode_item_summary(summaries_[position]))};
}

std::vector<KeyedRecord> EventLog::records() const {
  std::vector<KeyedRecord> all;
  all.reserve(1 + events_.size() + summaries_.size());
  all.push_back(head_record());
  for (size_t i = 0; i < events_.size(); ++i) all.push_back(event_record(i));
  for (size_t i = 0; i < summaries_.size(); ++i) all.push_back(summary_record(i));
  return all;
}

Result<EventLog::Head> EventLog::read_head(std::span<const uint8_t> record) {
  SOTTO_TRY(const auto payload, open_record(RecordKind::kHead, 0, record));
  ByteReader in(payload);
  Head head{};
  SOTTO_TRY(head.first_sequence, in.get<uint64_t>("log head"));
  SOTTO_TRY(head.next_sequence, in.get<uint64_t>("log head"));
  SOTTO_TRY(head.n_events, in.get<uint32_t>("log head"));
  SOTTO_TRY(head.next_slot, in.get<uint64_t>("log head"));
  SOTTO_TRY(head.n_summaries, in.get<uint32_t>("log head"));
  SOTTO_TRY(head.n_forgotten, in.get<uint64_t>("log head"));
  SOTTO_CHECK_OK(in.finish("log head"));
  if (head.next_sequence > kMostNumber || head.next_slot > kMostNumber ||
      head.first_sequence > head.next_sequence ||
      head.n_events > head.next_sequence - head.first_sequence ||
      head.n_summaries > head.next_slot || head.n_forgotten > head.next_sequence)
    return Error{ErrorCode::kMalformed, "log head: the numbers do not fit"};
  return head;
}

EventLog::Contents EventLog::read_contents(std::span<const KeyedRecord> records,
                                           LogDamage& damage) {
  Contents contents;
  const auto read = [&](const KeyedRecord& record) -> Status {
    const Bytes& bytes = *record.bytes;
    if (record.key == kHeadKey) {
      if (contents.head) return {ErrorCode::kMalformed, "log head: twice"};
      SOTTO_TRY(contents.head, read_head(bytes));
    } else if (const auto sequence = number_in(record.key, kEventPrefix)) {
      SOTTO_TRY(const auto payload, open_record(RecordKind::kEvent, *sequence, bytes));
      SOTTO_TRY(auto event, decode_event(payload));
      if (!event.value) return {ErrorCode::kMalformed, "event: was never cleaned"};
      contents.events.emplace_back(*sequence, std::move(event));
    } else if (const auto slot = number_in(record.key, kSummaryPrefix)) {
      SOTTO_TRY(const auto payload, open_record(RecordKind::kSummary, *slot, bytes));
      SOTTO_TRY(auto summary, decode_item_summary(payload));
      contents.summaries.emplace_back(*slot, std::move(summary));
    } else {
      return {ErrorCode::kMalformed, "record: a key that is none of the log's"};
    }
    return {};
  };
  bool empty = true;
  for (const KeyedRecord& record : records) {
    if (!ours(record)) continue;
    empty = false;
    if (!record.bytes || !read(record).ok()) ++damage.unreadable;
  }
  damage.head_lost = !empty && !contents.head;
  return contents;
}

void EventLog::take(Contents&& contents, LogDamage& damage) {
  Numbered<Event>& events = contents.events;
  Numbered<ItemSummary>& summaries = contents.summaries;
  damage.stale += sort_unique(events) + sort_unique(summaries);
  if (contents.head) {
    const Head& head = *contents.head;
    damage.stale += remove_unless(events, [&](uint64_t sequence) {
      return sequence >= head.first_sequence && sequence < head.next_sequence;
    });
    damage.stale += remove_unless(summaries, [&](uint64_t slot) { return slot < head.next_slot; });
    damage.missing = missing(head.n_events, events.size());
    next_sequence_ = head.next_sequence;
    next_slot_ = head.next_slot;
    n_forgotten_ = head.n_forgotten;
  } else {
    next_sequence_ = events.empty() ? 0 : events.back().first + 1;
    next_slot_ = summaries.empty() ? 0 : summaries.back().first + 1;
    for (const auto& [slot, summary] : summaries)
      if (summary.evidence_sequence < kMostNumber)
        next_sequence_ = std::max(next_sequence_, summary.evidence_sequence + 1);
  }
  for (auto& [sequence, event] : events) {
    sequences_.push_back(sequence);
    events_.push_back(std::move(event));
  }
  for (auto& [slot, summary] : summaries) {
    if (!positions_.emplace(summary.item, summaries_.size()).second) {
      ++damage.stale;
      continue;
    }
    slots_.push_back(slot);
    summaries_.push_back(std::move(summary));
  }
  if (contents.head) damage.missing += missing(contents.head->n_summaries, summaries_.size());
}

std::vector<KeyedRecord> EventLog::as_list(Changes&& changes) {
  std::vector<KeyedRecord> list;
  list.reserve(changes.size());
  for (auto& [key, bytes] : changes) list.push_back({key, std::move(bytes)});
  return list;
}

Result<EventLog::Restored> EventLog::salvage(std::span<const KeyedRecord> records,
                                             const EventLogLimits& limits) {
  SOTTO_TRY(auto log, create(limits));
  Restored restored{.log = std::move(log), .damage = {}, .changes = {}};
  restored.log.take(read_contents(records, restored.damage), restored.damage);

  Changes changes;
  const size_t n_events = restored.log.events_.size();
  if (n_events > limits.max_events)
    restored.log.summarize_oldest(n_events - limits.max_events, changes);
  restored.log.forget_summaries(changes);
  if (!restored.damage.any() && changes.empty()) return restored;

  if (restored.damage.any()) {
    for (const KeyedRecord& record : records)
      if (ours(record)) changes.insert_or_assign(record.key, std::nullopt);
    for (KeyedRecord& record : restored.log.records())
      changes.insert_or_assign(std::move(record.key), std::move(record.bytes));
  } else {
    KeyedRecord head = restored.log.head_record();
    changes.insert_or_assign(std::move(head.key), std::move(head.bytes));
  }
  restored.changes = as_list(std::move(changes));
  return restored;
}

Result<EventLog::Restored> EventLog::restore(std::span<const KeyedRecord> records,
                                             const EventLogLimits& limits) {
  SOTTO_TRY(auto restored, salvage(records, limits));
  const LogDamage& damage = restored.damage;
  if (damage.any())
    return Error{ErrorCode::kMalformed,
                 "event log: " + std::to_string(damage.unreadable) + " unreadable, " +
                     std::to_string(damage.stale) + " stale, " + std::to_string(damage.missing) +
                     " missing records" + (damage.head_lost ? ", no head" : "")};
  return restored;
}

}  // namespace sotto
