#include "server/server.hpp"

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "crypto/random.hpp"
#include "crypto/text_encoding.hpp"
#include "lab/system_clock.hpp"
#include "lab/thread_pool.hpp"
#include "server/api.hpp"
#include "server/test_noise.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr int kTicksPerTokenCheck = 5;
constexpr int kTicksPerHousekeeping = 600;
constexpr int64_t kClosedTasksKeptMs = int64_t{100} * 24 * 60 * 60 * 1000;
constexpr uint16_t kLeaderPort = 8787;
constexpr uint16_t kHelperPort = 8788;

class SystemClock final : public Clock {
 public:
  int64_t now_ms() const override { return system_now_ms(); }
};

// Sites that call themselves a demonstration, in the manifest and to everybody's eyes, may be
// small.
Floors floors_of(const ServerConfig& config) {
  return config.label == SiteLabel::kDemo ? Floors{2, 0.1, true} : Floors::production();
}

Result<PinnedSite> pinned_site(const ServerConfig& config) {
  SOTTO_TRY(PinnedSite pinned, read_identities(config.identities));
  if (pinned.site != config.site)
    return Error{ErrorCode::kDisagreement,
                 "site.name: the identities file is of '" + pinned.site + "'"};
  return pinned;
}

HttpServerOptions http_options(const ServerConfig& config, ServerRole role) {
  HttpServerOptions options;
  options.address = config.address;
  const uint16_t own_port = role == ServerRole::kLeader ? kLeaderPort : kHelperPort;
  options.port = config.port < 0 ? own_port : static_cast<uint16_t>(config.port);
  options.threads = config.threads;
  if (!config.certificate.empty())
    options.tls = TlsFiles{config.certificate, config.certificate_key};
  options.limits = config.limits;
  options.trust_forwarded = config.trust_forwarded;
  options.most_websockets = config.most_websockets;
  if (role == ServerRole::kLeader) options.websocket_path = "/v1/events";
  return options;
}

// /metrics on an address of its own.
class MetricsHandler final : public HttpHandler {
 public:
  MetricsHandler(const Metrics& metrics, std::function<HttpStatistics()> statistics)
      : metrics_(metrics), statistics_(std::move(statistics)) {}
  std::variant<uint64_t, HttpResponse> admit(const HttpRequest& head) override {
    if (head.path == "/metrics" && head.method == "GET") return uint64_t{0};
    return problem(404, "NOT_FOUND", "only GET /metrics is here");
  }
  void handle(HttpRequest, HttpRespond respond) override {
    respond(text_response(200, "text/plain; version=0.0.4", metrics_.text(statistics_())));
  }

 private:
  const Metrics& metrics_;
  std::function<HttpStatistics()> statistics_;
};

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerConfig& config, ServerRole role, PinnedSite pinned, KeyFiles keys,
       std::unique_ptr<Store> store, AuditLog audit)
      : config_(config),
        role_(role),
        pinned_(std::move(pinned)),
        keys_(std::move(keys)),
        log_(config.log_format, config.log_level),
        store_(std::move(store)),
        audit_(std::move(audit)),
        pool_(0),
        queue_(*store_, queue_options(config), [this] { lost(); }),
        context_{config_, pinned_,  keys_,  floors_of(config_),
                 clock_,  entropy_, {},     pool_,
                 *store_, queue_,   audit_, log_,
                 metrics_},
        own_(role == ServerRole::kLeader ? KeyRole::kLeader : KeyRole::kHelper),
        collector_(KeyRole::kCollector) {
    context_.noise = [role](const TaskId& task) {
      return noise_source(server_role_name(role), task);
    };
  }

  Status start();
  uint16_t port() const { return http_->port(); }
  void reload();
  void stop();

 private:
  static CommitQueue::Options queue_options(const ServerConfig& config) {
    CommitQueue::Options options;
    options.most_waiting = config.most_queued;
    return options;
  }

  bool is_leader() const { return role_ == ServerRole::kLeader; }
  Status maintain_keys(bool rotate);
  Status rotate(const std::string& actor);
  Status start_leader(bool restored);
  Status start_helper(bool restored);
  Status listen();
  void lost();
  void run_ticks();
  void take_notes();
  void housekeeping();
  void announce(json::object event) {
    if (HttpServer* const http = listening_) http->broadcast(json::serialize(event));
  }

  const ServerConfig config_;
  const ServerRole role_;
  const PinnedSite pinned_;
  const KeyFiles keys_;
  SystemClock clock_;
  SystemEntropy entropy_;
  Log log_;
  Metrics metrics_;
  std::unique_ptr<Store> store_;
  AuditLog audit_;
  ThreadPool pool_;
  CommitQueue queue_;
  ServerContext context_;
  HpkeKeys own_, collector_;
  std::unique_ptr<HttpClient> client_;
  std::unique_ptr<PeerClient> peer_;
  std::unique_ptr<LeaderService> leader_;
  std::unique_ptr<TrainingService> training_;
  std::unique_ptr<HelperService> helper_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<HttpServer> http_;
  std::atomic<HttpServer*> listening_ = nullptr;  // *http_: its threads run before that is set
  std::unique_ptr<MetricsHandler> metrics_handler_;
  std::unique_ptr<HttpServer> metrics_http_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool stopped_ = false;
  std::thread ticker_;
};

Status Server::Impl::maintain_keys(bool rotate) {
  SOTTO_CHECK_OK(own_.maintain(keys_.identity, config_.key_life_ms, rotate, clock_.now_ms(),
                               entropy_, *store_));
  if (!is_leader() || !keys_.publisher) return {};
  return collector_.maintain(*keys_.publisher, config_.key_life_ms, rotate, clock_.now_ms(),
                             entropy_, *store_);
}

Status Server::Impl::rotate(const std::string& actor) {
  SOTTO_CHECK_OK(maintain_keys(true));
  return queue_.run([&](std::vector<StoreChange>& changes) {
    changes.push_back(
        audit_.append(actor, "rotate HPKE key", to_hex(own_.newest()->key.id()), clock_.now_ms()));
  });
}

// Memory is ahead of the store: read back.
void Server::Impl::lost() {
  log_.error("a commit has failed; reading back what is stored");
  if (auto audit = AuditLog::open(*store_); audit.ok()) audit_ = *audit;
  if (leader_) leader_->reload();
  if (helper_) helper_->reload();
}

Status Server::Impl::start_leader(bool restored) {
  SOTTO_TRY(HttpOrigin origin, parse_origin(config_.peer_url));
  HttpClientOptions options;
  options.certificate_authorities = config_.peer_authorities;
  client_ = std::make_unique<HttpClient>(options);
  peer_ = std::make_unique<PeerClient>(*client_, std::move(origin), keys_.identity, pinned_.helper,
                                       clock_);
  LeaderService::Events events;
  if (config_.training) {
    TrainingService::Events announcements;
    announcements.published = [this](const PublishedSite& site) {
      announce({{"type", "model"},
                {"sequence", site.manifest.sequence},
                {"hash", to_hex(site.manifest.model.hash)}});
    };
    announcements.opened = [this](const TaskId& id, const Task& task) {
      announce({{"type", "task"},
                {"task", to_hex(id)},
                {"window_start_ms", task.window_start_ms},
                {"window_end_ms", task.window_end_ms}});
    };
    announcements.collected = [this](const TaskId& id, uint64_t reports) {
      announce({{"type", "collected"}, {"task", to_hex(id)}, {"reports", reports}});
    };
    SOTTO_TRY(training_,
              TrainingService::open(context_, own_, collector_, *peer_, std::move(announcements)));
    events = training_->leader_events();
  }
  events.progress = [this](const TaskId& id, uint64_t reports, uint64_t max_batch) {
    announce(
        {{"type", "batch"}, {"task", to_hex(id)}, {"reports", reports}, {"max_batch", max_batch}});
  };
  SOTTO_TRY(leader_,
            LeaderService::open(context_, own_, collector_, *peer_, std::move(events), restored));
  return {};
}

Status Server::Impl::start_helper(bool restored) {
  SOTTO_TRY(helper_, HelperService::open(context_, own_, restored));
  return {};
}

Status Server::Impl::listen() {
  Api::Parts parts;
  parts.role = role_;
  parts.own = &own_;
  parts.collector = is_leader() ? &collector_ : nullptr;
  parts.leader = leader_.get();
  parts.training = training_.get();
  parts.helper = helper_.get();
  parts.statistics = [this] {
    const HttpServer* const http = listening_;
    return http != nullptr ? http->statistics() : HttpStatistics();
  };
  parts.rotate_keys = [this](const std::string& actor) { return rotate(actor); };
  parts.unready = [this]() -> std::string {
    if (queue_.waiting() >= config_.most_queued) return "too many uploads wait to become durable";
    return "";
  };
  api_ = std::make_unique<Api>(context_, std::move(parts));
  SOTTO_CHECK_OK(api_->reload_tokens());
  HttpServerOptions options = http_options(config_, role_);
  SOTTO_TRY(http_, HttpServer::start(options, *api_));
  listening_ = http_.get();
  if (config_.metrics_port == 0) return {};
  metrics_handler_ =
      std::make_unique<MetricsHandler>(metrics_, [this] { return http_->statistics(); });
  HttpServerOptions metrics;
  metrics.address = config_.metrics_address.empty() ? "127.0.0.1" : config_.metrics_address;
  metrics.port = config_.metrics_port;
  metrics.threads = 1;
  SOTTO_TRY(metrics_http_, HttpServer::start(metrics, *metrics_handler_));
  return {};
}

Status Server::Impl::start() {
  SOTTO_CHECK_OK(own_.load(*store_));
  SOTTO_CHECK_OK(collector_.load(*store_));
  SOTTO_CHECK_OK(maintain_keys(false));
  SOTTO_TRY(const bool restored, was_restored(*store_));
  if (restored)
    log_.warn("the store was put back from a backup: tasks that were open then are abandoned");
  SOTTO_CHECK_OK(is_leader() ? start_leader(restored) : start_helper(restored));
  if (restored) SOTTO_CHECK_OK(clear_restored(*store_));
  SOTTO_CHECK_OK(listen());
  if (training_) training_->start(*leader_);
  ticker_ = std::thread([this] { run_ticks(); });
  log_.info("listening", {{"role", server_role_name(role_)},
                          {"address", config_.address},
                          {"port", std::to_string(port())},
                          {"site", pinned_.site}});
  return {};
}

void Server::Impl::run_ticks() {
  for (int tick = 1;; ++tick) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, kTick, [this] { return stopping_; })) return;
    }
    if (leader_) leader_->tick();
    if (tick % kTicksPerTokenCheck == 0) {
      take_notes();
      if (const Status read = api_->reload_tokens(); !read.ok())
        log_.error("tokens cannot be read", {{"why", read.error().message}});
    }
    if (tick % kTicksPerHousekeeping == 1) housekeeping();
  }
}

// What an operator has done beside the server.
void Server::Impl::take_notes() {
  queue_.post_after_commit(
      [this](std::vector<StoreChange>& changes) {
        if (const Status taken = audit_.take_notes(*store_, changes); !taken.ok())
          log_.error("notes for the audit log cannot be read", {{"why", taken.error().message}});
      },
      [](const Status&) {});
}

void Server::Impl::housekeeping() {
  if (const Status kept = maintain_keys(false); !kept.ok())
    log_.error("HPKE keys cannot be renewed", {{"why", kept.error().message}});
  const int64_t before_ms = clock_.now_ms() - kClosedTasksKeptMs;
  if (leader_) leader_->forget_closed(before_ms);
  if (helper_) helper_->tick(before_ms);
}

void Server::Impl::reload() {
  if (const Status read = http_->reload_tls(); !read.ok())
    log_.error("certificate cannot be read; the old one stays", {{"why", read.error().message}});
  if (const Status read = api_->reload_tokens(); !read.ok())
    log_.error("tokens cannot be read", {{"why", read.error().message}});
  log_.info("reloaded");
}

// What answers requests first, then what works for them, then what makes it durable.
void Server::Impl::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (ticker_.joinable()) ticker_.join();
  if (metrics_http_) metrics_http_->stop(0);
  if (http_) http_->stop(config_.shutdown_grace_ms);
  if (training_) training_->stop();
  queue_.stop();    // whose works may still send something,
  client_.reset();  // and answers that come now are nobody's
  log_.info("stopped");
}

Result<std::unique_ptr<Server>> Server::start(const ServerConfig& config, ServerRole role) {
  SOTTO_TRY(PinnedSite pinned, pinned_site(config));
  SOTTO_TRY(KeyFiles keys, read_key_files(config.keys, role, pinned));
  SOTTO_TRY(std::unique_ptr<Store> store,
            open_sqlite_store(config.store, StoreAccess::kServe, true));
  SOTTO_TRY(AuditLog audit, AuditLog::open(*store));
  auto impl = std::make_unique<Impl>(config, role, std::move(pinned), std::move(keys),
                                     std::move(store), std::move(audit));
  const Status started = impl->start();
  if (!started.ok()) {
    impl->stop();
    return started.error();
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->stop(); }
uint16_t Server::port() const { return impl_->port(); }
void Server::reload() { impl_->reload(); }
void Server::stop() { impl_->stop(); }

Status check_server(const ServerConfig& config, ServerRole role) {
  SOTTO_TRY(const PinnedSite pinned, pinned_site(config));
  SOTTO_TRY(const KeyFiles keys, read_key_files(config.keys, role, pinned));
  if (role == ServerRole::kHelper) return {};
  SOTTO_TRY([[maybe_unused]] const HttpOrigin peer, parse_origin(config.peer_url));
  if (!config.training) return {};
  if (!keys.publisher)
    return {ErrorCode::kNotFound, config.keys + "/publisher.key: a leader that trains publishes"};
  SOTTO_TRY([[maybe_unused]] const SiteContent content,
            load_site_content(config.items, std::nullopt));
  return {};
}

}  // namespace sotto
