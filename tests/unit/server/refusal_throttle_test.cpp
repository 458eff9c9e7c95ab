#include "server/refusal_throttle.hpp"

#include <doctest/doctest.h>

namespace sotto {

TEST_CASE("refusals: one a second passes, and says how many were held back") {
  using std::chrono::milliseconds;
  RefusalThrottle throttle;
  const RefusalThrottle::Time start{};  // also right after a boot
  CHECK(throttle.pass(start) == 0);
  for (int i = 1; i <= 7; ++i) CHECK(throttle.pass(start + milliseconds(100 * i)) == std::nullopt);
  CHECK(throttle.pass(start + milliseconds(1000)) == 7);
  CHECK(throttle.pass(start + milliseconds(1999)) == std::nullopt);
  CHECK(throttle.pass(start + milliseconds(90'000)) == 1);
  CHECK(throttle.pass(start + milliseconds(99'000)) == 0);
}

}  // namespace sotto
