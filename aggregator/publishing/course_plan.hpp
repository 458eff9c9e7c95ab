// What a course's options come to: the recipe, and what every release asks for. Internal to this
// room.
#pragma once

#include <vector>

#include "publishing/course.hpp"

namespace sotto {

/// The recipe, with metrics or without as the options say.
PrivateRecipe recipe_of(const CourseOptions& options);
/// One server's noise in every release of a cycle, counts first; whole grid units, rounded up.
std::vector<double> sigmas_of(const CourseOptions& options);

/// Of an evaluation's ndcg@100. With nothing to say a histogram of 32 buckets, whose reports are
/// about 1 kB.
inline constexpr uint32_t kQualityBins = 31;

/// What a release asks for beside its layout.
struct ReleasePlan {
  TaskKind kind = TaskKind::kLearning;
  Grid grid;
  double sigma = 0;  ///< One server's, whole grid units.
  NoiseBy noise_by = NoiseBy::kServers;

  double rho() const;
};
/// position: in the cycle, 0 for counts.
ReleasePlan plan_of_learning(const CourseOptions& options, size_t position);
/// Costs at most as much beside a cycle of learning as devices reserve for it
/// (privacy/ledger.hpp). Devices add no noise to what they prove.
ReleasePlan plan_of_evaluation(const CourseOptions& options);

}  // namespace sotto
