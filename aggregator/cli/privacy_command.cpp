#include "cli/privacy_command.hpp"

#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/data_options.hpp"
#include "cli/report.hpp"
#include "privacy/accountant.hpp"
#include "privacy/ledger.hpp"

namespace sotto {
namespace {

struct PrivacyArguments {
  std::optional<double> epsilon, rho;
  double delta = 1e-6;
  std::string json;
};

void run_privacy(const PrivacyArguments& arguments) {
  JsonOutput json(arguments.json);
  const double delta = arguments.delta;
  const double rho = arguments.rho ? *arguments.rho : zcdp_rho_for(*arguments.epsilon, delta);
  const double epsilon = zcdp_epsilon(rho, delta);
  const double mu = std::sqrt(2 * rho);
  const double budget = rho / reserved_share(BudgetKind::kLearning);
  std::printf(
      "epsilon %.6g at delta %g, certified (zCDP)\n"
      "rho     %.6g, which adds up over releases\n"
      "z       %.6g: sigma over sensitivity of one release that costs all of it\n"
      "epsilon %.6g by the exact curve of Gaussian noise, an estimate\n"
      "budget  %.6g rho: of that devices spend so much on learning\n",
      epsilon, delta, rho, 1 / mu, gaussian_epsilon(mu, delta), budget);
  if (json.wanted())
    or_fail(json.write({{"epsilon", epsilon},
                        {"delta", delta},
                        {"rho", rho},
                        {"z", 1 / mu},
                        {"epsilon_gaussian", gaussian_epsilon(mu, delta)},
                        {"budget_rho", budget}}));
}

}  // namespace

void add_privacy_command(CLI::App& app) {
  auto arguments = std::make_shared<PrivacyArguments>();
  PrivacyArguments& a = *arguments;
  CLI::App* command =
      app.add_subcommand("privacy", "Convert a privacy budget: an epsilon to rho, or a rho back");
  CLI::Option_group* given = command->add_option_group("budget", "What is known of it");
  given->add_option("--epsilon", a.epsilon, "Epsilon at delta")->check(CLI::Range(1e-6, 1e6));
  given->add_option("--rho", a.rho, "Rho of zero-concentrated differential privacy")
      ->check(CLI::Range(1e-12, 1e6));
  given->require_option(1);
  command->add_option("--delta", a.delta, "Delta")
      ->capture_default_str()
      ->check(CLI::Range(1e-300, 0.5));
  command->add_option("--json", a.json, "Write it to this file (-: stdout)");
  command->callback([arguments] { run_privacy(*arguments); });
}

}  // namespace sotto
