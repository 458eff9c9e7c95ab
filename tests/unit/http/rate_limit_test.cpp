#include "http/rate_limit.hpp"

#include <doctest/doctest.h>

using namespace sotto;

TEST_CASE("a burst is let through, then the rate") {
  RateLimit limit(10, 3);
  for (int i = 0; i < 3; ++i) CHECK(limit.take("1.2.3.4", 1000) == 0);
  CHECK(limit.take("1.2.3.4", 1000) == 100);
  CHECK(limit.take("1.2.3.4", 1060) == 40);
  CHECK(limit.take("1.2.3.4", 1100) == 0);
  CHECK(limit.take("1.2.3.4", 1100) == 100);
  // Refused requests cost nothing, and a full bucket holds no more than the burst.
  for (int i = 0; i < 3; ++i) CHECK(limit.take("1.2.3.4", 900'000) == 0);
  CHECK(limit.take("1.2.3.4", 900'000) == 100);
}

TEST_CASE("addresses do not share buckets, the addresses of one IPv6 network do") {
  RateLimit limit(1, 1);
  CHECK(limit.take("1.2.3.4", 0) == 0);
  CHECK(limit.take("1.2.3.5", 0) == 0);
  CHECK(limit.take("::ffff:1.2.3.4", 0) > 0);
  CHECK(limit.take("2001:db8:0:1::1", 0) == 0);
  CHECK(limit.take("2001:db8:0:1:ffff::9", 0) > 0);
  CHECK(limit.take("2001:db8:0:2::1", 0) == 0);
  CHECK(limit.take("not an address", 0) == 0);
  CHECK(limit.take("nor is this", 0) > 0);
}

TEST_CASE("the table is bounded, and the fullest bucket goes first") {
  RateLimit limit(1, 2, 2);
  CHECK(limit.take("1.0.0.1", 0) == 0);
  CHECK(limit.take("1.0.0.1", 0) == 0);  // empty
  CHECK(limit.take("1.0.0.2", 0) == 0);  // half full
  CHECK(limit.take("1.0.0.3", 0) == 0);  // takes the place of the second
  CHECK(limit.addresses() == 2);
  CHECK(limit.take("1.0.0.1", 0) > 0);
  for (uint32_t i = 0; i < 1000; ++i)
    (void)limit.take("10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256), 0);
  CHECK(limit.addresses() == 2);
  CHECK(limit.take("1.0.0.1", 0) > 0);
}
