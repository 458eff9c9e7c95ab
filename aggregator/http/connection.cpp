#include "http/connection.hpp"

#include <boost/asio/post.hpp>

namespace sotto {
namespace {

// With one thread the loop needs no wake-ups between threads.
int concurrency(unsigned threads) { return static_cast<int>(std::max(threads, 1U)); }

}  // namespace

Running Connections::add(Connection& connection) {
  const std::lock_guard lock(mutex_);
  connection.index_ = open_.size();
  open_.push_back(&connection);
  return running_.load();
}

void Connections::remove(Connection& connection) {
  const std::lock_guard lock(mutex_);
  open_.back()->index_ = connection.index_;
  std::swap(open_[connection.index_], open_.back());
  open_.pop_back();
  if (open_.empty()) gone_.notify_all();
}

size_t Connections::size() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

void Connections::remind(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  for (Connection* connection : open_) connection->remind(now_ms);
}

void Connections::set_running(Running running) {
  const std::lock_guard lock(mutex_);
  running_.store(running);
  for (Connection* connection : open_) connection->tell(running);
}

bool Connections::wait_until_empty(uint32_t at_most_ms) {
  std::unique_lock lock(mutex_);
  return gone_.wait_for(lock, std::chrono::milliseconds(at_most_ms), [&] { return open_.empty(); });
}

uint64_t Announcements::append(std::string_view json_object) {
  const std::lock_guard lock(mutex_);
  const uint64_t id = history_.append(json_object);
  for (Subscriber* subscriber : subscribers_) subscriber->wake();
  return id;
}

void Announcements::subscribe(Subscriber& subscriber) {
  const std::lock_guard lock(mutex_);
  subscriber.index_ = subscribers_.size();
  subscribers_.push_back(&subscriber);
}

void Announcements::unsubscribe(Subscriber& subscriber) {
  const std::lock_guard lock(mutex_);
  subscribers_.back()->index_ = subscriber.index_;
  std::swap(subscribers_[subscriber.index_], subscribers_.back());
  subscribers_.pop_back();
}

EventHistory::Start Announcements::start(std::optional<uint64_t> after) const {
  const std::lock_guard lock(mutex_);
  return history_.start(after);
}

Announcements::Next Announcements::next(uint64_t cursor) const {
  const std::lock_guard lock(mutex_);
  return {history_.next(cursor), history_.lost(cursor)};
}

ServerState::ServerState(const HttpServerOptions& server_options, HttpHandler& server_handler)
    : options(server_options),
      handler(server_handler),
      io(concurrency(server_options.threads)),
      announcements(server_options.websocket_history) {
  const HttpLimits& limits = options.limits;
  if (limits.requests_per_second > 0)
    rate_limit.emplace(limits.requests_per_second, limits.request_burst);
}

Connection::Connection(std::shared_ptr<ServerState> state, Strand strand)
    : state_(std::move(state)), strand_(std::move(strand)) {}

Connection::~Connection() {
  if (enlisted_) state_->connections.remove(*this);
}

void Connection::enlist() {
  enlisted_ = true;
  const Running running = state_->connections.add(*this);
  if (running != Running::kYes) tell(running);
}

// Queued work holds no connection: what is left in the queue of a loop that has ended must not keep
// the loop itself alive.
void Connection::remind(int64_t now_ms) {
  if (deadline_ms_.load() > now_ms) return;
  asio::post(strand_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->deadline_ms_.load() > steady_ms()) return;
    self->clear_deadline();
    self->on_deadline();
  });
}

void Connection::tell(Running running) {
  asio::post(strand_, [weak = weak_from_this(), running] {
    if (const auto self = weak.lock()) self->on_running(running);
  });
}

}  // namespace sotto
