// One HTTP connection, from its first byte to its last. Internal.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/head_parser.hpp"
#include "http/responder.hpp"
#include "http/response_head.hpp"

namespace sotto {

/// Phases of a connection:
///   1. TLS handshake, where there is TLS
///   2. idle: waits for a first byte; a plain connection holds no buffer
///   3. head: parsed as it comes; refused, or shown to the handler
///   4. body: read straight into the request
///   5. the handler has the request
///   6. the response is written; then 2. or 7.
///   7. linger: what was written must reach a client that still sends, so the connection is closed
///      when the client has closed it, or after a while
/// or, behind phase 3, it becomes a WebSocket.
template <class Stream>
class Session final : public Responder {
 public:
  Session(std::shared_ptr<ServerState> state, Stream stream);
  void start();

 private:
  enum class Next { kRequest, kLinger, kDrop, kHandedOver };

  Awaitable<void> run();
  Awaitable<bool> handshake();
  Awaitable<void> linger();

  Awaitable<Next> serve();
  Awaitable<error_code> read_head(HeadParser& parser);
  Awaitable<error_code> fill();
  Awaitable<error_code> wait_for_input();
  Awaitable<Next> admit(HttpRequest& request, HeadParser& parser);
  Awaitable<Next> read_and_handle(HttpRequest& request, uint64_t length);
  Awaitable<error_code> read_body(Bytes& body);
  Awaitable<bool> say_continue(const HttpRequest& request);
  Awaitable<Next> hand_over(HttpRequest& request, Reservation memory);
  Awaitable<Next> upgrade(const HttpRequest& request);

  Awaitable<Next> respond(const HttpResponse& response);
  Awaitable<Next> refuse(HttpResponse response);
  Awaitable<bool> write(asio::const_buffer head, asio::const_buffer body);

  std::optional<HttpResponse> refuse_early(HttpRequest& request, const HeadParser& parser);
  error_code outcome(error_code ec) const;
  void on_deadline() override;
  void on_running(Running running) override;

  Stream stream_;
  std::string peer_;
  boost::beast::flat_buffer buffer_;
  std::string head_;
  bool idle_ = true;      ///< May be ended without anybody losing anything.
  bool closing_ = false;  ///< After the response that is under way.
  bool expired_ = false;
  bool head_only_ = false;
  bool http10_ = false;
};

}  // namespace sotto
