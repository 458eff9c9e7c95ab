// What a course's options come to: the recipe and the noise of every release. Internal to this
// room.
#pragma once

#include <vector>

#include "publishing/course.hpp"

namespace sotto {

/// The recipe, with metrics or without as the options say.
PrivateRecipe recipe_of(const CourseOptions& options);
/// One server's noise in every release of a cycle, counts first; whole grid units, rounded up.
std::vector<double> sigmas_of(const CourseOptions& options);

}  // namespace sotto
