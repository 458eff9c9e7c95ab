#include "http/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <mutex>
#include <thread>

#include "http/connection.hpp"
#include "http/tls.hpp"

namespace sotto {
namespace {

constexpr int kBacklog = 4096;
// After the process has no more files: until a connection may have gone.
constexpr auto kAcceptPause = std::chrono::milliseconds(50);
// Deadlines are looked at four times in the shortest of them.
constexpr uint32_t kShortestTickMs = 5;
constexpr uint32_t kLongestTickMs = 250;

uint32_t tick_ms(const HttpServerOptions& options) {
  const HttpLimits& limits = options.limits;
  const uint32_t shortest = std::min({limits.head_timeout_ms, limits.idle_timeout_ms,
                                      limits.write_timeout_ms, options.websocket_heartbeat_ms});
  return std::clamp(shortest / 4, kShortestTickMs, kLongestTickMs);
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

struct HttpServer::Impl {
  Impl(const HttpServerOptions& options, HttpHandler& handler)
      : state(std::make_shared<ServerState>(options, handler)),
        strand(asio::make_strand(state->io)),
        acceptor(strand),
        pause(strand),
        ticker(strand) {}

  Status listen();
  void run();
  void accept();
  void take(PlainStream socket);
  void tick();
  void stop(uint32_t grace_ms);
  Status load_tls();

  std::shared_ptr<ServerState> state;
  Strand strand;
  asio::basic_socket_acceptor<tcp, Strand> acceptor;
  Timer pause;
  Timer ticker;
  bool ticking = true;  // On the strand.
  uint16_t port = 0;
  std::mutex tls_mutex;
  TlsContext tls;
  std::mutex stop_mutex;
  bool stopped = false;
  std::vector<std::thread> threads;
};

Status HttpServer::Impl::load_tls() {
  if (!state->options.tls) return {};
  SOTTO_TRY(TlsContext context, server_tls(*state->options.tls));
  const std::lock_guard lock(tls_mutex);
  tls = std::move(context);
  return {};
}

Status HttpServer::Impl::listen() {
  const HttpServerOptions& options = state->options;
  error_code ec;
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec) return {ErrorCode::kInvalidArgument, "address '" + options.address + "': no IP address"};
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(kBacklog, ec);
  if (!ec) port = acceptor.local_endpoint(ec).port();
  if (ec)
    return {ErrorCode::kIo, "listen on " + options.address + " port " +
                                std::to_string(options.port) + ": " + ec.message()};
  return {};
}

void HttpServer::Impl::run() {
  accept();
  tick();
  for (unsigned i = 0; i < std::max(state->options.threads, 1U); ++i) {
    threads.emplace_back([this] {
      // What throws out of the loop (memory) costs one connection, not the server.
      for (bool done = false; !done;) {
        try {
          state->io.run();
          done = true;
        } catch (const std::exception&) {
        }
      }
    });
  }
}

void HttpServer::Impl::accept() {
  acceptor.async_accept(asio::make_strand(state->io),
                        asio::bind_executor(strand, [this](error_code ec, PlainStream socket) {
                          if (!acceptor.is_open()) return;
                          if (!ec) {
                            take(std::move(socket));
                            return accept();
                          }
                          pause.expires_after(kAcceptPause);
                          pause.async_wait([this](error_code stopped_early) {
                            if (!stopped_early) accept();
                          });
                        }));
}

void HttpServer::Impl::take(PlainStream socket) {
  if (state->connections.size() >= state->options.limits.most_connections) {
    // The socket is closed: to tell more would be a connection of its own.
    state->refused.fetch_add(1);
    return;
  }
  if (!state->options.tls) return start_session(state, std::move(socket));
  TlsContext context;
  {
    const std::lock_guard lock(tls_mutex);
    context = tls;
  }
  start_session(state, TlsStream(std::move(socket), *context));
}

void HttpServer::Impl::tick() {
  ticker.expires_after(std::chrono::milliseconds(tick_ms(state->options)));
  ticker.async_wait([this](error_code ec) {
    if (ec || !ticking) return;
    state->connections.remind(steady_ms());
    tick();
  });
}

// The loop ends by itself when nothing is left to do: every thread leaves run().
void HttpServer::Impl::stop(uint32_t grace_ms) {
  const std::lock_guard lock(stop_mutex);
  if (stopped) return;
  stopped = true;
  asio::post(strand, [this] {
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
  });
  state->connections.set_running(Running::kFinishing);
  state->connections.wait_until_empty(grace_ms);
  state->connections.set_running(Running::kNo);
  // The ticker looks after deadlines until then.
  asio::post(strand, [this] {
    ticking = false;
    ticker.cancel();
  });
  for (std::thread& thread : threads) thread.join();
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// Whatever throws here (a thread that cannot be joined) may end the program.
// NOLINTNEXTLINE(bugprone-exception-escape)
HttpServer::~HttpServer() { stop(0); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options,
                                                      HttpHandler& handler) {
  raise_file_limit();
  auto impl = std::make_unique<Impl>(options, handler);
  SOTTO_CHECK_OK(impl->load_tls());
  SOTTO_CHECK_OK(impl->listen());
  impl->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

uint16_t HttpServer::port() const { return impl_->port; }

HttpStatistics HttpServer::statistics() const {
  const ServerState& state = *impl_->state;
  return {.connections = state.connections.size(),
          .websockets = state.websockets.load(),
          .requests = state.requests.load(),
          .refused = state.refused.load(),
          .body_memory = state.body_memory.load()};
}

uint64_t HttpServer::broadcast(std::string_view json_object) {
  return impl_->state->announcements.append(json_object);
}

Status HttpServer::reload_tls() { return impl_->load_tls(); }

void HttpServer::stop(uint32_t grace_ms) { impl_->stop(grace_ms); }

}  // namespace sotto
