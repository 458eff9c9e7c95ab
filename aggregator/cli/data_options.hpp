// The options that say which data to use, the same for every command.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "lab/split.hpp"

namespace sotto {

struct DataOptions {
  std::string data;
  std::string train, test, candidates;
  std::string protocol = "strong-generalization";
  std::string measure_on = "test";
  std::optional<double> positive_from;
  uint64_t split_seed = 98765;
  uint64_t world_seed = 1;
  uint32_t min_history = 5;
  uint32_t negatives = 99;
  uint32_t max_eval_users = 10000;

  void add_to(CLI::App& command);
};

/// A data set and how it is divided.
struct LoadedSplit {
  Dataset data;
  Split split;
  Matrix content;  ///< Content vectors of the split's catalogue.
};

/// Loads with a progress note on stderr. Errors name the option, file, line.
Result<LoadedSplit> load_split(const DataOptions& options);

/// Prints "error: ..." and makes the program exit with 1.
[[noreturn]] void fail(const ErrorInfo& error);

/// The value, or fail().
template <class T>
T or_fail(Result<T> result) {
  if (!result.ok()) fail(result.error());
  return std::move(result).value();
}
inline void or_fail(const Status& status) {
  if (!status.ok()) fail(status.error());
}

}  // namespace sotto
