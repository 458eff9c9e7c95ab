// The last events that were kept, as fingerprints: what duplicates and rates are told by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "events/event.hpp"

namespace sotto {

/// A ring over the last kReach events. Times are compared by their distance, so a clock that jumps
/// in either direction only makes the events before the jump far away.
/// Memory: 8 KiB. Thread safety: one thread at a time.
class RecentEvents {
 public:
  static constexpr size_t kReach = 256;

  struct Fingerprint {
    uint64_t item = 0;   ///< FNV-1a of the item id.
    uint64_t event = 0;  ///< FNV-1a of type, item, value and session.
    int64_t timestamp_ms = 0;
    bool act = false;  ///< Anything but an impression: somebody did it.
  };
  /// How many events of the ring are less than a distance in time away from one.
  struct Neighborhood {
    uint32_t events = 0;     ///< All, within a second.
    uint32_t acts = 0;       ///< Acts, within a second.
    uint32_t item_acts = 0;  ///< Acts on the item, within 10 seconds.
    bool duplicate = false;  ///< The same event within the duplicate window.
  };

  /// Precondition: validate_event(event).ok().
  static Fingerprint fingerprint(const Event& event);
  Neighborhood around(const Fingerprint& event, int64_t duplicate_window_ms) const;
  void add(const Fingerprint& event);
  size_t size() const { return ring_.size(); }

  /// u16 number of events, then for each, oldest first: u64 item, u64 event, i64 timestamp, u8 act.
  void write(ByteWriter& out) const;
  /// Errors: kMalformed for a count, time or flag that cannot be.
  static Result<RecentEvents> read(ByteReader& in);

 private:
  std::vector<Fingerprint> ring_;
  size_t oldest_ = 0;  // index in the ring once it is full
};

}  // namespace sotto
