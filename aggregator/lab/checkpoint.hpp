// Checkpoints of long runs: written after every round through a temporary file, so that a run that
// is killed continues where it was and ends with the same model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "lab/federated.hpp"
#include "lab/private_training.hpp"

namespace sotto {

/// What a run has recorded: its report so far (JSON text) and the state of its training, of which
/// one part or the other is in use. A private run keeps its releases and replays them: the model is
/// a function of what was released, and no noise is drawn twice.
struct Checkpoint {
  uint64_t fingerprint = 0;  ///< Of everything that decides the result: data, options, seed.
  std::string report;        ///< The rounds so far, as they stand in --json.
  FederatedState federated;
  std::vector<PrivateRelease> releases;
  Bytes devices;  ///< With --secure full: SecureSum::save().
};

Status save_checkpoint(const std::string& path, const Checkpoint& checkpoint);

/// Errors: kNotFound when there is no such file; kMalformed for a damaged one; kInvalidArgument
/// when it belongs to a run with another fingerprint.
Result<Checkpoint> load_checkpoint(const std::string& path, uint64_t fingerprint);

}  // namespace sotto
