// The privacy options of `sotto simulate`.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lab/private_training.hpp"

namespace sotto {

struct PrivacyOptions {
  std::optional<double> epsilon;
  std::optional<double> sigma;
  std::optional<double> delta;
  std::string noise = "servers";
  std::string accounting = "zcdp";
  std::vector<std::string> settings;  ///< name=value, see set_recipe_field.

  void add_to(CLI::App& command);
  bool on() const { return epsilon.has_value() || sigma.has_value(); }

  /// What was given, else min(1e-6, n^-1.1) for n devices.
  double delta_for(uint64_t devices) const;
  /// Noise multiplier of one release that spends everything.
  Result<double> multiplier(uint64_t devices) const;
  NoiseBy noise_by() const;
  Accounting accounting_kind() const;
};

/// The recipe for the noise that will be in the sums, with the command line's settings.
/// dim, rounds: given on the command line, or nothing. rounds can only lower the recipe's: every
/// round more divides the budget (docs/model.md); the setting rounds=N insists.
Result<PrivateRecipe> make_recipe(const PrivacyOptions& options, double z,
                                  std::optional<uint32_t> dim, std::optional<uint32_t> rounds);

/// Sets one field of a recipe by name. Errors: kInvalidArgument lists the names.
Status set_recipe_field(PrivateRecipe& recipe, const std::string& assignment);

/// {"epsilon", "delta", "epsilon_zcdp", "epsilon_gaussian", "rho", "mu", "accounting", "noise"}.
boost::json::object describe_privacy(const PrivacyOptions& options, const Accountant& spent,
                                     uint64_t devices);

}  // namespace sotto
