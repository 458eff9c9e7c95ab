#include "events/event.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "events/random_events.hpp"

using namespace sotto;

namespace {

Event click() { return event_of(EventType::kClick, "item/1", kNoonMs, 1.0, "s"); }

// The name of the field that is refused; empty when the event is valid.
std::string refused_field(const Event& event) {
  const auto status = validate_event(event);
  if (status.ok()) return {};
  CHECK(status.error().code == ErrorCode::kInvalidArgument);
  const std::string& message = status.error().message;
  REQUIRE(message.find(": ") != std::string::npos);
  return message.substr(0, message.find(':'));
}

std::string refused_value(EventType type, std::optional<double> value) {
  return refused_field(event_of(type, "i", 1, value));
}

ErrorCode decode_code(const Bytes& bytes) {
  const auto event = decode_event(bytes);
  return event.ok() ? ErrorCode::kOk : event.error().code;
}

}  // namespace

TEST_CASE("event types have stable names and numbers") {
  const std::pair<uint32_t, const char*> expected[] = {
      {1, "impression"}, {2, "click"},     {3, "view"},    {4, "dwell"},
      {5, "scroll"},     {6, "like"},      {7, "dislike"}, {8, "save"},
      {9, "share"},      {10, "purchase"}, {11, "hide"},   {12, "rating"}};
  REQUIRE(std::size(expected) == kEventTypes.size());
  for (const auto& [number, name] : expected) {
    const auto type = event_type_from_number(number);
    REQUIRE(type.has_value());
    CHECK(static_cast<uint32_t>(*type) == number);
    CHECK(std::string(event_type_name(*type)) == name);
    CHECK(event_type_from_name(name) == type);
  }
  CHECK_FALSE(event_type_from_number(0).has_value());
  CHECK_FALSE(event_type_from_number(13).has_value());
  CHECK_FALSE(event_type_from_number(258).has_value());
  CHECK_FALSE(event_type_from_name("Click").has_value());
  CHECK_FALSE(event_type_from_name("").has_value());
  CHECK(std::string(event_type_name(static_cast<EventType>(0))) == "unknown");
  CHECK(std::string(event_type_name(static_cast<EventType>(255))) == "unknown");
}

TEST_CASE("opinions are like, dislike, hide and rating") {
  size_t n_opinions = 0;
  for (const EventType type : kEventTypes) n_opinions += is_opinion(type);
  CHECK(n_opinions == 4);
  CHECK(is_opinion(EventType::kLike));
  CHECK(is_opinion(EventType::kDislike));
  CHECK(is_opinion(EventType::kHide));
  CHECK(is_opinion(EventType::kRating));
}

TEST_CASE("a valid event of every type is accepted") {
  for (const EventType type : kEventTypes) {
    CHECK(refused_value(type, value_range(type).lowest).empty());
    CHECK(refused_value(type, value_range(type).highest).empty());
    CHECK(refused_value(type, default_value(type)).empty());
  }
}

TEST_CASE("an unknown type is refused") {
  for (const int number : {0, 13, 255}) {
    Event event = click();
    event.type = static_cast<EventType>(number);
    CHECK(refused_field(event) == "type");
  }
}

TEST_CASE("items must have 1 to 256 bytes") {
  Event event = click();
  event.item = "";
  CHECK(refused_field(event) == "item");
  event.item = std::string(257, 'x');
  CHECK(refused_field(event) == "item");
  event.item = std::string(256, '\0');
  CHECK(refused_field(event).empty());
}

TEST_CASE("timestamps must be what a JavaScript date can hold, from 1970 on") {
  Event event = click();
  for (const int64_t time_ms :
       {int64_t{-1}, kMaxTimestampMs + 1, std::numeric_limits<int64_t>::min(),
        std::numeric_limits<int64_t>::max()}) {
    event.timestamp_ms = time_ms;
    CHECK(refused_field(event) == "timestamp");
  }
  for (const int64_t time_ms : {int64_t{0}, kMaxTimestampMs}) {
    event.timestamp_ms = time_ms;
    CHECK(refused_field(event).empty());
  }
}

TEST_CASE("values must be in the range of their type") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const EventType type : kEventTypes)
    for (const double value : {double{NAN}, kInfinity, -kInfinity, -1.0, 1e9})
      CHECK(refused_value(type, value) == "value");
  CHECK(refused_value(EventType::kClick, 0) == "value");
  CHECK(refused_value(EventType::kClick, 2) == "value");
  CHECK(refused_value(EventType::kScroll, 1.01) == "value");
  CHECK(refused_value(EventType::kRating, 5.5) == "value");
  CHECK(refused_value(EventType::kDwell, 86'400'001) == "value");
}

TEST_CASE("only dwell and scroll may have no value") {
  for (const EventType type : kEventTypes) {
    const bool measured = type == EventType::kDwell || type == EventType::kScroll;
    CHECK(refused_value(type, std::nullopt) == (measured ? "" : "value"));
    CHECK(value_range(type).may_be_missing == measured);
  }
}

TEST_CASE("only a value that may be missing can be imputed") {
  Event event = click();
  event.imputed = true;
  CHECK(refused_field(event) == "imputed");
  event = event_of(EventType::kDwell, "i", 1, std::nullopt);
  event.imputed = true;
  CHECK(refused_field(event) == "imputed");
  event.value = 1000;
  CHECK(refused_field(event).empty());
}

TEST_CASE("sessions must have at most 64 bytes") {
  Event event = click();
  event.session = std::string(65, 's');
  CHECK(refused_field(event) == "session");
  event.session = std::string(64, 's');
  CHECK(refused_field(event).empty());
  event.session.clear();
  CHECK(refused_field(event).empty());
}

TEST_CASE("every valid event comes back from its stored form") {
  for (Event event : plausible_events(1, 500, 20)) {
    event.session = event.item + "/session";
    CHECK(decode_event(encode_event(event)).value() == event);
  }
  Event event = event_of(EventType::kDwell, std::string(256, 'x'), kMaxTimestampMs, std::nullopt,
                         std::string(64, 's'));
  CHECK(decode_event(encode_event(event)).value() == event);
  event.value = 12.5;
  event.imputed = true;
  CHECK(decode_event(encode_event(event)).value() == event);
  CHECK(encode_event(event).size() == 342);
}

TEST_CASE("the stored form does not change") {
  const Bytes expected{1, 2, 1, 8, 7,    6,    5, 4, 3,   2,   0, 0,  0,
                       0, 0, 0, 0, 0xf0, 0x3f, 2, 0, 'a', 'b', 1, 's'};
  CHECK(encode_event(event_of(EventType::kClick, "ab", 0x0002030405060708, 1.0, "s")) == expected);
}

TEST_CASE("every truncated and every extended event is refused") {
  for (const Event& event : {click(), event_of(EventType::kDwell, "i", 5, std::nullopt),
                             event_of(EventType::kScroll, "item", 5, 0.5, "session")}) {
    Bytes bytes = encode_event(event);
    for (size_t length = 0; length < bytes.size(); ++length)
      CHECK(decode_code(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length))) ==
            ErrorCode::kMalformed);
    bytes.push_back(0);
    CHECK(decode_code(bytes) == ErrorCode::kMalformed);
  }
}

TEST_CASE("corrupted events are refused") {
  // u8 format, u8 type, u8 flags, i64 timestamp, f64 value at 11, u16 item length at 19.
  const Bytes good = encode_event(click());
  const auto with = [&](size_t at, uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return decode_code(bytes);
  };
  REQUIRE(decode_code(good) == ErrorCode::kOk);
  CHECK(with(0, 2) == ErrorCode::kUnsupported);
  CHECK(with(1, 0) == ErrorCode::kMalformed);
  CHECK(with(1, 13) == ErrorCode::kMalformed);
  CHECK(with(2, 0) == ErrorCode::kMalformed);
  CHECK(with(2, 3) == ErrorCode::kMalformed);      // an imputed click
  CHECK(with(2, 4) == ErrorCode::kMalformed);      // an unknown flag
  CHECK(with(10, 0x80) == ErrorCode::kMalformed);  // a time before 1970
  CHECK(with(18, 0x7f) == ErrorCode::kMalformed);  // a huge value
  CHECK(with(19, 0) == ErrorCode::kMalformed);
  CHECK(with(20, 1) == ErrorCode::kMalformed);
}

TEST_CASE("random bytes never crash the decoder and what it accepts it writes back") {
  Random random(2);
  const Bytes good = encode_event(event_of(EventType::kDwell, "item", kNoonMs, 5000, "session"));
  for (int i = 0; i < 50'000; ++i) {
    Bytes bytes = good;
    for (uint64_t flips = 1 + random.below(3); flips > 0; --flips)
      bytes[static_cast<size_t>(random.below(bytes.size()))] = static_cast<uint8_t>(random.next());
    const auto event = decode_event(bytes);
    if (!event.ok()) continue;
    CHECK(validate_event(*event).ok());
    CHECK(encode_event(*event) == bytes);
  }
}
