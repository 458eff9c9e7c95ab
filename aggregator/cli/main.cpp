// sotto: the lab and the servers in one binary.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "cli/crowd_command.hpp"
#include "cli/evaluate_command.hpp"
#include "cli/import_command.hpp"
#include "cli/operate_command.hpp"
#include "cli/privacy_command.hpp"
#include "cli/serve_command.hpp"
#include "cli/simulate_command.hpp"
#include "cli/train_command.hpp"
#include "cli/world_command.hpp"

int main(int argc, char** argv) {
  CLI::App app{
      "Sotto: recommendations computed on the visitor's own device, and a global model "
      "learned under differential privacy"};
  app.require_subcommand(1);
  app.set_version_flag("--version", SOTTO_VERSION);
  sotto::add_import_command(app);
  sotto::add_world_command(app);
  sotto::add_train_command(app);
  sotto::add_simulate_command(app);
  sotto::add_evaluate_command(app);
  sotto::add_privacy_command(app);
  sotto::add_serve_command(app);
  sotto::add_keygen_command(app);
  sotto::add_token_command(app);
  sotto::add_audit_command(app);
  sotto::add_model_command(app);
  sotto::add_task_command(app);
  sotto::add_backup_commands(app);
  sotto::add_crowd_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::bad_alloc&) {
    std::cerr << "error: out of memory\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
