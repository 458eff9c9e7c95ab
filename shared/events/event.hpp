// What a device records: one event, its validation and its stored form.
//
// Events are the JSON that analytics tools use (type, item, timestamp, value, session). They name
// items by id; the catalogue turns ids into numbers later. They never leave the device.
// Thread safety: plain values and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

/// Closed; the numbers are stored and cross the C ABI, the names stand in JSON. Neither changes.
enum class EventType : uint8_t {
  kImpression = 1,  ///< The item was shown.
  kClick = 2,       ///< It was chosen from a list.
  kView = 3,        ///< Its page was opened, by whatever way.
  kDwell = 4,       ///< Its page was left; value: visible time in ms.
  kScroll = 5,      ///< Its page was left; value: the deepest part that was reached, 0 .. 1.
  kLike = 6,
  kDislike = 7,
  kSave = 8,
  kShare = 9,
  kPurchase = 10,
  kHide = 11,    ///< "Do not show this again."
  kRating = 12,  ///< value: 0 (worst) .. 5 (best); other scales are mapped linearly before.
};

inline constexpr std::array kEventTypes{
    EventType::kImpression, EventType::kClick,    EventType::kView,    EventType::kDwell,
    EventType::kScroll,     EventType::kLike,     EventType::kDislike, EventType::kSave,
    EventType::kShare,      EventType::kPurchase, EventType::kHide,    EventType::kRating};

/// The stable name, e.g. "dwell"; "unknown" for a number that is no type.
const char* event_type_name(EventType type);
std::optional<EventType> event_type_from_name(std::string_view name);
std::optional<EventType> event_type_from_number(uint32_t number);

/// What `value` may be. Types that measure nothing have exactly 1.
struct ValueRange {
  double lowest = 1;
  double highest = 1;
  bool may_be_missing = false;  ///< dwell and scroll: the page could not measure it.
};
/// Precondition: type is one of kEventTypes.
ValueRange value_range(EventType type);

/// like, dislike, hide, rating: said, not inferred. The latest opinion on an item replaces the
/// ones before it.
bool is_opinion(EventType type);

/// As long as an id of the catalogue may be.
inline constexpr size_t kMaxEventItemLength = 256;  ///< bytes
inline constexpr size_t kMaxSessionLength = 64;     ///< bytes
/// The latest time that a JavaScript Date can hold; sums and differences stay far inside int64.
inline constexpr int64_t kMaxTimestampMs = 8'640'000'000'000'000;
/// One day. Longer "looks" are a broken clock, not a reader.
inline constexpr double kMaxDwellMs = 86'400'000;
inline constexpr double kMaxRating = 5;

struct Event {
  EventType type = EventType::kImpression;
  std::string item{};                 ///< Id, 1 .. kMaxEventItemLength bytes, no other rule.
  int64_t timestamp_ms = 0;           ///< Since 1970-01-01T00:00:00Z, 0 .. kMaxTimestampMs.
  std::optional<double> value = 1.0;  ///< In value_range(type); absent: not measured.
  std::string session{};  ///< 0 .. kMaxSessionLength bytes. Empty: sessions by inactivity.
  bool imputed = false;   ///< The value was filled in by cleaning, not measured.

  bool operator==(const Event&) const = default;
};

/// The value that an event has when the page gives none: absent for dwell and scroll, else 1. (A
/// rating without a value is thereby the value 1: callers that read JSON ask for it first.)
std::optional<double> default_value(EventType type);

/// Errors: kInvalidArgument, with a message that begins with the name of the field and ':' (type,
/// item, timestamp, value, session, imputed) and says what it should be.
Status validate_event(const Event& event);

/// The stored form, canonical:
///   u8 format = 1, u8 type, u8 flags (1: has value, 2: imputed), i64 timestamp_ms,
///   f64 value if it has one, u16 item length, item, u8 session length, session.
/// At most 342 bytes. Precondition: validate_event(event).ok().
Bytes encode_event(const Event& event);
/// Errors: kUnsupported for another format; kMalformed for anything else that encode_event cannot
/// have written: every shorter, longer or invalid record.
Result<Event> decode_event(std::span<const uint8_t> bytes);

}  // namespace sotto
