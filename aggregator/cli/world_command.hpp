#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

/// `sotto world`: a seeded synthetic world of any size, streamed to files.
void add_world_command(CLI::App& app);

}  // namespace sotto
