#include "server/api.hpp"

#include <algorithm>
#include <utility>

#include "crypto/text_encoding.hpp"
#include "server/answers.hpp"
#include "server/peer_auth.hpp"
#include "server/server_tasks.hpp"

namespace sotto {
namespace {

// A job's small parts: what is large in a report is the leader's own share, which it keeps.
constexpr uint64_t kLargestPeerBody = uint64_t{64} << 20;
constexpr uint64_t kLargestTaskBody = Task::kMaxLayoutParameters + 8192;

}  // namespace

class Api::Impl {
 public:
  Impl(const ServerContext& context, const Parts& parts)
      : context_(context),
        role_(parts.role),
        leader_(parts.leader),
        helper_(parts.helper),
        public_(context, {parts.own, parts.collector, parts.leader,
                          parts.training != nullptr ? &parts.training->site() : nullptr,
                          parts.helper, parts.statistics, parts.unready}),
        admin_(context, {parts.role, parts.own, parts.leader, parts.training, parts.helper,
                         parts.rotate_keys}) {}

  std::variant<uint64_t, HttpResponse> admit(const HttpRequest& head);
  void handle(HttpRequest request, HttpRespond respond);
  Status reload_tokens() { return admin_.reload_tokens(); }

 private:
  void add_cors(const HttpRequest& request, HttpResponse& response) const;
  HttpResponse preflight(const HttpRequest& request) const;
  std::variant<uint64_t, HttpResponse> admit_upload(const Matched& matched,
                                                    const HttpRequest& head);
  std::variant<uint64_t, HttpResponse> admit_peer(const Matched& matched, const HttpRequest& head);
  HttpResponse refuse_peer(const HttpRequest& request, const ErrorInfo& error);
  void serve_upload(const Matched& matched, HttpRequest request, HttpRespond respond);
  void serve_peer(const Matched& matched, HttpRequest request, HttpRespond respond);

  const ServerContext& context_;
  const ServerRole role_;
  LeaderService* const leader_;
  HelperService* const helper_;
  const PublicApi public_;
  AdminApi admin_;
  RefusalThrottle strangers_;
};

// --- Before a body is read ----------------------------------------------------------------------

std::variant<uint64_t, HttpResponse> Api::Impl::admit(const HttpRequest& head) {
  if (head.method == "OPTIONS") return preflight(head);
  const Matched matched = match_route(head, role_);
  if (matched.route == nullptr) {
    if (matched.allow.empty()) return not_found("there is no such path here");
    HttpResponse response = problem(405, "METHOD_NOT_ALLOWED", "not with this method");
    response.headers.emplace_back("allow", matched.allow);
    return response;
  }
  switch (matched.route->caller) {
    case Caller::kLeader: return admit_peer(matched, head);
    case Caller::kDevice: return admit_upload(matched, head);
    default: return uint64_t{0};
  }
}

std::variant<uint64_t, HttpResponse> Api::Impl::admit_upload(const Matched& matched,
                                                             const HttpRequest& head) {
  const auto id = from_hex<TaskId>(matched.parameters[0]);
  const auto size = id ? leader_->upload_size(*id)
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
    context_.metrics.count_upload(error_code_name(size.error().code));
  }
  add_cors(head, refusal);
  return refusal;
}

// Nobody else's body is worth reading.
std::variant<uint64_t, HttpResponse> Api::Impl::admit_peer(const Matched& matched,
                                                           const HttpRequest& head) {
  const Status authentic = verify_peer_head(context_.pinned.leader, head, context_.clock.now_ms());
  if (!authentic.ok()) return refuse_peer(head, authentic.error());
  return matched.route->id == RouteId::kCountersign ? kLargestTaskBody : kLargestPeerBody;
}

HttpResponse Api::Impl::refuse_peer(const HttpRequest& request, const ErrorInfo& error) {
  if (const auto held_back = strangers_.pass(std::chrono::steady_clock::now()))
    context_.log.warn("peer request refused",
                      {{"why", error.message}, {"before_it", std::to_string(*held_back)}});
  HttpResponse response = problem(401, error_code_name(error.code), error.message);
  // The peer's, but late: it is to know.
  if (error.code == ErrorCode::kExpired)
    sign_peer_response(context_.keys.identity, request, response);
  return response;
}

// --- Answers ------------------------------------------------------------------------------------

// What a cache keeps must not be given to the pages of another origin, nor to those of this one
// what somebody without an origin got.
void Api::Impl::add_cors(const HttpRequest& request, HttpResponse& response) const {
  const auto& allowed = context_.config.origins;
  if (allowed.empty()) return;
  response.headers.emplace_back("vary", "origin");
  const auto origin = find_header(request.headers, "origin");
  if (!origin || std::find(allowed.begin(), allowed.end(), *origin) == allowed.end()) return;
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
  const Matched matched = match_route(request, role_);
  if (matched.route == nullptr) return respond(not_found("there is no such path here"));
  switch (matched.route->caller) {
    case Caller::kDevice: return serve_upload(matched, std::move(request), std::move(respond));
    case Caller::kLeader: return serve_peer(matched, std::move(request), std::move(respond));
    case Caller::kViewer:
    case Caller::kOperator:
    case Caller::kAdmin: return admin_.serve(matched, request, std::move(respond));
    case Caller::kAnybody: break;
  }
  HttpResponse response = public_.answer(matched, request);
  // The leader asks for public things, too, and wants to know that its helper answers.
  if (helper_ != nullptr && find_header(request.headers, "sotto-signature") &&
      verify_peer_request(context_.pinned.leader, request, context_.clock.now_ms()).ok())
    sign_peer_response(context_.keys.identity, request, response);
  add_cors(request, response);
  respond(std::move(response));
}

void Api::Impl::serve_upload(const Matched& matched, HttpRequest request, HttpRespond respond) {
  const auto task = from_hex<TaskId>(matched.parameters[0]);
  const auto report = from_hex<Nonce>(matched.parameters[1]);
  Bytes body = std::move(request.body);
  request.body.clear();
  const auto with_cors =
      [this, respond = std::move(respond),
       asked = std::make_shared<HttpRequest>(std::move(request))](HttpResponse response) {
        add_cors(*asked, response);
        respond(std::move(response));
      };
  if (task && report) return leader_->upload(*task, *report, std::move(body), with_cors);
  context_.metrics.count_upload("MALFORMED");
  with_cors(problem(400, "MALFORMED", "report: its path holds no ids"));
}

void Api::Impl::serve_peer(const Matched& matched, HttpRequest request, HttpRespond respond) {
  const Status authentic =
      verify_peer_request(context_.pinned.leader, request, context_.clock.now_ms());
  if (!authentic.ok()) return respond(refuse_peer(request, authentic.error()));
  // Ids are owned: what matched refers to is the request.
  const auto task =
      matched.parameters.empty() ? std::nullopt : from_hex<TaskId>(matched.parameters[0]);
  const auto job =
      matched.parameters.size() < 2 ? std::nullopt : from_hex<JobId>(matched.parameters[1]);
  Bytes body = std::move(request.body);
  request.body.clear();
  const auto signing = [this, asked = std::make_shared<HttpRequest>(std::move(request)),
                        respond = std::move(respond)](HttpResponse response) {
    sign_peer_response(context_.keys.identity, *asked, response);
    respond(std::move(response));
  };
  if (matched.route->id == RouteId::kCountersign)
    return helper_->countersign(std::move(body), signing);
  if (!task) return signing(not_found("task: not an id"));
  if (matched.route->id == RouteId::kCollect)
    return helper_->collect(*task, std::move(body), signing);
  if (!job) return signing(not_found("job: not an id"));
  if (matched.route->id == RouteId::kPrepare)
    return helper_->prepare(*task, *job, std::move(body), signing);
  helper_->commit(*task, *job, std::move(body), signing);
}

Api::Api(const ServerContext& context, Parts parts)
    : impl_(std::make_unique<Impl>(context, parts)) {}
Api::~Api() = default;
std::variant<uint64_t, HttpResponse> Api::admit(const HttpRequest& head) {
  return impl_->admit(head);
}
void Api::handle(HttpRequest request, HttpRespond respond) {
  impl_->handle(std::move(request), std::move(respond));
}
Status Api::reload_tokens() { return impl_->reload_tokens(); }

}  // namespace sotto
