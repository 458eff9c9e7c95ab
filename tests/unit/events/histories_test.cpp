#include "events/histories.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sotto;

TEST_CASE("histories come back as they were added, empty ones too") {
  Histories histories;
  CHECK(histories.size() == 0);
  const std::vector<std::vector<uint32_t>> added{{3, 1}, {}, {7}, {}};
  for (const auto& history : added) histories.add(history);
  REQUIRE(histories.size() == 4);
  for (size_t user = 0; user < added.size(); ++user) {
    const auto history = histories[user];
    CHECK(std::equal(history.begin(), history.end(), added[user].begin(), added[user].end()));
  }
}
