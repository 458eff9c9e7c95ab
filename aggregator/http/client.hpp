// The HTTP client: between servers, and of the simulated crowd.
//
// HTTP/1.1 over connections that are kept open and used again; plain, or TLS with the peer's
// certificate checked. Asynchronous on threads of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

namespace sotto {

/// "http://host:port" or "https://host", with or without a path in front of everything.
struct HttpOrigin {
  bool tls = false;
  std::string host;
  uint16_t port = 80;
  std::string prefix{};  ///< Without a slash at its end.

  std::string text() const;
};
/// Errors: kInvalidArgument.
Result<HttpOrigin> parse_origin(std::string_view url);

struct HttpCall {
  HttpOrigin origin;
  std::string method = "GET";
  std::string target = "/";  ///< Path and query, after the origin's prefix.
  HttpHeaders headers{};
  SharedBytes body{};            ///< Null: none.
  uint32_t timeout_ms = 30'000;  ///< From send() to the whole response.
  uint64_t most_response = uint64_t{64} << 20;
  /// Tears the connection down after so many bytes of the body that is sent, or without one of the
  /// response's: a visitor who leaves. The call ends with kCancelled.
  std::optional<uint64_t> abort_after{};
};

struct HttpReply {
  unsigned status = 0;
  HttpHeaders headers;
  Bytes body;
};

struct HttpClientOptions {
  unsigned threads = 1;
  size_t most_connections = 64;  ///< To one origin; further calls wait their turn.
  uint32_t idle_timeout_ms = 20'000;
  std::string certificate_authorities{};  ///< PEM file to trust; empty: the system's.
};

/// Thread safety: every call from any thread.
class HttpClient {
 public:
  explicit HttpClient(const HttpClientOptions& options);
  /// Calls that are in flight are answered with kCancelled. Not from one of the client's threads.
  ~HttpClient();  // NOLINT(bugprone-exception-escape)
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  using Done = std::function<void(Result<HttpReply>)>;
  /// done: called once, on a thread of the client; may call send(); must not throw. A request that
  /// fails on a connection that had been idle is sent once more on a new one. Errors: kIo (cannot
  /// connect, connection lost, certificate), kExpired (timeout), kMalformed (no HTTP, too large),
  /// kCancelled.
  void send(HttpCall call, Done done);
  /// send, and waits for it. Not from one of the client's threads.
  Result<HttpReply> call(HttpCall call);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
