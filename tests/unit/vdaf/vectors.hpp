// Where the published test vectors lie. They are not ours to publish, so a checkout may be without
// them: tests that need them then say "skipped" and pass.
#pragma once

#include <optional>
#include <string>

#include "vdaf/json.hpp"

namespace sotto {

/// The folder that holds vdaf/XofTurboShake128.json: $SOTTO_VECTORS (native only: Emscripten
/// programs see no environment), else ../shared/vectors beside the checkout. Nothing where neither
/// has it.
std::optional<std::string> vectors_root();

/// One vector file, by its path below that folder. Nothing, and a line that starts with "skipped:",
/// where there are no vectors at all; a file that is missing among the others, or is no JSON, ends
/// the program.
std::optional<Json> read_vectors(const std::string& path);

}  // namespace sotto
