// Sessions: which events belong to one sitting.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "events/event.hpp"

namespace sotto {

/// 30 minutes, the convention of web analytics.
inline constexpr int64_t kSessionGapMs = 30 * 60 * 1000;

struct Session {
  int64_t first_ms = 0;  ///< Earliest timestamp in it.
  int64_t last_ms = 0;   ///< Latest.
  uint32_t n_events = 0;

  bool operator==(const Session&) const = default;
};

struct Sessions {
  std::vector<uint32_t> of_event;  ///< The session number of every event.
  std::vector<Session> sessions;   ///< Numbered in order of their first event.
};

/// events: in time order, oldest first. An event that names a session belongs to the session of
/// that name, whatever the time between (two tabs interleave, and stay two sessions). One that
/// names none joins the session of the event before it, unless more than gap_ms (>= 0) have passed
/// since: then it begins a new one. An event that is earlier than the one before it (a clock that
/// was set back) is taken to follow it at once. Thread safety: pure.
Sessions find_sessions(std::span<const Event> events, int64_t gap_ms = kSessionGapMs);

}  // namespace sotto
