// The device's event log: bounded, append-only, stored as keyed records.
//
// The newest events are kept whole, each under a key of its own. When there are more than
// max_events, the oldest (of arrival) become summaries, one an item: counts, sums and the latest
// opinion remain, single times go. When there are more than max_summaries, the summary whose
// latest event is oldest is forgotten, those without an opinion before those with one, so that
// hidden items stay hidden as long as possible. What was forgotten is counted:
//   events appended = events kept whole + events in summaries + events forgotten.
//
// Records, all of ASCII keys below "log/", all sealed by stored_record.hpp:
//   log/head                 u64 first sequence, u64 next sequence, u32 number of events,
//                            u64 next slot, u32 number of summaries, u64 forgotten events
//   log/event/<16 hex>       the event with that sequence (encode_event)
//   log/summary/<16 hex>     the summary in that slot (encode_item_summary)
// Every change comes as one list to commit in one transaction; an append writes two records, and
// at the limit now and then some 32 summaries.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/keyed_record.hpp"
#include "base/result.hpp"
#include "events/event.hpp"
#include "events/item_summary.hpp"

namespace sotto {

/// Memory and storage at the default: events of 100 bytes on average 0.3 MB, at the longest ids
/// 1.2 MB; summaries 1 MB, at the longest ids 3 MB.
struct EventLogLimits {
  uint32_t max_events = 2000;     ///< 1 .. 1,000,000. More than a contribution or profile uses.
  uint32_t max_summaries = 4000;  ///< 1 .. 1,000,000.
};

/// What restoring found wrong. All zero: nothing.
struct LogDamage {
  uint32_t unreadable = 0;  ///< Records that do not decode, or under a key that is none of ours.
  uint32_t stale = 0;       ///< Readable, but the head does not know them, or a key or item twice.
  uint64_t missing = 0;     ///< Records that the head knows and that are not there or unreadable.
  bool head_lost = false;   ///< There are records but no readable head.

  bool any() const { return unreadable > 0 || stale > 0 || missing > 0 || head_lost; }
};

/// Thread safety: one thread at a time per object.
class EventLog {
 public:
  static constexpr const char* kKeyPrefix = "log/";
  struct Restored;

  /// Errors: kInvalidArgument for limits outside their ranges.
  static Result<EventLog> create(const EventLogLimits& limits = {});

  /// Appends a cleaned event and returns what to commit. Errors: kInvalidArgument for one that is
  /// invalid or has no value; then nothing changed.
  Result<std::vector<KeyedRecord>> append(const Event& event);

  /// The whole log, as records.
  std::vector<KeyedRecord> records() const;
  /// Forgets everything; returns the deletions. Sequences go on from where they were in this
  /// object only.
  std::vector<KeyedRecord> clear();

  /// From the records of storage, in any order; keys not below "log/" are passed over. With no
  /// record there is nothing to restore: an empty log. Limits lower than those the log was written
  /// with apply at once (`changes`).
  /// Errors: kMalformed for any damage (the message says how much); kInvalidArgument as create.
  static Result<Restored> restore(std::span<const KeyedRecord> records,
                                  const EventLogLimits& limits = {});
  /// The same, but keeps what is intact and says what was not: an event log is worth more with a
  /// hole than not at all. `changes` deletes what was left out and writes the rest anew. Without
  /// a head the events that are there count as all. Errors: kInvalidArgument as create.
  static Result<Restored> salvage(std::span<const KeyedRecord> records,
                                  const EventLogLimits& limits = {});

  /// In order of arrival.
  std::span<const Event> events() const { return events_; }
  /// In order of the item's first summarised event.
  std::span<const ItemSummary> summaries() const { return summaries_; }
  /// Of the oldest of events(), or of the next one: as long as it stays, events() only grew.
  uint64_t first_sequence() const {
    return sequences_.empty() ? next_sequence_ : sequences_.front();
  }
  uint64_t n_forgotten() const { return n_forgotten_; }
  /// Every event ever appended and not lost to damage (see above).
  uint64_t n_appended() const;
  const EventLogLimits& limits() const { return limits_; }

 private:
  struct Head;
  struct Contents;
  using Changes = std::map<std::string, std::optional<Bytes>>;

  void summarize_oldest(size_t n_events, Changes& changes);
  void forget_summaries(Changes& changes);
  void index_summaries();
  KeyedRecord head_record() const;
  KeyedRecord event_record(size_t position) const;
  KeyedRecord summary_record(size_t position) const;
  static std::vector<KeyedRecord> as_list(Changes&& changes);
  static Contents read_contents(std::span<const KeyedRecord> records, LogDamage& damage);
  static Result<Head> read_head(std::span<const uint8_t> record);
  void take(Contents&& contents, LogDamage& damage);

  EventLogLimits limits_;
  std::vector<Event> events_;
  std::vector<uint64_t> sequences_;  // of events_, ascending
  std::vector<ItemSummary> summaries_;
  std::vector<uint64_t> slots_;                        // of summaries_, ascending
  std::unordered_map<std::string, size_t> positions_;  // item -> position in summaries_
  uint64_t next_sequence_ = 0;
  uint64_t next_slot_ = 0;
  uint64_t n_forgotten_ = 0;
};

struct EventLog::Restored {
  EventLog log;
  LogDamage damage;
  std::vector<KeyedRecord> changes;  ///< To commit: empty when the log is as it was stored.
};

}  // namespace sotto
