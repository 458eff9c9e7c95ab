#include "server/api.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "crypto/text_encoding.hpp"
#include "http/rate_limit.hpp"
#include "server/peer_auth.hpp"
#include "server/route.hpp"
#include "server/server_tasks.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

// A job's small parts: what is large in a report is the leader's own share, which it keeps.
constexpr uint64_t kLargestPeerBody = uint64_t{64} << 20;
constexpr int64_t kRefusalsLoggedEveryMs = 1000;
constexpr uint64_t kLargestTaskBody = Task::kMaxLayoutParameters + 8192;
constexpr const char* kOctets = "application/octet-stream";
constexpr const char* kJson = "application/json";

std::string_view name_of(ErrorCode code) { return error_code_name(code); }

HttpResponse json_response(const json::value& value) {
  return text_response(200, kJson, json::serialize(value));
}

// The same for everybody, so that it may be cached.
HttpResponse json_resource(const HttpRequest& request, const json::object& value) {
  const std::string text = json::serialize(value);
  auto bytes = std::make_shared<const Bytes>(text.begin(), text.end());
  const Digest hash = sha256(*bytes);
  return serve_resource(request, std::move(bytes), to_hex(hash), kJson, false);
}

HttpResponse not_found(std::string_view what) { return problem(404, "NOT_FOUND", what); }

template <class Number>
std::optional<Number> parse_whole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string layout_vdaf(VdafId id) {
  switch (id) {
    case VdafId::kSumField32: return "sum";
    case VdafId::kPine32HmacSha256Aes128: return "pine32";
    case VdafId::kPine40HmacSha256Aes128: return "pine40";
    case VdafId::kPine64HmacSha256Aes128: return "pine64";
    default: return "prio3";
  }
}

json::object rejections(const std::map<ErrorCode, uint64_t>& rejected) {
  json::object object;
  for (const auto& [code, reports] : rejected) object[name_of(code)] = reports;
  return object;
}

AdminRole least_role(Caller caller) {
  return caller == Caller::kAdmin      ? AdminRole::kAdmin
         : caller == Caller::kOperator ? AdminRole::kOperator
                                       : AdminRole::kViewer;
}

}  // namespace

class Api::Impl {
 public:
  Impl(const ServerContext& context, Parts parts) : context_(context), parts_(std::move(parts)) {}

  std::variant<uint64_t, HttpResponse> admit(const HttpRequest& head);
  void handle(HttpRequest request, HttpRespond respond);
  Status reload_tokens();

 private:
  bool is_leader() const { return parts_.role == ServerRole::kLeader; }
  void add_cors(const HttpRequest& request, HttpResponse& response) const;
  HttpResponse preflight(const HttpRequest& request) const;
  uint32_t take_turn(const std::string& token_id);
  void log_refusal(const std::string& who, std::string what, bool known);
  HttpResponse refuse_admin(const HttpRequest& request, const std::optional<Token>& token,
                            const char* wanted);
  void serve_peer(const Matched& matched, HttpRequest request, HttpRespond respond);
  HttpResponse serve_public(const Matched& matched, const HttpRequest& request);
  void serve_admin(const Matched& matched, const HttpRequest& request, HttpRespond respond);

  HttpResponse ready() const;
  HttpResponse site(const HttpRequest& request) const;
  HttpResponse model(const HttpRequest& request, std::string_view version) const;
  HttpResponse delta(const HttpRequest& request, std::string_view version) const;
  HttpResponse file(const HttpRequest& request, std::string_view hash) const;
  HttpResponse popular(const HttpRequest& request) const;
  HttpResponse tasks(const HttpRequest& request) const;
  HttpResponse task(const HttpRequest& request, std::string_view id) const;
  HttpResponse key(const HttpRequest& request, std::string_view id) const;
  HttpResponse current_key(const HttpRequest& request) const;
  HttpResponse resource(const HttpRequest& request, SharedBytes bytes, const Digest& hash,
                        bool immutable) const;
  HttpResponse admin_status() const;
  HttpResponse admin_audit(const HttpRequest& request) const;
  HttpResponse admin_models() const;

  const ServerContext& context_;
  Parts parts_;
  mutable std::mutex tokens_mutex_;
  std::vector<Token> tokens_;
  std::map<std::string, RateLimit> token_limits_;  // by token id
  int64_t refusal_logged_ms_ = 0;
  uint64_t refusals_not_logged_ = 0;
};

// --- Who may ask --------------------------------------------------------------------------------

std::variant<uint64_t, HttpResponse> Api::Impl::admit(const HttpRequest& head) {
  if (head.method == "OPTIONS") return preflight(head);
  const Matched matched = match_route(head, parts_.role);
  if (matched.route == nullptr) {
    if (matched.allow.empty()) return not_found("there is no such path here");
    HttpResponse response = problem(405, "METHOD_NOT_ALLOWED", "not with this method");
    response.headers.emplace_back("allow", matched.allow);
    return response;
  }
  switch (matched.route->caller) {
    case Caller::kAnybody: return uint64_t{0};
    case Caller::kLeader:
      // Nobody else's body is worth reading.
      if (!find_header(head.headers, "sotto-signature"))
        return problem(401, "AUTHENTICATION", "request: not signed by the other server");
      return matched.route->id == RouteId::kCountersign ? kLargestTaskBody : kLargestPeerBody;
    case Caller::kDevice: break;
    default: return uint64_t{0};  // administrators
  }
  const auto id = from_hex<TaskId>(matched.parameters[0]);
  const auto size = id ? parts_.leader->upload_size(*id)
                       : Result<uint64_t>(Error{ErrorCode::kNotFound, "task: not an id"});
  HttpResponse refusal;
  if (size.ok()) {
    const auto length = find_header(head.headers, "content-length");
    const auto sent = length ? parse_whole<uint64_t>(*length) : std::nullopt;
    if (!sent || *sent == *size) return *size;  // without a length the server refuses it itself
    refusal = problem(*sent > *size ? 413u : 400u, *sent > *size ? "TOO_LARGE" : "MALFORMED",
                      "report: every report of this task has " + std::to_string(*size) + " bytes");
    context_.metrics.count_upload(*sent > *size ? "TOO_LARGE" : "MALFORMED");
  } else {
    refusal = task_problem(size.error());
    context_.metrics.count_upload(name_of(size.error().code));
  }
  add_cors(head, refusal);
  return refusal;
}

void Api::Impl::add_cors(const HttpRequest& request, HttpResponse& response) const {
  const auto origin = find_header(request.headers, "origin");
  if (!origin) return;
  response.headers.emplace_back("vary", "origin");
  const auto& allowed = context_.config.origins;
  if (std::find(allowed.begin(), allowed.end(), *origin) == allowed.end()) return;
  response.headers.emplace_back("access-control-allow-origin", std::string(*origin));
  response.headers.emplace_back("access-control-expose-headers",
                                "etag, retry-after, sotto-manifest");
}

HttpResponse Api::Impl::preflight(const HttpRequest& request) const {
  HttpResponse response;
  response.status = 204;
  add_cors(request, response);
  response.headers.emplace_back("access-control-allow-methods", "GET, HEAD, PUT");
  response.headers.emplace_back("access-control-allow-headers", "content-type, if-none-match");
  response.headers.emplace_back("access-control-max-age", "86400");
  return response;
}

void Api::Impl::handle(HttpRequest request, HttpRespond respond) {
  const Matched matched = match_route(request, parts_.role);
  if (matched.route == nullptr) return respond(not_found("there is no such path here"));
  const auto with_cors = [this, respond](const HttpRequest& asked, HttpResponse response) {
    add_cors(asked, response);
    respond(std::move(response));
  };
  switch (matched.route->caller) {
    case Caller::kLeader: return serve_peer(matched, std::move(request), std::move(respond));
    case Caller::kViewer:
    case Caller::kOperator:
    case Caller::kAdmin: return serve_admin(matched, request, std::move(respond));
    case Caller::kAnybody: {
      HttpResponse response = serve_public(matched, request);
      // The leader asks for public things, too, and wants to know that its helper answers.
      if (!is_leader() && find_header(request.headers, "sotto-signature"))
        sign_peer_response(context_.keys.identity, request, response);
      return with_cors(request, std::move(response));
    }
    case Caller::kDevice: break;
  }
  const auto task = from_hex<TaskId>(matched.parameters[0]);
  const auto report = from_hex<Nonce>(matched.parameters[1]);
  if (!task || !report) {
    context_.metrics.count_upload("MALFORMED");
    return with_cors(request, problem(400, "MALFORMED", "report: its path holds no ids"));
  }
  Bytes body = std::move(request.body);
  request.body.clear();
  parts_.leader->upload(*task, *report, std::move(body),
                        [with_cors, asked = std::make_shared<HttpRequest>(std::move(request))](
                            HttpResponse response) { with_cors(*asked, std::move(response)); });
}

void Api::Impl::serve_peer(const Matched& matched, HttpRequest request, HttpRespond respond) {
  const auto asked = std::make_shared<HttpRequest>();
  asked->method = request.method;
  asked->path = request.path;
  asked->headers = request.headers;
  const auto signing = [this, asked, respond](HttpResponse response) {
    sign_peer_response(context_.keys.identity, *asked, response);
    respond(std::move(response));
  };
  const Status authentic =
      verify_peer_request(context_.pinned.leader, request, context_.clock.now_ms());
  if (!authentic.ok()) {
    context_.log.warn("peer request refused", {{"why", authentic.error().message}});
    return signing(problem(401, name_of(authentic.error().code), authentic.error().message));
  }
  if (matched.route->id == RouteId::kCountersign)
    return parts_.helper->countersign(std::move(request.body), signing);
  const auto task = from_hex<TaskId>(matched.parameters[0]);
  if (!task) return signing(problem(404, "NOT_FOUND", "task: not an id"));
  if (matched.route->id == RouteId::kCollect)
    return parts_.helper->collect(*task, std::move(request.body), signing);
  const auto job = from_hex<JobId>(matched.parameters[1]);
  if (!job) return signing(problem(404, "NOT_FOUND", "job: not an id"));
  if (matched.route->id == RouteId::kPrepare)
    return parts_.helper->prepare(*task, *job, std::move(request.body), signing);
  parts_.helper->commit(*task, *job, std::move(request.body), signing);
}

// --- For everybody ------------------------------------------------------------------------------

HttpResponse Api::Impl::serve_public(const Matched& matched, const HttpRequest& request) {
  switch (matched.route->id) {
    case RouteId::kHealth: return json_response({{"status", "ok"}});
    case RouteId::kReady: return ready();
    case RouteId::kMetrics: {
      if (context_.config.metrics_port != 0) return not_found("metrics have a port of their own");
      return text_response(200, "text/plain; version=0.0.4",
                           context_.metrics.text(parts_.statistics()));
    }
    case RouteId::kTask: return task(request, matched.parameters[0]);
    case RouteId::kCurrentKey: return current_key(request);
    case RouteId::kKey: return key(request, matched.parameters[0]);
    case RouteId::kTasks: return tasks(request);
    default: break;
  }
  if (parts_.training == nullptr || parts_.training->published() == nullptr)
    return problem(404, "NOT_FOUND", "nothing is published yet");
  switch (matched.route->id) {
    case RouteId::kSite: return site(request);
    case RouteId::kManifest: {
      const auto published = parts_.training->published();
      return resource(request, published->signed_manifest, sha256(*published->signed_manifest),
                      false);
    }
    case RouteId::kModel: return model(request, matched.parameters[0]);
    case RouteId::kDelta: return delta(request, matched.parameters[0]);
    case RouteId::kFile: return file(request, matched.parameters[0]);
    case RouteId::kCatalogue: {
      const auto published = parts_.training->published();
      if (published->catalogue == nullptr) return not_found("no catalogue is published");
      return resource(request, published->catalogue, published->manifest.catalogue.hash, false);
    }
    case RouteId::kPopular: return popular(request);
    default: return not_found("there is no such path here");
  }
}

HttpResponse Api::Impl::ready() const {
  const std::string why = parts_.unready ? parts_.unready() : "";
  if (why.empty()) return json_response({{"status", "ready"}});
  return problem(503, "OVERLOADED", why, 5);
}

HttpResponse Api::Impl::resource(const HttpRequest& request, SharedBytes bytes, const Digest& hash,
                                 bool immutable) const {
  return serve_resource(request, std::move(bytes), to_hex(hash), kOctets, immutable);
}

HttpResponse Api::Impl::site(const HttpRequest& request) const {
  const auto published = parts_.training->published();
  return json_resource(
      request, json::object{
                   {"site", context_.pinned.site},
                   {"leader", context_.config.public_url},
                   {"helper", context_.config.peer_url},
                   {"label", published->manifest.label == SiteLabel::kDemo ? "demo" : "production"},
               });
}

HttpResponse Api::Impl::model(const HttpRequest& request, std::string_view version) const {
  const auto format = find_parameter(request.query, "format").value_or("int8");
  if (format != "int8" && format != "float32")
    return problem(400, "INVALID_ARGUMENT", "format: int8 or float32");
  const auto published = parts_.training->published();
  Manifest manifest = published->manifest;
  Bytes signed_manifest = *published->signed_manifest;
  if (version != "latest") {
    const auto sequence = parse_whole<uint64_t>(version);
    if (!sequence) return not_found("model: not a sequence");
    auto kept = parts_.training->version(*sequence);
    if (!kept.ok()) return problem(kept.error());
    manifest = kept->manifest;
    signed_manifest = std::move(kept->publication.manifest);
  }
  const PublishedFile& named = format == "int8" ? manifest.model : manifest.model_float32;
  SharedBytes bytes = named.size == 0 ? nullptr : parts_.training->file(named.hash);
  if (bytes == nullptr) return not_found("model: this file is not kept");
  HttpResponse response = resource(request, std::move(bytes), named.hash, version != "latest");
  response.headers.emplace_back("sotto-manifest", to_base64(signed_manifest));
  return response;
}

HttpResponse Api::Impl::delta(const HttpRequest& request, std::string_view version) const {
  const auto to = parse_whole<uint64_t>(version);
  const auto from = parse_whole<uint64_t>(find_parameter(request.query, "from").value_or(""));
  if (!to || !from) return problem(400, "INVALID_ARGUMENT", "from: a sequence");
  const auto published = parts_.training->published();
  if (published->delta == nullptr || *to != published->manifest.sequence ||
      *from != published->publication.parent)
    return not_found("delta: there is none that is smaller than the file");
  return resource(request, published->delta, sha256(*published->delta), true);
}

HttpResponse Api::Impl::file(const HttpRequest& request, std::string_view text) const {
  const auto hash = from_hex<Digest>(text);
  SharedBytes bytes = hash ? parts_.training->file(*hash) : nullptr;
  if (bytes == nullptr) return not_found("file: not published, or not kept any more");
  return resource(request, std::move(bytes), *hash, true);
}

HttpResponse Api::Impl::popular(const HttpRequest& request) const {
  const auto count = parse_whole<size_t>(find_parameter(request.query, "count").value_or("20"));
  if (!count || *count < 1 || *count > 1000)
    return problem(400, "INVALID_ARGUMENT", "count: 1 to 1000");
  const auto published = parts_.training->published();
  json::array items;
  for (const auto& [item, popularity] : published->popular) {
    if (items.size() == *count) break;
    items.push_back({{"item", item}, {"popularity", popularity}});
  }
  return json_resource(request, json::object{{"items", std::move(items)}});
}

HttpResponse Api::Impl::tasks(const HttpRequest& request) const {
  json::array all;
  for (const auto& [id, task] : parts_.leader->open_tasks())
    all.push_back({{"id", to_hex(id)},
                   {"kind", static_cast<int>(task.kind)},
                   {"layout", task.layout},
                   {"vdaf", layout_vdaf(task.vdaf)},
                   {"dimension", task.dimension},
                   {"window_start_ms", task.window_start_ms},
                   {"window_end_ms", task.window_end_ms},
                   {"leader_key", to_hex(task.leader_key)},
                   {"helper_key", to_hex(task.helper_key)},
                   {"model_sequence", task.model_sequence}});
  return json_resource(request, json::object{{"tasks", std::move(all)}});
}

HttpResponse Api::Impl::task(const HttpRequest& request, std::string_view text) const {
  const auto id = from_hex<TaskId>(text);
  SharedBytes bytes;
  if (id) bytes = is_leader() ? parts_.leader->task_file(*id) : parts_.helper->task_file(*id);
  if (bytes == nullptr) return not_found("task: unknown");
  return resource(request, std::move(bytes), *id, true);
}

HttpResponse Api::Impl::key(const HttpRequest& request, std::string_view text) const {
  const auto id = from_hex<KeyId>(text);
  SharedBytes bytes;
  if (id) {
    if (const auto own = parts_.own->find(*id)) bytes = own->signed_key;
    if (!bytes && is_leader()) {
      const auto collector = parts_.collector->find(*id);
      bytes = collector ? collector->signed_key : parts_.leader->helper_key(*id);
    }
  }
  if (bytes == nullptr) return not_found("key: unknown");
  const Digest hash = sha256(*bytes);
  return resource(request, std::move(bytes), hash, true);
}

HttpResponse Api::Impl::current_key(const HttpRequest& request) const {
  SharedBytes bytes = parts_.own->newest()->signed_key;
  const Digest hash = sha256(*bytes);
  return resource(request, std::move(bytes), hash, false);
}

// --- Administration -----------------------------------------------------------------------------

Status Api::Impl::reload_tokens() {
  SOTTO_TRY(auto tokens, read_tokens(context_.store));
  const std::lock_guard lock(tokens_mutex_);
  tokens_ = std::move(tokens);
  return {};
}

// 0, or how long the token has to wait. There are as many buckets as tokens have ever been used.
uint32_t Api::Impl::take_turn(const std::string& token_id) {
  const double rate = context_.config.token_requests_per_second;
  const std::lock_guard lock(tokens_mutex_);
  const auto bucket = token_limits_.try_emplace(token_id, rate, 2 * rate, 1).first;
  return bucket->second.take("", context_.clock.now_ms());
}

// Whoever has a token is bounded by it. Of the others one a second stands in the log, with how many
// there were since: nobody can fill the store from outside.
void Api::Impl::log_refusal(const std::string& who, std::string what, bool known) {
  const int64_t now_ms = context_.clock.now_ms();
  if (!known) {
    const std::lock_guard lock(tokens_mutex_);
    if (now_ms - refusal_logged_ms_ < kRefusalsLoggedEveryMs) {
      ++refusals_not_logged_;
      return;
    }
    refusal_logged_ms_ = now_ms;
    if (refusals_not_logged_ > 0)
      what += " (and " + std::to_string(refusals_not_logged_) + " requests before it)";
    refusals_not_logged_ = 0;
  }
  context_.queue.post_after_commit(
      [this, who, what = std::move(what)](std::vector<StoreChange>& changes) {
        changes.push_back(context_.audit.append(who, "refused", what, context_.clock.now_ms()));
      },
      [](const Status&) {});
}

HttpResponse Api::Impl::refuse_admin(const HttpRequest& request, const std::optional<Token>& token,
                                     const char* wanted) {
  const std::string who = token ? "token " + token->name : "nobody";
  const std::string what = request.method + " " + request.path.substr(0, 200);
  context_.metrics.count_admin(token ? "forbidden" : "unauthenticated");
  context_.log.warn("admin request refused",
                    {{"who", who},
                     {"what", what},
                     {"address", logged_address(request.address, context_.config.log_addresses)}});
  log_refusal(who, what, token.has_value());
  if (token)
    return problem(403, "FORBIDDEN", std::string("this needs the role ") + wanted + " or above");
  HttpResponse response = problem(401, "AUTHENTICATION", "a valid bearer token is needed");
  response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

void Api::Impl::serve_admin(const Matched& matched, const HttpRequest& request,
                            HttpRespond respond) {
  std::vector<Token> tokens;
  {
    const std::lock_guard lock(tokens_mutex_);
    tokens = tokens_;
  }
  const auto token = authenticate(tokens, find_header(request.headers, "authorization"));
  const AdminRole wanted = least_role(matched.route->caller);
  if (const uint32_t wait_ms = token ? take_turn(token->id) : 0; wait_ms > 0) {
    context_.metrics.count_admin("limited");
    return respond(
        problem(429, "RATE_LIMITED", "too many requests with this token", wait_ms / 1000 + 1));
  }
  if (!token || token->role < wanted)
    return respond(refuse_admin(request, token, admin_role_name(wanted)));
  context_.metrics.count_admin("allowed");
  const std::string actor = "token " + token->name;
  const auto needs_training = [&] {
    if (parts_.training != nullptr) return true;
    respond(not_found("this leader does not train"));
    return false;
  };
  switch (matched.route->id) {
    case RouteId::kAdminStatus: return respond(admin_status());
    case RouteId::kAdminAudit: return respond(admin_audit(request));
    case RouteId::kAdminModels:
      if (needs_training()) respond(admin_models());
      return;
    case RouteId::kAdminPublish: {
      if (!needs_training()) return;
      const auto sequence = parse_whole<uint64_t>(matched.parameters[0]);
      if (!sequence) return respond(not_found("model: not a sequence"));
      return parts_.training->roll_back(*sequence, actor, [respond](Result<uint64_t> published) {
        if (!published.ok()) return respond(problem(published.error()));
        respond(json_response({{"sequence", *published}}));
      });
    }
    case RouteId::kAdminPause:
    case RouteId::kAdminResume: {
      if (!needs_training()) return;
      const bool pause = matched.route->id == RouteId::kAdminPause;
      const Status done = parts_.training->pause(pause, actor);
      return respond(done.ok() ? json_response({{"paused", pause}}) : problem(done.error()));
    }
    case RouteId::kAdminRotate: {
      const Status done = parts_.rotate_keys(actor);
      return respond(done.ok() ? json_response({{"key", to_hex(parts_.own->newest()->key.id())}})
                               : problem(done.error()));
    }
    default: return respond(not_found("there is no such path here"));
  }
}

HttpResponse Api::Impl::admin_status() const {
  json::array all;
  if (is_leader()) {
    for (const LeaderTaskStatus& task : parts_.leader->status())
      all.push_back({{"id", to_hex(task.id)},
                     {"phase", task_state_name(task.state)},
                     {"reason", task.reason},
                     {"layout", task.task.layout},
                     {"vdaf", layout_vdaf(task.task.vdaf)},
                     {"window_start_ms", task.task.window_start_ms},
                     {"window_end_ms", task.task.window_end_ms},
                     {"max_batch", task.task.max_batch},
                     {"accepted", task.accepted},
                     {"pending", task.waiting + task.in_jobs},
                     {"reports", task.aggregated},
                     {"rejected", rejections(task.rejected)}});
  } else {
    for (const HelperTaskStatus& task : parts_.helper->status())
      all.push_back({{"id", to_hex(task.id)},
                     {"phase", task_state_name(task.state)},
                     {"reason", task.reason},
                     {"layout", task.task.layout},
                     {"vdaf", layout_vdaf(task.task.vdaf)},
                     {"window_start_ms", task.task.window_start_ms},
                     {"window_end_ms", task.task.window_end_ms},
                     {"known", task.known},
                     {"jobs", task.jobs},
                     {"reports", task.aggregated},
                     {"rejected", rejections(task.rejected)}});
  }
  json::object object{{"role", server_role_name(parts_.role)},
                      {"site", context_.pinned.site},
                      {"tasks", std::move(all)}};
  if (parts_.training != nullptr) {
    const auto published = parts_.training->published();
    object["published_sequence"] = published ? published->manifest.sequence : 0;
    object["paused"] = parts_.training->paused();
  }
  return json_response(object);
}

HttpResponse Api::Impl::admin_audit(const HttpRequest& request) const {
  const auto after = parse_whole<uint64_t>(find_parameter(request.query, "after").value_or("0"));
  if (!after) return problem(400, "INVALID_ARGUMENT", "after: a sequence");
  const auto entries = AuditLog::read(context_.store, *after, 500);
  if (!entries.ok()) return problem(entries.error());
  json::array all;
  for (const AuditEntry& entry : *entries) all.push_back(to_json(entry));
  return json_response(json::object{{"entries", std::move(all)}});
}

json::object describe_publication(const Publication& publication) {
  json::object object{{"sequence", publication.sequence}, {"parent", publication.parent},
                      {"source", publication.source},     {"why", publication.why},
                      {"releases", publication.releases}, {"reports", publication.reports},
                      {"rho", publication.rho},           {"drift", publication.drift}};
  if (publication.metrics)
    object["parent_metrics"] = {{"devices", publication.metrics->devices},
                                {"hit_rate_10", publication.metrics->hit_rate_10},
                                {"ndcg_100", publication.metrics->ndcg_100},
                                {"reciprocal", publication.metrics->reciprocal}};
  json::array movers;
  for (const auto& [item, moved] : publication.movers)
    movers.push_back({{"item", item}, {"moved", moved}});
  object["movers"] = std::move(movers);
  return object;
}

HttpResponse Api::Impl::admin_models() const {
  json::array all;
  for (const Publication& publication : parts_.training->versions())
    all.push_back(describe_publication(publication));
  return json_response(json::object{{"models", std::move(all)}});
}

Api::Api(const ServerContext& context, Parts parts)
    : impl_(std::make_unique<Impl>(context, std::move(parts))) {}
Api::~Api() = default;
std::variant<uint64_t, HttpResponse> Api::admit(const HttpRequest& head) {
  return impl_->admit(head);
}
void Api::handle(HttpRequest request, HttpRespond respond) {
  impl_->handle(std::move(request), std::move(respond));
}
Status Api::reload_tokens() { return impl_->reload_tokens(); }

}  // namespace sotto
