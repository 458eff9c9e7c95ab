#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

/// `sotto train`: centralised iALS, the reference (and the start on data declared non-private).
void add_train_command(CLI::App& app);

}  // namespace sotto
