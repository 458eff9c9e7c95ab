// A strong-generalisation split that is written down in a file.
#pragma once

#include <string>

#include "base/result.hpp"
#include "lab/dataset.hpp"
#include "lab/split.hpp"

namespace sotto {

/// The parts of a strong-generalisation split, in rows of Dataset::items.
struct StrongParts {
  Histories train;
  Histories fold_in;  ///< One entry a measured user here and in targets.
  Histories targets;
};

/// CSV user,item,role,part with a header: role train, validation or test; part fold-in, target or
/// unused for the latter two. Measured: test, or validation when measure_on says so. Training:
/// train, and all of the validation users' items when test is measured. Unused items of measured
/// users are left out. Histories keep the file's order, users that of their first row.
/// Errors: kMalformed with line and column for unknown ids, roles and parts; kIo.
Result<StrongParts> read_fixed_split(const std::string& path, const Dataset& data,
                                     MeasureOn measure_on);

}  // namespace sotto
