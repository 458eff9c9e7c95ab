#include "lab/thread_pool.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

namespace sotto {
namespace {

TEST_CASE("every block runs once, with the same bounds whatever the number of threads") {
  for (const unsigned threads : {1U, 2U, 5U}) {
    ThreadPool pool(threads);
    REQUIRE(pool.workers() == threads);
    for (int repeat = 0; repeat < 50; ++repeat) {
      std::vector<int> seen(1003, 0);
      pool.for_blocks(seen.size(), 10, [&](size_t begin, size_t end, size_t worker) {
        CHECK(begin % 10 == 0);
        CHECK(worker < threads);
        for (size_t i = begin; i < end; ++i) ++seen[i];
      });
      CHECK(std::accumulate(seen.begin(), seen.end(), 0) == 1003);
      CHECK(*std::max_element(seen.begin(), seen.end()) == 1);
    }
    pool.for_blocks(0, 10, [](size_t, size_t, size_t) { FAIL("no block was due"); });
  }
}

}  // namespace
}  // namespace sotto
