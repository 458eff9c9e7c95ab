#include "http/client.hpp"

#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "loopback.hpp"

using namespace sotto;

namespace {

HttpCall call_to(const HttpServer& server, std::string method = "GET", std::string target = "/") {
  HttpCall call;
  call.origin = {.tls = false, .host = "127.0.0.1", .port = server.port()};
  call.method = std::move(method);
  call.target = std::move(target);
  return call;
}

/// Listens without ever answering, or answers every connection with the same bytes and closes it.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::string answer) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(socket_, 16) == 0);
    socklen_t length = sizeof address;
    REQUIRE(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
  }
  ~ScriptedServer() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
    for (const int kept : silent_) ::close(kept);
  }
  HttpCall call() const {
    HttpCall call;
    call.origin = {.tls = false, .host = "127.0.0.1", .port = port_};
    return call;
  }
  int connections() const { return connections_; }

 private:
  void serve(const std::string& answer) {
    for (;;) {
      const int peer = accept(socket_, nullptr, nullptr);
      if (peer < 0) return;
      ++connections_;
      if (answer.empty()) {
        silent_.push_back(peer);
        continue;
      }
      char request[4096];
      CHECK(recv(peer, request, sizeof request, 0) > 0);
      ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(peer);
    }
  }

  int socket_;
  uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::vector<int> silent_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a call brings status, headers and body, over one connection") {
  TestServer test;
  test.handler.on_handle = [](const HttpRequest& request, const HttpRespond& respond) {
    HttpResponse response = text_response(
        201, "text/plain", request.path + '?' + request.query + text_of(request.body));
    response.headers.emplace_back("sotto-date", std::string(*find_header(request.headers, "a")));
    respond(std::move(response));
  };
  HttpClient client({});
  for (int i = 0; i < 5; ++i) {
    HttpCall call = call_to(*test.server, "PUT", "/x?y");
    call.origin.prefix = "/prefix";
    call.headers = {{"a", "1"}};
    call.body = shared_bytes(3);
    const auto reply = client.call(std::move(call));
    REQUIRE(reply.ok());
    CHECK(reply->status == 201);
    CHECK(text_of(reply->body) == "/prefix/x?yxxx");
    CHECK(find_header(reply->headers, "sotto-date") == "1");
  }
  CHECK(test.server->statistics().connections == 1);
  HttpCall head = call_to(*test.server, "HEAD");
  head.headers = {{"a", "1"}};
  const auto reply = client.call(std::move(head));
  REQUIRE(reply.ok());
  CHECK(find_header(reply->headers, "content-length") == "2");
  CHECK(reply->body.empty());
}

TEST_CASE("calls wait for one of the connections that an origin may have") {
  TestServer test;
  std::mutex mutex;
  std::set<std::string> seen;
  HttpClient client({.threads = 2, .most_connections = 3});
  std::promise<void> all;
  std::atomic<int> left{200};
  for (int i = 0; i < 200; ++i) {
    client.send(call_to(*test.server, "GET", "/" + std::to_string(i)),
                [&](const Result<HttpReply>& reply) {
                  CHECK(reply.ok());
                  {
                    const std::lock_guard lock(mutex);
                    if (reply.ok()) seen.insert(text_of(reply->body));
                  }
                  if (--left == 0) all.set_value();
                });
  }
  all.get_future().wait();
  CHECK(seen.size() == 200);
  CHECK(test.server->statistics().connections <= 3);
}

TEST_CASE("done may send the next call") {
  TestServer test;
  HttpClient client({.threads = 1, .most_connections = 1});
  std::promise<void> ended;
  std::function<void(int)> chain = [&](int left) {
    client.send(call_to(*test.server), [&, left](const Result<HttpReply>& reply) {
      CHECK(reply.ok());
      if (left == 0) return ended.set_value();
      chain(left - 1);
    });
  };
  chain(100);
  ended.get_future().wait();
  CHECK(test.server->statistics().requests == 101);
  CHECK(test.server->statistics().connections == 1);
}

TEST_CASE("a connection that the server closed while it was idle costs no call") {
  HttpServerOptions options;
  options.limits.idle_timeout_ms = 30;
  TestServer test(options);
  HttpClient client({});
  for (int i = 0; i < 3; ++i) {
    CHECK(client.call(call_to(*test.server)).ok());
    CHECK(eventually([&] { return test.server->statistics().connections == 0; }));
  }
}

TEST_CASE("a new connection that fails is not tried again") {
  ScriptedServer server("nonsense\r\n\r\n");
  HttpClient client({});
  const auto reply = client.call(server.call());
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kMalformed);
  CHECK(server.connections() == 1);
}

TEST_CASE("a response that ends early is lost, one of chunks is whole") {
  HttpClient client({});
  ScriptedServer cut("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc");
  CHECK(client.call(cut.call()).error().code == ErrorCode::kIo);
  ScriptedServer chunked(
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  const auto reply = client.call(chunked.call());
  REQUIRE(reply.ok());
  CHECK(text_of(reply->body) == "abcde");
}

TEST_CASE("a response that is too large is not kept") {
  TestServer test;
  HttpClient client({});
  test.handler.on_handle = [](const HttpRequest&, const HttpRespond& respond) {
    respond({.status = 200, .headers = {}, .body = shared_bytes(1000)});
  };
  HttpCall call = call_to(*test.server);
  call.most_response = 999;
  CHECK(client.call(call).error().code == ErrorCode::kMalformed);
  call.most_response = 1000;
  CHECK(client.call(call).ok());
}

TEST_CASE("a call ends in time, in flight or in the queue") {
  ScriptedServer silent("");
  HttpClient client({.threads = 1, .most_connections = 1});
  std::promise<ErrorCode> first;
  HttpCall call = silent.call();
  call.timeout_ms = 120;
  client.send(call, [&](const Result<HttpReply>& reply) { first.set_value(reply.error().code); });
  call.timeout_ms = 40;
  CHECK(client.call(call).error().code == ErrorCode::kExpired);
  CHECK(first.get_future().get() == ErrorCode::kExpired);
}

TEST_CASE("nobody there is an error that names the origin") {
  HttpCall call;
  {
    TestServer test;
    call = call_to(*test.server);
  }
  HttpClient client({});
  const auto reply = client.call(call);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kIo);
  CHECK(reply.error().message.find(call.origin.text()) == 0);
}

TEST_CASE("calls in flight are cancelled with the client") {
  ScriptedServer silent("");
  std::atomic<int> cancelled{0};
  {
    HttpClient client({.threads = 1, .most_connections = 1});
    for (int i = 0; i < 3; ++i) {
      client.send(silent.call(), [&](const Result<HttpReply>& reply) {
        if (!reply.ok() && reply.error().code == ErrorCode::kCancelled) ++cancelled;
      });
    }
  }
  CHECK(cancelled == 3);
}

TEST_CASE("a visitor who leaves takes the connection along") {
  TestServer test;
  std::atomic<int> handled{0};
  test.handler.on_handle = [&](const HttpRequest&, const HttpRespond& respond) {
    ++handled;
    respond({.status = 200, .headers = {}, .body = shared_bytes(1 << 20)});
  };
  HttpClient client({});
  HttpCall upload = call_to(*test.server, "PUT");
  upload.body = shared_bytes(100'000);
  upload.abort_after = 50'000;
  CHECK(client.call(upload).error().code == ErrorCode::kCancelled);
  CHECK(eventually([&] { return test.server->statistics().connections == 0; }));
  CHECK(handled == 0);
  CHECK(test.server->statistics().body_memory == 0);

  HttpCall download = call_to(*test.server);
  download.abort_after = 1000;
  CHECK(client.call(download).error().code == ErrorCode::kCancelled);
  CHECK(eventually([&] { return test.server->statistics().connections == 0; }));
  CHECK(handled == 1);
}

TEST_CASE("an answer that comes before the body is sent is heard") {
  TestServer test;
  test.handler.on_admit = [](const HttpRequest&) { return problem(410, "CLOSED", "task"); };
  HttpClient client({});
  HttpCall call = call_to(*test.server, "PUT");
  call.body = shared_bytes(500'000);
  for (int i = 0; i < 5; ++i) {
    const auto reply = client.call(call);
    REQUIRE_MESSAGE(reply.ok(), reply.error().message);
    CHECK(reply->status == 410);
  }
}
