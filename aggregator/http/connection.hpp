// What all connections of a server share, and what the server knows of one. Internal.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "http/asio.hpp"
#include "http/event_history.hpp"
#include "http/rate_limit.hpp"
#include "http/reservation.hpp"
#include "http/server.hpp"

namespace sotto {

class Connection;

/// How far a server is on its way to the end.
enum class Running { kYes, kFinishing, kNo };

/// The connections that are open, so that a ticker can look after their deadlines and stop() can
/// end them.
/// Thread safety: every call from any thread.
class Connections {
 public:
  /// Gives how far the server is: the newcomer must behave accordingly.
  Running add(Connection& connection);
  void remove(Connection& connection);
  size_t size() const;

  /// Reminds those whose deadline has passed.
  void remind(int64_t now_ms);
  /// Tells all, and those that come later.
  void set_running(Running running);
  Running running() const { return running_.load(); }
  /// Whether all had gone before the time was over.
  bool wait_until_empty(uint32_t at_most_ms);

 private:
  mutable std::mutex mutex_;
  std::condition_variable gone_;
  std::vector<Connection*> open_;
  std::atomic<Running> running_{Running::kYes};
};

/// Whoever wants to hear that there are new events.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  /// On any thread, at once: must only make a note of it.
  virtual void wake() = 0;

 private:
  friend class Announcements;
  size_t index_ = 0;
};

/// The history of events and who reads along.
/// Thread safety: every call from any thread.
class Announcements {
 public:
  explicit Announcements(size_t history) : history_(history) {}

  uint64_t append(std::string_view json_object);
  void subscribe(Subscriber& subscriber);
  void unsubscribe(Subscriber& subscriber);

  EventHistory::Start start(std::optional<uint64_t> after) const;
  struct Next {
    SharedBytes frame;  ///< Null: there is none yet.
    bool lost = false;  ///< The cursor is too far behind.
  };
  Next next(uint64_t cursor) const;

 private:
  mutable std::mutex mutex_;
  EventHistory history_;
  std::vector<Subscriber*> subscribers_;
};

/// Owned by the server and by every connection: a handler may hold on to a connection's answer for
/// longer than the server lives.
struct ServerState {
  ServerState(const HttpServerOptions& server_options, HttpHandler& server_handler);

  const HttpServerOptions options;
  HttpHandler& handler;
  asio::io_context io;
  Connections connections;
  Announcements announcements;
  std::optional<RateLimit> rate_limit;
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> body_memory{0};
  std::atomic<uint64_t> websockets{0};
};

/// One connection. Its members are touched on its strand only, except for the deadline.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerState> state, Strand strand);
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Once, on its strand, after it was made.
  void enlist();
  /// On any thread.
  void remind(int64_t now_ms);
  void tell(Running running);

 protected:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  /// A reminder comes a tick late at most, and never early.
  void set_deadline_in(int64_t ms) { deadline_ms_.store(steady_ms() + ms); }
  void set_deadline_at(int64_t at_ms) { deadline_ms_.store(at_ms); }
  void clear_deadline() { deadline_ms_.store(kNever); }
  virtual void on_deadline() = 0;
  virtual void on_running(Running running) = 0;

  const std::shared_ptr<ServerState> state_;
  const Strand strand_;

 private:
  friend class Connections;

  std::atomic<int64_t> deadline_ms_{kNever};
  size_t index_ = 0;
  bool enlisted_ = false;
};

/// HTTP on a connection that has been accepted.
void start_session(std::shared_ptr<ServerState> state, PlainStream socket);
void start_session(std::shared_ptr<ServerState> state, TlsStream stream);

/// What a connection becomes after its upgrade.
struct WebSocketStart {
  std::shared_ptr<ServerState> state;
  Reservation seat{};          ///< One of most_websockets.
  EventHistory::Start from{};  ///< Taken before the client hears that it is connected.
  Bytes received{};            ///< What the client has sent behind its head.
};
/// On the stream's strand.
void start_websocket(WebSocketStart start, PlainStream stream);
void start_websocket(WebSocketStart start, TlsStream stream);

}  // namespace sotto
