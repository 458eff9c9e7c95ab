#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

/// `sotto privacy`: what an epsilon is in rho, what a rho is in epsilon.
void add_privacy_command(CLI::App& app);

}  // namespace sotto
