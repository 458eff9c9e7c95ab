// Event streams for tests: plausible ones, and whatever a broken or hostile page could send.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "events/event.hpp"

namespace sotto {

inline constexpr int64_t kNoonMs = 1'700'000'000'000;

inline Event event_of(EventType type, std::string item, int64_t timestamp_ms,
                      std::optional<double> value = 1.0, std::string session = {}) {
  return {.type = type,
          .item = std::move(item),
          .timestamp_ms = timestamp_ms,
          .value = value,
          .session = std::move(session)};
}

/// Valid events with values, in time order, some seconds apart.
inline std::vector<Event> plausible_events(uint64_t seed, size_t n_events, size_t n_items) {
  Random random(seed);
  std::vector<Event> events;
  int64_t time_ms = kNoonMs;
  while (events.size() < n_events) {
    const EventType type = kEventTypes[static_cast<size_t>(random.below(kEventTypes.size()))];
    const ValueRange range = value_range(type);
    const double value = range.lowest + random.uniform() * (range.highest - range.lowest);
    time_ms += static_cast<int64_t>(1000 + random.below(60'000));
    events.push_back(event_of(type, "item-" + std::to_string(random.below(n_items)), time_ms,
                              type == EventType::kDwell ? std::fmod(value, 120'000) : value));
  }
  return events;
}

/// Anything that fits into the types: unknown numbers, NaN, infinities, extreme times, long and
/// empty ids, bursts, and valid events among them.
inline Event hostile_event(Random& random) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto pick = [&random](const auto& list) {
    return list[static_cast<size_t>(random.below(std::size(list)))];
  };
  const double values[] = {1,   1,  1,     1,      0,   -0.0, 0.5,       5,         30'000,
                           9e7, -1, 1e300, 5e-324, NAN, -NAN, kInfinity, -kInfinity};
  const int64_t times[] = {0,
                           1,
                           -1,
                           kNoonMs,
                           kNoonMs,
                           kNoonMs + 400,
                           kNoonMs + static_cast<int64_t>(random.below(100'000'000)),
                           kNoonMs - static_cast<int64_t>(random.below(100'000'000)),
                           kMaxTimestampMs,
                           kMaxTimestampMs + 1,
                           std::numeric_limits<int64_t>::max(),
                           std::numeric_limits<int64_t>::min()};
  Event event;
  event.type =
      static_cast<EventType>(random.below(10) == 0 ? random.below(256) : 1 + random.below(12));
  event.item = random.below(20) == 0 ? std::string(static_cast<size_t>(random.below(400)), 'x')
                                     : std::to_string(random.below(50));
  event.timestamp_ms = pick(times);
  event.value = random.below(8) == 0 ? std::nullopt : std::optional<double>(pick(values));
  event.session = random.below(30) == 0 ? std::string(100, 's')
                                        : std::string(static_cast<size_t>(random.below(2)), 's');
  event.imputed = random.below(20) == 0;
  return event;
}

}  // namespace sotto
