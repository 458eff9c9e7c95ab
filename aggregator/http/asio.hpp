// Asio's types as this room uses them. Internal: only .cpp files and the room's internal headers
// include it.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>

namespace sotto {

namespace asio = boost::asio;
using error_code = boost::system::error_code;
using asio::ip::tcp;

// Named executors all the way: no operation asks a type-erased one.
using Strand = asio::strand<asio::io_context::executor_type>;
using PlainStream = asio::basic_stream_socket<tcp, Strand>;
using TlsStream = asio::ssl::stream<PlainStream>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Strand>;
template <class T>
using Awaitable = asio::awaitable<T, Strand>;
/// auto [ec, ...] = co_await operation(..., kAwait);
inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable_t<Strand>{});

template <class Stream>
inline constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

inline PlainStream& socket_of(PlainStream& stream) { return stream; }
inline PlainStream& socket_of(TlsStream& stream) { return stream.next_layer(); }

/// Milliseconds of a clock that does not run backwards.
inline int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace sotto
