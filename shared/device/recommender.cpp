#include "device/recommender.hpp"

#include <algorithm>
#include <utility>

#include "base/sort.hpp"
#include "model/dense.hpp"
#include "retrieval/diversity.hpp"
#include "retrieval/similar.hpp"
#include "retrieval/tuned_top_k.hpp"

namespace sotto {
namespace {

// With dislikes or diversity, that many times as many candidates as the list will show.
constexpr size_t kPool = 4;
constexpr size_t kLeastPool = 200;

Status check(const DeviceModel& model, const RecommendRequest& request) {
  const auto bad = [](const char* message) { return Status(ErrorCode::kInvalidArgument, message); };
  if (request.count < 1 || request.count > RecommendRequest::kMostCount)
    return bad("count: must be 1 .. 1000");
  if (!(request.diversity >= 0 && request.diversity <= 1)) return bad("diversity: must be 0 .. 1");
  if (!(request.dislike_strength >= 0 && request.dislike_strength <= 1))
    return bad("dislike strength: must be 0 .. 1");
  if (request.context_item.has_value() && *request.context_item >= model.rows.size())
    return bad("context item: no row of the model");
  return {};
}

RowFilter filter_of(const Profile& profile, const RecommendRequest& request) {
  RowFilter filter = request.include_seen ? profile.hidden : profile.unseen;
  if (request.context_item.has_value()) filter.exclude(*request.context_item);
  if (request.allowed) filter.exclude_unless(request.allowed);
  return filter;
}

// A list under construction: what is in it is excluded from what follows.
class List {
 public:
  List(RowFilter filter, uint32_t count) : filter_(std::move(filter)), count_(count) {}

  size_t missing() const { return count_ - items_.size(); }
  const RowFilter& filter() const { return filter_; }
  void add(std::span<const ScoredItem> items, ListSource source) {
    for (const ScoredItem& item : items) {
      if (missing() == 0) return;
      items_.push_back({item.item, item.score, source});
      filter_.exclude(item.item);
    }
  }
  // The allowed rows with the largest score above `least`; score(row) is asked for allowed rows
  // only.
  template <class Score>
  void add_best(const Score& score, float least, ListSource source) {
    if (missing() == 0) return;
    std::vector<ScoredItem> found;
    for (uint32_t row = 0; row < filter_.size(); ++row)
      if (filter_.allows(row))
        if (const float value = score(row); value > least) found.push_back({row, value});
    const size_t n = std::min(missing(), found.size());
    sort_first(std::span(found), n, ranks_before);
    add(std::span(found).first(n), source);
  }
  std::vector<Recommendation> take() && { return std::move(items_); }

 private:
  RowFilter filter_;
  uint32_t count_;
  std::vector<Recommendation> items_;
};

Result<std::vector<ScoredItem>> best_of(const ItemRows& rows, std::span<const float> user,
                                        const FineTuning* tuned, size_t n, const RowFilter& filter,
                                        ScanScratch& scratch) {
  if (tuned != nullptr) return tuned_top_k(rows, *tuned, n, filter, scratch);
  SOTTO_TRY(const auto found, top_k(rows, user, n, filter, scratch));
  return std::vector<ScoredItem>(found.begin(), found.end());
}

// After an error the list is as before.
Status add_personal(const DeviceModel& model, const Profile& profile, const FineTuning* tuned,
                    const RecommendRequest& request, ScanScratch& scratch, List& list) {
  if (dot(span_of(profile.user), span_of(profile.user)) == 0) return {};
  const Vector& vector = tuned == nullptr ? profile.user : tuned->user();
  const std::span<const float> user = span_of(vector);
  const bool rearranged = request.diversity > 0 || !profile.disliked.empty();
  const size_t pool =
      rearranged ? std::max(kPool * size_t{request.count}, kLeastPool) : size_t{request.count};
  SOTTO_TRY(auto candidates, best_of(model.rows, user, tuned, pool, list.filter(), scratch));
  const auto norms = model.rows.inverse_norms();
  std::erase_if(candidates, [&](const ScoredItem& item) { return norms[item.item] == 0; });
  if (!profile.disliked.empty())
    SOTTO_CHECK_OK(
        penalize_similar(model.rows, user, profile.disliked, request.dislike_strength, candidates));
  if (request.diversity > 0) {
    SOTTO_TRY(candidates, diversify(model.rows, candidates, request.count,
                                    1 - static_cast<double>(request.diversity)));
  }
  list.add(candidates, ListSource::kPersonal);
  return {};
}

void add_by_content(const DeviceModel& model, std::span<const uint32_t> items,
                    std::span<const float> weights, List& list) {
  if (list.missing() == 0 || items.empty() || model.content.size() == 0) return;
  std::vector<float> scores(model.rows.size());
  model.content.score(model.content.interests(items, weights), scores);
  list.add_best([&](uint32_t row) { return scores[row]; }, 0, ListSource::kContent);
}

void add_popular(const DeviceModel& model, List& list) {
  const auto& popularity = model.popularity;
  list.add_best(
      [&](uint32_t row) { return popularity.empty() ? model.rows.norm(row) : popularity[row]; }, -1,
      ListSource::kPopular);
}

}  // namespace

Result<std::vector<Recommendation>> recommend(const DeviceModel& model, const Profile& profile,
                                              const RecommendRequest& request, ScanScratch& scratch,
                                              const FineTuning* tuned) {
  SOTTO_CHECK_OK(check(model, request));
  List list(filter_of(profile, request), request.count);
  if (tuned == nullptr || !add_personal(model, profile, tuned, request, scratch, list).ok())
    SOTTO_CHECK_OK(add_personal(model, profile, nullptr, request, scratch, list));
  if (!profile.history.empty()) {
    add_by_content(model, profile.history, profile.weights, list);
  } else if (request.context_item.has_value()) {
    const float weight = 1;
    add_by_content(model, {&*request.context_item, 1}, {&weight, 1}, list);
  }
  add_popular(model, list);
  return std::move(list).take();
}

Result<std::vector<Recommendation>> similar(const DeviceModel& model, const Profile& profile,
                                            uint32_t item, const RecommendRequest& request,
                                            ScanScratch& scratch) {
  SOTTO_CHECK_OK(check(model, request));
  if (item >= model.rows.size())
    return Error{ErrorCode::kInvalidArgument, "item: no row of the model"};
  RowFilter filter = filter_of(profile, request);
  filter.exclude(item);
  List list(std::move(filter), request.count);
  SOTTO_TRY(const auto found,
            similar_items(model.rows, item, request.count, list.filter(), scratch));
  list.add(found, ListSource::kPersonal);
  const float weight = 1;
  add_by_content(model, {&item, 1}, {&weight, 1}, list);
  return std::move(list).take();
}

Result<Explanation> explain(const DeviceModel& model, const Profile& profile,
                            const ProfilePolicy& policy, uint32_t item, size_t n_reasons) {
  if (item >= model.rows.size())
    return Error{ErrorCode::kInvalidArgument, "item: no row of the model"};
  return explain(start_of_profile(model, policy), model.rows.gather(profile.history),
                 profile.weights, model.rows.vector(item), n_reasons);
}

Result<std::vector<Interest>> interests(const DeviceModel& model, const Profile& profile) {
  std::vector<ProfileEvent> events;
  for (size_t j = 0; j < profile.history.size(); ++j)
    if (profile.history[j] < model.catalogue.items.size())
      events.push_back({profile.history[j], profile.strengths[j]});
  return interest_profile(events, model.catalogue.items);
}

}  // namespace sotto
