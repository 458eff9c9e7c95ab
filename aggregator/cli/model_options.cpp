#include "cli/model_options.hpp"

namespace sotto {

void ModelOptions::add_to(CLI::App& command) {
  const std::string group = "Model";
  command.add_option("--dim", dim, "Dimensions k of user and item vectors")
      ->check(CLI::Range(1U, 512U))
      ->capture_default_str()
      ->group(group);
  command.add_option("--a0", a0, "Weight of unobserved pairs [8 x mean history / items]")
      ->check(CLI::PositiveNumber)
      ->group(group);
  command.add_option("--lambda", lambda, "Regularisation [0.065 / sqrt(mean history)]")
      ->check(CLI::PositiveNumber)
      ->group(group);
  command.add_option("--seed", seed, "Seed of training and simulated noise")
      ->capture_default_str()
      ->group(group);
  command.add_option("--threads", threads, "Threads; 0: all cores. The result is the same")
      ->check(CLI::Range(0U, 1024U))
      ->capture_default_str()
      ->group(group);
}

Regularization ModelOptions::regularization(const Split& split) const {
  const double mean =
      static_cast<double>(split.train.items.size()) / static_cast<double>(split.train.size());
  Regularization reg = default_regularization(mean, split.n_items);
  if (a0) reg.a0 = *a0;
  if (lambda) reg.lambda = *lambda;
  return reg;
}

}  // namespace sotto
