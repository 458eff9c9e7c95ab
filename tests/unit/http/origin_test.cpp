#include <doctest/doctest.h>

#include "http/client.hpp"

using namespace sotto;

TEST_CASE("an origin is read and written alike") {
  for (const char* url : {"http://localhost:8787", "https://example.org", "http://[::1]:8788/a/b",
                          "https://10.0.0.1:444/sotto", "http://a-b.example"}) {
    const auto origin = parse_origin(url);
    REQUIRE_MESSAGE(origin.ok(), url);
    CHECK(origin->text() == url);
  }
}

TEST_CASE("an origin's parts are found") {
  const auto origin = parse_origin("https://Example.ORG/sotto//");
  REQUIRE(origin.ok());
  CHECK(origin->tls);
  CHECK(origin->host == "example.org");
  CHECK(origin->port == 443);
  CHECK(origin->prefix == "/sotto");
  const auto plain = parse_origin("http://[::1]/");
  REQUIRE(plain.ok());
  CHECK_FALSE(plain->tls);
  CHECK(plain->host == "::1");
  CHECK(plain->port == 80);
  CHECK(plain->prefix.empty());
}

TEST_CASE("what is no origin is refused") {
  for (const char* url : {"",
                          "example.org",
                          "ftp://a",
                          "http://",
                          "http:///a",
                          "http://:80",
                          "http://a:0",
                          "http://a:65536",
                          "http://a:",
                          "http://a:8x",
                          "http://[::1",
                          "http://[]",
                          "http://[1]",
                          "http://u@a",
                          "http://a b",
                          "http://a/b?c",
                          "http://a/b#c",
                          "http://a/b c",
                          "http://[::1]a",
                          "http://a\r\nb"}) {
    const auto origin = parse_origin(url);
    REQUIRE_MESSAGE(!origin.ok(), url);
    CHECK(origin.error().code == ErrorCode::kInvalidArgument);
  }
}
