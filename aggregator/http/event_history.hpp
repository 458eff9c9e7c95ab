// The last announcements, as frames that are ready to be sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace sotto {

/// Numbers announcements 1, 2, ... and keeps the last `most` of them, each encoded once and shared
/// by all who send it. Every receiver is a cursor: the id of what it has been sent last. So a
/// receiver needs no queue, and whoever is behind the oldest has not kept up.
/// Thread safety: one thread at a time.
class EventHistory {
 public:
  /// most: at least 1 (0 is 1).
  explicit EventHistory(size_t most);

  /// json_object: "{...}", to which "id" is added in front. Gives the id.
  uint64_t append(std::string_view json_object);
  uint64_t last_id() const { return next_id_ - 1; }

  struct Start {
    uint64_t cursor = 0;
    SharedBytes missed{};  ///< To be sent first, if not null: {"id": n, "missed": true}.
  };
  /// Where a receiver begins: with what comes from now on, or behind `after`. Ids that were never
  /// given (by this run of the server) have missed what there was before the oldest.
  Start start(std::optional<uint64_t> after) const;

  /// The frame behind a cursor; null: there is none yet, or it is gone (see lost).
  SharedBytes next(uint64_t cursor) const;
  bool lost(uint64_t cursor) const { return cursor + 1 < oldest_id(); }

 private:
  uint64_t oldest_id() const { return next_id_ - frames_.size(); }

  size_t most_;
  uint64_t next_id_ = 1;
  std::deque<SharedBytes> frames_;
};

}  // namespace sotto
