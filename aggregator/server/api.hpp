// docs/http-api.md, answered: what is asked of a server, by whom, and who may.
//
// Thread safety: every call from any thread; handlers do not block, but for administrators who
// change something: they wait for the commit queue.
#pragma once

#include <memory>
#include <variant>

#include "http/server.hpp"
#include "server/admin_api.hpp"
#include "server/public_api.hpp"

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
  /// As AdminApi::reload_tokens.
  Status reload_tokens();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
