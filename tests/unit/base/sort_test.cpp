#include "base/sort.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/random.hpp"

using namespace sotto;

TEST_CASE("sort_first puts the first n in order in front and loses nothing") {
  Random random(11);
  for (size_t size = 0; size <= 40; ++size)
    for (size_t n = 0; n <= size; ++n) {
      std::vector<uint32_t> items(size);
      for (uint32_t& item : items) item = static_cast<uint32_t>(random.uniform() * 20);
      std::vector<uint32_t> expected = items;
      std::sort(expected.begin(), expected.end(), std::greater<>());
      sort_first(std::span(items), n, std::greater<>());
      CHECK(std::equal(items.begin(), items.begin() + static_cast<ptrdiff_t>(n), expected.begin()));
      std::sort(items.begin(), items.end(), std::greater<>());
      CHECK(items == expected);
    }
}

TEST_CASE("sort_all is std::sort") {
  Random random(12);
  std::vector<double> items(1000);
  for (double& item : items) item = random.uniform();
  std::vector<double> expected = items;
  std::sort(expected.begin(), expected.end());
  sort_all(std::span(items));
  CHECK(items == expected);
}
