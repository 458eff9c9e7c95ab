// What administrators may ask, with the token that their role is known by. Internal to api.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/rate_limit.hpp"
#include "http/server.hpp"
#include "server/context.hpp"
#include "server/helper_service.hpp"
#include "server/leader_service.hpp"
#include "server/refusal_throttle.hpp"
#include "server/route.hpp"
#include "server/tokens.hpp"
#include "server/training_service.hpp"

namespace sotto {

/// Thread safety: every call from any thread.
class AdminApi {
 public:
  struct Parts {
    ServerRole role = ServerRole::kLeader;
    HpkeKeys* own = nullptr;
    LeaderService* leader = nullptr;      ///< Leader.
    TrainingService* training = nullptr;  ///< Leader that trains.
    HelperService* helper = nullptr;      ///< Helper.
    std::function<Status(const std::string& actor)> rotate_keys;
  };

  AdminApi(const ServerContext& context, Parts parts)
      : context_(context), parts_(std::move(parts)) {}

  void serve(const Matched& matched, const HttpRequest& request, HttpRespond respond);
  /// Tokens anew from the store. Errors: kIo, kMalformed.
  Status reload_tokens();

 private:
  std::optional<Token> caller_of(const HttpRequest& request);
  uint32_t take_turn(const std::string& token_id);
  void log_refusal(const HttpRequest& request, const std::string& who, bool known);
  HttpResponse refuse(const HttpRequest& request, const std::optional<Token>& token,
                      const char* wanted);
  void serve_allowed(const Matched& matched, const HttpRequest& request, const std::string& actor,
                     HttpRespond respond);
  void serve_training(const Matched& matched, const std::string& actor, HttpRespond respond);
  void status(HttpRespond respond) const;
  HttpResponse audit(const HttpRequest& request) const;

  const ServerContext& context_;
  const Parts parts_;
  RefusalThrottle strangers_;
  std::mutex mutex_;  // of everything below
  std::vector<Token> tokens_;
  std::map<std::string, RateLimit> limits_;  // by token id
};

}  // namespace sotto
