#include "server/course_options.hpp"

#include <cmath>

#include "privacy/accountant.hpp"

namespace sotto {

Result<CourseOptions> course_options(const ServerConfig& config) {
  CourseOptions options;
  SOTTO_TRY(options.z, noise_multiplier_for(Accounting::kZcdp, config.epsilon, config.delta));
  // Both servers' noise is in a sum: its multiplier is what the recipe is chosen for.
  const double noises = config.noise_by == NoiseBy::kServersAndDevice ? 3 : 2;
  PrivateRecipe recipe = PrivateRecipe::for_budget(1 / (options.z * std::sqrt(noises)));
  recipe.rounds = config.rounds;
  if (config.dim > 0) recipe.dim = config.dim;
  options.recipe = recipe;
  options.noise_by = config.noise_by;
  options.vdaf = config.vdaf;
  options.min_batch = config.min_batch;
  options.max_batch = config.max_batch;
  options.metrics = config.prequential ? 1 : 0;
  options.evaluation = config.evaluation;
  options.seed = config.seed;
  options.ndcg_fall = config.rollback_share;
  SOTTO_CHECK_OK(options.validate());
  return options;
}

}  // namespace sotto
