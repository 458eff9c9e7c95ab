#include "http/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <limits>

#include "http/request_head.hpp"
#include "http/text.hpp"
#include "http/websocket_frame.hpp"

namespace sotto {
namespace {

using HttpError = boost::beast::http::error;

// One read takes a whole small request, head and body.
constexpr size_t kReadSize = 4096;
constexpr uint32_t kOverloadedRetryS = 5;
// What a refused client may still send before the connection is cut, and for how long.
constexpr size_t kMostLingering = size_t{1} << 20;
constexpr uint32_t kLingerMs = 2000;

// The refusal of a head that could not be read; null: nobody is there to read it.
std::optional<HttpResponse> refusal_of(error_code ec, bool expired, bool begun) {
  if (expired && begun) return problem(408, "TIMEOUT", "head: not complete in time");
  if (ec == HttpError::header_limit)
    return problem(431, "HEAD_TOO_LARGE", "head: longer than this server reads");
  if (ec == HttpError::bad_version)
    return problem(505, "UNSUPPORTED", "version: only HTTP/1.1 and HTTP/1.0 are spoken");
  if (ec.category() == make_error_code(HttpError::bad_method).category())
    return problem(400, "MALFORMED", "head: " + ec.message());
  return std::nullopt;
}

std::string address_text(const tcp::endpoint& endpoint) {
  const asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

HttpResponse internal_error() {
  return problem(500, "INTERNAL", "the request could not be handled");
}

}  // namespace

template <class Stream>
Session<Stream>::Session(std::shared_ptr<ServerState> state, Stream stream)
    : Responder(std::move(state), stream.get_executor()),
      stream_(std::move(stream)),
      // Beyond the head's limit, which the parser checks: pipelined requests.
      buffer_(std::numeric_limits<size_t>::max()) {
  error_code ec;
  peer_ = address_text(socket_of(stream_).remote_endpoint(ec));
  socket_of(stream_).set_option(tcp::no_delay(true), ec);
  socket_of(stream_).non_blocking(true, ec);
}

template <class Stream>
void Session<Stream>::start() {
  const auto self = std::static_pointer_cast<Session>(shared_from_this());
  asio::post(strand_, [self] {
    self->enlist();
    asio::co_spawn(self->strand_, self->run(), [self](const std::exception_ptr&) {});
  });
}

template <class Stream>
Awaitable<void> Session<Stream>::run() {
  if (!co_await handshake()) co_return;
  Next next = Next::kRequest;
  while (next == Next::kRequest) next = co_await serve();
  if (next == Next::kLinger) co_await linger();
}

template <class Stream>
Awaitable<bool> Session<Stream>::handshake() {
  if constexpr (kIsTls<Stream>) {
    set_deadline_in(state_->options.limits.head_timeout_ms);
    const auto [ec] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kAwait);
    co_return !outcome(ec);
  }
  co_return true;
}

template <class Stream>
Awaitable<void> Session<Stream>::linger() {
  expired_ = false;
  set_deadline_in(std::min(kLingerMs, state_->options.limits.idle_timeout_ms));
  if constexpr (kIsTls<Stream>) {
    const auto [ec] = co_await stream_.async_shutdown(kAwait);
    if (outcome(ec)) co_return;
  }
  error_code ignored;
  socket_of(stream_).shutdown(tcp::socket::shutdown_send, ignored);
  buffer_.clear();
  for (size_t read = 0; read < kMostLingering;) {
    const auto [ec, n] =
        co_await socket_of(stream_).async_read_some(buffer_.prepare(kReadSize), kAwait);
    if (outcome(ec)) co_return;
    read += n;
  }
}

template <class Stream>
Awaitable<typename Session<Stream>::Next> Session<Stream>::serve() {
  HttpRequest request;
  HeadParser parser(request, state_->options.limits.most_head);
  idle_ = true;
  const error_code ec = co_await read_head(parser);
  if (ec) {
    auto refusal = refusal_of(ec, expired_, buffer_.size() > 0 || parser.got_some());
    if (!refusal) co_return Next::kDrop;
    co_return co_await refuse(std::move(*refusal));
  }
  state_->requests.fetch_add(1, std::memory_order_relaxed);
  head_only_ = request.method == "HEAD";
  http10_ = parser.version() < 11;
  if (!parser.keep_alive()) closing_ = true;

  if (auto refusal = refuse_early(request, parser)) co_return co_await refuse(std::move(*refusal));
  const std::string& websocket_path = state_->options.websocket_path;
  if (!websocket_path.empty() && request.path == websocket_path)
    co_return co_await upgrade(request);
  co_return co_await admit(request, parser);
}

template <class Stream>
Awaitable<error_code> Session<Stream>::read_head(HeadParser& parser) {
  const HttpLimits& limits = state_->options.limits;
  if (buffer_.size() == 0) {
    set_deadline_in(limits.idle_timeout_ms);
    const error_code ec = co_await wait_for_input();
    if (ec) co_return ec;
  }
  idle_ = false;
  set_deadline_in(limits.head_timeout_ms);
  for (;;) {
    if (buffer_.size() > 0) {
      error_code ec;
      buffer_.consume(parser.put(buffer_.data(), ec));
      if (parser.is_header_done()) co_return error_code();
      if (ec && ec != HttpError::need_more) co_return ec;
    }
    const error_code ec = co_await fill();
    if (ec) co_return ec;
  }
}

// Plain connections hold no buffer while they wait; TLS ones have their library's anyway.
template <class Stream>
Awaitable<error_code> Session<Stream>::wait_for_input() {
  buffer_.clear();
  buffer_.shrink_to_fit();
  if constexpr (kIsTls<Stream>) {
    co_return co_await fill();
  } else {
    const auto [ec] = co_await stream_.async_wait(tcp::socket::wait_read, kAwait);
    co_return outcome(ec);
  }
}

template <class Stream>
Awaitable<error_code> Session<Stream>::fill() {
  if constexpr (!kIsTls<Stream>) {
    error_code ec;
    const size_t n = stream_.read_some(buffer_.prepare(kReadSize), ec);
    buffer_.commit(n);
    if (ec != asio::error::would_block) co_return ec;
  }
  const auto [ec, n] = co_await stream_.async_read_some(buffer_.prepare(kReadSize), kAwait);
  buffer_.commit(n);
  co_return outcome(ec);
}

template <class Stream>
std::optional<HttpResponse> Session<Stream>::refuse_early(HttpRequest& request,
                                                          const HeadParser& parser) {
  request.address = peer_;
  if (state_->options.trust_forwarded) {
    if (auto address = forwarded_address(request.headers)) request.address = std::move(*address);
  }
  if (state_->rate_limit) {
    const uint32_t wait_ms = state_->rate_limit->take(request.address, steady_ms());
    if (wait_ms > 0)
      return problem(429, "RATE_LIMITED", "too many requests from this address",
                     (wait_ms + 999) / 1000);
  }
  if (!set_target(request, parser.target())) return problem(400, "MALFORMED", "target: no path");
  return refuse_head(request, parser.version(), parser.content_length().has_value());
}

template <class Stream>
Awaitable<typename Session<Stream>::Next> Session<Stream>::admit(HttpRequest& request,
                                                                 HeadParser& parser) {
  const uint64_t length = parser.content_length().value_or(0);
  std::variant<uint64_t, HttpResponse> admitted;
  try {
    admitted = state_->handler.admit(request);
  } catch (const std::exception&) {
    admitted = internal_error();
  }
  if (const auto* answer = std::get_if<HttpResponse>(&admitted)) {
    if (length > 0) closing_ = true;
    co_return co_await respond(*answer);
  }
  if (length > std::get<uint64_t>(admitted))
    co_return co_await refuse(
        problem(413, "TOO_LARGE",
                "content-length: more than " + std::to_string(std::get<uint64_t>(admitted))));
  co_return co_await read_and_handle(request, length);
}

template <class Stream>
Awaitable<typename Session<Stream>::Next> Session<Stream>::read_and_handle(HttpRequest& request,
                                                                           uint64_t length) {
  Reservation::Total total(state_, &state_->body_memory);
  auto memory = Reservation::take(std::move(total), length, state_->options.limits.body_memory);
  if (!memory)
    co_return co_await refuse(
        problem(503, "OVERLOADED", "too many bodies are being received", kOverloadedRetryS));
  if (length > 0) {
    if (!co_await say_continue(request)) co_return Next::kDrop;
    request.body.resize(length);
    const error_code ec = co_await read_body(request.body);
    if (ec && !expired_) co_return Next::kDrop;
    if (ec) co_return co_await refuse(problem(408, "TIMEOUT", "body: arrives too slowly"));
  }
  clear_deadline();
  co_return co_await hand_over(request, std::move(*memory));
}

template <class Stream>
Awaitable<bool> Session<Stream>::say_continue(const HttpRequest& request) {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  if (http10_ || buffer_.size() > 0 || !find_header(request.headers, "expect")) co_return true;
  co_return co_await write(asio::buffer(kContinue), {});
}

// The deadline moves with what has arrived: it is when the next byte must be there.
template <class Stream>
Awaitable<error_code> Session<Stream>::read_body(Bytes& body) {
  const HttpLimits& limits = state_->options.limits;
  const int64_t start_ms = steady_ms() + limits.head_timeout_ms;
  size_t received = std::min(buffer_.size(), body.size());
  std::copy_n(static_cast<const uint8_t*>(buffer_.data().data()), received, body.begin());
  buffer_.consume(received);
  while (received < body.size()) {
    set_deadline_at(start_ms +
                    static_cast<int64_t>(received * 1000 / std::max(limits.least_body_rate, 1U)));
    const auto [ec, n] = co_await stream_.async_read_some(
        asio::buffer(body.data() + received, body.size() - received), kAwait);
    received += n;
    if (const error_code failed = outcome(ec)) co_return failed;
  }
  co_return error_code();
}

template <class Stream>
Awaitable<typename Session<Stream>::Next> Session<Stream>::hand_over(HttpRequest& request,
                                                                     Reservation memory) {
  answered_ = false;
  response_.reset();
  {
    auto answer = std::make_shared<Answer>(weak_from_this(), std::move(memory));
    try {
      state_->handler.handle(std::move(request), [answer](HttpResponse response) {
        answer->deliver(std::move(response));
      });
    } catch (const std::exception&) {
      answer->deliver(internal_error());
    }
  }
  co_await wait_for_response();
  if (aborted_ || !response_) co_return Next::kDrop;
  co_return co_await respond(*response_);
}

template <class Stream>
Awaitable<typename Session<Stream>::Next> Session<Stream>::upgrade(const HttpRequest& request) {
  const auto header = [&](std::string_view name) {
    return find_header(request.headers, name).value_or(std::string_view());
  };
  const std::string_view key = trim(header("sec-websocket-key"));
  if (request.method != "GET" || !names_token(header("connection"), "upgrade") ||
      !names_token(header("upgrade"), "websocket") ||
      trim(header("sec-websocket-version")) != "13" || !valid_websocket_key(key)) {
    HttpResponse refusal = problem(426, "UNSUPPORTED", "upgrade: this path is a WebSocket's");
    refusal.headers.emplace_back("upgrade", "websocket");
    refusal.headers.emplace_back("sec-websocket-version", "13");
    co_return co_await refuse(std::move(refusal));
  }
  std::optional<uint64_t> after;
  if (const auto text = find_parameter(request.query, "after")) {
    after = parse_decimal(*text);
    if (!after) co_return co_await refuse(problem(400, "MALFORMED", "after: not a number"));
  }
  Reservation::Total total(state_, &state_->websockets);
  auto seat = Reservation::take(std::move(total), 1, state_->options.most_websockets);
  if (!seat)
    co_return co_await refuse(
        problem(503, "OVERLOADED", "too many connections listen", kOverloadedRetryS));

  // Whatever is announced once the client knows that it is connected must reach it.
  EventHistory::Start from = state_->announcements.start(after);
  const std::string accept =
      "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n"
      "upgrade: websocket\r\nsec-websocket-accept: " +
      websocket_accept(key) + "\r\n\r\n";
  if (!co_await write(asio::buffer(accept), {})) co_return Next::kDrop;
  clear_deadline();
  const auto* received = static_cast<const uint8_t*>(buffer_.data().data());
  WebSocketStart start{.state = state_,
                       .seat = std::move(*seat),
                       .from = std::move(from),
                       .received = Bytes(received, received + buffer_.size())};
  start_websocket(std::move(start), std::move(stream_));
  co_return Next::kHandedOver;
}

template <class Stream>
Awaitable<typename Session<Stream>::Next> Session<Stream>::refuse(HttpResponse response) {
  state_->refused.fetch_add(1, std::memory_order_relaxed);
  if (aborted_) co_return Next::kDrop;
  expired_ = false;
  closing_ = true;
  co_return co_await respond(response);
}

template <class Stream>
Awaitable<typename Session<Stream>::Next> Session<Stream>::respond(const HttpResponse& response) {
  const uint64_t size = response.body ? response.body->size() : 0;
  const auto [offset, length] = response.part.value_or(std::pair<uint64_t, uint64_t>(0, size));
  if (offset > size || length > size - offset) co_return co_await refuse(internal_error());
  if (state_->connections.running() != Running::kYes) closing_ = true;
  const Persistence persistence = closing_  ? Persistence::kClose
                                  : http10_ ? Persistence::kKeepAliveHttp10
                                            : Persistence::kKeepAlive;
  write_head(response, length, persistence, head_);
  // Before the co_await: g++ 12 evaluates both sides of a condition inside of one.
  asio::const_buffer body;
  if (length > 0 && !head_only_)
    body = asio::buffer(response.body->data() + offset, static_cast<size_t>(length));
  const bool written = co_await write(asio::buffer(head_), body);
  if (!written) co_return Next::kDrop;
  co_return closing_ ? Next::kLinger : Next::kRequest;
}

// Head and body go to the kernel in one call, as much as it takes, from where they lie.
template <class Stream>
Awaitable<bool> Session<Stream>::write(asio::const_buffer head, asio::const_buffer body) {
  const HttpLimits& limits = state_->options.limits;
  const int64_t start_ms = steady_ms() + limits.write_timeout_ms;
  std::array<asio::const_buffer, 2> left{head, body};
  size_t sent = 0;
  while (left[0].size() + left[1].size() > 0) {
    size_t n = 0;
    error_code ec = asio::error::would_block;
    if constexpr (!kIsTls<Stream>) n = stream_.write_some(left, ec);
    if (ec == asio::error::would_block) {
      set_deadline_at(start_ms +
                      static_cast<int64_t>(sent * 1000 / std::max(limits.least_body_rate, 1U)));
      std::tie(ec, n) = co_await stream_.async_write_some(left, kAwait);
      ec = outcome(ec);
    }
    if (ec) co_return false;
    sent += n;
    const size_t of_head = std::min(n, left[0].size());
    left[0] += of_head;
    left[1] += n - of_head;
  }
  co_return true;
}

template <class Stream>
error_code Session<Stream>::outcome(error_code ec) const {
  // An operation may have ended well just before it was to be cancelled.
  return expired_ || aborted_ ? asio::error::operation_aborted : ec;
}

template <class Stream>
void Session<Stream>::on_deadline() {
  expired_ = true;
  error_code ignored;
  socket_of(stream_).cancel(ignored);
}

template <class Stream>
void Session<Stream>::on_running(Running running) {
  closing_ = true;
  if (running == Running::kFinishing && !idle_) return;
  aborted_ = true;
  error_code ignored;
  socket_of(stream_).close(ignored);
  delivered_.cancel();
}

void start_session(std::shared_ptr<ServerState> state, PlainStream socket) {
  std::make_shared<Session<PlainStream>>(std::move(state), std::move(socket))->start();
}

void start_session(std::shared_ptr<ServerState> state, TlsStream stream) {
  std::make_shared<Session<TlsStream>>(std::move(state), std::move(stream))->start();
}

}  // namespace sotto
