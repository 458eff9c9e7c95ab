// What the configuration says of training, as a course wants it.
#pragma once

#include "base/result.hpp"
#include "publishing/course.hpp"
#include "server/config.hpp"

namespace sotto {

/// Errors: kInvalidArgument, naming the field.
Result<CourseOptions> course_options(const ServerConfig& config);

}  // namespace sotto
