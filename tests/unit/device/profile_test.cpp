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
  CHECK(profile.interactions.positive.size() == 4);
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
        make_profile(visitor.device->log(), *visitor.device->model(), {.recency = bad}, kNow);
    CHECK(code_of(profile) == ErrorCode::kInvalidArgument);
  }
}
