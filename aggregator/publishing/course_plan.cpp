#include "publishing/course_plan.hpp"

#include <cmath>
#include <string>

#include "lab/sum_job.hpp"
#include "model/contribution.hpp"
#include "privacy/accountant.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "privacy/ledger.hpp"
#include "protocol/task_vdaf.hpp"

namespace sotto {
namespace {

// Of prequential metrics, whose norm is at most 2: they take at most as much of the clip as the
// normaliser, which is 1 and a small part of a report that says something.
constexpr float kMetricWeight = 0.5F;
constexpr int32_t kMaxGridBound = 1 << 20;

Status invalid(const char* field) {
  return {ErrorCode::kInvalidArgument, std::string("course: ") + field};
}

}  // namespace

PrivateRecipe recipe_of(const CourseOptions& options) {
  const double noises = SumNoise{1, options.noise_by}.nominal_sd();
  PrivateRecipe recipe =
      options.recipe.value_or(PrivateRecipe::for_budget(1 / (options.z * noises)));
  if (options.metrics == 0)
    recipe.metric_weight = 0;
  else if (recipe.metric_weight == 0)
    recipe.metric_weight = kMetricWeight;
  return recipe;
}

std::vector<double> sigmas_of(const CourseOptions& options) {
  std::vector<double> sigmas = divide_budget(recipe_of(options), options.z);
  for (double& sigma : sigmas) sigma = std::ceil(sigma * options.grid_bound);
  return sigmas;
}

double ReleasePlan::rho() const { return zcdp_rho(sigma / grid.bound); }

ReleasePlan plan_of_learning(const CourseOptions& options, size_t position) {
  // Counts and rounds have a norm of at most 1.
  return {
      TaskKind::kLearning, {options.grid_bound, 1}, sigmas_of(options)[position], options.noise_by};
}

ReleasePlan plan_of_evaluation(const CourseOptions& options) {
  constexpr double kShare =
      reserved_share(BudgetKind::kEvaluation) / reserved_share(BudgetKind::kLearning);
  double learning = 0;
  for (const double sigma : sigmas_of(options)) learning += zcdp_rho(sigma / options.grid_bound);
  ReleasePlan plan;
  plan.kind = TaskKind::kEvaluation;
  plan.grid = {static_cast<int32_t>(QualityTask::kClip), QualityTask::kClip};
  plan.sigma = std::ceil(plan.grid.bound / std::sqrt(2 * kShare * learning));
  if (options.noise_by != NoiseBy::kServersAndDevice) plan.noise_by = options.noise_by;
  return plan;
}

Status CourseOptions::validate() const {
  const auto pine = pine_instance(vdaf);
  if (!(z > 0 && z <= 1e6)) return invalid("z: must be between 0 and 1e6");
  if (!pine && vdaf != VdafId::kSumField32) return invalid("vdaf: must be PINE or sum");
  if (noise_by != NoiseBy::kLeader && noise_by != NoiseBy::kServers &&
      noise_by != NoiseBy::kServersAndDevice)
    return invalid("noise_by: unknown");
  if (pine && noise_by == NoiseBy::kServersAndDevice)
    return invalid("noise_by: devices add no noise under PINE");
  if (grid_bound < 1 || grid_bound > kMaxGridBound) return invalid("grid_bound: 1 .. 2^20");
  if (min_batch < 1 || min_batch > max_batch || max_batch > Task::kMaxBatch)
    return invalid("batch sizes: 1 <= min_batch <= max_batch <= 2^32");
  if (!(ndcg_fall >= 0 && ndcg_fall <= 1)) return invalid("ndcg_fall: 0 to 1");
  if (metrics > 1) return invalid("metrics: 0 or 1");
  SOTTO_CHECK_OK(recipe_of(*this).validate());
  for (const double sigma : sigmas_of(*this))
    if (!(sigma <= static_cast<double>(DiscreteGaussian::kMaxSigma)))
      return invalid("z: the noise of a release is more than 2^26 grid units");
  return {};
}

}  // namespace sotto
