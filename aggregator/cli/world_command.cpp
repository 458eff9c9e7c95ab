#include "cli/world_command.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "cli/data_options.hpp"
#include "cli/report.hpp"
#include "lab/progress.hpp"
#include "lab/world.hpp"

namespace sotto {
namespace {

// What is given on the command line replaces the preset's value.
struct WorldArguments {
  std::string preset = "demo";
  std::string out;
  std::optional<uint32_t> users, items, topics, groups, days;
  std::optional<double> mean_history, popularity, focus, drift, noise;
  uint64_t seed = 1;
  std::string json;
};

Result<WorldOptions> world_options(const WorldArguments& arguments) {
  SOTTO_TRY(WorldOptions options, world_preset(arguments.preset));
  options.users = arguments.users.value_or(options.users);
  options.items = arguments.items.value_or(options.items);
  options.topics = arguments.topics.value_or(options.topics);
  options.mean_history = arguments.mean_history.value_or(options.mean_history);
  options.popularity = arguments.popularity.value_or(options.popularity);
  options.focus = arguments.focus.value_or(options.focus);
  options.drift = arguments.drift.value_or(options.drift);
  options.noise = arguments.noise.value_or(options.noise);
  options.groups = arguments.groups.value_or(options.groups);
  options.days = arguments.days.value_or(options.days);
  options.seed = arguments.seed;
  return options;
}

void run_world(const WorldArguments& arguments) {
  JsonOutput json(arguments.json);
  const WorldOptions options = or_fail(world_options(arguments));
  const auto start = std::chrono::steady_clock::now();
  uint64_t interactions = 0;
  {
    ProgressBar bar("making the world");
    interactions = or_fail(write_world(options, arguments.out, bar.callback()));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const boost::json::object summary = {
      {"preset", arguments.preset},   {"users", options.users},   {"items", options.items},
      {"interactions", interactions}, {"topics", options.topics}, {"groups", options.groups},
      {"days", options.days},         {"seed", options.seed},     {"out", arguments.out},
      {"seconds", seconds},
  };
  std::cout << options.users << " users, " << options.items << " items, " << interactions
            << " interactions, written to " << arguments.out << " in " << format_duration(seconds)
            << " (use it as --data world:" << arguments.out << ")\n";
  if (json.wanted()) or_fail(json.write(summary));
}

}  // namespace

void add_world_command(CLI::App& app) {
  auto arguments = std::make_shared<WorldArguments>();
  WorldArguments& a = *arguments;
  CLI::App* command = app.add_subcommand(
      "world", "Make a synthetic world: interactions.csv, items.jsonl, users.csv, world.json");
  command->add_option("--preset", a.preset, "Start from: " + world_preset_names())
      ->capture_default_str();
  command->add_option("--out", a.out, "Folder to write to; created when it is missing")->required();
  command->add_option("--seed", a.seed, "Same seed, same world")->capture_default_str();
  command->add_option("--users", a.users, "Number of users");
  command->add_option("--items", a.items, "Number of items");
  command->add_option("--topics", a.topics, "Number of topics that items are about");
  command->add_option("--mean-history", a.mean_history, "Interactions of a user, on average");
  command->add_option("--popularity", a.popularity,
                      "Zipf exponent of the items within a topic; 0: all alike");
  command->add_option("--focus", a.focus,
                      "How concentrated a user's interests are; 0: everybody alike");
  command->add_option("--drift", a.drift,
                      "Share of the interests that moves from session to session, 0 to 1");
  command->add_option("--noise", a.noise,
                      "Share of interactions that follow popularity alone, 0 to 1");
  command->add_option("--groups", a.groups, "Number of demographic groups");
  command->add_option("--days", a.days, "Span of time; a tenth of the items arrive during it");
  command->add_option("--json", a.json, "Write a summary to this file (-: stdout)");
  command->callback([arguments] { run_world(*arguments); });
}

}  // namespace sotto
