// Fine-tuning on the device: the private user vector, and small private offsets of the item vectors
// near the latest events, after every event.
//
// The score of an item is u.(v_i + d_i). Only the part of d_i along u changes a score, so an offset
// is kept as one number b_i: d_i = b_i u / |u|^2, the shortest offset that does the same, and the
// score is u.v_i + b_i. u starts at the fold-in, every b_i at 0. Each event (item j, weight c):
//   1. What was tuned before fades by f = 2^(-1/half_life): u <- u0 + f (u - u0), b <- f b. u0 is
//      the fold-in, so this is also the pull back to it.
//   2. `epochs` steps of sampled softmax (Jean et al. 2015) of the event against items drawn
//      uniformly, p = softmax(score / temperature) over both:
//        u   += rate c (v_j - sum_n p_n v_n) / mean |v|^2
//        b_i += offset_rate c (1 - p_j) max(0, cos(i, j))^3   for j and its neighbours i
//        b_n -= offset_rate c p_n                             for drawn n that have an offset
//      What an event says of its item is said of those like it as well.
//
// Nothing of it enters a contribution, which is computed from the published V and a plain fold-in;
// V is only read. Neighbours come from the caller: there is no scan of V in here, and no clock. The
// work is cut into steps that a host runs in slices between frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "model/row_source.hpp"

namespace sotto {

struct FineTuningOptions {
  uint32_t epochs = 3;          ///< Steps an event, each with its share of both rates. 1 to 1000.
  uint32_t negatives = 64;      ///< Items drawn a step. 1 to 10,000.
  float temperature = 0.3F;     ///< Softmax of score / temperature; scores live around [0, 1]. > 0.
  float rate = 0.1F;            ///< Of u: how far an event moves a score. >= 0.
  float offset_rate = 0.3F;     ///< Of offsets: the same. >= 0.
  float half_life = 5;          ///< Events until half of what one did is left. > 0, to 10,000.
  uint32_t neighbours = 50;     ///< How many neighbours a caller should give an event.
  uint32_t last_events = 32;    ///< How many of the latest events are worth replaying at a start.
  float largest_offset = 0.5F;  ///< |d_i| at most this share of |v_i|. >= 0.
};

/// Errors: kInvalidArgument, naming the option that is out of its range.
Status check_options(const FineTuningOptions& options);

/// Where the replay of a history of n events begins: 0 up to last_events; beyond, it moves by half
/// of them at a time, so that between half and all of last_events (with 32: 17 to 32) are replayed
/// and most new events move nothing.
size_t replay_base(size_t n, uint32_t last_events);

/// An item near another one.
struct Neighbour {
  uint32_t item;
  float cosine;  ///< In [-1, 1]; those below 0 do nothing.
};

/// Thread safety: one thread at a time per object. The rows must outlive it.
class FineTuning {
 public:
  /// start: the fold-in (k). history: items that are never drawn as negatives, in any order.
  /// Errors: kInvalidArgument for options out of range or a start of another length; kNumerical for
  /// a start that is not finite.
  static Result<FineTuning> create(const RowSource& rows, const Vector& start,
                                   std::span<const uint32_t> history,
                                   const FineTuningOptions& options, uint64_t seed);

  /// Queues an event, newest last. neighbours: items like it, best first, without itself; those
  /// that are no rows are ignored, and so is an event whose item is no row. start: the fold-in with
  /// this event, what u fades to from now on. To begin with a history, add its last events, all
  /// with the same start. O(neighbours k). Errors, which leave all as it was: kInvalidArgument for
  /// another length of start or a weight outside (0, kLargestWeight]; kNumerical.
  Status add(uint32_t item, float weight, std::span<const Neighbour> neighbours,
             const Vector& start);

  /// Runs up to `steps` steps, each O(negatives k + offsets). Returns whether there is more to do.
  /// The same vectors come out however the steps are sliced. Errors: kNumerical when V or a score
  /// is not finite; user() is the fold-in then, there are no offsets, and the queue is empty.
  Result<bool> run(size_t steps);
  size_t steps_left() const { return queue_.size() * options_.epochs - steps_of_front_; }

  /// For any item list: scan with user(), then add offset(i) to the items of offset_items().
  const Vector& user() const { return user_; }
  /// Items that have an offset, ascending: those of the last 8 half-lives of events.
  std::vector<uint32_t> offset_items() const;
  /// b_i: what the offset adds to the score; 0 for an item without one.
  float offset(uint32_t item) const;
  /// u.(v_i + d_i); 0 for an item that is no row, or if it is not finite.
  float score(uint32_t item) const;

  static constexpr float kLargestWeight = 100;

 private:
  struct Offset {
    uint32_t item;
    uint32_t events_left;  // until it is dropped
    float norm;            // |v_i|
    float shift;           // before the bound
  };
  struct Event {
    uint32_t item;
    float weight;
    std::vector<Neighbour> near;  // with itself
  };

  FineTuning(const RowSource& rows, const Vector& start, const FineTuningOptions& options,
             uint64_t seed);
  static bool comes_before(const Offset& offset, uint32_t item) { return offset.item < item; }
  bool step(const Event& event);
  void fade();
  void open_offsets(const Event& event);
  size_t draw(uint32_t item);
  void see(uint32_t item);
  bool is_seen(uint32_t item) const;
  Offset* find(uint32_t item);
  const Offset* find(uint32_t item) const;
  float bounded(const Offset& offset) const;
  void give_up();

  const RowSource* rows_;
  FineTuningOptions options_;
  Vector start_;
  Vector user_;
  std::vector<uint32_t> seen_;   // ascending
  std::vector<Offset> offsets_;  // ascending by item
  std::vector<Event> queue_;     // oldest first
  size_t steps_of_front_ = 0;
  Random random_;
  std::vector<uint32_t> drawn_;  // of the present step, the event's item first
  Matrix drawn_rows_;
};

}  // namespace sotto
