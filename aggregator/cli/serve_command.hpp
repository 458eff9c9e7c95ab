// sotto serve: runs a leader or a helper until it is told to stop.
#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

void add_serve_command(CLI::App& app);

}  // namespace sotto
