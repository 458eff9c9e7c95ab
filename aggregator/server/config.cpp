#include "server/config.hpp"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <set>
#include <sstream>
#include <type_traits>

namespace sotto {
namespace {

using Text = std::string;

Error wrong(const Text& text, const char* expected) {
  return {ErrorCode::kInvalidArgument, "'" + text + "' is not " + expected};
}

// A number and the rest of the text.
template <class T>
std::optional<std::pair<T, std::string_view>> leading_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return std::pair{value, text.substr(static_cast<size_t>(end - text.data()))};
}

template <class T>
Result<T> parse_number(const Text& text, T least, T most, const char* expected) {
  const auto number = leading_number<T>(text);
  if (!number || !number->second.empty() || !(number->first >= least && number->first <= most))
    return wrong(text, expected);
  return number->first;
}

struct Unit {
  const char* name;
  int64_t factor;
};
constexpr Unit kTimes[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizes[] = {{"B", 1}, {"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}};

template <size_t N>
Result<int64_t> parse_quantity(const Text& text, const Unit (&units)[N], const char* expected) {
  const auto number = leading_number<int64_t>(text);
  if (!number || number->first < 0) return wrong(text, expected);
  for (const Unit& unit : units) {
    int64_t value = 0;
    if (number->second == unit.name && !__builtin_mul_overflow(number->first, unit.factor, &value))
      return value;
  }
  return wrong(text, expected);
}

template <size_t N>
Text show_quantity(int64_t value, const Unit (&units)[N]) {
  const Unit* best = &units[0];
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0) best = &unit;
  return std::to_string(value / best->factor) + best->name;
}

Text show_double(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

std::vector<Text> split(const Text& text) {
  std::vector<Text> parts;
  std::istringstream in(text);
  for (Text part; std::getline(in, part, ',');) {
    const size_t first = part.find_first_not_of(' ');
    if (first == Text::npos) continue;
    parts.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
  }
  return parts;
}

// --- Kinds of keys: each makes the set and get of a member. ------------------------------------

using Get = std::function<Text(const ServerConfig&)>;
using Set = std::function<Status(ServerConfig&, const Text&)>;
struct Kind {
  Set set;
  Get get;
};

template <class Owner>
Kind text(Owner member) {
  return {[=](ServerConfig& c, const Text& value) {
            c.*member = value;
            return Status();
          },
          [=](const ServerConfig& c) { return c.*member; }};
}

Kind texts(std::vector<Text> ServerConfig::*member) {
  return {[=](ServerConfig& c, const Text& value) {
            c.*member = split(value);
            return Status();
          },
          [=](const ServerConfig& c) {
            Text all;
            for (const Text& part : c.*member) all += (all.empty() ? "" : ",") + part;
            return all;
          }};
}

Kind flag(bool ServerConfig::*member) {
  return {[=](ServerConfig& c, const Text& value) -> Status {
            if (value != "true" && value != "false") return wrong(value, "true or false");
            c.*member = value == "true";
            return {};
          },
          [=](const ServerConfig& c) { return Text(c.*member ? "true" : "false"); }};
}

// at(config): a reference to the number.
template <class T, class At>
Kind number_at(At at, T least, T most, const char* expected) {
  return {[=](ServerConfig& c, const Text& value) -> Status {
            SOTTO_TRY(at(c), parse_number<T>(value, least, most, expected));
            return {};
          },
          [=](const ServerConfig& c) {
            const T value = at(const_cast<ServerConfig&>(c));
            if constexpr (std::is_floating_point_v<T>)
              return show_double(value);
            else
              return std::to_string(value);
          }};
}
template <class T>
Kind number(T ServerConfig::*member, T least, T most, const char* expected) {
  return number_at<T>([=](ServerConfig& c) -> T& { return c.*member; }, least, most, expected);
}

template <class T, class At>
Kind duration_at(At at, int64_t least, int64_t most) {
  return {[=](ServerConfig& c, const Text& value) -> Status {
            constexpr const char* kExpected = "a duration in its range, such as \"90s\" or \"1d\"";
            SOTTO_TRY(const int64_t ms, parse_quantity(value, kTimes, kExpected));
            if (ms < least || ms > most) return wrong(value, kExpected);
            at(c) = static_cast<T>(ms);
            return {};
          },
          [=](const ServerConfig& c) {
            return show_quantity(static_cast<int64_t>(at(const_cast<ServerConfig&>(c))), kTimes);
          }};
}
template <class T>
Kind duration(T ServerConfig::*member, int64_t least, int64_t most) {
  return duration_at<T>([=](ServerConfig& c) -> T& { return c.*member; }, least, most);
}

template <class T, class At>
Kind size_at(At at, int64_t least, int64_t most) {
  return {[=](ServerConfig& c, const Text& value) -> Status {
            constexpr const char* kExpected = "a size in its range, such as \"64MB\"";
            SOTTO_TRY(const int64_t bytes, parse_quantity(value, kSizes, kExpected));
            if (bytes < least || bytes > most) return wrong(value, kExpected);
            at(c) = static_cast<T>(bytes);
            return {};
          },
          [=](const ServerConfig& c) {
            return show_quantity(static_cast<int64_t>(at(const_cast<ServerConfig&>(c))), kSizes);
          }};
}

template <class T>
Kind choice(T ServerConfig::*member, std::vector<std::pair<const char*, T>> choices) {
  return {[=](ServerConfig& c, const Text& value) -> Status {
            Text names;
            for (const auto& [name, meaning] : choices) {
              if (value == name) {
                c.*member = meaning;
                return {};
              }
              names += (names.empty() ? "" : ", ") + Text(name);
            }
            return wrong(value, ("one of " + names).c_str());
          },
          [=](const ServerConfig& c) {
            for (const auto& [name, meaning] : choices)
              if (c.*member == meaning) return Text(name);
            return Text();
          }};
}

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kLongest = 90 * kDay;
constexpr uint32_t kMost32 = 1'000'000'000;

std::vector<ConfigKey> make_keys() {
  using C = ServerConfig;
  std::vector<ConfigKey> keys;
  const auto add = [&keys](const char* section, const char* name, const char* documentation,
                           Kind kind) {
    keys.push_back({section, name, documentation, std::move(kind.set), std::move(kind.get)});
  };
  add("site", "name", "The site's name, as the identities file has it.", text(&C::site));
  add("site", "label",
      "production, or demo: only a demo may go below the floors (100 reports, z >= 1).",
      choice<SiteLabel>(&C::label,
                        {{"production", SiteLabel::kProduction}, {"demo", SiteLabel::kDemo}}));
  add("site", "identities", "JSON file with the site's name and the three public identities.",
      text(&C::identities));

  add("server", "address", "Address to listen on.", text(&C::address));
  add("server", "port", "-1: 8787 as leader, 8788 as helper; 0: any free one.",
      number<int32_t>(&C::port, -1, 65535, "a port"));
  add("server", "threads", "Threads for connections.",
      number<unsigned>(&C::threads, 1, 256, "a number of threads, 1 to 256"));
  add("server", "public_url", "How the world reaches this server; stands in site.json.",
      text(&C::public_url));
  add("server", "origins", "Web origins that may use the API from pages (CORS).",
      texts(&C::origins));
  add("server", "trust_forwarded",
      "Take a client's address from X-Forwarded-For: behind a proxy of your own only.",
      flag(&C::trust_forwarded));
  add("server", "shutdown_grace", "How long a shutdown waits for what is in flight.",
      duration<uint32_t>(&C::shutdown_grace_ms, 0, kHour));

  add("tls", "certificate", "PEM chain; empty: plain HTTP, for a proxy in front.",
      text(&C::certificate));
  add("tls", "key", "PEM private key of the certificate.", text(&C::certificate_key));

  add("peer", "url", "Leader: where the helper is. Helper: not used.", text(&C::peer_url));
  add("peer", "authorities",
      "PEM file of authorities to trust for the helper; empty: the system's.",
      text(&C::peer_authorities));

  add("store", "path", "The SQLite file with everything that must not be forgotten.",
      text(&C::store));
  add("keys", "folder", "Folder with this server's secret keys, from `sotto keygen`.",
      text(&C::keys));
  add("keys", "life", "Validity of an HPKE key; a new one is made at half of it.",
      duration<int64_t>(&C::key_life_ms, kHour, 100 * kDay));

  const auto limit = [](auto HttpLimits::*member) {
    return [member](ServerConfig & c) -> auto& { return c.limits.*member; };
  };
  add("limits", "connections", "Open connections.",
      number_at<size_t>(limit(&HttpLimits::most_connections), 1, 1'000'000,
                        "a number of connections"));
  add("limits", "websockets", "Open WebSockets.",
      number<uint32_t>(&C::most_websockets, 0, 1'000'000, "a number of connections"));
  add("limits", "head", "Bytes of a request's head.",
      size_at<size_t>(limit(&HttpLimits::most_head), 1024, 1 << 20));
  add("limits", "body_memory", "Bytes of request bodies in memory, over all connections.",
      size_at<uint64_t>(limit(&HttpLimits::body_memory), 1 << 20, int64_t{1} << 40));
  add("limits", "head_timeout", "For a complete head.",
      duration_at<uint32_t>(limit(&HttpLimits::head_timeout_ms), 100, kHour));
  add("limits", "idle_timeout", "Of a connection between requests.",
      duration_at<uint32_t>(limit(&HttpLimits::idle_timeout_ms), 100, kHour));
  add("limits", "write_timeout", "For a client to take a response, beside its length.",
      duration_at<uint32_t>(limit(&HttpLimits::write_timeout_ms), 100, kHour));
  add("limits", "least_body_rate", "Bytes a second that a body must arrive at.",
      size_at<uint32_t>(limit(&HttpLimits::least_body_rate), 1, 1 << 30));
  add("limits", "requests_per_second", "Of one address; 0: no limit.",
      number_at<double>(limit(&HttpLimits::requests_per_second), 0.0, 1e9, "a rate, 0 to 1e9"));
  add("limits", "request_burst", "Requests that an address may make at once.",
      number_at<double>(limit(&HttpLimits::request_burst), 0.0, 1e9, "a number, 0 to 1e9"));
  add("limits", "token_requests_per_second", "Of one administrator's token; twice as many at once.",
      number<double>(&C::token_requests_per_second, 0.001, 1e9, "a rate, 0.001 to 1e9"));
  add("limits", "queue", "Uploads that wait to become durable.",
      number<size_t>(&C::most_queued, 1, 1'000'000, "a number, 1 to 1000000"));

  add("log", "level", "trace, debug, info, warn, error.", text(&C::log_level));
  add("log", "format", "human, or json: one object a line.",
      choice<LogFormat>(&C::log_format,
                        {{"human", LogFormat::kHuman}, {"json", LogFormat::kJson}}));
  add("log", "addresses", "What of a client's address may be logged: none, network, full.",
      choice<LoggedAddress>(&C::log_addresses, {{"none", LoggedAddress::kNone},
                                                {"network", LoggedAddress::kNetwork},
                                                {"full", LoggedAddress::kFull}}));

  add("metrics", "address", "Where /metrics is served; empty: with everything else.",
      text(&C::metrics_address));
  add("metrics", "port", "Its port.", number<uint16_t>(&C::metrics_port, 0, 65535, "a port"));

  add("jobs", "reports", "Most reports of an aggregation job.",
      number<uint32_t>(&C::job_reports, 1, 1024, "a number, 1 to 1024"));
  add("jobs", "bytes", "Most bytes of reports in a job: fewer reports where they are large.",
      size_at<uint64_t>([](ServerConfig& c) -> uint64_t& { return c.job_bytes; }, 1 << 16,
                        int64_t{1} << 32));
  add("jobs", "in_flight", "Jobs of a task that wait for the helper.",
      number<uint32_t>(&C::jobs_in_flight, 1, 64, "a number, 1 to 64"));
  add("jobs", "linger", "How long a job waits to become full.",
      duration<uint32_t>(&C::job_linger_ms, 0, kHour));

  add("training", "enabled", "Whether the leader opens tasks and publishes models.",
      flag(&C::training));
  add("training", "items", "items.jsonl: the catalogue.", text(&C::items));
  add("training", "epsilon",
      "What a cycle of releases costs a device at most, by one server's noise.",
      number<double>(&C::epsilon, 0.01, 1000.0, "a number, 0.01 to 1000"));
  add("training", "delta", "At this delta.",
      number<double>(&C::delta, 1e-12, 1e-3, "a number, 1e-12 to 1e-3"));
  add("training", "rounds", "Releases of a cycle after the first, which counts.",
      number<uint32_t>(&C::rounds, 1, 1000, "a number, 1 to 1000"));
  add("training", "dim", "Dimensions of the model; 0: as the budget suggests.",
      number<uint32_t>(&C::dim, 0, 512, "a number, 0 to 512"));
  add("training", "window", "How long a task takes reports.",
      duration<int64_t>(&C::window_ms, 1000, kLongest));
  add("training", "pause", "Between the end of a task and the next one's window.",
      duration<int64_t>(&C::pause_ms, 0, kLongest));
  add("training", "cycle",
      "From the first task of a cycle to that of the next: devices' budgets last for as long.",
      duration<int64_t>(&C::cycle_ms, 1000, kLongest));
  add("training", "time_precision", "Report times are rounded down to this; divides the window.",
      duration<int64_t>(&C::time_precision_ms, 1, kLongest));
  add("training", "min_batch", "Fewer reports are never collected.",
      number<uint64_t>(&C::min_batch, 1, kMost32, "a number of reports"));
  add("training", "max_batch",
      "Reports of a task at most; with so many it is collected before its window is over.",
      number<uint64_t>(&C::max_batch, 1, kMost32, "a number of reports"));
  add("training", "vdaf", "pine32, pine40, pine64: proven norms; sum: trusted clients only.",
      choice<VdafId>(&C::vdaf, {{"pine32", VdafId::kPine32HmacSha256Aes128},
                                {"pine40", VdafId::kPine40HmacSha256Aes128},
                                {"pine64", VdafId::kPine64HmacSha256Aes128},
                                {"sum", VdafId::kSumField32}}));
  add("training", "noise", "servers, or servers+device (with sum only).",
      choice<NoiseBy>(&C::noise_by, {{"servers", NoiseBy::kServers},
                                     {"servers+device", NoiseBy::kServersAndDevice}}));
  add("training", "prequential", "Devices report how well the live model did (same price).",
      flag(&C::prequential));
  add("training", "evaluation",
      "Every cycle begins with a histogram of devices by how well lists did (2/7 of rho on top).",
      flag(&C::evaluation));
  add("training", "rollback", "Rolls back when the released metric falls by this share; 0: never.",
      number<double>(&C::rollback_share, 0.0, 1.0, "a share, 0 to 1"));
  add("training", "seed", "Of the first model. Public.",
      number<uint64_t>(&C::seed, 0, INT64_MAX, "a whole number"));
  return keys;
}

const ConfigKey* find_key(const Text& section, const Text& name) {
  for (const ConfigKey& key : config_keys())
    if (key.section == section && key.name == name) return &key;
  return nullptr;
}

Error of_key(const ConfigKey& key, const ErrorInfo& error) {
  return {error.code, key.section + "." + key.name + ": " + error.message};
}

Result<Text> text_of(const toml::node& node) {
  if (const auto* list = node.as_array()) {
    Text all;
    for (const toml::node& element : *list) {
      SOTTO_TRY(const Text part, text_of(element));
      all += (all.empty() ? "" : ",") + part;
    }
    return all;
  }
  if (const auto value = node.value_exact<Text>()) return *value;
  if (const auto value = node.value_exact<int64_t>()) return std::to_string(*value);
  if (const auto value = node.value_exact<double>()) return show_double(*value);
  if (const auto value = node.value_exact<bool>()) return Text(*value ? "true" : "false");
  return Error{ErrorCode::kInvalidArgument, "no text, number, truth value or list"};
}

Status take_section(ServerConfig& config, const Text& section, const toml::table& table) {
  for (const auto& [key_name, node] : table) {
    const Text name(key_name.str());
    const ConfigKey* key = find_key(section, name);
    const Text line = " (line " + std::to_string(node.source().begin.line) + ")";
    if (key == nullptr)
      return {ErrorCode::kInvalidArgument, section + "." + name + ": there is no such key" + line};
    const auto text = text_of(node);
    if (!text.ok()) return of_key(*key, text.error());
    if (const Status set = key->set(config, *text); !set.ok())
      return of_key(*key, {set.error().code, set.error().message + line});
  }
  return {};
}

void make_absolute(Text& path, const std::filesystem::path& folder) {
  if (!path.empty()) path = (folder / path).lexically_normal().string();
}

bool quoted(const Text& value) {
  if (value == "true" || value == "false") return false;
  const auto number = leading_number<double>(value);
  return !number || !number->second.empty();
}

Text toml_value(const ConfigKey& key, const Text& value) {
  if (key.name == "origins") {
    Text list;
    for (const Text& part : split(value)) list += (list.empty() ? "\"" : ", \"") + part + "\"";
    return "[" + list + "]";
  }
  if (!quoted(value) && key.name != "name") return value;
  Text escaped;
  for (const char c : value) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return "\"" + escaped + "\"";
}

Status must(bool condition, const char* message) {
  if (condition) return {};
  return {ErrorCode::kInvalidArgument, message};
}

}  // namespace

const char* server_role_name(ServerRole role) {
  return role == ServerRole::kLeader ? "leader" : "helper";
}

std::string ConfigKey::environment() const {
  Text all = "SOTTO_" + section + "_" + name;
  std::transform(all.begin(), all.end(), all.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return all;
}

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = make_keys();
  return keys;
}

Result<ServerConfig> read_config(
    const std::string& path,
    const std::function<std::optional<std::string>(const std::string&)>& variable) {
  if (!std::filesystem::exists(path))
    return Error{ErrorCode::kNotFound, path + ": there is no such file"};
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error{ErrorCode::kMalformed, path + ":" + std::to_string(error.source().begin.line) +
                                            ":" + std::to_string(error.source().begin.column) +
                                            ": " + Text(error.description())};
  }
  ServerConfig config;
  for (const auto& [section, node] : parsed.table()) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
      return Error{ErrorCode::kInvalidArgument,
                   Text(section.str()) + ": keys stand in sections, such as [site]"};
    if (const Status taken = take_section(config, Text(section.str()), *table); !taken.ok())
      return Error{taken.error().code, path + ": " + taken.error().message};
  }
  for (const ConfigKey& key : config_keys()) {
    const auto value = variable(key.environment());
    if (!value) continue;
    if (const Status set = key.set(config, *value); !set.ok())
      return Error{set.error().code, key.environment() + ": " + set.error().message};
  }
  const auto folder = std::filesystem::absolute(path).parent_path();
  for (Text* file : {&config.identities, &config.store, &config.keys, &config.certificate,
                     &config.certificate_key, &config.peer_authorities, &config.items})
    make_absolute(*file, folder);
  return config;
}

Status check_config(const ServerConfig& config, ServerRole role) {
  SOTTO_CHECK_OK(must(is_site_name(config.site), "site.name: 1 to 253 printable characters"));
  SOTTO_CHECK_OK(must(config.certificate.empty() == config.certificate_key.empty(),
                      "tls: certificate and key belong together"));
  static const std::set<Text> kLevels{"trace", "debug", "info", "warn", "error"};
  SOTTO_CHECK_OK(must(kLevels.contains(config.log_level),
                      "log.level: one of trace, debug, info, warn, error"));
  if (role == ServerRole::kHelper) return {};
  SOTTO_CHECK_OK(must(!config.peer_url.empty(), "peer.url: a leader needs its helper's URL"));
  if (!config.training) return {};
  SOTTO_CHECK_OK(must(!config.items.empty(), "training.items: a leader needs its catalogue"));
  // A task may name a key that has used up half of its life.
  SOTTO_CHECK_OK(must(
      config.key_life_ms / 2 >= config.pause_ms + config.window_ms + config.time_precision_ms,
      "keys.life: must be twice as long as training.pause, window and time_precision together"));
  SOTTO_CHECK_OK(must(config.window_ms % config.time_precision_ms == 0,
                      "training.time_precision: must divide the window"));
  SOTTO_CHECK_OK(
      must(config.min_batch <= config.max_batch, "training.min_batch: more than max_batch"));
  return must(config.vdaf == VdafId::kSumField32 || config.noise_by == NoiseBy::kServers,
              "training.noise: devices add noise with vdaf = \"sum\" only");
}

std::string config_as_toml(const ServerConfig& config, bool documented) {
  Text out, section;
  for (const ConfigKey& key : config_keys()) {
    if (key.section != section) {
      out += (section.empty() ? "[" : "\n[") + key.section + "]\n";
      section = key.section;
    }
    if (documented) out += "# " + key.documentation + "\n";
    out += key.name + " = " + toml_value(key, key.get(config)) + "\n";
  }
  return out;
}

}  // namespace sotto
