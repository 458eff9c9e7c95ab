// The options of `sotto simulate`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/data_options.hpp"
#include "cli/model_options.hpp"
#include "cli/privacy_options.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

struct SimulateOptions {
  DataOptions data;
  ModelOptions model;
  PrivacyOptions privacy;
  std::optional<uint32_t> rounds;
  std::optional<uint32_t> dim_given;
  double participation = 1;
  double dropout = 0;
  std::string secure = "clear";
  std::string vdaf = "sum";
  std::string poison;  ///< FRACTION[:KIND], or empty.
  double round_sigma = 0;
  bool noise_given = false;  ///< --noise stands on the command line.
  std::string curvature = "rank-one";
  double h = 2;
  double max_weight = 512;
  uint64_t max_batch = 0;
  bool no_central = false;
  uint32_t sweeps = 16;
  uint32_t eval_every = 1;
  std::string checkpoint;
  bool resume = false;
  std::string out;
  std::string json;

  void add_to(CLI::App& command);
  bool full_path() const { return secure == "full"; }
  VdafId vdaf_id() const;
  /// Of everything that decides the run's result.
  uint64_t fingerprint(const Split& split, const Regularization& reg) const;
};

}  // namespace sotto
