#include "retrieval/filter.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/random.hpp"

namespace sotto {
namespace {

TEST_CASE("a filter allows what nothing has excluded") {
  Random random(1);
  for (const uint32_t n : {0U, 1U, 63U, 64U, 65U, 200U}) {
    RowFilter filter(n);
    CHECK(filter.allowed_count() == n);
    std::vector<bool> allowed(n, true);
    for (int draw = 0; draw < 50; ++draw) {
      const auto row = static_cast<uint32_t>(random.below(n + 20));  // some past the end
      filter.exclude(row);
      if (row < n) allowed[row] = false;
    }
    uint32_t count = 0;
    for (uint32_t row = 0; row < n + 70; ++row) {
      CHECK(filter.allows(row) == (row < n && allowed[row]));
      count += filter.allows(row) ? 1U : 0U;
    }
    CHECK(filter.allowed_count() == count);
    filter.reset(n);
    CHECK(filter.allowed_count() == n);
  }
}

TEST_CASE("exclusions of two filters add up, and unknown rows are excluded") {
  for (const uint32_t other_size : {0U, 10U, 64U, 70U, 128U, 130U, 300U}) {
    RowFilter filter(130), other(other_size);
    filter.exclude(std::vector<uint32_t>{1, 66, 129});
    other.exclude(std::vector<uint32_t>{2, 66, 128, 299});
    RowFilter both = filter;
    both.exclude(other);
    for (uint32_t row = 0; row < 400; ++row)
      CHECK(both.allows(row) == (filter.allows(row) && other.allows(row)));
    CHECK(both.allowed_count() <= filter.allowed_count());
  }
}

TEST_CASE("tombstones and rows without an item are excluded") {
  ItemIndex index;
  for (int i = 0; i < 10; ++i) REQUIRE(index.add(std::to_string(i)).ok());
  REQUIRE(index.remove("4").ok());
  RowFilter filter(12);
  filter.exclude_removed(index);
  for (uint32_t row = 0; row < 12; ++row) CHECK(filter.allows(row) == (row < 10 && row != 4));
}

TEST_CASE("the caller's predicate is asked once for each row that is still allowed, in order") {
  RowFilter filter(6);
  filter.exclude(2);
  std::vector<uint32_t> asked;
  filter.exclude_unless([&](uint32_t row) {
    asked.push_back(row);
    return row % 3 != 0;
  });
  CHECK(asked == std::vector<uint32_t>{0, 1, 3, 4, 5});
  for (uint32_t row = 0; row < 6; ++row) CHECK(filter.allows(row) == (row % 3 != 0 && row != 2));
}

}  // namespace
}  // namespace sotto
