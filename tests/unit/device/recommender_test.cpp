#include "device/recommender.hpp"

#include <algorithm>
#include <set>

#include "small_site.hpp"

using namespace sotto;

namespace {

Profile profile_of(const Device& device, const DeviceModel& model) {
  return ProfileMaker().make(device.log(), model, {}).value();
}

bool valid_and_distinct(const std::vector<Recommendation>& list, const DeviceModel& model) {
  std::set<uint32_t> seen;
  return std::all_of(list.begin(), list.end(), [&](const Recommendation& entry) {
    return model.items.live(entry.item) && seen.insert(entry.item).second &&
           std::isfinite(entry.score);
  });
}

}  // namespace

TEST_CASE("before the first event: the most popular, or what is like the page's item") {
  const SmallSite site;
  Visitor visitor(site);
  const auto popular = visitor.list({.count = 10});
  REQUIRE(popular.size() == 10);
  for (size_t j = 0; j < popular.size(); ++j) {
    CHECK(popular[j].source == ListSource::kPopular);
    CHECK(popular[j].score == site.snapshot.popularity[popular[j].item]);
    if (j > 0) CHECK(popular[j].score <= popular[j - 1].score);
  }

  const auto near = visitor.list({.count = 10, .context_item = 6});
  REQUIRE(near.size() == 10);
  const auto model = site.model();
  for (const Recommendation& entry : near) {
    CHECK(entry.source == ListSource::kContent);
    CHECK(entry.item != 6);
    CHECK(model->content.similarity(6, entry.item) == doctest::Approx(1));
  }
}

TEST_CASE("after the first event lists are personal, and filled up when the model runs out") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({3, 9});
  const auto list = visitor.list({.count = 20});
  for (const Recommendation& entry : list) CHECK(entry.source == ListSource::kPersonal);

  const auto everything = visitor.list({.count = 500});
  CHECK(everything.size() == SmallSite::kItems - 3);  // seen: 2, removed: 1
  CHECK(everything.back().item == SmallSite::kWithoutRow);
  CHECK(everything.back().source == ListSource::kContent);
}

TEST_CASE("filters never leak: seen, hidden, removed, the page's item, the caller's") {
  const SmallSite site;
  Random random(4);
  for (int trial = 0; trial < 150; ++trial) {
    CAPTURE(trial);
    Visitor visitor(site);
    std::set<uint32_t> seen, hidden;
    const auto n_events = static_cast<int>(random.below(12));
    for (int e = 0; e < n_events; ++e) {
      const auto item = static_cast<uint32_t>(random.below(SmallSite::kItems));
      const bool dislike = random.below(4) == 0;
      if (!visitor.track(dislike ? EventType::kHide : EventType::kLike, item).kept.has_value())
        continue;
      (dislike ? hidden : seen).insert(item);
      (dislike ? seen : hidden).erase(item);  // the latest opinion stands
    }
    RecommendRequest request;
    request.count = static_cast<uint32_t>(1 + random.below(120));
    request.diversity = random.below(2) == 0 ? 0 : static_cast<float>(random.uniform());
    request.dislike_strength = static_cast<float>(random.uniform());
    request.include_seen = random.below(3) == 0;
    if (random.below(2) == 0)
      request.context_item = static_cast<uint32_t>(random.below(SmallSite::kItems));
    const uint64_t modulus = 1 + random.below(5);
    if (random.below(2) == 0)
      request.allowed = [modulus](uint32_t row) { return row % modulus == 0; };

    size_t allowed = 0;
    const auto may_appear = [&](uint32_t row) {
      return row != SmallSite::kRemoved && !hidden.contains(row) &&
             (request.include_seen || !seen.contains(row)) && request.context_item != row &&
             (!request.allowed || request.allowed(row));
    };
    for (uint32_t row = 0; row < SmallSite::kItems; ++row) allowed += may_appear(row) ? 1U : 0U;
    const auto list = visitor.list(request);
    CHECK(list.size() == std::min<size_t>(request.count, allowed));
    CHECK(valid_and_distinct(list, *visitor.device->model()));
    for (const Recommendation& entry : list) CHECK(may_appear(entry.item));

    const auto item = static_cast<uint32_t>(random.below(SmallSite::kRemoved));
    const auto like = visitor.device->similar(item_id(item), request, visitor.now_ms).value();
    CHECK(valid_and_distinct(like, *visitor.device->model()));
    for (const Recommendation& entry : like) {
      CHECK(may_appear(entry.item));
      CHECK(entry.item != item);
    }
  }
}

TEST_CASE("a dislike takes the item away and lowers what is like it") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({3, 9, 27});
  const auto before = visitor.list({.count = 200});
  const uint32_t disliked = before.front().item;
  visitor.track(EventType::kDislike, disliked);
  const auto after = visitor.list({.count = 200, .dislike_strength = 1});
  const auto score_in = [](const std::vector<Recommendation>& list, uint32_t item) {
    for (const Recommendation& entry : list)
      if (entry.item == item) return entry.score;
    return -1e9F;
  };
  CHECK(score_in(after, disliked) == -1e9F);
  const auto& rows = visitor.device->model()->rows;
  for (const Recommendation& entry : after) {
    if (entry.source != ListSource::kPersonal) continue;
    const float change = entry.score - score_in(before, entry.item);
    if (rows.cosine(disliked, entry.item) > 0.01F) CHECK(change < 0);
    if (rows.cosine(disliked, entry.item) <= 0) CHECK(std::fabs(change) < 1e-6F);
  }
}

TEST_CASE("reasons hold: without the named item the score is lower by what was stated") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({3, 9, 27, 40, 41, 66});
  const auto model = site.model();
  const Profile profile = profile_of(*visitor.device, *model);
  size_t reasons = 0;
  for (const Recommendation& entry : visitor.list({.count = 10})) {
    const auto why = visitor.device->explain(item_id(entry.item), 3, visitor.now_ms).value();
    CHECK(why.score == doctest::Approx(entry.score).epsilon(1e-4));
    CHECK(why.terms.size() == profile.history.size());
    for (const Reason& reason : why.reasons) {
      ++reasons;
      CHECK(reason.drop > 0);
      const float without =
          score_without(start_of_profile(*model, {}), model->rows.gather(profile.history),
                        profile.weights, model->rows.vector(entry.item), reason.position)
              .value();
      CHECK(without < why.score);
      CHECK(why.score - without == doctest::Approx(reason.drop).epsilon(0.01));
    }
  }
  CHECK(reasons > 5);
}

TEST_CASE("interests sum to one and name the categories of what was liked") {
  const SmallSite site;
  Visitor visitor(site);
  CHECK(visitor.device->interests(visitor.now_ms).value().empty());
  visitor.like({0, 6, 12});  // tags 0 and 3 all of them
  const auto interests = visitor.device->interests(visitor.now_ms).value();
  REQUIRE(interests.size() == 2);
  CHECK(interests[0].tag == 0);
  CHECK(interests[1].tag == 3);
  CHECK(interests[0].share + interests[1].share == doctest::Approx(1));
}

TEST_CASE("requests out of range are refused by name") {
  const SmallSite site;
  Visitor visitor(site);
  const auto message = [&](const RecommendRequest& request) {
    const auto list = visitor.device->recommend(request, kNow);
    REQUIRE_FALSE(list.ok());
    CHECK(list.error().code == ErrorCode::kInvalidArgument);
    return list.error().message.substr(0, list.error().message.find(':'));
  };
  CHECK(message({.count = 0}) == "count");
  CHECK(message({.count = 1001}) == "count");
  CHECK(message({.diversity = -0.1F}) == "diversity");
  CHECK(message({.diversity = NAN}) == "diversity");
  CHECK(message({.dislike_strength = 2}) == "dislike strength");
  CHECK(message({.context_item = SmallSite::kItems}) == "context item");
  CHECK(code_of(visitor.device->explain("nothing", 3, kNow)) == ErrorCode::kNotFound);
  CHECK(code_of(visitor.device->similar(item_id(SmallSite::kRemoved), {}, kNow)) ==
        ErrorCode::kNotFound);
}
