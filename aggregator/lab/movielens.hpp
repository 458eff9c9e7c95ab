// The MovieLens data sets in the files that GroupLens publishes.
#pragma once

#include <string>

#include "base/result.hpp"
#include "lab/dataset.hpp"

namespace sotto {

/// Tells ml-100k, ml-1m (and 10m) and latest (and 20m, 25m, 32m) apart by their files. Items and
/// users are numbered in order of first appearance in the ratings; films that nobody rated are
/// left out. Tags are genres ("unknown" and "(no genres listed)" are none), years come from the
/// release date or the end of the title, groups are genders where they are known.
/// Errors: kNotFound names the directory; kMalformed names file, line and column.
Result<Dataset> load_movielens(const std::string& directory);

}  // namespace sotto
