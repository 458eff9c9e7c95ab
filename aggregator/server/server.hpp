// A leader or a helper: everything of it, put together and running.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "server/config.hpp"

namespace sotto {

/// Thread safety: every call from any thread, but for start and stop.
class Server {
 public:
  /// Reads the keys, opens the store, restores what was open, listens. The configuration has passed
  /// check_config.
  /// Errors: everything that keeps a server from running, naming the file, key or address.
  static Result<std::unique_ptr<Server>> start(const ServerConfig& config, ServerRole role);
  /// As stop().
  ~Server();

  uint16_t port() const;
  /// Certificate and tokens anew (SIGHUP).
  void reload();
  /// Finishes what is in flight, for at most the configured grace, and closes the store.
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What start() needs, checked without listening: keys, identities, certificate, catalogue.
/// Errors: as start.
Status check_server(const ServerConfig& config, ServerRole role);

}  // namespace sotto
