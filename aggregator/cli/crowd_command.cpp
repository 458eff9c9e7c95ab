#include "cli/crowd_command.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/crowd_options.hpp"
#include "cli/crowd_report.hpp"
#include "cli/report.hpp"
#include "crowd/http_transport.hpp"
#include "lab/identities_file.hpp"
#include "lab/progress.hpp"
#include "lab/thread_pool.hpp"

namespace sotto {
namespace {

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler sets it

void stop_at_signals() {
  const auto stop = [](int signal) {
    g_stop = true;
    std::signal(signal, SIG_DFL);  // the second one ends the program
  };
  std::signal(SIGINT, stop);
  std::signal(SIGTERM, stop);
}

CrowdPeople load_people(const DataOptions& options) {
  LoadedSplit loaded = or_fail(load_split(options));
  CrowdPeople people;
  for (const uint32_t row : loaded.split.catalogue)
    people.item_ids.push_back(loaded.data.items.id(row));
  people.histories = std::move(loaded.split.train);
  return people;
}

double fraction_of(const CrowdOptions& options, const CrowdProgress& progress, double seconds) {
  double fraction = 0;
  if (options.duration_ms > 0) fraction = 1000 * seconds / static_cast<double>(options.duration_ms);
  if (options.tasks)
    fraction = std::max(fraction, static_cast<double>(progress.finished) /
                                      static_cast<double>(options.visitors * *options.tasks));
  return fraction;
}

std::string note_of(const CrowdProgress& progress) {
  return std::to_string(progress.arrived) + " visitors, " + std::to_string(progress.tasks) +
         " tasks, " + std::to_string(progress.made) + " reports, " +
         std::to_string(progress.acknowledged) + " acknowledged, " +
         std::to_string(progress.in_flight) + " under way";
}

Result<CrowdOutcome> run_with_progress(Crowd& crowd, const CrowdOptions& options, bool quiet) {
  if (quiet) return crowd.run(g_stop);
  ProgressBar bar("crowd");
  const auto start = std::chrono::steady_clock::now();
  return crowd.run(g_stop, [&](const CrowdProgress& progress) {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bar.update(fraction_of(options, progress, seconds), note_of(progress));
  });
}

Status check(const CrowdOutcome& outcome, const std::optional<ServerAccounts>& server) {
  SOTTO_CHECK_OK(check_accounts(outcome.accounts));
  if (server) SOTTO_CHECK_OK(check_accounts(outcome.accounts, *server));
  return {};
}

void run_crowd(const CrowdCommandOptions& options) {
  const CrowdOptions crowd_options = or_fail(options.crowd_options());
  const PinnedSite pinned = or_fail(read_identities(options.identities));
  const HttpOrigin leader = or_fail(parse_origin(options.leader));
  std::optional<HttpOrigin> helper;
  if (!options.helper.empty()) helper = or_fail(parse_origin(options.helper));
  JsonOutput json(options.json);
  const CrowdPeople people = load_people(options.data);
  ThreadPool pool(options.threads);
  SystemClock clock;  // outlives the transport
  HttpTransport transport(leader, helper, options.http_options());
  Crowd crowd(crowd_options, pinned, helper.has_value(), people, transport, clock, pool);
  stop_at_signals();
  const CrowdOutcome outcome = or_fail(run_with_progress(crowd, crowd_options, options.quiet));
  // Whatever the leader says, what was measured is written first.
  std::optional<ServerAccounts> server;
  Status asked;
  if (!options.token.empty()) {
    auto answer = crowd.ask_leader(outcome, options.token);
    if (answer.ok())
      server = std::move(answer).value();
    else
      asked = answer.error();
  }
  const Status checked = asked.ok() ? check(outcome, server) : asked;
  if (!options.quiet) print_crowd(outcome, server);
  if (json.wanted()) or_fail(json.write(to_json(crowd_options, outcome, server, checked)));
  if (outcome.clear) or_fail(write_clear_sums(*outcome.clear, options.expect));
  or_fail(checked);
}

}  // namespace

void add_crowd_command(CLI::App& app) {
  auto options = std::make_shared<CrowdCommandOptions>();
  CLI::App* command = app.add_subcommand(
      "crowd",
      "Simulated visitors against a running site: each is a real device that contributes to the "
      "site's tasks, over HTTP. Accounts for every report; exit code 1 when that does not add up.");
  options->add_to(*command);
  command->callback([options] { run_crowd(*options); });
}

}  // namespace sotto
