#include "events/session.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace sotto {

Sessions find_sessions(std::span<const Event> events, int64_t gap_ms) {
  Sessions found;
  found.of_event.reserve(events.size());
  std::unordered_map<std::string_view, uint32_t> named;
  for (size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    const auto fresh = static_cast<uint32_t>(found.sessions.size());
    uint32_t number = fresh;
    if (!event.session.empty()) {
      number = named.emplace(event.session, fresh).first->second;
    } else if (i > 0 && event.timestamp_ms - events[i - 1].timestamp_ms <= gap_ms) {
      number = found.of_event.back();
    }
    if (number == fresh) found.sessions.push_back({event.timestamp_ms, event.timestamp_ms, 0});
    Session& session = found.sessions[number];
    session.first_ms = std::min(session.first_ms, event.timestamp_ms);
    session.last_ms = std::max(session.last_ms, event.timestamp_ms);
    ++session.n_events;
    found.of_event.push_back(number);
  }
  return found;
}

}  // namespace sotto
