#include "cli/simulate_command.hpp"

#include <memory>

#include "cli/simulate_options.hpp"
#include "cli/simulation.hpp"

namespace sotto {

void add_simulate_command(CLI::App& app) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command = app.add_subcommand(
      "simulate",
      "Federated training: every simulated device computes its contribution from its "
      "own history alone; with --epsilon under differential privacy.");
  options->add_to(*command);
  command->callback([options, command] {
    if (command->count("--dim") > 0) options->dim_given = options->model.dim;
    options->noise_given = command->count("--noise") > 0;
    Simulation(*options).run();
  });
}

}  // namespace sotto
