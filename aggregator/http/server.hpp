// The HTTP server: connections, limits and deadlines. What is asked and answered is its handler's.
//
// HTTP/1.1, plain or TLS (OpenSSL, TLS 1.2 and up, ALPN http/1.1). Threads of its own run an
// asynchronous loop; a connection costs memory only while it sends or is sent something.
// Slow and hostile clients: a head must be complete within `head_timeout`, of at most `most_head`
// bytes; a body must arrive at `least_body_rate` at least, after the handler has seen the head and
// allowed its length; an idle connection is closed after `idle_timeout`; a response must be taken
// at the same rate at least, after a grace of `write_timeout`. Bodies in memory are bounded by
// `body_memory` in all: more are answered 503 with Retry-After before they are read. Requests of
// one address are bounded by a token bucket: 429 with Retry-After.
// Every refusal is a problem document (message.hpp) with a stable code:
//   400 MALFORMED | 408 TIMEOUT | 411 LENGTH_REQUIRED (PUT and POST without Content-Length)
//   413 TOO_LARGE | 417 UNSUPPORTED (Expect) | 426 UNSUPPORTED (no WebSocket) | 429 RATE_LIMITED
//   431 HEAD_TOO_LARGE | 501 UNSUPPORTED (transfer codings) | 503 OVERLOADED | 505 UNSUPPORTED
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "http/message.hpp"

namespace sotto {

/// Hands the response over; once, from any thread, at once or later. Never called: the connection
/// is closed when the last copy is destroyed.
using HttpRespond = std::function<void(HttpResponse)>;

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Looks at the head (request.body is empty). Gives the most bytes that the body may have, or the
  /// answer, after which the connection is closed unless there was no body. Called on a server's
  /// thread: must not block.
  virtual std::variant<uint64_t, HttpResponse> admit(const HttpRequest& head) = 0;
  /// The whole request. Called on a server's thread: must not block for long.
  virtual void handle(HttpRequest request, HttpRespond respond) = 0;
};

struct HttpLimits {
  size_t most_connections = 12'000;  ///< WebSockets included; further ones are closed at once.
  size_t most_head = 16 * 1024;
  uint64_t body_memory = uint64_t{96} << 20;
  uint32_t head_timeout_ms = 10'000;
  uint32_t idle_timeout_ms = 60'000;
  uint32_t write_timeout_ms = 30'000;
  uint32_t least_body_rate = 16 * 1024;  ///< Bytes a second, after the grace.
  double requests_per_second = 0;        ///< Of one address; 0: not limited. IPv6: of its /64.
  double request_burst = 0;
};

struct TlsFiles {
  std::string certificate;  ///< PEM chain.
  std::string key;          ///< PEM.
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  ///< 0: any free one.
  unsigned threads = 2;
  std::optional<TlsFiles> tls{};
  HttpLimits limits{};
  /// Takes the peer's address from the last entry of X-Forwarded-For: behind a proxy of one's own.
  bool trust_forwarded = false;
  std::string websocket_path{};  ///< Empty: none.
  uint32_t websocket_heartbeat_ms = 30'000;
  size_t websocket_history = 256;  ///< Events that a resuming client can still get.
  size_t most_websockets = 11'000;
};

struct HttpStatistics {
  uint64_t connections = 0;  ///< Open now.
  uint64_t websockets = 0;   ///< Open now.
  uint64_t requests = 0;     ///< Since the start.
  uint64_t refused = 0;      ///< By the server itself, since the start.
  uint64_t body_memory = 0;  ///< Bytes now.
};

/// WebSocket: text messages {"id": n, ...} from the server only. `?after=ID` says where to resume
/// (none: with what comes next); whatever is still in the history follows, and where that begins
/// later, {"id": n, "missed": true} is first. Origin is not checked: all of it is public. A client
/// that sends anything but control frames is closed with 1008; one that does not keep up, with
/// 1013. Pings every heartbeat; no answer by the next one: closed. Thread safety: every call from
/// any thread.
class HttpServer {
 public:
  /// Listens when it returns. handler: lent for the life of the server.
  /// Raises the process's soft limit of open files as far as it may.
  /// Errors: kInvalidArgument (address); kIo (port in use, certificate that cannot be read).
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options,
                                                   HttpHandler& handler);
  /// As stop() with no time.
  ~HttpServer();  // NOLINT(bugprone-exception-escape)

  uint16_t port() const;
  HttpStatistics statistics() const;
  /// To every open WebSocket: a JSON object, to which "id" is added in front. Gives the id: 1, 2...
  uint64_t broadcast(std::string_view json_object);
  /// Reads the certificate anew; connections go on with theirs. Errors: kIo, then nothing changed.
  Status reload_tls();
  /// Takes no new connections, closes idle ones, lets requests that are in flight finish for at
  /// most `grace_ms`; WebSockets are closed with 1001. Not from one of the server's threads.
  void stop(uint32_t grace_ms);

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
