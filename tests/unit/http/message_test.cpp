#include "http/message.hpp"

#include <doctest/doctest.h>

#include "http/request_head.hpp"
#include "http/response_head.hpp"

using namespace sotto;

namespace {

std::string text_of(const HttpResponse& response) {
  return {response.body->begin(), response.body->end()};
}

HttpRequest with_path(std::string path) {
  HttpRequest request;
  request.path = std::move(path);
  return request;
}

}  // namespace

TEST_CASE("segments are what lies between slashes") {
  using Segments = std::vector<std::string_view>;
  CHECK(with_path("/v1/tasks").segments() == Segments{"v1", "tasks"});
  CHECK(with_path("/").segments().empty());
  CHECK(with_path("").segments().empty());
  CHECK(with_path("/v1/").segments() == Segments{"v1", ""});
  CHECK(with_path("//v1").segments() == Segments{"", "v1"});
}

TEST_CASE("parameters are found by their whole name") {
  CHECK(find_parameter("after=12&count=3", "after") == "12");
  CHECK(find_parameter("after=12&count=3", "count") == "3");
  CHECK(find_parameter("b", "b") == "");
  CHECK(find_parameter("b=", "b") == "");
  CHECK(find_parameter("a=b=c", "a") == "b=c");
  CHECK_FALSE(find_parameter("aft=1&afterwards=2", "after"));
  CHECK_FALSE(find_parameter("", "after"));
}

TEST_CASE("a problem document is JSON whatever its detail holds") {
  const HttpResponse response = problem(400, "MALFORMED", "name \"a\\b\"\n\xFF", 7);
  CHECK(response.status == 400);
  CHECK(find_header(response.headers, "content-type") == "application/problem+json");
  CHECK(find_header(response.headers, "retry-after") == "7");
  CHECK(text_of(response) ==
        R"({"type":"about:blank","title":"Bad Request","status":400,"code":"MALFORMED",)"
        R"("detail":"name \"a\\b\"\u000a?"})");
}

TEST_CASE("errors have the statuses of the API's table") {
  CHECK(http_status(ErrorCode::kMalformed) == 400);
  CHECK(http_status(ErrorCode::kNotFound) == 404);
  CHECK(http_status(ErrorCode::kReplay) == 409);
  CHECK(http_status(ErrorCode::kClosed) == 410);
  CHECK(http_status(ErrorCode::kBelowFloor) == 422);
  CHECK(http_status(ErrorCode::kInternal) == 500);
  const HttpResponse full = problem(Error{ErrorCode::kIo, "disk full"});
  CHECK(full.status == 503);
  CHECK(find_header(full.headers, "retry-after"));
  CHECK_FALSE(find_header(problem(Error{ErrorCode::kFull, "task"}).headers, "retry-after"));
}

TEST_CASE("a target is a path, with or without an authority in front") {
  HttpRequest request;
  REQUIRE(set_target(request, "/v1/events?after=1?2"));
  CHECK(request.path == "/v1/events");
  CHECK(request.query == "after=1?2");
  REQUIRE(set_target(request, "http://host:1/a"));
  CHECK(request.path == "/a");
  CHECK(request.query.empty());
  for (const char* bad : {"", "*", "a", "host:443", "http://host", "/a#b", "ftp://host/a"})
    CHECK_FALSE_MESSAGE(set_target(request, bad), bad);
}

TEST_CASE("the nearest proxy's entry of X-Forwarded-For is the address") {
  const auto address = [](HttpHeaders headers) { return forwarded_address(headers); };
  CHECK(address({{"x-forwarded-for", "9.9.9.9, 1.2.3.4"}}) == "1.2.3.4");
  CHECK(address({{"x-forwarded-for", "9.9.9.9"}, {"x-forwarded-for", "2001:db8::1"}}) ==
        "2001:db8::1");
  CHECK_FALSE(address({{"x-forwarded-for", "1.2.3.4, unknown"}}));
  CHECK_FALSE(address({{"x-forwarded-for", std::string("::\0a", 4)}}));
  CHECK_FALSE(address({}));
}

TEST_CASE("a response's head is framed by its status and cannot be split by a value") {
  std::string head;
  write_head({.status = 200, .headers = {{"a", "b\r\nc: d"}}, .body = nullptr}, 5,
             Persistence::kClose, head);
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\ndate: "));
  CHECK(head.find("\r\na: b  c: d\r\ncontent-length: 5\r\nconnection: close\r\n\r\n") !=
        std::string::npos);
  write_head({.status = 304, .headers = {}, .body = nullptr}, 0, Persistence::kKeepAlive, head);
  CHECK(head.find("content-length") == std::string::npos);
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110, 5.6.7
}
