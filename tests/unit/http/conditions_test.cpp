#include "http/conditions.hpp"

#include <doctest/doctest.h>

#include <array>

#include "http/message.hpp"

using namespace sotto;

namespace {

SharedBytes bytes_of(size_t size) { return std::make_shared<const Bytes>(size, uint8_t{7}); }

HttpResponse get(HttpHeaders headers, size_t size = 10, std::string method = "GET") {
  HttpRequest request;
  request.method = std::move(method);
  request.headers = std::move(headers);
  return serve_resource(request, bytes_of(size), "tag", "text/plain", false);
}

std::pair<uint64_t, uint64_t> part(std::string_view range, uint64_t size) {
  const auto asked = parse_range(range, size);
  const auto* found = std::get_if<ByteRange>(&asked);
  return found ? std::pair(found->offset, found->length) : std::pair<uint64_t, uint64_t>();
}

}  // namespace

TEST_CASE("entity tags are found in lists, weak or not, with commas in them") {
  CHECK(etag_listed("\"a\"", "a"));
  CHECK(etag_listed("\"b\" , W/\"a\"", "a"));
  CHECK(etag_listed("\"b,c\",\"a\"", "a"));
  CHECK(etag_listed("\"b,c\"", "b,c"));
  CHECK(etag_listed(" * ", "a"));
  CHECK(etag_listed(", ,\"a\"", "a"));
  for (const char* list : {"", "a", "\"b\"", "\"a", "W/a", "\"ab\"", "\"b\" \"a\"", "*, \"b\""})
    CHECK_FALSE_MESSAGE(etag_listed(list, "a"), list);
}

TEST_CASE("ranges are cut to the resource") {
  using Part = std::pair<uint64_t, uint64_t>;
  CHECK(part("bytes=0-0", 10) == Part(0, 1));
  CHECK(part("bytes=2-5", 10) == Part(2, 4));
  CHECK(part("BYTES = 2 - 5", 10) == Part(2, 4));
  CHECK(part("bytes=2-99", 10) == Part(2, 8));
  CHECK(part("bytes=2-99999999999999999999999", 10) == Part(2, 8));
  CHECK(part("bytes=9-", 10) == Part(9, 1));
  CHECK(part("bytes=-3", 10) == Part(7, 3));
  CHECK(part("bytes=-30", 10) == Part(0, 10));
}

TEST_CASE("ranges behind the end cannot be satisfied, malformed ones do not count") {
  for (const char* range : {"bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999-"})
    CHECK_MESSAGE(std::holds_alternative<UnsatisfiableRange>(parse_range(range, 10)), range);
  CHECK(std::holds_alternative<UnsatisfiableRange>(parse_range("bytes=-1", 0)));
  for (const char* range : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "lines=0-1",
                            "bytes=0-1,3-4", "bytes=1--2", "bytes=+1-2"})
    CHECK_MESSAGE(std::holds_alternative<WholeResource>(parse_range(range, 10)), range);
}

TEST_CASE("codings are accepted by name, by star, and never at weight zero") {
  CHECK(coding_accepted("gzip, br;q=0.5", "br"));
  CHECK(coding_accepted("GZIP", "gzip"));
  CHECK(coding_accepted("*", "br"));
  CHECK(coding_accepted("*;q=0, br", "br"));
  for (const char* header : {"", "gzip", "br;q=0", "br; q=0.000", "*, br;q=0", "identity", "brr"})
    CHECK_FALSE_MESSAGE(coding_accepted(header, "br"), header);
}

TEST_CASE("a resource that the client has is not sent again") {
  const HttpResponse response = get({{"if-none-match", "W/\"tag\""}});
  CHECK(response.status == 304);
  CHECK_FALSE(response.body);
  CHECK(find_header(response.headers, "etag") == "\"tag\"");
  CHECK(find_header(response.headers, "cache-control") == "no-cache");
}

TEST_CASE("a part is sent as one, unless the resource has changed") {
  HttpResponse response = get({{"range", "bytes=2-3"}});
  CHECK(response.status == 206);
  CHECK(response.part == std::pair<uint64_t, uint64_t>(2, 2));
  CHECK(find_header(response.headers, "content-range") == "bytes 2-3/10");

  response = get({{"range", "bytes=2-3"}, {"if-range", "\"tag\""}});
  CHECK(response.status == 206);
  for (const char* other : {"\"old\"", "W/\"tag\"", "Sun, 06 Nov 1994 08:49:37 GMT", "tag", ""}) {
    response = get({{"range", "bytes=2-3"}, {"if-range", other}});
    CHECK_MESSAGE(response.status == 200, other);
    CHECK_FALSE(response.part);
  }
  CHECK(get({{"range", "bytes=2-3"}}, 10, "HEAD").status == 200);

  response = get({{"range", "bytes=10-"}});
  CHECK(response.status == 416);
  CHECK(find_header(response.headers, "content-range") == "bytes */10");
}

TEST_CASE("the smallest form that the client takes is sent, under a tag of its own") {
  const std::array variants = {HttpVariant{"gzip", bytes_of(6)}, HttpVariant{"br", bytes_of(5)},
                               HttpVariant{"zstd", bytes_of(11)}};
  const auto form = [&](HttpHeaders headers) {
    HttpRequest request;
    request.method = "GET";
    request.headers = std::move(headers);
    return serve_resource(request, bytes_of(10), "tag", "text/plain", true, variants);
  };
  HttpResponse response = form({{"accept-encoding", "gzip, deflate, br"}});
  CHECK(find_header(response.headers, "content-encoding") == "br");
  CHECK(find_header(response.headers, "etag") == "\"tag-br\"");
  CHECK(find_header(response.headers, "vary") == "accept-encoding");
  CHECK(response.body->size() == 5);
  CHECK(form({{"accept-encoding", "gzip"}}).body->size() == 6);
  CHECK(form({{"accept-encoding", "zstd"}}).body->size() == 10);
  response = form({});
  CHECK(response.body->size() == 10);
  CHECK_FALSE(find_header(response.headers, "content-encoding"));
  CHECK(find_header(response.headers, "vary"));
  CHECK_FALSE(find_header(form({{"accept-encoding", "br"}}).headers, "accept-ranges"));
  response = form({{"accept-encoding", "br"}, {"range", "bytes=2-8"}});
  CHECK(response.status == 206);
  CHECK(response.body->size() == 10);
  CHECK(find_header(response.headers, "etag") == "\"tag\"");
  CHECK(find_header(response.headers, "vary") == "accept-encoding");
  CHECK_FALSE(find_header(response.headers, "content-encoding"));
  // What was begun compressed does not go on with parts of something else.
  response = form({{"accept-encoding", "br"}, {"range", "bytes=2-8"}, {"if-range", "\"tag-br\""}});
  CHECK(response.status == 200);
  CHECK(response.body->size() == 10);
  CHECK(form({{"accept-encoding", "br"}, {"if-none-match", "\"tag-br\""}}).status == 304);
  CHECK(form({{"accept-encoding", "br"}, {"if-none-match", "\"tag\""}}).status == 200);
}
