#include "server/route.hpp"

namespace sotto {
namespace {

std::optional<std::vector<std::string_view>> parameters_of(
    const Route& route, const std::vector<std::string_view>& segments) {
  const auto pattern = path_segments(route.path);
  if (pattern.size() != segments.size()) return std::nullopt;
  std::vector<std::string_view> parameters;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "{}")
      parameters.push_back(segments[i]);
    else if (pattern[i] != segments[i])
      return std::nullopt;
  }
  return parameters;
}

bool allows(const Route& route, std::string_view method) {
  return method == route.method || (method == "HEAD" && std::string_view(route.method) == "GET");
}

}  // namespace

const std::vector<Route>& routes() {
  using enum RouteId;
  using enum Caller;
  static const std::vector<Route> all{
      {kHealth, "GET", "/v1/health", kAnybody, true, true},
      {kReady, "GET", "/v1/ready", kAnybody, true, true},
      {kMetrics, "GET", "/metrics", kAnybody, true, true},
      {kSite, "GET", "/v1/site.json", kAnybody, true, false},
      {kManifest, "GET", "/v1/manifest", kAnybody, true, false},
      {kModel, "GET", "/v1/models/{}", kAnybody, true, false},
      {kDelta, "GET", "/v1/models/{}/delta", kAnybody, true, false},
      {kFile, "GET", "/v1/files/{}", kAnybody, true, false},
      {kCatalogue, "GET", "/v1/catalogue", kAnybody, true, false},
      {kPopular, "GET", "/v1/popular", kAnybody, true, false},
      {kTasks, "GET", "/v1/tasks", kAnybody, true, false},
      {kTask, "GET", "/v1/tasks/{}", kAnybody, true, true},
      {kCurrentKey, "GET", "/v1/keys/current", kAnybody, true, true},
      {kKey, "GET", "/v1/keys/{}", kAnybody, true, true},
      {kUpload, "PUT", "/v1/tasks/{}/reports/{}", kDevice, true, false},
      {kCountersign, "POST", "/v1/tasks", kLeader, false, true},
      {kPrepare, "PUT", "/v1/tasks/{}/jobs/{}", kLeader, false, true},
      {kCommit, "POST", "/v1/tasks/{}/jobs/{}/commit", kLeader, false, true},
      {kCollect, "POST", "/v1/tasks/{}/collection", kLeader, false, true},
      {kAdminStatus, "GET", "/v1/admin/status", kViewer, true, true},
      {kAdminAudit, "GET", "/v1/admin/audit", kViewer, true, true},
      {kAdminModels, "GET", "/v1/admin/models", kViewer, true, false},
      {kAdminPublish, "POST", "/v1/admin/models/{}/publish", kOperator, true, false},
      {kAdminPause, "POST", "/v1/admin/training/pause", kOperator, true, false},
      {kAdminResume, "POST", "/v1/admin/training/resume", kOperator, true, false},
      {kAdminRotate, "POST", "/v1/admin/keys/rotate", kAdmin, true, true},
  };
  return all;
}

Matched match_route(const HttpRequest& request, ServerRole role) {
  Matched matched;
  if (!request.path.starts_with('/')) return matched;
  const auto segments = request.segments();
  for (const Route& route : routes()) {
    if (!(role == ServerRole::kLeader ? route.leader : route.helper)) continue;
    auto parameters = parameters_of(route, segments);
    if (!parameters) continue;
    if (allows(route, request.method)) {
      matched.route = &route;
      matched.parameters = std::move(*parameters);
      return matched;
    }
    matched.allow += (matched.allow.empty() ? "" : ", ") + std::string(route.method);
  }
  return matched;
}

}  // namespace sotto
