#include "device/profile.hpp"

#include <algorithm>
#include <cmath>

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

// Items whose weights the next event changes: by then recency has come to its floor (log2(1 / 0.1)
// half-lives of 5 ranks). With other policies this costs time, not bits.
constexpr size_t kUnsettled = 20;

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
  return GrowingFoldIn().solve(model, policy, history, faded_weights(strengths, policy.recency));
}

Vector GrowingFoldIn::solve(const DeviceModel& model, const ProfilePolicy& policy,
                            std::span<const uint32_t> history, std::span<const float> weights) {
  if (history.empty()) return Vector::Zero(static_cast<Eigen::Index>(model.rows.dim()));
  const size_t known = rows_.size();
  if (!sums_.has_value() || known > history.size() ||
      !std::equal(rows_.begin(), rows_.end(), history.begin()) ||
      !std::equal(weights_.begin(), weights_.end(), weights.begin())) {
    rows_.clear();
    weights_.clear();
    sums_ = start_of_profile(model, policy);
  }
  const auto add = [&](FoldInState& state, size_t from, size_t to) {
    state.add_rows(model.rows.gather(history.subspan(from, to - from)),
                   weights.subspan(from, to - from));
  };
  const size_t unsettled = std::min(kUnsettled, history.size());
  const size_t settled = (history.size() - unsettled) / kRowsAtOnce * kRowsAtOnce;
  if (settled > rows_.size()) {
    add(*sums_, rows_.size(), settled);
    rows_.assign(history.begin(), history.begin() + static_cast<ptrdiff_t>(settled));
    weights_.assign(weights.begin(), weights.begin() + static_cast<ptrdiff_t>(settled));
  }
  FoldInState state = *sums_;
  add(state, rows_.size(), history.size());
  return state.solve();
}

// Of a log that has summarised or forgotten something, all is read anew.
void ProfileMaker::read(const EventLog& log) {
  if (!evidence_.has_value() || first_sequence_ != log.first_sequence() ||
      n_events_ > log.events().size()) {
    evidence_.emplace(log.summaries());
    rows_.clear();
    first_sequence_ = log.first_sequence();
    n_events_ = 0;
  }
  for (const Event& event : log.events().subspan(n_events_)) evidence_->add(event);
  n_events_ = log.events().size();
}

std::optional<uint32_t> ProfileMaker::row_of(const ItemEvidence::Net& item,
                                             const DeviceModel& model) {
  if (item.item >= rows_.size()) rows_.resize(item.item + 1);
  std::optional<uint32_t>& row = rows_[item.item];
  if (!row.has_value()) row = model.items.find(item.summary->item);
  return row;
}

Result<Profile> ProfileMaker::make(const EventLog& log, const DeviceModel& model,
                                   const ProfilePolicy& policy) {
  SOTTO_CHECK_OK(check(policy.recency));
  read(log);
  Profile profile;
  std::vector<uint32_t> disliked;
  std::vector<float> dislikes;
  for (const ItemEvidence::Net& item : evidence_->interactions()) {
    const auto row = row_of(item, model);
    if (!row.has_value()) continue;
    (item.net > 0 ? profile.history : disliked).push_back(*row);
    (item.net > 0 ? profile.strengths : dislikes)
        .push_back(std::clamp(static_cast<float>(std::abs(item.net)), kLeastWeight, 1.0F));
  }
  profile.weights = faded_weights(profile.strengths, policy.recency);
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

  profile.user = fold_in_.solve(model, policy, profile.history, profile.weights);
  if (!all_finite(span_of(profile.user)))
    return Error{ErrorCode::kNumerical, "profile: the fold-in is not finite"};
  return profile;
}

}  // namespace sotto
