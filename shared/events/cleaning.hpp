// Cleaning: what a page reports becomes what a person did.
//
// Pages double-fire, clocks jump, tabs stay open over night, scripts click. Every event that comes
// in is either kept, perhaps repaired, or dropped for one reason; each is counted. In this order:
//
//   1. invalid          validate_event refuses it                                    dropped
//   2. future           more than future_tolerance_ms after the latest time ever seen  dropped
//   3. duplicate        same type, item, value and session within the duplicate window,
//                       among the last 256 kept (a double fire, a message sent again)  dropped
//   4. event rate       more events, or more acts (all but impressions), within a second
//                       than a person makes                                            dropped
//   5. item rate        more acts on one item within 10 seconds than a person makes    dropped
//   6. missing dwell or scroll: imputed by the mean of the user's own last 101 values of that
//      type (outliers winsorised), if there are enough; else of content neighbours; else of the
//      catalogue; else unmeasured: nothing is known                                   dropped
//   7. dwell outliers   winsorised: cut to the longest dwell that is usual for the user
//                       (MeasuredValues::upper_limit), never more than longest_dwell_ms
//   8. clocks           ahead of the latest time seen: set to it. Behind the event before by more
//                       than lateness_ms (the clock was set back): set to that event's time, so
//                       that time order stays the order in which things happened. A clock that
//                       leaps forward and comes back thus leaves events at the leap's time until
//                       the true time passes it: late, but in order, as the ledger sees them too.
//
// Only events of *arrival order* make sense here: sort a foreign list by time first. Cleaning looks
// back, never ahead, so one event at a time and a whole list give the same, by construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "events/event.hpp"
#include "events/measured_values.hpp"
#include "events/recent_events.hpp"

namespace sotto {

struct CleaningPolicy {
  int64_t future_tolerance_ms = 5 * 60'000;  ///< Two clocks of one page differ by less.
  int64_t lateness_ms = 30 * 60'000;         ///< Events of one sitting arrive in any order.
  int64_t duplicate_window_ms = 500;         ///< Shorter than a deliberate repetition of one act.
  uint32_t events_per_second = 100;          ///< A long list scrolls into view at once. <= 256.
  uint32_t acts_per_second = 10;             ///< Nobody does more. <= 256.
  uint32_t item_acts_per_10_s = 15;  ///< click, view, scroll, dwell, like, save, twice. <= 256.
  double outlier_threshold = 3.5;    ///< Modified z-score, > 0.
  uint32_t least_values_for_outliers = 10;  ///< 1 .. 101. Below it only longest_dwell_ms cuts.
  double longest_dwell_ms = 30 * 60'000;    ///< After the session gap nobody is there. > 0.
  uint32_t least_own_values = 3;  ///< 1 .. 101. With fewer, the mean of neighbours is nearer.
};

enum class DropReason : uint8_t {
  kInvalid,
  kFuture,
  kDuplicate,
  kEventRate,
  kItemRate,
  kUnmeasured,
};
inline constexpr size_t kDropReasons = 6;
/// Stable names for JSON, e.g. "item_rate".
const char* drop_reason_name(DropReason reason);

enum class Repair : uint8_t {
  kImputedFromUser,
  kImputedFromNeighbors,
  kImputedFromCatalogue,
  kWinsorized,
  kClockAhead,
  kClockBehind,
};
inline constexpr size_t kRepairs = 6;
const char* repair_name(Repair repair);

/// received = kept + the sum of dropped. An event can be repaired in several ways.
struct CleaningCounts {
  uint64_t received = 0;
  uint64_t kept = 0;
  std::array<uint64_t, kDropReasons> dropped{};  ///< By DropReason.
  std::array<uint64_t, kRepairs> repaired{};     ///< By Repair, among the kept.

  uint64_t of(DropReason reason) const { return dropped[static_cast<size_t>(reason)]; }
  uint64_t of(Repair repair) const { return repaired[static_cast<size_t>(repair)]; }
  bool operator==(const CleaningCounts&) const = default;
};

/// What others know of a value that this device could not measure. Values that are not finite or
/// out of value_range(type) are ignored.
struct ImputationPriors {
  /// Mean values of the items nearest to `item` by content, as many as are known. May be empty.
  std::function<std::span<const double>(EventType type, std::string_view item)> neighbor_means{};
  std::optional<double> catalogue_dwell_ms{};
  std::optional<double> catalogue_scroll{};
};

/// Exactly one of the two is there.
struct CleanOutcome {
  std::optional<Event> event;  ///< Kept: the event as it is to be stored.
  std::optional<DropReason> dropped;
};

/// Cleans one event at a time. Memory: at most 12 KiB, whatever comes in.
/// Thread safety: one thread at a time per object.
class Cleaner {
 public:
  Cleaner() = default;
  /// Errors: kInvalidArgument for a policy outside its ranges.
  static Result<Cleaner> create(const CleaningPolicy& policy);

  /// now_ms: the device's clock; any value is taken, the latest ever seen is what counts.
  CleanOutcome clean(const Event& event, int64_t now_ms, const ImputationPriors& priors = {});

  const CleaningCounts& counts() const { return counts_; }
  int64_t latest_ms() const { return latest_ms_; }
  const CleaningPolicy& policy() const { return policy_; }

  /// Everything but the policy, at most kCleanerBytes: u8 format, i64 latest time, i64 latest
  /// kept time, the counts (u64 each), recent events, dwell and scroll values.
  void write(ByteWriter& out) const;
  /// Errors: kUnsupported for another format; kMalformed for what no cleaner can have written;
  /// kInvalidArgument as create.
  static Result<Cleaner> read(ByteReader& in, const CleaningPolicy& policy = {});

 private:
  std::optional<DropReason> refuse(const Event& event,
                                   const RecentEvents::Fingerprint& print) const;
  std::optional<DropReason> complete(Event& event, const ImputationPriors& priors);
  double dwell_limit() const;
  void winsorize(Event& event);
  void measure(const Event& event);
  void repair_time(Event& event);
  void count(Repair repair) { ++counts_.repaired[static_cast<size_t>(repair)]; }

  CleaningPolicy policy_;
  CleaningCounts counts_;
  int64_t latest_ms_ = 0;       // the latest time ever seen
  int64_t latest_kept_ms_ = 0;  // the latest time of an event that was kept
  RecentEvents recent_;
  MeasuredValues dwell_;
  MeasuredValues scroll_;
};

inline constexpr size_t kCleanerBytes = 8 * 1024;

/// A list at once, and the cleaner after it: as clean() for one after the other.
struct CleanedEvents {
  std::vector<Event> events;
  Cleaner cleaner;
};
CleanedEvents clean_events(std::span<const Event> events, int64_t now_ms, Cleaner cleaner = {},
                           const ImputationPriors& priors = {});

}  // namespace sotto
