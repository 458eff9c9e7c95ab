#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

/// `sotto import`: interactions from other formats, written as the files that world:DIR reads.
void add_import_command(CLI::App& app);

}  // namespace sotto
