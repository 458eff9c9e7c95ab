#include <boost/asio/post.hpp>
#include <exception>

#include "http/connection.hpp"
#include "http/websocket_frame.hpp"

namespace sotto {
namespace {

// What a client has to close its side after a Close frame.
constexpr uint32_t kCloseMs = 2000;

/// A WebSocket: a cursor into the history of announcements, and whatever control frame is due.
/// While it is idle a plain connection holds no buffer. Plain callbacks, not coroutines: ten
/// thousand of these wait most of the time, and a frame of a coroutine is kept while it waits.
template <class Stream>
class WebSocket final : public Connection, public Subscriber {
 public:
  WebSocket(WebSocketStart start, Stream stream)
      : Connection(std::move(start.state), stream.get_executor()),
        stream_(std::move(stream)),
        seat_(std::move(start.seat)),
        cursor_(start.from.cursor),
        current_(std::move(start.from.missed)) {}
  ~WebSocket() override {
    if (subscribed_) state_->announcements.unsubscribe(*this);
  }

  void begin(std::span<const uint8_t> received) {
    enlist();
    // What comes from now on wakes it, what came since its cursor it finds.
    state_->announcements.subscribe(*this);
    subscribed_ = true;
    set_deadline_in(heartbeat_ms());
    take(received);
    pump();
    wait_for_input();
  }

  void wake() override {
    if (woken_.exchange(true)) return;
    asio::post(strand_, [weak = weak_from_this()] {
      if (const auto self = std::static_pointer_cast<WebSocket>(weak.lock())) {
        self->woken_.store(false);
        self->pump();
      }
    });
  }

 private:
  std::shared_ptr<WebSocket> self() {
    return std::static_pointer_cast<WebSocket>(shared_from_this());
  }
  uint32_t heartbeat_ms() const { return state_->options.websocket_heartbeat_ms; }

  // Writes what is due until there is nothing or the peer takes no more.
  void pump() {
    while (!writing_ && !ended_) {
      if (!current_ && !choose()) return;
      write_some();
    }
  }

  // The next frame, by urgency.
  bool choose() {
    if (close_sent_) return false;
    if (control_) {
      current_ = std::exchange(control_, nullptr);
      return true;
    }
    if (closing_) {
      current_ = std::make_shared<const Bytes>(websocket_close_frame(code_, reason_));
      close_sent_ = true;
      return true;
    }
    Announcements::Next next = state_->announcements.next(cursor_);
    if (next.lost) {
      close(WebSocketClose::kTryAgainLater, "too slow for the events");
      return choose();
    }
    if (!next.frame) return false;
    ++cursor_;
    current_ = std::move(next.frame);
    return true;
  }

  void write_some() {
    const auto left = asio::buffer(*current_) + offset_;
    if constexpr (!kIsTls<Stream>) {
      error_code ec;
      const size_t n = stream_.write_some(left, ec);
      if (ec != asio::error::would_block) return written(ec, n);
    }
    writing_ = true;
    stream_.async_write_some(left, [self = self()](error_code ec, size_t n) {
      self->writing_ = false;
      self->written(ec, n);
      self->pump();
    });
  }

  void written(error_code ec, size_t n) {
    if (ec) return end();
    offset_ += n;
    if (offset_ < current_->size()) return;
    offset_ = 0;
    current_ = nullptr;
    if (close_sent_) finish_writing();
  }

  // Not closed at once: the Close frame would be lost to a client that is still sending.
  void finish_writing() {
    if (peer_closed_) return end();
    set_deadline_in(kCloseMs);
    error_code ignored;
    if constexpr (!kIsTls<Stream>) socket_of(stream_).shutdown(tcp::socket::shutdown_send, ignored);
  }

  void close(WebSocketClose code, const char* reason) {
    if (closing_) return;
    closing_ = true;
    code_ = code;
    reason_ = reason;
  }

  void wait_for_input() {
    if (ended_) return;
    if constexpr (kIsTls<Stream>) {
      // TLS connections hold the buffers of their library anyway.
      if (!input_) input_ = std::make_unique<std::array<uint8_t, 256>>();
      stream_.async_read_some(asio::buffer(*input_), [self = self()](error_code ec, size_t n) {
        self->received(ec, {self->input_->data(), n});
      });
    } else {
      stream_.async_wait(tcp::socket::wait_read, [self = self()](error_code ec) {
        std::array<uint8_t, 1024> input;
        size_t n = 0;
        if (!ec) n = self->stream_.read_some(asio::buffer(input), ec);
        if (ec == asio::error::would_block) ec = {};
        self->received(ec, {input.data(), n});
      });
    }
  }

  void received(error_code ec, std::span<const uint8_t> input) {
    if (ec) return end();
    take(input);
    pump();
    wait_for_input();
  }

  void take(std::span<const uint8_t> input) {
    while (!broken_) {
      auto frame = reader_.next(input);
      if (!frame.ok()) {
        broken_ = true;
        const bool message = frame.error().code == ErrorCode::kRejected;
        return close(message ? WebSocketClose::kPolicyViolation : WebSocketClose::kProtocolError,
                     message ? "this server takes no messages" : "malformed frame");
      }
      if (!*frame) return;
      answer(**frame);
    }
  }

  void answer(const ControlFrame& frame) {
    switch (frame.opcode) {
      case WebSocketOpcode::kPing:
        // Only the last ping need be answered (RFC 6455, 5.5.3): no queue.
        control_ =
            std::make_shared<const Bytes>(websocket_frame(WebSocketOpcode::kPong, frame.payload));
        break;
      case WebSocketOpcode::kPong: unanswered_ = false; break;
      default:
        peer_closed_ = true;
        if (close_sent_ && !current_) return end();
        close(WebSocketClose::kNormal, "");
    }
  }

  void on_deadline() override {
    if (closing_ || unanswered_) return end();
    unanswered_ = true;
    control_ = std::make_shared<const Bytes>(websocket_frame(WebSocketOpcode::kPing, {}));
    set_deadline_in(heartbeat_ms());
    pump();
  }

  void on_running(Running running) override {
    if (running == Running::kNo) return end();
    set_deadline_in(kCloseMs);
    close(WebSocketClose::kGoingAway, "the server stops");
    pump();
  }

  void end() {
    ended_ = true;
    clear_deadline();
    error_code ignored;
    socket_of(stream_).close(ignored);
  }

  Stream stream_;
  Reservation seat_;
  uint64_t cursor_;
  SharedBytes current_;  // Being written, from offset_.
  size_t offset_ = 0;
  SharedBytes control_;  // A ping or pong to be sent.
  std::unique_ptr<std::array<uint8_t, 256>> input_;
  const char* reason_ = "";
  ControlFrameReader reader_;
  WebSocketClose code_ = WebSocketClose::kNormal;
  std::atomic<bool> woken_{false};
  bool subscribed_ = false;
  bool writing_ = false;
  bool unanswered_ = false;  // Pinged, and no pong yet.
  bool closing_ = false;     // A Close frame is due or sent.
  bool close_sent_ = false;
  bool peer_closed_ = false;
  bool broken_ = false;  // What the peer sends is no longer read, only drained.
  bool ended_ = false;
};

template <class Stream>
void start(WebSocketStart start, Stream stream) {
  const Bytes received = std::move(start.received);
  std::make_shared<WebSocket<Stream>>(std::move(start), std::move(stream))->begin(received);
}

}  // namespace

void start_websocket(WebSocketStart websocket, PlainStream stream) {
  start(std::move(websocket), std::move(stream));
}

void start_websocket(WebSocketStart websocket, TlsStream stream) {
  start(std::move(websocket), std::move(stream));
}

}  // namespace sotto
