// What a device makes of its event log and its model: the user vector and what may be shown.
// A pure function of both; nothing of it is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "device/device_model.hpp"
#include "events/event_log.hpp"
#include "events/interaction.hpp"
#include "retrieval/filter.hpp"
#include "retrieval/negative_feedback.hpp"

namespace sotto {

struct ProfilePolicy {
  RankRecency recency{.half_life = 5, .floor = 0.1};
  /// Recency weights shrink the history; with this factor on lambda they do best (docs/model.md).
  float recency_lambda = 3;
};

/// Thread safety: a plain value.
struct Profile {
  std::vector<uint32_t> history;       ///< Rows of positive items, oldest first,
  std::vector<float> strengths;        ///< how strongly each was chosen, in (0, 1],
  std::vector<float> weights;          ///< and faded_weights of these.
  std::vector<DislikedItem> disliked;  ///< Rows of negative items, weighed alike.
  std::vector<uint32_t> seen;          ///< Rows of items of either kind.
  Vector user;                         ///< k; zero without a history.
  RowFilter hidden;                    ///< Tombstones and disliked items.
  RowFilter unseen;                    ///< hidden, and without seen items.
};

/// fold_in_history of one history after another, each as a rule the one before and a little more:
/// goes on from the sums over what they begin with alike. The same bits as from nothing.
/// Thread safety: one thread at a time per object. Memory: k x k floats.
class GrowingFoldIn {
 public:
  /// model and policy: the same ones every time.
  Vector solve(const DeviceModel& model, const ProfilePolicy& policy,
               std::span<const uint32_t> history, std::span<const float> weights);

 private:
  std::vector<uint32_t> rows_;  // what is summed up: a multiple of kRowsAtOnce
  std::vector<float> weights_;
  std::optional<FoldInState> sums_;
};

/// Makes the profile of one log after each of its events, without beginning anew.
/// Thread safety: one thread at a time per object.
class ProfileMaker {
 public:
  /// log, model and policy: the same ones every time; the log may have grown.
  /// Errors: kInvalidArgument for a recency out of its ranges; kNumerical when the fold-in leaves
  /// finite numbers.
  Result<Profile> make(const EventLog& log, const DeviceModel& model, const ProfilePolicy& policy);

 private:
  void read(const EventLog& log);
  std::optional<uint32_t> row_of(const ItemEvidence::Net& item, const DeviceModel& model);

  std::optional<ItemEvidence> evidence_;
  std::vector<std::optional<uint32_t>> rows_;  // of its items, as far as they were looked up
  uint64_t first_sequence_ = 0;                // of the events that evidence_ knows singly
  size_t n_events_ = 0;
  GrowingFoldIn fold_in_;
};

/// Strengths (oldest first) after recency by rank, cut to [kLeastWeight, 1]: rank among the rows
/// that the model knows.
std::vector<float> faded_weights(std::span<const float> strengths, const RankRecency& recency);

/// The user vector (k) of a history with strengths one each; zero for an empty one. What
/// Profile::user is, and of every beginning of a history what it was then.
Vector fold_in_history(const DeviceModel& model, const ProfilePolicy& policy,
                       std::span<const uint32_t> history, std::span<const float> strengths);

/// The fold-in's normal equations without a history, with the profile's regularisation.
FoldInState start_of_profile(const DeviceModel& model, const ProfilePolicy& policy);

}  // namespace sotto
