// The hyperparameters that training commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "lab/federated.hpp"
#include "lab/split.hpp"

namespace sotto {

struct ModelOptions {
  uint32_t dim = 64;
  std::optional<float> a0, lambda;
  uint64_t seed = 1;
  unsigned threads = 0;

  void add_to(CLI::App& command);
  /// What was given, else defaults from the shape of the data.
  Regularization regularization(const Split& split) const;
};

}  // namespace sotto
