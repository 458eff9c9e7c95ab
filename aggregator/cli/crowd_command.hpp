#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

/// `sotto crowd`: simulated visitors against a running site.
void add_crowd_command(CLI::App& app);

}  // namespace sotto
