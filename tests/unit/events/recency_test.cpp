#include "events/recency.hpp"

#include <doctest/doctest.h>

using namespace sotto;

TEST_CASE("weights halve every half-life, counted back from the newest event") {
  const auto weights = recency_weights(11, {.half_life = 5, .floor = 0});
  REQUIRE(weights.size() == 11);
  CHECK(weights[10] == 1.0f);
  CHECK(weights[5] == doctest::Approx(0.5));
  CHECK(weights[0] == doctest::Approx(0.25));
  CHECK(weights[9] == doctest::Approx(0.8705506));  // 2^(-1/5)
}

TEST_CASE("no weight is below the floor") {
  const auto weights = recency_weights(100, RankRecency{});
  CHECK(weights[0] == 0.1f);
  CHECK(weights[82] == 0.1f);                        // 17 events older: 2^-3.4 = 0.095
  CHECK(weights[83] == doctest::Approx(0.1088188));  // 16 events older: 2^-3.2
  for (size_t i = 1; i < weights.size(); ++i) CHECK(weights[i] >= weights[i - 1]);
}

TEST_CASE("an empty history has no weights, a single event weight 1") {
  CHECK(recency_weights(0, RankRecency{}).empty());
  CHECK(recency_weights(1, RankRecency{}) == std::vector<float>{1.0f});
}

TEST_CASE("a floor of one makes all events equal") {
  for (const float weight : recency_weights(50, {.half_life = 5, .floor = 1}))
    CHECK(weight == 1.0f);
}
