// Slow, greedy and malformed clients.
#include <chrono>

#include "loopback.hpp"

using namespace sotto;

namespace {

HttpServerOptions short_timeouts() {
  HttpServerOptions options;
  options.limits.head_timeout_ms = 60;
  options.limits.idle_timeout_ms = 60;
  options.limits.write_timeout_ms = 60;
  return options;
}

void check_refused(std::string_view sent, unsigned status, std::string_view code) {
  CAPTURE(sent);
  TestServer test;
  RawClient client(*test.server);
  const RawResponse response = client.ask(sent);
  CHECK(response.status == status);
  CHECK(response.has("content-type: application/problem+json\r\n"));
  CHECK(response.has("connection: close\r\n"));
  CHECK(response.body.find("\"code\":\"" + std::string(code) + '"') != std::string::npos);
  CHECK(client.closed());
  CHECK(test.server->statistics().refused == 1);
}

}  // namespace

TEST_CASE("what is no request is refused with a problem document, and closed") {
  check_refused("\x16\x03\x01garbage\r\n\r\n", 400, "MALFORMED");
  check_refused("GET\r\n\r\n", 400, "MALFORMED");
  check_refused("GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n", 400, "MALFORMED");
  check_refused("GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400, "MALFORMED");
  check_refused("GET / HTTP/1.1\r\n\r\n", 400, "MALFORMED");
  check_refused("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400, "MALFORMED");
  check_refused("GET no-path HTTP/1.1\r\nhost: a\r\n\r\n", 400, "MALFORMED");
  check_refused("GET / HTTP/2.0\r\nhost: a\r\n\r\n", 505, "UNSUPPORTED");
}

TEST_CASE("bodies whose end is not clear are refused") {
  const std::string head = "PUT / HTTP/1.1\r\nhost: a\r\n";
  check_refused(head + "\r\n", 411, "LENGTH_REQUIRED");
  check_refused(head + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", 411, "LENGTH_REQUIRED");
  check_refused(head + "transfer-encoding: gzip, chunked\r\n\r\n", 501, "UNSUPPORTED");
  check_refused(head + "transfer-encoding: gzip\r\n\r\n", 501, "UNSUPPORTED");
  check_refused(head + "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n", 400, "MALFORMED");
  check_refused(head + "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n", 400, "MALFORMED");
  check_refused(head + "content-length: 3\r\ncontent-length: 4\r\n\r\n", 400, "MALFORMED");
  check_refused(head + "content-length: -1\r\n\r\n", 400, "MALFORMED");
  check_refused(head + "content-length: 99999999999999999999999\r\n\r\n", 400, "MALFORMED");
  check_refused(head + "content-length: 0\r\nexpect: tea\r\n\r\n", 417, "UNSUPPORTED");
}

TEST_CASE("a body beyond what the handler allows is refused before it is read") {
  TestServer test;
  test.handler.on_admit = [](const HttpRequest&) { return uint64_t{10}; };
  test.handler.on_handle = [](const HttpRequest&, const HttpRespond&) { FAIL("handled"); };
  RawClient client(*test.server);
  const RawResponse response = client.ask(put("/", 11) + "01234567890");
  CHECK(response.status == 413);
  CHECK(response.body.find("TOO_LARGE") != std::string::npos);
  CHECK(client.closed());
}

TEST_CASE("a head without end is refused, in one line or in many") {
  HttpServerOptions options;
  options.limits.most_head = 2000;
  TestServer test(options);
  for (const std::string& line : {std::string(5000, 'a'), std::string("a: b\r\n")}) {
    RawClient client(*test.server);
    std::string head = "GET / HTTP/1.1\r\n";
    while (head.size() < 5000) head += line;
    client.send(head);
    CHECK(client.response().status == 431);
    CHECK(client.closed());
  }
  RawClient client(*test.server);
  CHECK(client.ask(get("/", "a: " + std::string(1500, 'a') + "\r\n")).status == 200);
}

TEST_CASE("an idle connection is closed without a word") {
  TestServer test(short_timeouts());
  RawClient fresh(*test.server);
  CHECK(fresh.closed());
  RawClient used(*test.server);
  used.ask(get("/"));
  CHECK(used.closed());
}

TEST_CASE("a head that drips is given up at its deadline") {
  TestServer test(short_timeouts());
  RawClient client(*test.server);
  client.send("GET / HTTP/1.1\r\n");
  int dripped = 0;
  while (client.send("a: b\r\n") && dripped < 400) {
    usleep(5000);
    ++dripped;
  }
  CHECK(dripped < 400);
  CHECK(client.response().status == 408);
}

TEST_CASE("a body below the least rate is given up, one above it is not") {
  HttpServerOptions options = short_timeouts();
  options.limits.least_body_rate = 1'000'000;
  TestServer test(options);
  RawClient slow(*test.server);
  slow.send(put("/", 100'000) + "begins");
  const RawResponse response = slow.response();
  CHECK(response.status == 408);
  CHECK(response.body.find("TIMEOUT") != std::string::npos);
  CHECK(slow.closed());
  CHECK(test.server->statistics().body_memory == 0);

  // At 1 kB/s the same pace is fast enough for much longer than the grace.
  options.limits.least_body_rate = 1000;
  TestServer patient(options);
  RawClient steady(*patient.server);
  steady.send(put("/", 2000));
  for (int i = 0; i < 20; ++i) {
    steady.send(std::string(100, 'a'));
    usleep(10'000);
  }
  CHECK(steady.response().status == 200);
}

TEST_CASE("a client that does not take its response is cut off") {
  HttpServerOptions options = short_timeouts();
  options.limits.least_body_rate = 1'000'000'000;
  TestServer test(options);
  test.handler.on_handle = [](const HttpRequest&, const HttpRespond& respond) {
    respond({.status = 200, .headers = {}, .body = shared_bytes(64 << 20)});
  };
  RawClient client(*test.server, 4096);
  client.send(get("/"));
  CHECK(eventually([&] { return test.server->statistics().requests == 1; }));
  CHECK(eventually([&] { return test.server->statistics().connections == 0; }));
}

TEST_CASE("bodies in memory are bounded: more are sent away before they are read") {
  HttpServerOptions options;
  options.limits.body_memory = 1000;
  TestServer test(options);
  HttpRespond kept;
  std::atomic<bool> handled{false};
  test.handler.on_handle = [&](const HttpRequest& request, const HttpRespond& respond) {
    if (request.path == "/kept") {
      kept = respond;
      handled = true;
    } else {
      respond(text_response(200, "text/plain", "ok"));
    }
  };
  RawClient holder(*test.server);
  holder.send(put("/kept", 800) + std::string(800, 'a'));
  REQUIRE(eventually([&] { return handled.load(); }));
  CHECK(test.server->statistics().body_memory == 800);

  RawClient refused(*test.server);
  const RawResponse response = refused.ask(put("/", 201));
  CHECK(response.status == 503);
  CHECK(response.has("retry-after: "));
  CHECK(response.body.find("OVERLOADED") != std::string::npos);
  RawClient fits(*test.server);
  CHECK(fits.ask(put("/", 200) + std::string(200, 'a')).status == 200);

  kept(text_response(200, "text/plain", "ok"));
  CHECK(holder.response().status == 200);
  CHECK(test.server->statistics().body_memory == 0);
}

TEST_CASE("requests of one address are bounded") {
  HttpServerOptions options;
  options.limits.requests_per_second = 0.001;
  options.limits.request_burst = 2;
  options.trust_forwarded = true;
  TestServer test(options);
  const auto status = [&](std::string_view address) {
    RawClient client(*test.server);
    return client.ask(get("/", "x-forwarded-for: " + std::string(address) + "\r\n"));
  };
  CHECK(status("2001:db8::1").status == 200);
  CHECK(status("2001:db8::2").status == 200);
  const RawResponse response = status("2001:db8::3");
  CHECK(response.status == 429);
  CHECK(response.has("retry-after: 1000\r\n"));
  CHECK(status("2001:db8:0:1::1").status == 200);
}

TEST_CASE("connections beyond the most are closed at once") {
  HttpServerOptions options;
  options.limits.most_connections = 2;
  TestServer test(options);
  RawClient first(*test.server);
  RawClient second(*test.server);
  CHECK(first.ask(get("/")).status == 200);
  CHECK(second.ask(get("/")).status == 200);
  RawClient third(*test.server);
  CHECK(third.closed());
  first.close();
  CHECK(eventually([&] { return test.server->statistics().connections < 2; }));
  RawClient fourth(*test.server);
  CHECK(fourth.ask(get("/")).status == 200);
}

TEST_CASE("many connections at once are all served") {
  TestServer test;
  std::vector<std::unique_ptr<RawClient>> clients;
  clients.reserve(100);
  for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<RawClient>(*test.server));
  for (int round = 0; round < 3; ++round) {
    for (auto& client : clients) client->send(put("/many", 2) + "ab");
    for (auto& client : clients) CHECK(client->response().body == "PUT /many ab");
  }
}
