#include "events/session.hpp"

#include <doctest/doctest.h>

#include "events/random_events.hpp"

using namespace sotto;

namespace {

Event at(int64_t minutes, std::string session = {}) {
  return event_of(EventType::kView, "i", kNoonMs + minutes * 60'000, 1.0, std::move(session));
}

using Numbers = std::vector<uint32_t>;

}  // namespace

TEST_CASE("no events have no sessions") {
  CHECK(find_sessions({}).of_event.empty());
  CHECK(find_sessions({}).sessions.empty());
}

TEST_CASE("a session ends with more than 30 minutes of inactivity, not with 30") {
  const std::vector<Event> events{at(0), at(30), at(60), at(91), at(92)};
  CHECK(find_sessions(events).of_event == Numbers{0, 0, 0, 1, 1});
  auto just_after = events[0];
  just_after.timestamp_ms += kSessionGapMs + 1;
  CHECK(find_sessions(std::vector{events[0], just_after}).of_event == Numbers{0, 1});
}

TEST_CASE("the gap is the caller's to choose") {
  const std::vector<Event> events{at(0), at(1), at(3)};
  CHECK(find_sessions(events, 60'000).of_event == Numbers{0, 0, 1});
  CHECK(find_sessions(events, 0).of_event == Numbers{0, 1, 2});
}

TEST_CASE("a named session wins over the gap, and two tabs stay two sessions") {
  const std::vector<Event> events{at(0, "a"), at(1, "b"), at(2, "a"), at(500, "b"), at(501, "a")};
  const auto found = find_sessions(events);
  CHECK(found.of_event == Numbers{0, 1, 0, 1, 0});
  REQUIRE(found.sessions.size() == 2);
  CHECK(found.sessions[0] == Session{kNoonMs, kNoonMs + 501 * 60'000, 3});
  CHECK(found.sessions[1] == Session{kNoonMs + 60'000, kNoonMs + 500 * 60'000, 2});
}

TEST_CASE("an event without a name joins the session before it, a new name begins one") {
  const std::vector<Event> events{at(0), at(1, "a"), at(2), at(3, "b"), at(40), at(41, "a")};
  CHECK(find_sessions(events).of_event == Numbers{0, 1, 1, 2, 3, 1});
}

TEST_CASE("a clock that was set back does not end a session") {
  const std::vector<Event> events{at(1000), at(0), at(5)};
  const auto found = find_sessions(events);
  CHECK(found.of_event == Numbers{0, 0, 0});
  CHECK(found.sessions[0] == Session{kNoonMs, kNoonMs + 1000 * 60'000, 3});
}
