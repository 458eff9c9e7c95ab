#include "device/profile.hpp"

#include "small_site.hpp"

using namespace sotto;

TEST_CASE("strengths are what was done, weights what is left of them by rank among known rows") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({3, 9});
  visitor.track(EventType::kLike, 500);  // not in the model: takes no rank
  visitor.track(EventType::kClick, 27);
  visitor.track(EventType::kHide, 40);
  visitor.track(EventType::kHide, 41);
  const Profile& profile = **visitor.device->profile(visitor.now_ms);
  CHECK(profile.history == std::vector<uint32_t>{3, 9, 27});
  REQUIRE(profile.strengths.size() == 3);
  CHECK(profile.strengths[0] == doctest::Approx(0.9));
  CHECK(profile.strengths[2] == doctest::Approx(0.5));
  const auto recency = recency_weights(3, {});
  for (size_t j = 0; j < 3; ++j)
    CHECK(profile.weights[j] == doctest::Approx(profile.strengths[j] * recency[j]));
  REQUIRE(profile.disliked.size() == 2);
  CHECK(profile.disliked[0].weight == doctest::Approx(recency_weights(2, {})[0]));
  CHECK(profile.disliked[1].weight == 1);
  CHECK(profile.user ==
        fold_in_history(*visitor.device->model(), {}, profile.history, profile.strengths));
  CHECK(fold_in_history(*visitor.device->model(), {}, {}, {}) == Vector(Vector::Zero(8)));
}

TEST_CASE("a fold-in that goes on from the one before has the bits of one from nothing") {
  const SmallSite site;
  const Visitor visitor(site);
  const DeviceModel& model = *visitor.device->model();
  const ProfilePolicy policy;
  Random random(5);
  std::vector<uint32_t> history;
  std::vector<float> strengths;
  GrowingFoldIn growing;
  for (int e = 0; e < 300; ++e) {
    CAPTURE(e);
    if (e % 40 == 39) {  // an old item is chosen again, or what was done to it weighs less
      const auto at = static_cast<ptrdiff_t>(random.below(history.size()));
      if (e % 80 == 79) history.erase(history.begin() + at);
      strengths.erase(strengths.begin() + at);
      if (e % 80 == 39) strengths.insert(strengths.begin() + at, 0.25F);
    }
    if (e == 200) {
      history.resize(7);
      strengths.resize(7);
    }
    history.push_back(static_cast<uint32_t>(random.below(SmallSite::kItems)));
    strengths.push_back(0.1F + 0.9F * static_cast<float>(random.uniform()));
    const auto weights = faded_weights(strengths, policy.recency);
    FoldInState whole = start_of_profile(model, policy);
    whole.add_rows(model.rows.gather(history), weights);
    REQUIRE(growing.solve(model, policy, history, weights) == whole.solve());
  }
}

TEST_CASE("a profile that is kept through events and summaries is the one made anew") {
  const SmallSite site;
  DeviceOptions options = site.options();
  options.log_limits = {.max_events = 60, .max_summaries = 30};
  Visitor visitor(site, options);
  Random random(6);
  for (int e = 0; e < 400; ++e) {
    CAPTURE(e);
    const bool dislike = random.below(9) == 0;
    visitor.track(dislike ? EventType::kHide : EventType::kClick,
                  static_cast<uint32_t>(random.below(SmallSite::kItems)));
    if (e == 250) visitor.storage.commit(visitor.device->forget());
    const Profile& kept = **visitor.device->profile(visitor.now_ms);
    const Profile anew =
        ProfileMaker().make(visitor.device->log(), *visitor.device->model(), {}).value();
    REQUIRE(kept.history == anew.history);
    REQUIRE(kept.weights == anew.weights);
    REQUIRE(kept.user == anew.user);
    REQUIRE(kept.seen == anew.seen);
    REQUIRE(kept.disliked.size() == anew.disliked.size());
  }
}

TEST_CASE("faded weights stay above zero and at most 1") {
  const std::vector<float> strengths(300, 1e-4F);
  for (const float weight : faded_weights(strengths, {.half_life = 1, .floor = 0}))
    CHECK(weight == kLeastWeight);
  CHECK(faded_weights({}, {}).empty());
}

TEST_CASE("a recency out of its ranges is refused by name") {
  const SmallSite site;
  const Visitor visitor(site);
  for (const RankRecency& bad :
       {RankRecency{0, 0.1}, RankRecency{-1, 0.1}, RankRecency{INFINITY, 0}, RankRecency{NAN, 0},
        RankRecency{5, 1.5}, RankRecency{5, NAN}}) {
    const auto profile =
        ProfileMaker().make(visitor.device->log(), *visitor.device->model(), {.recency = bad});
    CHECK(code_of(profile) == ErrorCode::kInvalidArgument);
  }
}
