// Where a handler's answer and the connection that waits for it meet. Internal.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "http/connection.hpp"

namespace sotto {

/// The side of a session that waits for its handler's answer.
class Responder : public Connection {
 public:
  Responder(std::shared_ptr<ServerState> state, const Strand& strand);
  /// On any thread. Nothing: the handler will not answer.
  void deliver(std::optional<HttpResponse> response);

 protected:
  Awaitable<void> wait_for_response();

  std::optional<HttpResponse> response_;
  bool answered_ = false;
  bool aborted_ = false;  ///< Nothing more is read or written.
  Timer delivered_;       ///< Never runs out; is cancelled.
};

/// What a handler's copies of `respond` share. Holds no connection: a handler may keep it for
/// longer than the server lives. Thread safety: every call from any thread.
class Answer {
 public:
  /// memory: of the request's body, which the handler has until it answers.
  Answer(std::weak_ptr<Connection> session, Reservation memory);
  ~Answer();  // NOLINT(bugprone-exception-escape)
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  /// The first call counts. Nothing: there will be no answer.
  void deliver(std::optional<HttpResponse> response);

 private:
  std::weak_ptr<Connection> session_;
  Reservation memory_;
  std::atomic<bool> given_{false};
};

}  // namespace sotto
