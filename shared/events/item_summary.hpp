// Everything that happened to one item, in constant space: what remains of old events, and what
// an interaction is weighed from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "events/event.hpp"

namespace sotto {

/// How often a type of event happened, and what it measured in all (dwell: ms; else the sum of
/// the values). The count stops at 2^32 - 1, and the sum with it.
struct TypeTotal {
  uint32_t count = 0;
  double value_sum = 0;

  bool operator==(const TypeTotal&) const = default;
};

/// The latest like, dislike, hide or rating.
struct Opinion {
  EventType type = EventType::kLike;
  double value = 1;
  int64_t timestamp_ms = 0;

  bool operator==(const Opinion&) const = default;
};

/// Events of one item, summed up. Adding them one by one or summary by summary gives the same
/// totals (value sums up to rounding). Thread safety: a plain value.
struct ItemSummary {
  std::string item;
  int64_t first_ms = 0;  ///< Earliest and latest time of all its events.
  int64_t last_ms = 0;
  int64_t evidence_ms = 0;         ///< Latest time of an event that is no impression; else 0.
  uint64_t evidence_sequence = 0;  ///< And the greatest sequence of those; else 0.
  std::optional<Opinion> opinion;
  std::array<TypeTotal, kEventTypes.size()> totals{};  ///< In the order of kEventTypes.

  /// sequence: the place of the event in the order of arrival; breaks ties of time. Of two
  /// opinions at the same time the one that is added later stands.
  /// Preconditions: validate_event(event).ok(), event.value is there (cleaned), and it is of this
  /// item; the first one names the item.
  void add(const Event& event, uint64_t sequence);

  const TypeTotal& total(EventType type) const { return totals[static_cast<size_t>(type) - 1]; }
  uint64_t n_events() const;
  bool has_evidence() const { return n_events() > total(EventType::kImpression).count; }

  bool operator==(const ItemSummary&) const = default;
};

/// The stored form, canonical:
///   u8 format = 1, u16 item length, item, i64 first_ms, i64 last_ms, i64 evidence_ms,
///   u64 evidence_sequence, u8 opinion type (0: none) [, f64 value, i64 timestamp_ms],
///   u8 number of totals, for each, by ascending type: u8 type, u32 count > 0, f64 value_sum.
/// At most 465 bytes. Precondition: made by add.
Bytes encode_item_summary(const ItemSummary& summary);
/// Errors: kUnsupported for another format; kMalformed for any other length, an invalid field, or
/// fields that no events can have led to.
Result<ItemSummary> decode_item_summary(std::span<const uint8_t> bytes);

}  // namespace sotto
