// docs/http-api.md, answered: what is asked of a server, by whom, and who may.
//
// Thread safety: every call from any thread; handlers do not block but for admin requests that ask
// the commit queue.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/server.hpp"
#include "server/context.hpp"
#include "server/helper_service.hpp"
#include "server/leader_service.hpp"
#include "server/tokens.hpp"
#include "server/training_service.hpp"

namespace sotto {

class Api final : public HttpHandler {
 public:
  struct Parts {
    ServerRole role = ServerRole::kLeader;
    HpkeKeys* own = nullptr;
    HpkeKeys* collector = nullptr;        ///< Leader.
    LeaderService* leader = nullptr;      ///< Leader.
    TrainingService* training = nullptr;  ///< Leader that trains.
    HelperService* helper = nullptr;      ///< Helper.
    std::function<HttpStatistics()> statistics;
    std::function<Status(const std::string& actor)> rotate_keys;
    /// Why the server cannot take work; empty: it can.
    std::function<std::string()> unready;
  };

  Api(const ServerContext& context, Parts parts);
  ~Api() override;

  std::variant<uint64_t, HttpResponse> admit(const HttpRequest& head) override;
  void handle(HttpRequest request, HttpRespond respond) override;
  /// Tokens anew from the store. Errors: kIo.
  Status reload_tokens();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
