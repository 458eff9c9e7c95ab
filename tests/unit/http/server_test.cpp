#include <thread>

#include "loopback.hpp"

using namespace sotto;

TEST_CASE("a request is answered, and the connection is used again") {
  TestServer test;
  RawClient client(*test.server);
  for (int i = 0; i < 3; ++i) {
    const RawResponse response = client.ask(get("/a?b=c"));
    CHECK(response.status == 200);
    CHECK(response.body == "GET /a ");
    CHECK(response.has("\r\ndate: "));
    CHECK_FALSE(response.has("\r\nserver: "));
    CHECK_FALSE(response.has("\r\nconnection: "));
  }
  CHECK(test.server->statistics().requests == 3);
  CHECK(test.server->statistics().connections == 1);
}

TEST_CASE("pipelined requests are answered one after the other") {
  TestServer test;
  std::atomic<int> at_once{0};
  test.handler.on_handle = [&](const HttpRequest& request, const HttpRespond& respond) {
    CHECK(at_once.fetch_add(1) == 0);
    std::thread([&at_once, path = request.path, respond] {
      at_once.fetch_sub(1);
      respond(text_response(200, "text/plain", path));
    }).detach();
  };
  RawClient client(*test.server);
  client.send(get("/1") + put("/2", 3) + "abc" + get("/3") + get("/4", "connection: close\r\n"));
  for (const char* path : {"/1", "/2", "/3", "/4"}) CHECK(client.response().body == path);
  CHECK(client.closed());
}

TEST_CASE("a body arrives whole, however it is cut") {
  TestServer test;
  RawClient client(*test.server);
  const std::string body(300'000, 'b');
  const std::string message = put("/b", body.size()) + body;
  for (size_t at = 0; at < message.size();) {
    const size_t n = at < 200 ? 7 : 50'000;
    client.send(std::string_view(message).substr(at, n));
    at += n;
  }
  CHECK(client.response().body == "PUT /b " + body);
  CHECK(test.server->statistics().body_memory == 0);
}

TEST_CASE("HEAD is answered with the length and no body") {
  TestServer test;
  RawClient client(*test.server);
  client.send("HEAD /a HTTP/1.1\r\nhost: test\r\n\r\n");
  const RawResponse response = client.response(false);
  CHECK(response.has("\r\ncontent-length: 8\r\n"));
  CHECK(client.ask(get("/a")).body == "GET /a ");
}

TEST_CASE("a client that expects 100 gets it once its body is wanted") {
  TestServer test;
  test.handler.on_admit = [](const HttpRequest& head) -> std::variant<uint64_t, HttpResponse> {
    CHECK(head.body.empty());
    if (head.path == "/known") return problem(409, "REPLAY", "known");
    return uint64_t{3};
  };
  RawClient client(*test.server);
  client.send(put("/a", 3, "expect: 100-continue\r\n"));
  CHECK(client.response(false).status == 100);
  client.send("abc");
  CHECK(client.response().body == "PUT /a abc");

  client.send(put("/known", 3, "expect: 100-continue\r\n"));
  const RawResponse refused = client.response();
  CHECK(refused.status == 409);
  CHECK(refused.has("connection: close"));
  CHECK(client.closed());
}

TEST_CASE("an answer without having read a body keeps the connection only if there was none") {
  TestServer test;
  test.handler.on_admit = [](const HttpRequest&) { return problem(404, "NOT_FOUND", "nothing"); };
  RawClient client(*test.server);
  CHECK(client.ask(get("/a")).status == 404);
  CHECK(client.ask(put("/a", 0)).status == 404);
  CHECK(client.ask(put("/a", 1) + "x").status == 404);
  CHECK(client.closed());
}

TEST_CASE("HTTP/1.0 is closed unless it asks to be kept") {
  TestServer test;
  RawClient client(*test.server);
  CHECK(client.ask("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").has("keep-alive"));
  CHECK(client.ask("GET / HTTP/1.0\r\n\r\n").has("connection: close"));
  CHECK(client.closed());
}

TEST_CASE("a part of a shared body is sent from where it lies") {
  TestServer test;
  const auto body = std::make_shared<const Bytes>(Bytes{'a', 'b', 'c', 'd'});
  test.handler.on_handle = [&](const HttpRequest& request, const HttpRespond& respond) {
    respond(serve_resource(request, body, "t", "text/plain", true));
  };
  RawClient client(*test.server);
  const RawResponse response = client.ask(get("/", "range: bytes=1-2\r\n"));
  CHECK(response.status == 206);
  CHECK(response.body == "bc");
  CHECK(response.has("content-range: bytes 1-2/4\r\n"));
  CHECK(client.ask(get("/", "if-none-match: \"t\"\r\n")).status == 304);
  CHECK(client.ask(get("/")).body == "abcd");
}

TEST_CASE("a handler that drops its answer, or throws, costs its connection or an error") {
  TestServer test;
  test.handler.on_handle = [](const HttpRequest& request, const HttpRespond&) {
    if (request.path != "/dropped") throw std::runtime_error("secret");
  };
  RawClient dropped(*test.server);
  dropped.send(get("/dropped"));
  CHECK(dropped.closed());
  RawClient failed(*test.server);
  const RawResponse response = failed.ask(get("/"));
  CHECK(response.status == 500);
  CHECK(response.body.find("secret") == std::string::npos);
}

TEST_CASE("only the first answer counts, and one may come when nobody listens any more") {
  HttpRespond kept;
  {
    TestServer test;
    std::atomic<bool> handled{false};
    test.handler.on_handle = [&](const HttpRequest& request, const HttpRespond& respond) {
      if (request.path == "/twice") {
        respond(text_response(200, "text/plain", "first"));
        respond(text_response(200, "text/plain", "second"));
        return;
      }
      kept = respond;
      handled = true;
    };
    RawClient client(*test.server);
    CHECK(client.ask(get("/twice")).body == "first");
    CHECK(client.ask(get("/twice")).body == "first");
    client.send(get("/late"));
    REQUIRE(eventually([&] { return handled.load(); }));
  }
  kept(text_response(200, "text/plain", "late"));
}

TEST_CASE("the address is the peer's, or what a trusted proxy says") {
  HttpServerOptions options;
  SUBCASE("untrusted") {
    TestServer test(options);
    test.handler.on_handle = [](const HttpRequest& request, const HttpRespond& respond) {
      respond(text_response(200, "text/plain", request.address));
    };
    RawClient client(*test.server);
    CHECK(client.ask(get("/", "x-forwarded-for: 9.9.9.9\r\n")).body == "127.0.0.1");
  }
  SUBCASE("trusted") {
    options.trust_forwarded = true;
    TestServer test(options);
    test.handler.on_handle = [](const HttpRequest& request, const HttpRespond& respond) {
      respond(text_response(200, "text/plain", request.address));
    };
    RawClient client(*test.server);
    CHECK(client.ask(get("/", "x-forwarded-for: 1.1.1.1, 9.9.9.9\r\n")).body == "9.9.9.9");
    CHECK(client.ask(get("/", "x-forwarded-for: nobody\r\n")).body == "127.0.0.1");
  }
}

TEST_CASE("stop lets a request finish, closes idle connections and takes no new ones") {
  TestServer test;
  HttpRespond kept;
  std::atomic<bool> handled{false};
  test.handler.on_handle = [&](const HttpRequest&, const HttpRespond& respond) {
    kept = respond;
    handled = true;
  };
  RawClient idle(*test.server);
  RawClient busy(*test.server);
  busy.send(get("/"));
  REQUIRE(eventually([&] { return handled.load(); }));
  std::thread stopping([&] { test.server->stop(20'000); });
  CHECK(idle.closed());
  kept(text_response(200, "text/plain", "done"));
  const RawResponse response = busy.response();
  CHECK(response.body == "done");
  CHECK(response.has("connection: close"));
  busy.close();
  stopping.join();
  CHECK(test.server->statistics().connections == 0);
}

TEST_CASE("stop without time ends requests that have no answer") {
  TestServer test;
  HttpRespond kept;
  std::atomic<bool> handled{false};
  test.handler.on_handle = [&](const HttpRequest&, const HttpRespond& respond) {
    kept = respond;
    handled = true;
  };
  RawClient client(*test.server);
  client.send(get("/"));
  REQUIRE(eventually([&] { return handled.load(); }));
  test.server->stop(0);
  CHECK(client.closed());
}

TEST_CASE("a server that cannot listen says why") {
  TestServer test;
  EchoHandler handler;
  HttpServerOptions options;
  options.port = test.server->port();
  CHECK(HttpServer::start(options, handler).error().code == ErrorCode::kIo);
  options.address = "localhost:80";
  CHECK(HttpServer::start(options, handler).error().code == ErrorCode::kInvalidArgument);
  options.address = "127.0.0.1";
  options.port = 0;
  options.tls = TlsFiles{"/nowhere/certificate.pem", "/nowhere/key.pem"};
  const auto refused = HttpServer::start(options, handler);
  CHECK(refused.error().code == ErrorCode::kIo);
  CHECK(refused.error().message.find("/nowhere/certificate.pem") != std::string::npos);
}
