// A server under test and clients that may be as rude as they like: plain sockets on loopback.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/server.hpp"

namespace sotto {

inline std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

inline SharedBytes shared_bytes(size_t size, char fill = 'x') {
  return std::make_shared<const Bytes>(size, static_cast<uint8_t>(fill));
}

/// Answers "METHOD path body", unless told otherwise.
struct EchoHandler : HttpHandler {
  std::function<std::variant<uint64_t, HttpResponse>(const HttpRequest&)> on_admit;
  std::function<void(HttpRequest, HttpRespond)> on_handle;

  std::variant<uint64_t, HttpResponse> admit(const HttpRequest& head) override {
    if (on_admit) return on_admit(head);
    return uint64_t{1} << 20;
  }
  void handle(HttpRequest request, HttpRespond respond) override {
    if (on_handle) return on_handle(std::move(request), std::move(respond));
    respond(text_response(200, "text/plain",
                          request.method + ' ' + request.path + ' ' + text_of(request.body)));
  }
};

struct TestServer {
  explicit TestServer(const HttpServerOptions& options = {}) {
    auto started = HttpServer::start(options, handler);
    REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().message));
    server = std::move(*started);
  }
  EchoHandler handler;
  std::unique_ptr<HttpServer> server;
};

struct RawResponse {
  unsigned status = 0;
  std::string head;
  std::string body;
  bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

/// A client's socket. Whatever takes longer than some seconds is a failure, not a hang.
class RawClient {
 public:
  explicit RawClient(const HttpServer& server, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    REQUIRE(socket_ >= 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0)
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  /// False when the peer no longer listens.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  /// At least n bytes are there, or the peer has closed (or reset).
  bool fill(size_t n) {
    while (received_.size() < n) {
      char piece[4096];
      const ssize_t got = recv(socket_, piece, sizeof piece, 0);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return false;
      REQUIRE_MESSAGE(got > 0, "the peer neither sends nor closes");
      received_.append(piece, static_cast<size_t>(got));
    }
    return true;
  }

  std::string take(size_t n) {
    REQUIRE_MESSAGE(fill(n), "the peer has closed");
    std::string text = received_.substr(0, n);
    received_.erase(0, n);
    return text;
  }

  std::string take_head() {
    size_t end;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos)
      REQUIRE_MESSAGE(fill(received_.size() + 1), "the peer has closed");
    return take(end + 4);
  }

  RawResponse response(bool with_body = true) {
    RawResponse out;
    out.head = take_head();
    out.status = static_cast<unsigned>(std::stoul(out.head.substr(9, 3)));
    const size_t length = out.head.find("content-length: ");
    if (with_body && length != std::string::npos)
      out.body = take(std::stoul(out.head.substr(length + 16)));
    return out;
  }

  RawResponse ask(std::string_view text) {
    send(text);
    return response();
  }

  /// Nothing more comes, and the peer has closed.
  bool closed() { return !fill(received_.size() + 1); }

 private:
  int socket_;
  std::string received_;
};

inline std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nhost: test\r\n" + std::string(more) + "\r\n";
}

inline std::string put(std::string_view path, size_t length, std::string_view more = "") {
  return "PUT " + std::string(path) +
         " HTTP/1.1\r\nhost: test\r\ncontent-length: " + std::to_string(length) + "\r\n" +
         std::string(more) + "\r\n";
}

/// Waits for something that another thread brings about.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 4000 && !condition(); ++i) usleep(5000);
  return condition();
}

}  // namespace sotto
