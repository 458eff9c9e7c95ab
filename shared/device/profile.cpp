#include "device/profile.hpp"

#include <utility>

namespace sotto {

FoldInState start_of_profile(const DeviceModel& model, const ProfilePolicy& policy) {
  Regularization reg = model.reg;
  reg.lambda *= policy.recency_lambda;
  return {model.gram, static_cast<Eigen::Index>(model.rows.size()), reg};
}

Result<Profile> make_profile(const EventLog& log, const DeviceModel& model,
                             const ProfilePolicy& policy, int64_t now_ms) {
  Profile profile;
  InteractionPolicy weights;
  weights.recency = policy.recency;
  SOTTO_TRY(profile.interactions, weigh(log.summaries(), log.events(), weights, now_ms));
  for (const ItemInteraction& interaction : profile.interactions.positive) {
    const auto row = model.items.find(interaction.item);
    if (!row.has_value()) continue;
    profile.history.push_back(*row);
    profile.weights.push_back(interaction.weight);
    profile.seen.push_back(*row);
  }
  profile.hidden.reset(model.rows.size());
  profile.hidden.exclude_removed(model.items);
  for (const ItemInteraction& interaction : profile.interactions.negative) {
    const auto row = model.items.find(interaction.item);
    if (!row.has_value()) continue;
    profile.disliked.push_back({*row, interaction.weight});
    profile.seen.push_back(*row);
    profile.hidden.exclude(*row);
  }
  profile.unseen = profile.hidden;
  profile.unseen.exclude(profile.seen);

  FoldInState state = start_of_profile(model, policy);
  state.add_rows(model.rows.gather(profile.history), profile.weights);
  profile.user = profile.history.empty() ? Vector(Vector::Zero(state.dim())) : state.solve();
  if (!profile.user.allFinite())
    return Error{ErrorCode::kNumerical, "profile: the fold-in is not finite"};
  return profile;
}

}  // namespace sotto
