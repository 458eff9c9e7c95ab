#include <algorithm>
#include <filesystem>
#include <utility>

#include "lab/csv_reader.hpp"
#include "lab/dataset_builder.hpp"
#include "lab/encoding.hpp"
#include "lab/interactions_file.hpp"
#include "lab/positives.hpp"
#include "lab/split.hpp"

namespace sotto {
namespace {

// The interactions of one file, read into the builder, which is left without them.
Result<std::vector<Interaction>> read_part(const std::string& path, DatasetBuilder& builder) {
  SOTTO_TRY(const auto layout, find_layout(path, {}));
  SOTTO_CHECK_OK(read_interactions(path, layout, builder));
  if (builder.data.interactions.empty())
    return Error{ErrorCode::kMalformed, path + ":1:1: the file holds no interactions"};
  return std::exchange(builder.data.interactions, {});
}

// One list of distinct items a user of the builder; empty for users without a line.
Result<std::vector<std::vector<uint32_t>>> read_candidates(const std::string& path,
                                                           DatasetBuilder& builder) {
  SOTTO_TRY(const auto format, guess_csv_format(path));
  SOTTO_TRY(auto reader, CsvReader::open(path, format));
  std::vector<std::vector<uint32_t>> candidates(builder.data.user_ids.size());
  while (true) {
    SOTTO_TRY(const bool any, reader.next());
    if (!any) break;
    const auto fields = reader.fields();
    const auto user = builder.find_user(fields[0]);
    if (!user) continue;  // a header, or a user without a test row
    for (size_t field = 1; field < fields.size(); ++field) {
      if (fields[field].empty()) continue;
      const auto item = builder.item(fields[field]);
      if (!item.ok()) return reader.error(field, item.error().message);
      candidates[*user].push_back(*item);
    }
  }
  for (auto& items : candidates) {
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
  }
  return candidates;
}

Histories targets_by_user(Dataset& data, std::vector<Interaction> test, bool has_ratings,
                          double positive_from) {
  std::swap(data.interactions, test);
  const bool train_has_ratings = std::exchange(data.has_ratings, has_ratings);
  Histories targets = positive_histories(data, positive_from);
  data.has_ratings = train_has_ratings;
  std::swap(data.interactions, test);
  return targets;
}

std::vector<uint32_t> without(std::span<const uint32_t> items, std::span<const uint32_t> known) {
  std::vector<uint32_t> rest;
  for (const uint32_t item : items)
    if (std::find(known.begin(), known.end(), item) == known.end()) rest.push_back(item);
  return rest;
}

}  // namespace

Result<ReadyMadeSplit> load_ready_made(const std::string& train_path, const std::string& test_path,
                                       const std::optional<std::string>& candidates_path,
                                       const SplitOptions& options) {
  DatasetBuilder builder;
  Dataset& data = builder.data;
  SOTTO_TRY(auto train_rows, read_part(train_path, builder));
  const bool train_has_ratings = data.has_ratings;
  const bool train_has_timestamps = data.has_timestamps;
  SOTTO_TRY(auto test_rows, read_part(test_path, builder));
  const bool test_has_ratings = data.has_ratings;
  std::vector<std::vector<uint32_t>> candidates;
  if (candidates_path) {
    SOTTO_TRY(candidates, read_candidates(*candidates_path, builder));
  }

  data.name = std::filesystem::path(train_path).stem().string();
  data.interactions = std::move(train_rows);
  data.has_ratings = train_has_ratings;
  data.has_timestamps = train_has_timestamps;
  drop_constant_columns(data);
  const Histories train = positive_histories(data, options.positive_from);
  const Histories targets = targets_by_user(
      data, std::move(test_rows), data.has_ratings && test_has_ratings, options.positive_from);

  Split split;
  split.protocol = "ready-made";
  split.n_items = data.items.size();
  for (uint32_t item = 0; item < data.items.size(); ++item) split.catalogue.push_back(item);
  for (uint32_t user = 0; user < data.user_ids.size(); ++user) {
    if (!train[user].empty()) split.train.add(train[user]);
    const auto wanted = without(targets[user], train[user]);
    if (wanted.empty()) continue;
    split.fold_in.add(train[user]);
    split.targets.add(wanted);
    if (!candidates_path) continue;
    if (candidates[user].empty())
      return Error{ErrorCode::kMalformed,
                   *candidates_path + ": no candidates for user " + quote(data.user_ids[user])};
    split.candidates.add(candidates[user]);
  }
  if (split.train.size() == 0 || split.targets.size() == 0)
    return Error{ErrorCode::kInvalidArgument,
                 data.name +
                     ": no positive rows are left to train on or to measure "
                     "(--positive-from 0 takes all)"};
  return ReadyMadeSplit{std::move(data), std::move(split)};
}

}  // namespace sotto
