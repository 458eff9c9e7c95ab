// What an operator configures: one TOML file, every key of which has a default and a line of
// documentation, and environment variables that override it.
//
// The table of keys (config_keys) is the only place where a key is named: the reader, the check for
// unknown keys, the environment, `sotto serve --check-config` and docs/sotto.toml all come
// from it. Environment: SOTTO_<SECTION>_<KEY>, e.g. SOTTO_SERVER_PORT; lists separated by commas.
// Durations: a number and ms, s, m, h or d ("90d"); sizes: a number and B, KB, MB or GB (powers of
// 1024). Relative paths are relative to the file.
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "http/server.hpp"
#include "protocol/manifest.hpp"
#include "protocol/task.hpp"

namespace sotto {

enum class ServerRole : uint8_t { kLeader, kHelper };
const char* server_role_name(ServerRole role);

enum class LogFormat : uint8_t { kHuman, kJson };
/// How much of a peer's address may stand in a log: nothing, its network (/24, /48), all of it.
enum class LoggedAddress : uint8_t { kNone, kNetwork, kFull };

struct ServerConfig {
  // [site]
  std::string site;  ///< Must be that of the identities file.
  SiteLabel label = SiteLabel::kProduction;
  std::string identities = "identities.json";
  // [server]
  std::string address = "127.0.0.1";
  int32_t port = -1;  ///< -1: the role's own; 0: any free one.
  unsigned threads = 2;
  std::string public_url;
  std::vector<std::string> origins;
  bool trust_forwarded = false;
  uint32_t shutdown_grace_ms = 20'000;
  // [tls]
  std::string certificate, certificate_key;
  // [peer]
  std::string peer_url;
  std::string peer_authorities;
  // [store]
  std::string store = "sotto.db";
  // [keys]
  std::string keys = "keys";
  int64_t key_life_ms = int64_t{60} * 24 * 60 * 60 * 1000;
  // [limits]
  HttpLimits limits;
  size_t most_queued = 4096;
  uint32_t most_websockets = 11'000;
  double token_requests_per_second = 20;
  // [log]
  std::string log_level = "info";
  LogFormat log_format = LogFormat::kHuman;
  LoggedAddress log_addresses = LoggedAddress::kNone;
  // [metrics]
  std::string metrics_address;
  uint16_t metrics_port = 0;
  // [jobs]
  uint32_t job_reports = 64;
  uint64_t job_bytes = uint64_t{8} << 20;
  uint32_t jobs_in_flight = 2;
  uint32_t job_linger_ms = 1000;
  // [training], leader only
  bool training = true;
  std::string items;
  double epsilon = 4;
  double delta = 1e-6;
  uint32_t rounds = 2;
  uint32_t dim = 0;  ///< 0: as the recipe for the budget says.
  int64_t window_ms = int64_t{24} * 60 * 60 * 1000;
  int64_t pause_ms = 0;
  int64_t cycle_ms = int64_t{90} * 24 * 60 * 60 * 1000;
  int64_t time_precision_ms = int64_t{60} * 60 * 1000;
  uint64_t min_batch = 100;
  uint64_t max_batch = 10'000;
  VdafId vdaf = VdafId::kPine32HmacSha256Aes128;
  NoiseBy noise_by = NoiseBy::kServers;
  bool prequential = true;
  bool evaluation = false;
  double rollback_share = 0.1;
  uint64_t seed = 1;
};

struct ConfigKey {
  std::string section;
  std::string name;
  std::string documentation;
  /// Sets it from the text of a TOML value without quotes (lists: comma separated).
  std::function<Status(ServerConfig&, const std::string&)> set;
  std::function<std::string(const ServerConfig&)> get;

  std::string environment() const;
};
const std::vector<ConfigKey>& config_keys();

/// Reads the file, then the environment (`variable` gives a value or nullopt: std::getenv in the
/// program). Errors: kNotFound; kMalformed with line and column; kInvalidArgument naming the key,
/// also for keys that there are not.
Result<ServerConfig> read_config(
    const std::string& path,
    const std::function<std::optional<std::string>(const std::string&)>& variable);

/// What does not depend on one key alone, for a role. Errors: kInvalidArgument, naming the key.
Status check_config(const ServerConfig& config, ServerRole role);

/// The configuration as TOML, with the documentation of every key: what --check-config prints and
/// docs/sotto.toml holds.
std::string config_as_toml(const ServerConfig& config, bool documented);

}  // namespace sotto
