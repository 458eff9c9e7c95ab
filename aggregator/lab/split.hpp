// Evaluation protocols: which interactions a model may learn from and which it is measured on.
//
// Nothing that is measured is ever seen in training: `train`, `fold_in` and `targets` are disjoint
// as (user, item) pairs, and item statistics may only come from `train`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "events/histories.hpp"
#include "lab/dataset.hpp"

namespace sotto {

struct Split {
  std::string protocol;
  uint32_t n_items = 0;               ///< Rows of the model.
  std::vector<uint32_t> catalogue{};  ///< Model row -> row in Dataset::items; ascending.
  Histories train{};                  ///< One a training device, oldest item first.
  // One entry a measured user in each of the following:
  Histories fold_in{};     ///< What the device knows when it is asked.
  Histories targets{};     ///< What it should find.
  Histories candidates{};  ///< For sampled ranking; size 0 when there are none.
};

enum class Protocol { kStrongGeneralization, kTemporal, kLeaveOneOut };
enum class MeasureOn { kTest, kValidation };

struct SplitOptions {
  Protocol protocol = Protocol::kStrongGeneralization;
  /// kValidation: train on less and measure on the validation part. All tuning is done there.
  MeasureOn measure_on = MeasureOn::kTest;
  /// Ratings from this on count as positive; 0: all.
  double positive_from = 4;
  uint64_t seed = 98765;            ///< Of random splits; never of training.
  uint32_t min_history = 5;         ///< Users with fewer positives are left out.
  uint32_t negatives = 99;          ///< Sampled candidates a user in leave-one-out.
  uint32_t max_eval_users = 10000;  ///< Random ones are kept when there are more.
};

/// Strong generalisation (Liang et al. 2018): the data's fixed split where it has one (role train
/// and validation train, role test is measured; with kValidation: train trains, validation is
/// measured), else 10% of the users for test and 10% for validation, whose items are divided at
/// random: 80% fold in, 20% targets. The catalogue is what training users have; all else is
/// dropped. Temporal: each user's last 20% (at least 1) of the positives by time are targets, the
/// earlier ones train and fold in; kValidation: the same again within the earlier ones. Needs
/// timestamps. Leave-one-out (He et al. 2017): each user's last positive (by time; at random
/// without timestamps) is the target, ranked against `negatives` items that the user never touched,
/// and against all. kValidation: the one before it. In the last two the catalogue is every item
/// that occurs in train or targets, so that finding an item that nobody has touched yet is measured
/// too. Duplicated (user, item) pairs count once (the latest). Users without targets are not
/// measured. Errors: kInvalidArgument, naming what the data lacks; kMalformed and kIo for the fixed
/// split.
Result<Split> make_split(const Dataset& data, const SplitOptions& options);

/// A ready-made split: CSV user,item[,rating[,timestamp]], header optional; candidates: one line a
/// user, user,item,item,...  Users measured: all those with a test row. Items: all that occur in
/// any of the files, numbered in order of first appearance in train, test, candidates. With more
/// than one test row a user they are all targets, but for those that the user also has in train.
/// options.positive_from applies to both files' ratings, unless the training file's are all equal;
/// the other options are of no effect.
/// Errors: those of the readers; kMalformed when a measured user has no candidates.
struct ReadyMadeSplit {
  Dataset data;  ///< Ids; interactions of the training file.
  Split split;
};
Result<ReadyMadeSplit> load_ready_made(const std::string& train_path, const std::string& test_path,
                                       const std::optional<std::string>& candidates_path,
                                       const SplitOptions& options);

}  // namespace sotto
