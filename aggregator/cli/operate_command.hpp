// What an operator does beside a server: sotto keygen, token, audit, backup, restore, model, task.
#pragma once

#include <CLI/CLI.hpp>

namespace sotto {

void add_keygen_command(CLI::App& app);
void add_token_command(CLI::App& app);
void add_audit_command(CLI::App& app);
void add_backup_commands(CLI::App& app);
void add_model_command(CLI::App& app);
void add_task_command(CLI::App& app);

}  // namespace sotto
