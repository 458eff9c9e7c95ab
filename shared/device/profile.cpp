#include "device/profile.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/dense.hpp"

namespace sotto {
namespace {

Status check(const RankRecency& recency) {
  if (!std::isfinite(recency.half_life) || !(recency.half_life > 0))
    return {ErrorCode::kInvalidArgument, "recency half-life: must be finite and > 0"};
  if (!(recency.floor >= 0 && recency.floor <= 1))
    return {ErrorCode::kInvalidArgument, "recency floor: must be 0 .. 1"};
  return {};
}

// Those that the model knows, in the same order.
void find_rows(const DeviceModel& model, std::span<const ItemInteraction> interactions,
               std::vector<uint32_t>& rows, std::vector<float>& strengths) {
  for (const ItemInteraction& interaction : interactions) {
    const auto row = model.items.find(interaction.item);
    if (!row.has_value()) continue;
    rows.push_back(*row);
    strengths.push_back(interaction.weight);
  }
}

}  // namespace

FoldInState start_of_profile(const DeviceModel& model, const ProfilePolicy& policy) {
  Regularization reg = model.reg;
  reg.lambda *= policy.recency_lambda;
  return {model.gram, static_cast<Eigen::Index>(model.rows.size()), reg};
}

std::vector<float> faded_weights(std::span<const float> strengths, const RankRecency& recency) {
  std::vector<float> weights = recency_weights(strengths.size(), recency);
  for (size_t j = 0; j < weights.size(); ++j)
    weights[j] = std::clamp(strengths[j] * weights[j], kLeastWeight, 1.0F);
  return weights;
}

Vector fold_in_history(const DeviceModel& model, const ProfilePolicy& policy,
                       std::span<const uint32_t> history, std::span<const float> strengths) {
  if (history.empty()) return Vector::Zero(static_cast<Eigen::Index>(model.rows.dim()));
  FoldInState state = start_of_profile(model, policy);
  state.add_rows(model.rows.gather(history), faded_weights(strengths, policy.recency));
  return state.solve();
}

Result<Profile> make_profile(const EventLog& log, const DeviceModel& model,
                             const ProfilePolicy& policy, int64_t now_ms) {
  SOTTO_CHECK_OK(check(policy.recency));
  InteractionPolicy undecayed;
  undecayed.recency.floor = 1;
  Profile profile;
  SOTTO_TRY(profile.interactions, weigh(log.summaries(), log.events(), undecayed, now_ms));
  find_rows(model, profile.interactions.positive, profile.history, profile.strengths);
  profile.weights = faded_weights(profile.strengths, policy.recency);
  std::vector<uint32_t> disliked;
  std::vector<float> dislikes;
  find_rows(model, profile.interactions.negative, disliked, dislikes);
  dislikes = faded_weights(dislikes, policy.recency);
  for (size_t j = 0; j < disliked.size(); ++j)
    profile.disliked.push_back({disliked[j], dislikes[j]});

  profile.seen = profile.history;
  profile.seen.insert(profile.seen.end(), disliked.begin(), disliked.end());
  profile.hidden.reset(model.rows.size());
  profile.hidden.exclude_removed(model.items);
  profile.hidden.exclude(disliked);
  profile.unseen = profile.hidden;
  profile.unseen.exclude(profile.seen);

  profile.user = fold_in_history(model, policy, profile.history, profile.strengths);
  if (!all_finite(span_of(profile.user)))
    return Error{ErrorCode::kNumerical, "profile: the fold-in is not finite"};
  return profile;
}

}  // namespace sotto
