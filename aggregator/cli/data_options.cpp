#include "cli/data_options.hpp"

#include <iostream>

namespace sotto {
namespace {

// Ratings of a data set are opinions, of which 4 and 5 stars are positive; the rows of a ready-made
// split were chosen by its maker, so all of them count.
constexpr double kPositiveOfData = 4;
constexpr double kPositiveOfReadyMade = 0;

Result<SplitOptions> split_options(const DataOptions& options) {
  SplitOptions out;
  if (options.protocol == "temporal") out.protocol = Protocol::kTemporal;
  if (options.protocol == "leave-one-out") out.protocol = Protocol::kLeaveOneOut;
  if (options.measure_on == "validation") out.measure_on = MeasureOn::kValidation;
  const bool ready_made = !options.train.empty();
  out.positive_from =
      options.positive_from.value_or(ready_made ? kPositiveOfReadyMade : kPositiveOfData);
  out.seed = options.split_seed;
  out.min_history = options.min_history;
  out.negatives = options.negatives;
  out.max_eval_users = options.max_eval_users;
  return out;
}

}  // namespace

void DataOptions::add_to(CLI::App& command) {
  const std::string group = "Data";
  command
      .add_option("--data", data,
                  "movielens:DIR (100k, 1m and latest are told apart by their files), csv:FILE, "
                  "world:DIR or world:PRESET (demo, sparse, million, tiny)")
      ->group(group);
  auto* train_option =
      command
          .add_option("--train", train,
                      "Ready-made split: training file (user,item[,rating[,timestamp]])")
          ->group(group);
  auto* test_option =
      command.add_option("--test", test, "Ready-made split: test file")->group(group);
  train_option->needs(test_option)->excludes("--data");
  test_option->needs(train_option);
  command
      .add_option("--candidates", candidates,
                  "Ready-made split: items to rank each user's test item against "
                  "(user,item,item,...)")
      ->needs(train_option)
      ->group(group);
  command.add_option("--protocol", protocol, "How the data is divided")
      ->check(CLI::IsMember({"strong-generalization", "temporal", "leave-one-out"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--measure-on", measure_on,
                  "test, or validation: tune there, never on what is reported")
      ->check(CLI::IsMember({"test", "validation"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--positive-from", positive_from,
                  "Ratings from this on are positive; 0: all [4, and 0 for ready-made splits]")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  command.add_option("--min-history", min_history, "Users with fewer positives are left out")
      ->check(CLI::Range(1U, 1000000U))
      ->capture_default_str()
      ->group(group);
  command.add_option("--negatives", negatives, "Sampled candidates a user in leave-one-out")
      ->check(CLI::Range(1U, 1000000U))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--max-eval-users", max_eval_users,
                  "Measure on a random choice of so many users when there are more")
      ->check(CLI::Range(1U, 100000000U))
      ->capture_default_str()
      ->group(group);
  command.add_option("--split-seed", split_seed, "Seed of random splits")
      ->capture_default_str()
      ->group(group);
  command.add_option("--world-seed", world_seed, "Seed of world:PRESET")
      ->capture_default_str()
      ->group(group);
}

Result<LoadedSplit> load_split(const DataOptions& options) {
  if (options.data.empty() && options.train.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "--data: say which data to use, e.g. --data world:demo, or give --train and "
                 "--test"};
  SOTTO_TRY(const SplitOptions split_opts, split_options(options));
  LoadedSplit out;
  if (!options.train.empty()) {
    const auto candidates =
        options.candidates.empty() ? std::nullopt : std::optional(options.candidates);
    SOTTO_TRY(auto ready, load_ready_made(options.train, options.test, candidates, split_opts));
    out.data = std::move(ready.data);
    out.split = std::move(ready.split);
  } else {
    SOTTO_TRY(out.data, load_dataset(options.data, options.world_seed));
    SOTTO_TRY(out.split, make_split(out.data, split_opts));
  }
  // The split holds what training needs; a million users' rows are not kept twice.
  out.data.interactions.clear();
  out.data.interactions.shrink_to_fit();
  if (out.split.train.items.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "--data: no training interaction is left (see --positive-from and "
                 "--min-history)"};
  if (out.split.targets.size() == 0)
    return Error{ErrorCode::kInvalidArgument,
                 "--data: no user is left to measure (see --positive-from and --min-history)"};
  out.content = out.data.content(out.split.catalogue);
  return out;
}

void fail(const ErrorInfo& error) {
  std::cerr << "error: " << error.message << '\n';
  throw CLI::RuntimeError(1);
}

}  // namespace sotto
