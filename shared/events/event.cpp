#include "events/event.hpp"

#include <algorithm>
#include <cmath>

namespace sotto {
namespace {

constexpr uint8_t kFormat = 1;
constexpr uint8_t kHasValue = 1;
constexpr uint8_t kImputed = 2;

struct TypeRow {
  const char* name;
  ValueRange range;
  bool opinion;
};

// In the order of kEventTypes, whose numbers begin at 1.
constexpr std::array<TypeRow, kEventTypes.size()> kTypes{{
    {"impression", {}, false},
    {"click", {}, false},
    {"view", {}, false},
    {"dwell", {0, kMaxDwellMs, true}, false},
    {"scroll", {0, 1, true}, false},
    {"like", {}, true},
    {"dislike", {}, true},
    {"save", {}, false},
    {"share", {}, false},
    {"purchase", {}, false},
    {"hide", {}, true},
    {"rating", {0, kMaxRating, false}, true},
}};

const TypeRow& row(EventType type) { return kTypes[static_cast<size_t>(type) - 1]; }

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

Status validate_value(const Event& event) {
  const ValueRange range = value_range(event.type);
  const std::string name = event_type_name(event.type);
  if (!event.value) {
    if (!range.may_be_missing) return invalid("value: a " + name + " must have one");
    if (event.imputed) return invalid("imputed: there is no value that could be");
    return {};
  }
  if (!std::isfinite(*event.value)) return invalid("value: must be a finite number");
  if (*event.value < range.lowest || *event.value > range.highest) {
    if (range.lowest == range.highest) return invalid("value: must be 1 for a " + name);
    return invalid("value: must be 0 .. " + std::to_string(std::llround(range.highest)) +
                   " for a " + name);
  }
  if (event.imputed && !range.may_be_missing)
    return invalid("imputed: the value of a " + name + " never is");
  return {};
}

}  // namespace

const char* event_type_name(EventType type) {
  return event_type_from_number(static_cast<uint32_t>(type)) ? row(type).name : "unknown";
}

std::optional<EventType> event_type_from_name(std::string_view name) {
  for (const EventType type : kEventTypes)
    if (name == row(type).name) return type;
  return std::nullopt;
}

std::optional<EventType> event_type_from_number(uint32_t number) {
  if (number < 1 || number > kEventTypes.size()) return std::nullopt;
  return kEventTypes[number - 1];
}

ValueRange value_range(EventType type) { return row(type).range; }

bool is_opinion(EventType type) { return row(type).opinion; }

std::optional<double> default_value(EventType type) {
  if (value_range(type).may_be_missing) return std::nullopt;
  return 1.0;
}

Status validate_event(const Event& event) {
  if (!event_type_from_number(static_cast<uint32_t>(event.type)))
    return invalid("type: not one of the known types");
  if (event.item.empty() || event.item.size() > kMaxEventItemLength)
    return invalid("item: must have 1 .. 256 bytes");
  if (event.timestamp_ms < 0 || event.timestamp_ms > kMaxTimestampMs)
    return invalid("timestamp: must be 0 .. 8640000000000000 ms");
  SOTTO_CHECK_OK(validate_value(event));
  if (event.session.size() > kMaxSessionLength)
    return invalid("session: must have at most 64 bytes");
  return {};
}

Bytes encode_event(const Event& event) {
  ByteWriter out;
  out.put<uint8_t>(kFormat);
  out.put<EventType>(event.type);
  out.put<uint8_t>(
      static_cast<uint8_t>((event.value ? kHasValue : 0) | (event.imputed ? kImputed : 0)));
  out.put<int64_t>(event.timestamp_ms);
  if (event.value) out.put<double>(*event.value);
  out.put<uint16_t>(static_cast<uint16_t>(event.item.size()));
  out.put_bytes({reinterpret_cast<const uint8_t*>(event.item.data()), event.item.size()});
  out.put<uint8_t>(static_cast<uint8_t>(event.session.size()));
  out.put_bytes({reinterpret_cast<const uint8_t*>(event.session.data()), event.session.size()});
  return std::move(out).bytes();
}

Result<Event> decode_event(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("event format"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "event: unknown format"};
  SOTTO_TRY(const auto number, in.get<uint8_t>("event type"));
  const auto type = event_type_from_number(number);
  if (!type) return Error{ErrorCode::kMalformed, "event type: unknown"};
  SOTTO_TRY(const auto flags, in.get<uint8_t>("event flags"));
  if (flags > (kHasValue | kImputed)) return Error{ErrorCode::kMalformed, "event flags: unknown"};

  Event event{.type = *type, .value = std::nullopt, .imputed = (flags & kImputed) != 0};
  SOTTO_TRY(event.timestamp_ms, in.get<int64_t>("event timestamp"));
  if (flags & kHasValue) {
    SOTTO_TRY(event.value, in.get<double>("event value"));
  }
  SOTTO_TRY(const auto item_length, in.get<uint16_t>("event item length"));
  SOTTO_TRY(const auto item, in.get_bytes(item_length, "event item"));
  SOTTO_TRY(const auto session_length, in.get<uint8_t>("event session length"));
  SOTTO_TRY(const auto session, in.get_bytes(session_length, "event session"));
  SOTTO_CHECK_OK(in.finish("event"));
  event.item.assign(item.begin(), item.end());
  event.session.assign(session.begin(), session.end());
  if (auto valid = validate_event(event); !valid.ok())
    return Error{ErrorCode::kMalformed, "event " + valid.error().message};
  return event;
}

}  // namespace sotto
