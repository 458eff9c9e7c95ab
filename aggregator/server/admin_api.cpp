#include "server/admin_api.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <utility>

#include "crypto/text_encoding.hpp"
#include "server/answers.hpp"
#include "server/publication_json.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

constexpr size_t kMostAuditEntries = 500;
constexpr size_t kMostPath = 200;

AdminRole least_role(Caller caller) {
  return caller == Caller::kAdmin      ? AdminRole::kAdmin
         : caller == Caller::kOperator ? AdminRole::kOperator
                                       : AdminRole::kViewer;
}

// Logs are JSON, and a path may be any bytes.
std::string printable(std::string_view text) {
  std::string shown(text.substr(0, kMostPath));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return shown;
}

json::object rejections(const std::map<ErrorCode, uint64_t>& rejected) {
  json::object object;
  for (const auto& [code, reports] : rejected) object[error_code_name(code)] = reports;
  return object;
}

// What the two roles say alike of a task.
template <class TaskStatus>
json::object describe(const TaskStatus& task) {
  return {{"id", to_hex(task.id)},
          {"phase", task_state_name(task.state)},
          {"reason", task.reason},
          {"layout", task.task.layout},
          {"vdaf", vdaf_name(task.task.vdaf)},
          {"window_start_ms", task.task.window_start_ms},
          {"window_end_ms", task.task.window_end_ms},
          {"reports", task.aggregated},
          {"rejected", rejections(task.rejected)}};
}

json::object to_json(const LeaderTaskStatus& task) {
  json::object object = describe(task);
  object["max_batch"] = task.task.max_batch;
  object["accepted"] = task.accepted;
  object["pending"] = task.waiting + task.in_jobs;
  return object;
}

json::object to_json(const HelperTaskStatus& task) {
  json::object object = describe(task);
  object["known"] = task.known;
  object["jobs"] = task.jobs;
  return object;
}

json::object to_json(const MeasuredQuality& quality) {
  const QualityRelease& values = quality.values;
  return {{"release", quality.release}, {"devices", values.devices},
          {"mean", values.mean},        {"mean_sd", values.mean_sd},
          {"p10", values.p10},          {"median", values.median},
          {"p90", values.p90},          {"bins", json::value_from(values.bins)}};
}

}  // namespace

Status AdminApi::reload_tokens() {
  SOTTO_TRY(auto tokens, read_tokens(context_.store));
  const std::lock_guard lock(mutex_);
  tokens_ = std::move(tokens);
  return {};
}

std::optional<Token> AdminApi::caller_of(const HttpRequest& request) {
  std::vector<Token> tokens;
  {
    const std::lock_guard lock(mutex_);
    tokens = tokens_;
  }
  return authenticate(tokens, find_header(request.headers, "authorization"));
}

// 0, or how long the token has to wait. There are as many buckets as tokens have ever been used.
uint32_t AdminApi::take_turn(const std::string& token_id) {
  using namespace std::chrono;
  const int64_t now_ms =
      duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  const double rate = context_.config.token_requests_per_second;
  const std::lock_guard lock(mutex_);
  return limits_.try_emplace(token_id, rate, 2 * rate, 1).first->second.take("", now_ms);
}

// Whoever has a token is bounded by it; of the others few are told.
void AdminApi::log_refusal(const HttpRequest& request, const std::string& who, bool known) {
  std::string what = printable(request.method + " " + request.path);
  if (!known) {
    const auto held_back = strangers_.pass(std::chrono::steady_clock::now());
    if (!held_back) return;
    if (*held_back > 0) what += " (and " + std::to_string(*held_back) + " requests before it)";
  }
  context_.log.warn("admin request refused",
                    {{"who", who},
                     {"what", what},
                     {"address", logged_address(request.address, context_.config.log_addresses)}});
  context_.queue.post_after_commit(
      [this, who, what = std::move(what)](std::vector<StoreChange>& changes) {
        changes.push_back(context_.audit.append(who, "refused", what, context_.clock.now_ms()));
      },
      [](const Status&) {});
}

HttpResponse AdminApi::refuse(const HttpRequest& request, const std::optional<Token>& token,
                              const char* wanted) {
  context_.metrics.count_admin(token ? "forbidden" : "unauthenticated");
  log_refusal(request, token ? "token " + token->name : "nobody", token.has_value());
  if (token)
    return problem(403, "FORBIDDEN", std::string("this needs the role ") + wanted + " or above");
  HttpResponse response = problem(401, "AUTHENTICATION", "a valid bearer token is needed");
  response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

void AdminApi::serve(const Matched& matched, const HttpRequest& request, HttpRespond respond) {
  const auto token = caller_of(request);
  if (const uint32_t wait_ms = token ? take_turn(token->id) : 0; wait_ms > 0) {
    context_.metrics.count_admin("limited");
    return respond(
        problem(429, "RATE_LIMITED", "too many requests with this token", wait_ms / 1000 + 1));
  }
  const AdminRole wanted = least_role(matched.route->caller);
  if (!token || token->role < wanted)
    return respond(refuse(request, token, admin_role_name(wanted)));
  context_.metrics.count_admin("allowed");
  serve_allowed(matched, request, "token " + token->name, std::move(respond));
}

void AdminApi::serve_allowed(const Matched& matched, const HttpRequest& request,
                             const std::string& actor, HttpRespond respond) {
  switch (matched.route->id) {
    case RouteId::kAdminStatus: return status(std::move(respond));
    case RouteId::kAdminAudit: return respond(audit(request));
    case RouteId::kAdminRotate: {
      const Status done = parts_.rotate_keys(actor);
      return respond(done.ok() ? json_response({{"key", to_hex(parts_.own->newest()->key.id())}})
                               : problem(done.error()));
    }
    default: break;
  }
  if (parts_.training == nullptr) return respond(not_found("this leader does not train"));
  serve_training(matched, actor, std::move(respond));
}

void AdminApi::serve_training(const Matched& matched, const std::string& actor,
                              HttpRespond respond) {
  switch (matched.route->id) {
    case RouteId::kAdminModels: {
      json::array all;
      for (const Publication& publication : parts_.training->site().versions())
        all.push_back(to_json(publication));
      return respond(json_response(json::object{{"models", std::move(all)}}));
    }
    case RouteId::kAdminPublish: {
      const auto sequence = parse_whole<uint64_t>(matched.parameters[0]);
      if (!sequence) return respond(not_found("model: not a sequence"));
      return parts_.training->roll_back(*sequence, actor, [respond](Result<uint64_t> published) {
        if (!published.ok()) return respond(problem(published.error()));
        respond(json_response({{"sequence", *published}}));
      });
    }
    case RouteId::kAdminPause:
    case RouteId::kAdminResume: {
      const bool pause = matched.route->id == RouteId::kAdminPause;
      const Status done = parts_.training->pause(pause, actor);
      return respond(done.ok() ? json_response({{"paused", pause}}) : problem(done.error()));
    }
    default: return respond(not_found("there is no such path here"));
  }
}

void AdminApi::status(HttpRespond respond) const {
  const auto answer = [this, respond = std::move(respond)](auto tasks) {
    if (!tasks.ok()) return respond(problem(tasks.error()));
    json::array all;
    for (const auto& task : *tasks) all.push_back(to_json(task));
    json::object object{{"role", server_role_name(parts_.role)},
                        {"site", context_.pinned.site},
                        {"tasks", std::move(all)}};
    if (parts_.training != nullptr) {
      const auto published = parts_.training->site().published();
      object["published_sequence"] = published ? published->manifest.sequence : 0;
      object["paused"] = parts_.training->paused();
      if (const auto quality = parts_.training->quality()) object["quality"] = to_json(*quality);
    }
    respond(json_response(object));
  };
  if (parts_.leader != nullptr)
    parts_.leader->status(answer);
  else
    parts_.helper->status(answer);
}

HttpResponse AdminApi::audit(const HttpRequest& request) const {
  const auto after = parse_whole<uint64_t>(find_parameter(request.query, "after").value_or("0"));
  if (!after) return problem(400, "INVALID_ARGUMENT", "after: a sequence");
  const auto entries = AuditLog::read(context_.store, *after, kMostAuditEntries);
  if (!entries.ok()) return problem(entries.error());
  json::array all;
  for (const AuditEntry& entry : *entries) all.push_back(to_json(entry));
  return json_response(json::object{{"entries", std::move(all)}});
}

}  // namespace sotto
