#include "http/client_connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <limits>

namespace sotto {
namespace {

namespace http = boost::beast::http;
using ResponseParser = http::response_parser<http::vector_body<uint8_t>>;

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr uint32_t kMostHead = 64 * 1024;
// Reads are as large as the buffer: small ones for small answers, large ones for large.
constexpr size_t kSmallRead = 4 * 1024;
constexpr size_t kLargeRead = 64 * 1024;

Error lost(const HttpOrigin& origin, const char* what, error_code ec) {
  const bool http = ec.category() == make_error_code(http::error::bad_method).category() &&
                    ec != http::error::end_of_stream && ec != http::error::partial_message;
  return {http ? ErrorCode::kMalformed : ErrorCode::kIo,
          origin.text() + ": " + what + ": " + ec.message()};
}

Error left() { return {ErrorCode::kCancelled, "abort_after: reached"}; }

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  out += "\r\n";
}

std::string host_header(const HttpOrigin& origin) {
  HttpOrigin bare = origin;
  bare.prefix.clear();
  const std::string text = bare.text();
  return text.substr(text.find("//") + 2);
}

std::string request_head(const HttpCall& call) {
  std::string head;
  head.reserve(512);
  head += call.method + ' ' + call.origin.prefix;
  for (const char c : call.target) head += c > ' ' && c < 0x7F ? c : '_';
  head += " HTTP/1.1\r\n";
  append_line(head, "host", host_header(call.origin));
  for (const auto& [name, value] : call.headers) append_line(head, name, value);
  if (call.body || call.method == "PUT" || call.method == "POST")
    append_line(head, "content-length", std::to_string(call.body ? call.body->size() : 0));
  return head + "\r\n";
}

HttpReply reply_of(ResponseParser& parser) {
  auto message = parser.release();
  HttpReply reply{.status = message.result_int(), .headers = {}, .body = std::move(message.body())};
  for (const auto& field : message.base()) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    reply.headers.emplace_back(std::move(name), field.value());
  }
  return reply;
}

}  // namespace

ClientConnection::ClientConnection(asio::io_context& io, ClientPool& pool, HttpOrigin origin)
    : pool_(pool),
      origin_(std::move(origin)),
      strand_(asio::make_strand(io)),
      resolver_(strand_),
      deadline_ms_(kNever) {}

// Posted even from its own strand: a call's `done` may send the next one.
void ClientConnection::start(std::shared_ptr<PendingCall> call) {
  set_deadline(call->deadline_ms);
  asio::post(strand_, [self = shared_from_this(), call = std::move(call)]() mutable {
    asio::co_spawn(self->strand_, self->serve(std::move(call)),
                   [self](const std::exception_ptr&) {});
  });
}

Awaitable<void> ClientConnection::serve(std::shared_ptr<PendingCall> call) {
  while (call) {
    current_ = call;
    set_deadline(call->deadline_ms);
    const bool used_before = connected_;
    Outcome outcome = co_await attempt(call->call);
    if (used_before && outcome.unheard && !call->finished()) {
      disconnect();
      outcome = co_await attempt(call->call);
    }
    current_ = nullptr;
    set_deadline(kNever);
    if (!outcome.reusable) disconnect();
    // In this order: what `done` sends finds this connection idle.
    const auto next = pool_.next_call(shared_from_this(), outcome.reusable);
    call->finish(std::move(outcome.reply));
    call = next;
  }
}

Awaitable<ClientConnection::Outcome> ClientConnection::attempt(const HttpCall& call) {
  if (current_->finished()) co_return Outcome{left()};
  if (!connected_) {
    Status status = co_await connect();
    if (!status.ok()) co_return Outcome{std::move(status).failure()};
    connected_ = true;
  }
  if (tls_) co_return co_await exchange(*tls_, call);
  co_return co_await exchange(*plain_, call);
}

Awaitable<Status> ClientConnection::connect() {
  disconnect();
  plain_.emplace(strand_);
  error_code ec;
  const auto address = asio::ip::make_address(origin_.host, ec);
  if (!ec) {
    std::tie(ec) = co_await plain_->async_connect(tcp::endpoint(address, origin_.port), kAwait);
  } else {
    auto [unresolved, found] =
        co_await resolver_.async_resolve(origin_.host, std::to_string(origin_.port), kAwait);
    ec = unresolved;
    if (!ec && !current_->finished()) {
      auto [unconnected, endpoint] = co_await asio::async_connect(*plain_, found, kAwait);
      ec = unconnected;
    }
  }
  if (ec) co_return lost(origin_, "connect", ec);
  if (current_->finished()) co_return left();
  plain_->set_option(tcp::no_delay(true), ec);
  if (origin_.tls) co_return co_await shake_hands();
  co_return Status();
}

Awaitable<Status> ClientConnection::shake_hands() {
  const Result<TlsContext> context = pool_.tls_context();
  if (!context.ok()) co_return context.error();
  tls_.emplace(std::move(*plain_), **context);
  plain_.reset();
  error_code ec;
  asio::ip::make_address(origin_.host, ec);
  if (ec) SSL_set_tlsext_host_name(tls_->native_handle(), origin_.host.c_str());
  tls_->set_verify_callback(asio::ssl::host_name_verification(origin_.host), ec);
  if (!ec) std::tie(ec) = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAwait);
  if (ec) co_return lost(origin_, "TLS", ec);
  co_return Status();
}

template <class Stream>
Awaitable<ClientConnection::Outcome> ClientConnection::exchange(Stream& stream,
                                                                const HttpCall& call) {
  buffer_.clear();
  const error_code unsent = co_await write(stream, call);
  if (call.body && call.abort_after) co_return Outcome{left()};
  // A server may refuse a body before it has all of it: then its answer is there to be read.
  Outcome outcome = co_await read(stream, call);
  if (unsent) outcome.reusable = false;
  if (unsent && !outcome.reply.ok()) outcome.reply = lost(origin_, "send", unsent);
  co_return outcome;
}

template <class Stream>
Awaitable<error_code> ClientConnection::write(Stream& stream, const HttpCall& call) {
  const std::string head = request_head(call);
  std::array<asio::const_buffer, 2> rest{asio::buffer(head), {}};
  if (call.body) {
    const uint64_t most = call.abort_after.value_or(call.body->size());
    rest[1] = asio::buffer(*call.body, static_cast<size_t>(most));
  }
  while (rest[0].size() + rest[1].size() > 0) {
    const auto [ec, n] = co_await stream.async_write_some(rest, kAwait);
    if (ec) co_return ec;
    const size_t of_head = std::min(n, rest[0].size());
    rest[0] += of_head;
    rest[1] += n - of_head;
  }
  co_return error_code();
}

template <class Stream>
Awaitable<ClientConnection::Outcome> ClientConnection::read(Stream& stream, const HttpCall& call) {
  std::optional<ResponseParser> parser;
  for (;;) {
    parser.emplace();
    parser->header_limit(kMostHead);
    parser->body_limit(call.most_response);
    if (call.method == "HEAD") parser->skip(true);
    while (!parser->is_done()) {
      const bool large =
          parser->is_header_done() && (parser->chunked() || parser->content_length() > kSmallRead);
      buffer_.reserve(large ? kLargeRead : kSmallRead);
      const auto [ec, n] = co_await http::async_read_some(stream, buffer_, *parser, kAwait);
      if (ec) {
        const bool unheard = !parser->got_some() && buffer_.size() == 0;
        co_return Outcome{lost(origin_, "response", ec), false, unheard};
      }
      if (!call.body && call.abort_after && parser->get().body().size() >= *call.abort_after)
        co_return Outcome{left()};
    }
    // What comes before the answer: 100, 103.
    if (parser->get().result_int() >= 200) break;
  }
  const bool reusable = parser->keep_alive() && buffer_.size() == 0;
  co_return Outcome{reply_of(*parser), reusable, false};
}

void ClientConnection::remind(int64_t now_ms) {
  if (deadline_ms_.load() > now_ms) return;
  asio::post(strand_, [self = shared_from_this()] {
    if (self->deadline_ms_.load() > steady_ms()) return;
    self->give_up({ErrorCode::kExpired, "timeout: " + self->origin_.text()});
  });
}

void ClientConnection::cancel() {
  asio::post(strand_, [self = shared_from_this()] {
    self->give_up({ErrorCode::kCancelled, "client: ends"});
  });
}

// The call is answered at once; the coroutine finds the connection closed and goes on.
void ClientConnection::give_up(Error error) {
  const auto call = current_;
  if (!call) return;
  resolver_.cancel();
  error_code ignored;
  if (plain_ || tls_) socket().close(ignored);
  call->finish(std::move(error));
}

void ClientConnection::disconnect() {
  connected_ = false;
  plain_.reset();
  tls_.reset();
}

}  // namespace sotto
