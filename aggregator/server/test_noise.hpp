// Where the noise of a collected share comes from: the operating system, always.
//
// Builds for tests (SOTTO_TEST_NOISE, never a release) can be told by the environment variable
// SOTTO_TEST_NOISE_LOG=FILE to draw it from a random seed that is appended to that file first, as a
// line "ROLE TASK-ID SEED", so that a test can subtract the noise from a collected sum.
#pragma once

#include <memory>

#include "base/entropy.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

std::unique_ptr<EntropySource> noise_source(const char* role, const TaskId& task);

}  // namespace sotto
