#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

/// `sotto evaluate`: popularity, item-kNN, centralised iALS, a given model.
void add_evaluate_command(CLI::App& app);

}  // namespace sotto
