// Paths as data: which requests there are, who may make them, how large their bodies may be.
// Internal to api.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "server/config.hpp"

namespace sotto {

enum class RouteId : uint8_t {
  kHealth,
  kReady,
  kMetrics,
  kSite,
  kManifest,
  kModel,
  kDelta,
  kFile,
  kCatalogue,
  kPopular,
  kTasks,
  kTask,
  kKey,
  kCurrentKey,
  kUpload,
  kCountersign,
  kPrepare,
  kCommit,
  kCollect,
  kAdminStatus,
  kAdminAudit,
  kAdminModels,
  kAdminPublish,
  kAdminPause,
  kAdminResume,
  kAdminRotate,
};

enum class Caller : uint8_t {
  kAnybody,  ///< Static and the same for everybody.
  kDevice,   ///< An upload.
  kLeader,   ///< Signed by the leader.
  kViewer,
  kOperator,
  kAdmin,
};

struct Route {
  RouteId id;
  const char* method;  ///< GET serves HEAD too.
  const char* path;    ///< "{}" stands for one segment.
  Caller caller;
  bool leader, helper;  ///< Which role has it.
};

struct Matched {
  const Route* route = nullptr;  ///< Null: no such path, or not with this method.
  std::vector<std::string_view> parameters;
  std::string allow;  ///< Methods of the path, when only the method is wrong.
};

/// Views into `request`, which must outlive the result.
Matched match_route(const HttpRequest& request, ServerRole role);
/// Every route, for the document's test.
const std::vector<Route>& routes();

}  // namespace sotto
