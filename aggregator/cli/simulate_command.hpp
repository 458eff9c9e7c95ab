#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

/// `sotto simulate`: federated training with simulated devices, in the clear or under differential
/// privacy, measured beside popularity and centralised training.
void add_simulate_command(CLI::App& app);

}  // namespace sotto
