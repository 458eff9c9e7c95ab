#include "http/client.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "http/client_connection.hpp"

namespace sotto {
namespace {

// Timeouts come this much late at most.
constexpr auto kTick = std::chrono::milliseconds(20);

std::string pool_key(const HttpOrigin& origin) {
  return (origin.tls ? "s " : "p ") + origin.host + ' ' + std::to_string(origin.port);
}

}  // namespace

/// Of one origin: connections that wait for calls, or calls that wait for connections.
struct Pool {
  std::vector<std::shared_ptr<ClientConnection>> idle;
  std::set<std::shared_ptr<ClientConnection>> busy;
  std::deque<std::shared_ptr<PendingCall>> waiting;
};

struct HttpClient::Impl final : ClientPool {
  explicit Impl(const HttpClientOptions& client_options)
      : options(client_options), work(io.get_executor()), ticker(asio::make_strand(io)) {}

  void run();
  void stop();
  void send(std::shared_ptr<PendingCall> call);
  void tick();
  void look_at(Pool& pool, int64_t now_ms, std::vector<std::shared_ptr<PendingCall>>& expired);

  std::shared_ptr<PendingCall> next_call(const std::shared_ptr<ClientConnection>& connection,
                                         bool reusable) override;
  Result<TlsContext> tls_context() override;
  void finish_later(std::shared_ptr<PendingCall> call, ErrorCode code, const char* text);

  const HttpClientOptions options;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  Timer ticker;
  std::vector<std::thread> threads;

  std::mutex mutex;  // Of what follows. Never held while a call's `done` runs.
  std::map<std::string, Pool> pools;
  std::optional<Result<TlsContext>> tls;
  bool stopping = false;
};

void HttpClient::Impl::run() {
  tick();
  for (unsigned i = 0; i < std::max(options.threads, 1U); ++i)
    threads.emplace_back([this] { io.run(); });
}

void HttpClient::Impl::finish_later(std::shared_ptr<PendingCall> call, ErrorCode code,
                                    const char* text) {
  asio::post(io, [call = std::move(call), code, text] { call->finish({code, text}); });
}

void HttpClient::Impl::send(std::shared_ptr<PendingCall> call) {
  std::shared_ptr<ClientConnection> connection;
  {
    const std::lock_guard lock(mutex);
    if (stopping) return finish_later(std::move(call), ErrorCode::kCancelled, "client: ends");
    Pool& pool = pools[pool_key(call->call.origin)];
    if (!pool.idle.empty()) {
      connection = std::move(pool.idle.back());
      pool.idle.pop_back();
    } else if (pool.busy.size() < std::max<size_t>(options.most_connections, 1)) {
      connection = std::make_shared<ClientConnection>(io, *this, call->call.origin);
    } else {
      pool.waiting.push_back(std::move(call));
      return;
    }
    pool.busy.insert(connection);
  }
  connection->start(std::move(call));
}

std::shared_ptr<PendingCall> HttpClient::Impl::next_call(
    const std::shared_ptr<ClientConnection>& connection, bool reusable) {
  const std::lock_guard lock(mutex);
  Pool& pool = pools[pool_key(connection->origin())];
  while (!stopping && !pool.waiting.empty()) {
    auto call = std::move(pool.waiting.front());
    pool.waiting.pop_front();
    if (!call->finished()) return call;
  }
  pool.busy.erase(connection);
  if (reusable && !stopping) {
    connection->set_deadline(steady_ms() + options.idle_timeout_ms);
    pool.idle.push_back(connection);
  }
  return nullptr;
}

Result<TlsContext> HttpClient::Impl::tls_context() {
  const std::lock_guard lock(mutex);
  if (!tls) tls = client_tls(options.certificate_authorities);
  return *tls;
}

void HttpClient::Impl::tick() {
  ticker.expires_after(kTick);
  ticker.async_wait([this](error_code) {
    std::vector<std::shared_ptr<PendingCall>> expired;
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      for (auto& [key, pool] : pools) look_at(pool, steady_ms(), expired);
    }
    for (const auto& call : expired) call->finish({ErrorCode::kExpired, "timeout: in the queue"});
    tick();
  });
}

void HttpClient::Impl::look_at(Pool& pool, int64_t now_ms,
                               std::vector<std::shared_ptr<PendingCall>>& expired) {
  for (const auto& connection : pool.busy) connection->remind(now_ms);
  std::erase_if(pool.idle, [&](const auto& idle) { return idle->deadline() <= now_ms; });
  std::erase_if(pool.waiting, [&](const auto& call) {
    if (call->deadline_ms > now_ms) return false;
    expired.push_back(call);
    return true;
  });
}

void HttpClient::Impl::stop() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    for (auto& [key, pool] : pools) {
      for (auto& call : pool.waiting)
        finish_later(std::move(call), ErrorCode::kCancelled, "client: ends");
      pool.waiting.clear();
      pool.idle.clear();
      for (const auto& connection : pool.busy) connection->cancel();
    }
  }
  work.reset();
  for (std::thread& thread : threads) thread.join();
}

HttpClient::HttpClient(const HttpClientOptions& options) : impl_(std::make_unique<Impl>(options)) {
  impl_->run();
}

// Whatever throws here (a thread that cannot be joined) may end the program.
// NOLINTNEXTLINE(bugprone-exception-escape)
HttpClient::~HttpClient() { impl_->stop(); }

void HttpClient::send(HttpCall call, Done done) {
  const int64_t deadline_ms = steady_ms() + call.timeout_ms;
  impl_->send(std::make_shared<PendingCall>(std::move(call), std::move(done), deadline_ms));
}

Result<HttpReply> HttpClient::call(HttpCall call) {
  std::promise<Result<HttpReply>> promise;
  auto future = promise.get_future();
  send(std::move(call), [&](Result<HttpReply> reply) { promise.set_value(std::move(reply)); });
  return future.get();
}

}  // namespace sotto
