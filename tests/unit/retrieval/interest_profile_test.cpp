#include "retrieval/interest_profile.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"

namespace sotto {
namespace {

ItemFeatures tagged(std::vector<uint32_t> tags) { return {std::move(tags), {}}; }

TEST_CASE("shares of interests sum to one and come largest first") {
  Random random(1);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<ItemFeatures> features(30);
    for (auto& item : features)
      for (uint64_t t = random.below(4); t > 0; --t)
        item.tags.push_back(static_cast<uint32_t>(random.below(6)));
    features[0].tags = {2};
    std::vector<ProfileEvent> events{{0, 1.0F}};  // so that there is something
    for (uint64_t e = random.below(100); e > 0; --e)
      events.push_back(
          {static_cast<uint32_t>(random.below(30)), static_cast<float>(random.below(3))});
    const auto profile = interest_profile(events, features, {.items_per_interest = 100}).value();
    double sum = 0;
    for (size_t i = 0; i < profile.size(); ++i) {
      CHECK(profile[i].share > 0);
      if (i > 0) CHECK(profile[i].share <= profile[i - 1].share);
      double behind = 0;
      for (const InterestItem& item : profile[i].items) behind += item.share;
      CHECK(behind == doctest::Approx(profile[i].share));
      sum += profile[i].share;
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("an event counts by its weight, its age, and is divided among the tags of its item") {
  const std::vector<ItemFeatures> features{tagged({0}), tagged({1, 2, 1}), tagged({})};
  // Oldest first; with a half-life of one event the ages 2, 1, 0 weigh 1/4, 1/2, 1.
  const std::vector<ProfileEvent> events{{0, 2}, {1, 2}, {2, 5}};
  const auto profile = interest_profile(events, features, {{1, 0}, 3}).value();
  REQUIRE(profile.size() == 3);
  // Masses: tag 0 2/4, tags 1 and 2 half of 2/2 each: all equal, so by tag.
  for (uint32_t tag = 0; tag < 3; ++tag) {
    CHECK(profile[tag].tag == tag);
    CHECK(profile[tag].share == doctest::Approx(1.0 / 3));
  }
  CHECK(profile[1].items.size() == 1);
  CHECK(profile[1].items[0].item == 1);
}

TEST_CASE("new events outweigh old ones, and the items behind an interest are the heaviest") {
  std::vector<ItemFeatures> features;
  for (int i = 0; i < 10; ++i) features.push_back(tagged({i < 5 ? 0U : 1U}));
  std::vector<ProfileEvent> events;
  for (uint32_t i = 0; i < 10; ++i) events.push_back({i, 1});
  events.push_back({6, 1});
  const auto profile = interest_profile(events, features, {{2, 0.1}, 2}).value();
  REQUIRE(profile.size() == 2);
  CHECK(profile[0].tag == 1);
  CHECK(profile[0].share > 0.5);
  REQUIRE(profile[0].items.size() == 2);
  CHECK(profile[0].items[0].item == 6);  // twice, and newest
  CHECK(profile[0].items[1].item == 9);
}

TEST_CASE("nothing known is an empty profile") {
  const std::vector<ItemFeatures> features{tagged({0}), tagged({})};
  CHECK(interest_profile({}, features).value().empty());
  CHECK(interest_profile(std::vector<ProfileEvent>{{1, 1}}, features).value().empty());
  CHECK(interest_profile(std::vector<ProfileEvent>{{0, 0}}, features).value().empty());
}

TEST_CASE("profiles refuse unknown items, bad weights and bad decays") {
  const std::vector<ItemFeatures> features{tagged({0})};
  const auto code = [&](ProfileEvent event, RankRecency decay) {
    return interest_profile(std::vector<ProfileEvent>{event}, features, {decay, 3}).error().code;
  };
  CHECK(code({1, 1}, {5, 0.1}) == ErrorCode::kInvalidArgument);
  CHECK(code({0, -1}, {5, 0.1}) == ErrorCode::kInvalidArgument);
  CHECK(code({0, NAN}, {5, 0.1}) == ErrorCode::kInvalidArgument);
  CHECK(code({0, 1}, {0, 0.1}) == ErrorCode::kInvalidArgument);
  CHECK(code({0, 1}, {5, 1.1}) == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sotto
