// One connection of the HTTP client. Internal.
#pragma once

#include <atomic>
#include <boost/beast/core/flat_buffer.hpp>
#include <deque>
#include <memory>
#include <optional>

#include "http/asio.hpp"
#include "http/client.hpp"
#include "http/tls.hpp"

namespace sotto {

/// A call until it is answered, once: by its connection, its deadline, or the end of the client.
struct PendingCall {
  PendingCall(HttpCall http_call, HttpClient::Done when_done, int64_t deadline)
      : call(std::move(http_call)), deadline_ms(deadline), done_(std::move(when_done)) {}

  bool finished() const { return finished_.load(); }
  void finish(Result<HttpReply> reply) {
    if (!finished_.exchange(true)) done_(std::move(reply));
  }

  const HttpCall call;
  const int64_t deadline_ms;

 private:
  const HttpClient::Done done_;
  std::atomic<bool> finished_{false};
};

class ClientConnection;

/// What a connection asks of the client.
class ClientPool {
 public:
  virtual ~ClientPool() = default;
  /// The connection has done a call: gives the next one; or takes the connection back, to be used
  /// again if it is reusable.
  virtual std::shared_ptr<PendingCall> next_call(
      const std::shared_ptr<ClientConnection>& connection, bool reusable) = 0;
  virtual Result<TlsContext> tls_context() = 0;
};

/// Serves one call after the other, on its strand. Not connected in the beginning and after errors.
class ClientConnection final : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(asio::io_context& io, ClientPool& pool, HttpOrigin origin);

  const HttpOrigin& origin() const { return origin_; }
  /// On any thread.
  void start(std::shared_ptr<PendingCall> call);
  void set_deadline(int64_t at_ms) { deadline_ms_.store(at_ms); }
  int64_t deadline() const { return deadline_ms_.load(); }
  /// Ends the call whose deadline has passed.
  void remind(int64_t now_ms);
  void cancel();

 private:
  struct Outcome {
    Result<HttpReply> reply;
    bool reusable = false;
    bool unheard = false;  ///< Not a byte came back: the peer may have closed it while it was idle.
  };

  Awaitable<void> serve(std::shared_ptr<PendingCall> call);
  Awaitable<Outcome> attempt(const HttpCall& call);
  Awaitable<Status> connect();
  Awaitable<Status> shake_hands();
  template <class Stream>
  Awaitable<Outcome> exchange(Stream& stream, const HttpCall& call);
  template <class Stream>
  Awaitable<error_code> write(Stream& stream, const HttpCall& call);
  template <class Stream>
  Awaitable<Outcome> read(Stream& stream, const HttpCall& call);
  void give_up(Error error);
  void disconnect();
  PlainStream& socket() { return tls_ ? tls_->next_layer() : *plain_; }

  ClientPool& pool_;
  const HttpOrigin origin_;
  const Strand strand_;
  asio::ip::basic_resolver<tcp, Strand> resolver_;
  std::optional<PlainStream> plain_;
  std::optional<TlsStream> tls_;
  bool connected_ = false;
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<PendingCall> current_;
  std::atomic<int64_t> deadline_ms_;
};

}  // namespace sotto
