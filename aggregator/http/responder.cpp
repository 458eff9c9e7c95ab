#include "http/responder.hpp"

#include <boost/asio/dispatch.hpp>

namespace sotto {

Responder::Responder(std::shared_ptr<ServerState> state, const Strand& strand)
    : Connection(std::move(state), strand), delivered_(strand, Timer::time_point::max()) {}

void Responder::deliver(std::optional<HttpResponse> response) {
  asio::dispatch(strand_, [weak = weak_from_this(), given = std::move(response)]() mutable {
    const auto self = std::static_pointer_cast<Responder>(weak.lock());
    if (!self) return;
    self->response_ = std::move(given);
    self->answered_ = true;
    self->delivered_.cancel();
  });
}

Awaitable<void> Responder::wait_for_response() {
  while (!answered_ && !aborted_) co_await delivered_.async_wait(kAwait);
}

Answer::Answer(std::weak_ptr<Connection> session, Reservation memory)
    : session_(std::move(session)), memory_(std::move(memory)) {}

// Without memory for the message the connection would wait for ever: better to end.
// NOLINTNEXTLINE(bugprone-exception-escape)
Answer::~Answer() { deliver(std::nullopt); }

void Answer::deliver(std::optional<HttpResponse> response) {
  if (given_.exchange(true)) return;
  { const Reservation released = std::move(memory_); }
  if (const auto session = session_.lock())
    static_cast<Responder&>(*session).deliver(std::move(response));
}

}  // namespace sotto
