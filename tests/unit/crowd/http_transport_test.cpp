// A crowd over real connections, against a fake site behind the real server.
#include "crowd/http_transport.hpp"

#include <doctest/doctest.h>

#include <mutex>

#include "crowd/clear_sums.hpp"
#include "crowd/fake_site.hpp"
#include "http/server.hpp"

namespace sotto {
namespace {

// The machine's clock, moved to the moment at which the fake site's window opens.
class ShiftedClock final : public SystemClock {
 public:
  int64_t now_ms() const override { return SystemClock::now_ms() + shift_ms_; }

 private:
  int64_t shift_ms_ = FakeSite::kOpens - SystemClock().now_ms();
};

class FakeSiteHandler final : public HttpHandler {
 public:
  explicit FakeSiteHandler(FakeSite& site) : site_(site) {}

  std::variant<uint64_t, HttpResponse> admit(const HttpRequest&) override {
    return uint64_t{1} << 20;
  }
  void handle(HttpRequest request, HttpRespond respond) override {
    CrowdCall call;
    call.method = request.method;
    call.target = request.path;
    call.headers = request.headers;
    call.body = std::make_shared<const Bytes>(std::move(request.body));
    const std::lock_guard lock(mutex_);
    auto reply = site_.answer(call);
    if (!reply.ok()) return;  // the connection is closed
    HttpResponse response;
    response.status = reply->status;
    if (!reply->etag.empty()) response.headers.emplace_back("etag", reply->etag);
    if (reply->retry_after_s)
      response.headers.emplace_back("retry-after", std::to_string(*reply->retry_after_s));
    response.body = std::make_shared<const Bytes>(std::move(reply->body));
    respond(std::move(response));
  }

 private:
  FakeSite& site_;
  std::mutex mutex_;
};

TEST_CASE(
    "over HTTP: torn uploads, 503s and lost connections, and the sum is that of the acknowledged "
    "reports to the bit") {
  ShiftedClock clock;
  FakeSite site(clock);
  // Of requests on kept connections only those count as lost that are lost again when asked anew.
  site.faults = {.unavailable = 0.2, .limited = 0.05, .lost_before = 0.3, .retry_after_s = 0};
  FakeSiteHandler handler(site);
  auto server = HttpServer::start({}, handler);
  REQUIRE(server.ok());
  const HttpOrigin leader{.host = "127.0.0.1", .port = (*server)->port()};
  HttpTransport transport(leader, std::nullopt, {});
  ThreadPool pool(2);
  const CrowdPeople people = crowd_people(48);
  CrowdOptions options = small_crowd();
  options.visitors = 100;
  options.burst = true;
  options.connections = 8;
  options.dropout = 0.3;
  options.duplicates = 0.2;
  options.want_clear = true;
  Crowd crowd(options, site.site.pinned, false, people, transport, clock, pool);
  const std::atomic<bool> stop{false};
  const auto outcome = crowd.run(stop);
  INFO((outcome.ok() ? std::string() : outcome.error().message));
  REQUIRE(outcome.ok());
  const TaskAccount& account = CrowdRun::account(*outcome);
  CHECK(account.made == 100);
  CHECK(check_accounts(outcome->accounts).ok());
  CHECK(account.left > 0);
  CHECK(account.given_up == 0);
  CHECK(account.acknowledged + account.left == 100);
  CHECK(outcome->uploads.unavailable > 0);
  CHECK(outcome->uploads.limited > 0);
  CHECK(outcome->uploads.lost > 0);
  CHECK(outcome->uploads.duplicate_answers.contains("200"));
  CHECK(outcome->uploads.latency.max_us() > 0);
  const auto accounts = crowd.ask_leader(*outcome, FakeSite::kToken);
  REQUIRE(accounts.ok());
  CHECK(check_accounts(outcome->accounts, *accounts).ok());
  (*server)->stop(0);
  for (const auto& [path, received] : site.received)
    for (const Bytes& bytes : received.whole) CHECK(bytes == received.whole.front());
  CHECK(site.rounds[0].leader.state().known.size() == account.acknowledged);
  CHECK(site.sum_without_noise() == outcome->clear->tasks().at(site.id()).sum);
}

TEST_CASE("a helper whose address is not known cannot be asked") {
  HttpTransport transport({.host = "127.0.0.1", .port = 9}, std::nullopt, {});
  ErrorCode code = ErrorCode::kOk;
  CrowdCall call;
  call.to_helper = true;
  transport.send(std::move(call), [&](Result<CrowdReply> reply) { code = code_of(reply); });
  CHECK(code == ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sotto
