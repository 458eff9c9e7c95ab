#include "cli/crowd_options.hpp"

#include <array>
#include <cmath>
#include <cstring>

#include "crypto/random.hpp"
#include "privacy/accountant.hpp"

namespace sotto {
namespace {

constexpr double kMsPerSecond = 1000;

void add_site(CrowdCommandOptions& options, CLI::App& command) {
  const std::string group = "Site";
  command.add_option("--leader", options.leader, "URL of the leader, e.g. http://localhost:8787")
      ->required()
      ->group(group);
  command
      .add_option("--helper", options.helper,
                  "URL of the helper, to fetch its key from itself [the leader has it too]")
      ->group(group);
  command
      .add_option("--identities", options.identities,
                  "JSON file with what a page pins: \"site\", and the keys of \"publisher\", "
                  "\"leader\" and \"helper\" in hexadecimal")
      ->required()
      ->group(group);
  command
      .add_option("--certificate-authorities", options.certificate_authorities,
                  "PEM file with the authorities to trust for https [the system's]")
      ->group(group);
  command
      .add_option("--token", options.token,
                  "Of the leader's administration, to compare its account at the end")
      ->envname("SOTTO_TOKEN")
      ->group(group);
  command.add_option("--poll", options.poll_s, "Seconds between two looks for models and tasks")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str()
      ->group(group);
}

void add_visitors(CrowdCommandOptions& options, CLI::App& command) {
  const std::string group = "Visitors";
  CrowdOptions& crowd = options.crowd;
  command.add_option("--visitors", crowd.visitors, "How many; each has the history of a user")
      ->check(CLI::Range(1U, 100'000'000U))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--arrivals", crowd.arrivals_per_s,
                  "Arrivals a second, a Poisson process; 0: everybody at once")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--think-time", crowd.think_s,
                  "Mean seconds between a visitor's events and before its decisions, exponential")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  const auto share = [&](const char* name, double& value, const char* help) {
    command.add_option(name, value, help)
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str()
        ->group(group);
  };
  share("--dropout", crowd.dropout,
        "Share that leaves in mid-upload; half of these come back and send the same bytes again");
  share("--duplicates", crowd.duplicates,
        "Share that sends its report again after the acknowledgement");
  share("--late", crowd.late, "Share that sends its report when the window is over");
  command
      .add_option("--skew", crowd.skew_s, "Standard deviation of the visitors' clocks in seconds")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--malicious", options.malicious,
                  "SHARE[:KIND] that is malicious: norm (default), flip, boost, malformed; see "
                  "`sotto simulate --poison`")
      ->type_name("SHARE[:KIND]")
      ->group(group);
  command
      .add_option("--participation", crowd.participation, "Chance to take part in a task, (0, 1]")
      ->check(CLI::Range(1e-6, 1.0))
      ->capture_default_str()
      ->group(group);
}

void add_budget(CrowdCommandOptions& options, CLI::App& command) {
  const std::string group = "Visitors' privacy budgets";
  command.add_option("--window-rho", options.crowd.limits.window_rho, "rho in 90 days")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  command.add_option("--lifetime-rho", options.crowd.limits.lifetime_rho, "rho in a lifetime")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  CLI::Option* const epsilon =
      command
          .add_option("--epsilon", options.epsilon,
                      "Epsilon in a lifetime, which may be spent in one window, instead")
          ->check(CLI::PositiveNumber)
          ->excludes("--window-rho")
          ->excludes("--lifetime-rho")
          ->group(group);
  command.add_option("--delta", options.delta, "For --epsilon")
      ->check(CLI::Range(1e-300, 0.5))
      ->needs(epsilon)
      ->capture_default_str()
      ->group(group);
}

void add_run(CrowdCommandOptions& options, CLI::App& command) {
  const std::string group = "Run";
  CrowdOptions& crowd = options.crowd;
  command
      .add_option(
          "--tasks", crowd.tasks,
          "Ends when so many tasks were contributed to and their windows are over [goes on]")
      ->check(CLI::PositiveNumber)
      ->group(group);
  command.add_option("--duration", options.duration_s, "Ends after so many seconds [goes on]")
      ->check(CLI::PositiveNumber)
      ->group(group);
  command
      .add_flag("--prompt", crowd.prompt,
                "Reports are sent in the first twentieth of what is left of a window")
      ->group(group);
  CLI::Option* const burst =
      command
          .add_flag(
              "--burst", crowd.burst,
              "Everybody at once, as fast as it goes over --connections; ends when all is sent")
          ->group(group);
  command
      .add_flag(
          "--made-beforehand", crowd.made_beforehand,
          "As --burst, and all reports are made before the first one is sent (in memory): the "
          "generator's own work stays out of the measurement")
      ->excludes(burst)
      ->group(group);
  command
      .add_option("--connections", crowd.connections,
                  "Open at a time; latencies count the waiting for one, but in bursts")
      ->check(CLI::Range(1U, 60'000U))
      ->capture_default_str()
      ->group(group);
  command.add_option("--threads", options.threads, "Threads that make reports; 0: all cores")
      ->check(CLI::Range(0U, 1024U))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--seed", options.seed,
                  "Of everything that is drawn, reports included: for one run a task [random]")
      ->group(group);
  command.add_option("--json", options.json, "Write the results to this file (-: stdout)")
      ->group(group);
  command
      .add_option(
          "--expect", options.expect,
          "Write the sums of the acknowledged reports in the clear, with their ids: what the "
          "collected sums are without the servers' noise")
      ->group(group);
  command.add_flag("--quiet", options.quiet, "No progress and no tables")->group(group);
}

}  // namespace

void CrowdCommandOptions::add_to(CLI::App& command) {
  add_site(*this, command);
  add_visitors(*this, command);
  add_budget(*this, command);
  add_run(*this, command);
  data.add_to(command);
}

Result<CrowdOptions> CrowdCommandOptions::crowd_options() const {
  CrowdOptions out = crowd;
  if (!malicious.empty()) {
    auto poison = parse_poison(malicious);
    if (!poison.ok()) {
      std::string message = poison.error().message;
      if (message.starts_with("--poison")) message.replace(0, 8, "--malicious");
      return Error{poison.error().code, message};
    }
    out.poison = *poison;
  }
  if (epsilon) out.limits.window_rho = out.limits.lifetime_rho = zcdp_rho_for(*epsilon, delta);
  out.duration_ms = std::llround(kMsPerSecond * duration_s);
  out.poll_ms = std::llround(kMsPerSecond * poll_s);
  out.want_clear = !expect.empty();
  if (seed) {
    out.seed = *seed;
  } else {
    std::array<uint8_t, sizeof out.seed> drawn;
    SystemEntropy().fill(drawn);
    std::memcpy(&out.seed, drawn.data(), sizeof out.seed);
  }
  SOTTO_CHECK_OK(out.check());
  return out;
}

HttpClientOptions CrowdCommandOptions::http_options() const {
  HttpClientOptions out;
  out.most_connections = crowd.connections;
  out.certificate_authorities = certificate_authorities;
  return out;
}

}  // namespace sotto
