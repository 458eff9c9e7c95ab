#include "cli/serve_command.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "cli/data_options.hpp"
#include "lab/atomic_file.hpp"
#include "server/config.hpp"
#include "server/server.hpp"

namespace sotto {
namespace {

struct ServeArguments {
  std::string role;
  std::string config;
  std::string port_file;
  bool check = false;
};

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// The signals that are waited for are blocked in every thread, so before any is started.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void write_port(const std::string& path, uint16_t port) {
  AtomicFile file = or_fail(AtomicFile::create(path));
  file.write(std::to_string(port) + "\n");
  or_fail(file.commit());
}

void run_serve(const ServeArguments& arguments) {
  const ServerRole role = arguments.role == "leader" ? ServerRole::kLeader : ServerRole::kHelper;
  const ServerConfig config = or_fail(read_config(arguments.config, environment));
  or_fail(check_config(config, role));
  if (arguments.check) {
    or_fail(check_server(config, role));
    std::cout << config_as_toml(config, false);
    std::cerr << "the configuration of this " << server_role_name(role) << " is complete\n";
    return;
  }
  const sigset_t signals = block_signals();
  const std::unique_ptr<Server> server = or_fail(Server::start(config, role));
  if (!arguments.port_file.empty()) write_port(arguments.port_file, server->port());
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) break;
    server->reload();
  }
  server->stop();
}

}  // namespace

void add_serve_command(CLI::App& app) {
  auto arguments = std::make_shared<ServeArguments>();
  ServeArguments& a = *arguments;
  CLI::App* command = app.add_subcommand("serve", "Run a leader or a helper");
  command->add_option("--role", a.role, "leader or helper")
      ->required()
      ->check(CLI::IsMember({"leader", "helper"}));
  command->add_option("--config", a.config, "TOML file (docs/sotto.toml)")->required();
  command->add_flag("--check-config", a.check,
                    "Only check the configuration and what it names, and print it as it is in "
                    "effect, with the environment's overrides");
  command->add_option("--port-file", a.port_file,
                      "Write the port that the server listens on to this file");
  command->add_flag_callback(
      "--example-config",
      [] {
        std::cout << config_as_toml(ServerConfig(), true);
        throw CLI::Success();
      },
      "Print every key with its default and meaning, and exit");
  command->footer(
      "SIGTERM and SIGINT stop it after what is in flight; SIGHUP reads certificate and tokens "
      "anew.");
  command->callback([arguments] { run_serve(*arguments); });
}

}  // namespace sotto
