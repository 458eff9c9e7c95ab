// From events to interactions: one weight an item, ready for the fold-in.
//
// Strength. Each type of event says how far it takes us from knowing nothing (0) to being sure that
// the person wants the item (1) or does not (-1):
//
//   impression  0      shown is not chosen
//   view        0.25   opened, perhaps by accident
//   click       0.5    chosen from a list: two clicks on an item are about sure
//   scroll      0.25 x the part that was reached
//   dwell       bounce: -0.8 (1 - d / 5 s) below 5 s, which outweighs the click that led to it
//               as long as d < 1.9 s;  else 0.7 (d - 5 s) / (d + 20 s): half of its most after 30
//               s, the dwell from which a click is commonly called satisfied (Fox et al. 2005)
//   save 0.8, share 0.85, like 0.9, purchase 0.95    each costs more than the one before
//   rating      (value - 2.5) / 2.5, at most 0.95
//   dislike, hide -1
//
// The order is that of Oard and Kim (1998): examine < retain < reference < rate. The values are
// chosen, not measured: public data sets with all of these events do not exist. They are data
// (kStrengths) so that a site's own figures can replace them in one place.
//
// Combination. For each type with n events of mean value v: s = strength(v) (2 - 2^(1-n)), so
// repetition counts at most twice, cut to [-0.95, 0.95]. Types are independent evidence (noisy-or):
//   P = 1 - prod over s > 0 of (1 - s),   N = 1 - prod over s < 0 of (1 + s),   net = P - N.
// Of opinions (like, dislike, hide, rating) only the latest counts: people change their minds.
// P < 1 always, and N = 1 after a dislike or hide: these win over everything before and after,
// until another opinion replaces them.
//
// Weight = |net| * recency by rank * wall-clock half-life (if any), cut to [kLeastWeight, 1].
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "events/event.hpp"
#include "events/item_summary.hpp"
#include "events/recency.hpp"

namespace sotto {

/// In [-1, 0.95]. Precondition: value is in value_range(type).
double event_strength(EventType type, double value);
/// net of the above, in [-1, 1).
double net_strength(const ItemSummary& summary);

/// Nearer to 0 than this the signs of an item cancel out: it is no interaction at all.
inline constexpr double kIndifference = 0.01;
/// So that no history, however old, meets a weight of zero.
inline constexpr float kLeastWeight = 1e-4F;

struct ItemInteraction {
  std::string item;
  float weight = 1;          ///< (0, 1], finite.
  int64_t timestamp_ms = 0;  ///< Of the latest event on it that is no impression.

  bool operator==(const ItemInteraction&) const = default;
};

/// Both in time order, oldest first, by the latest event that is no impression (ties in order of
/// arrival); every item stands in at most one of them, once.
struct Interactions {
  std::vector<ItemInteraction> positive;  ///< net > 0: the history for the fold-in.
  std::vector<ItemInteraction> negative;  ///< net < 0: for the ranker and its filters.
};

struct InteractionPolicy {
  RankRecency recency{};  ///< Ranks among the positive, and for themselves among the negative.
  std::optional<double> half_life_days{};  ///< > 0. By wall clock, back from now.
};

/// What all events say of each item, kept up to date event by event.
/// Thread safety: one thread at a time per object. Memory: some 400 bytes an item.
class ItemEvidence {
 public:
  struct Net {
    const ItemSummary* summary;
    double net;     ///< net_strength.
    uint32_t item;  ///< 0, 1, ... in order of first appearance: the same for ever.
  };

  /// summaries: of events older than all that will be added, at most one an item.
  explicit ItemEvidence(std::span<const ItemSummary> summaries = {});
  /// In order of arrival, cleaned; one that is invalid or has no value is passed over.
  void add(const Event& event);
  /// Items that are an interaction, in the order of Interactions. Valid until the next call.
  std::vector<Net> interactions();

 private:
  bool earlier(uint32_t a, uint32_t b) const;

  std::vector<ItemSummary> items_;  // in order of first appearance
  std::vector<double> nets_;        // one an item
  std::unordered_map<std::string, uint32_t> positions_;
  std::vector<uint32_t> order_;  // of the items that were there at the last interactions(), by time
  uint64_t next_ = 0;            // sequence
};

/// summaries: of events older than `events`, at most one an item (EventLog keeps both).
/// events: as ItemEvidence takes them. now_ms: only for the wall-clock half-life; the future counts
/// as now. Errors: kInvalidArgument for a policy outside its ranges.
Result<Interactions> weigh(std::span<const ItemSummary> summaries, std::span<const Event> events,
                           const InteractionPolicy& policy, int64_t now_ms);

/// What a contribution is computed from: the positive items of events from since_ms on, all of
/// weight 1 (the weights of the task's layout are computed there), in the same order. Values that
/// were imputed do not count, because they come from events that may be older than since_ms.
/// Summaries have no part in it for the same reason.
std::vector<ItemInteraction> contribution_items(std::span<const Event> events, int64_t since_ms);

}  // namespace sotto
