#include "server/log.hpp"

#include <doctest/doctest.h>

namespace sotto {

TEST_CASE("log: of an address stands there what the operator allows") {
  CHECK(logged_address("192.0.2.77", LoggedAddress::kFull) == "192.0.2.77");
  CHECK(logged_address("192.0.2.77", LoggedAddress::kNone).empty());
  CHECK(logged_address("192.0.2.77", LoggedAddress::kNetwork) == "192.0.2.0/24");
  CHECK(logged_address("2001:db8:1:2::7", LoggedAddress::kNetwork) == "2001:db8:1::/48");
  CHECK(logged_address("::1", LoggedAddress::kNetwork).find("::1") == std::string::npos);
}

}  // namespace sotto
