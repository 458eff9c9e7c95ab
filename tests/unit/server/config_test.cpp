#include "server/config.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "temp_folder.hpp"

namespace sotto {
namespace {

std::optional<std::string> no_variables(const std::string&) { return std::nullopt; }

Result<ServerConfig> read(const std::string& text,
                          const std::map<std::string, std::string>& variables = {}) {
  const test::TempFolder folder;
  return read_config(folder.write("sotto.toml", text),
                     [&](const std::string& name) -> std::optional<std::string> {
                       const auto found = variables.find(name);
                       if (found == variables.end()) return std::nullopt;
                       return found->second;
                     });
}

constexpr const char* kLeader = R"([site]
name = "rec.example.org"
[peer]
url = "http://127.0.0.1:8788"
[training]
items = "items.jsonl"
)";

}  // namespace

TEST_CASE("config: what a file leaves out has its default, and a leader's least file is enough") {
  const auto config = read(kLeader);
  REQUIRE(config.ok());
  CHECK(config->site == "rec.example.org");
  CHECK(config->port == -1);
  CHECK(config->min_batch == 100);
  CHECK(config->label == SiteLabel::kProduction);
  CHECK(check_config(*config, ServerRole::kLeader).ok());
}

TEST_CASE("config: every key is read back from what config_as_toml writes") {
  ServerConfig config;
  config.site = "shop \"x\"";
  config.port = 0;
  config.origins = {"https://a.example", "https://b.example"};
  config.limits.body_memory = uint64_t{7} << 20;
  config.limits.idle_timeout_ms = 1500;
  config.window_ms = 90'000;
  config.vdaf = VdafId::kSumField32;
  config.noise_by = NoiseBy::kServersAndDevice;
  config.epsilon = 0.125;
  config.log_addresses = LoggedAddress::kNetwork;
  config.seed = 9'223'372'036'854'775'807U;
  for (const bool documented : {false, true}) {
    const std::string text = config_as_toml(config, documented);
    const auto again = read(text);
    REQUIRE_MESSAGE(again.ok(), again.error().message);
    // Paths became absolute; everything else is as it was.
    for (const ConfigKey& key : config_keys()) {
      const std::string value = key.get(*again);
      if (value.find('/') != std::string::npos && value[0] == '/') continue;
      CAPTURE(key.section);
      CAPTURE(key.name);
      CHECK(value == key.get(config));
    }
  }
}

TEST_CASE("config: a wrong value is refused by name, with its line") {
  const auto refused = [](const std::string& text, const char* what) {
    const auto config = read(text);
    REQUIRE_FALSE(config.ok());
    CAPTURE(config.error().message);
    CHECK(config.error().message.find(what) != std::string::npos);
    return config.error().code;
  };
  CHECK(refused("[server]\nport = 70000\n", "server.port") == ErrorCode::kInvalidArgument);
  CHECK(refused("[server]\nport = 70000\n", "line 2") == ErrorCode::kInvalidArgument);
  CHECK(refused("[server]\nprot = 1\n", "server.prot: there is no such key") ==
        ErrorCode::kInvalidArgument);
  CHECK(refused("[nowhere]\na = 1\n", "nowhere.a") == ErrorCode::kInvalidArgument);
  CHECK(refused("name = 1\n", "sections") == ErrorCode::kInvalidArgument);
  CHECK(refused("[training]\nwindow = \"5 minutes\"\n", "training.window") ==
        ErrorCode::kInvalidArgument);
  CHECK(refused("[training]\nepsilon = -1\n", "training.epsilon") == ErrorCode::kInvalidArgument);
  CHECK(refused("[training]\nepsilon = nan\n", "training.epsilon") == ErrorCode::kInvalidArgument);
  CHECK(refused("[training]\nvdaf = \"none\"\n", "one of pine32") == ErrorCode::kInvalidArgument);
  CHECK(refused("[limits]\nhead = \"9999999999999999GB\"\n", "limits.head") ==
        ErrorCode::kInvalidArgument);
  CHECK(refused("[site\nname=1", "sotto.toml:1:") == ErrorCode::kMalformed);
  CHECK(read_config("/nonexistent/sotto.toml", no_variables).error().code == ErrorCode::kNotFound);
}

TEST_CASE("config: the environment overrides the file and is checked as strictly") {
  const auto config =
      read(kLeader, {{"SOTTO_SERVER_PORT", "0"}, {"SOTTO_SERVER_ORIGINS", "https://a, https://b"}});
  REQUIRE(config.ok());
  CHECK(config->port == 0);
  CHECK(config->origins == std::vector<std::string>{"https://a", "https://b"});
  const auto refused = read(kLeader, {{"SOTTO_TRAINING_DELTA", "0.5"}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("SOTTO_TRAINING_DELTA") != std::string::npos);
}

TEST_CASE("config: keys that do not fit together are refused, naming one of them") {
  const auto why = [](const std::string& text, ServerRole role) {
    const auto config = read(text);
    REQUIRE(config.ok());
    const Status checked = check_config(*config, role);
    return checked.ok() ? std::string() : checked.error().message;
  };
  const std::string leader = kLeader;
  CHECK(why("[site]\nname = \"a\"\n", ServerRole::kLeader).find("peer.url") == 0);
  CHECK(why("[site]\nname = \"a\"\n", ServerRole::kHelper).empty());
  CHECK(why("[site]\nname = \"a b\"\n", ServerRole::kHelper).find("site.name") == 0);
  CHECK(why(leader + "window = \"10s\"\ntime_precision = \"3s\"\n", ServerRole::kLeader)
            .find("training.time_precision") == 0);
  CHECK(why("[keys]\nlife = \"2d\"\n" + leader, ServerRole::kLeader).find("keys.life") == 0);
  CHECK(why("[keys]\nlife = \"50h\"\n" + leader, ServerRole::kLeader).empty());
  CHECK(why(leader + "min_batch = 200\nmax_batch = 150\n", ServerRole::kLeader)
            .find("training.min_batch") == 0);
  CHECK(why(leader + "noise = \"servers+device\"\n", ServerRole::kLeader).find("training.noise") ==
        0);
  CHECK(why("[tls]\ncertificate = \"a\"\n" + leader, ServerRole::kLeader).find("tls:") == 0);
}

TEST_CASE("config: the documented file in docs/ is what the program would write") {
  std::ifstream file(SOTTO_DOCS "/sotto.toml");
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() == config_as_toml(ServerConfig(), true));
}

}  // namespace sotto
