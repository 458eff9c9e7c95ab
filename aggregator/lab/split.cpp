#include "lab/split.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "lab/fixed_split.hpp"
#include "lab/positives.hpp"

namespace sotto {
namespace {

// Sub-streams of the split's seed, so that no choice depends on how many numbers another one drew.
constexpr uint64_t kUserStream = 1, kItemStream = 2, kOrderStream = 3, kNegativeStream = 4,
                   kSampleStream = 5;

// A fifth of a history, at least one.
size_t target_count(size_t n) { return std::max<size_t>(1, n / 5); }

Error lacks(const std::string& what) { return {ErrorCode::kInvalidArgument, what}; }

Error too_few_users(const Dataset& data, const SplitOptions& options, uint32_t min_history) {
  std::string reason = data.name + ": no user has " + std::to_string(min_history) + " positives";
  if (data.has_ratings && options.positive_from != 0)
    reason += " (ratings of at least " + std::to_string(options.positive_from) +
              "; --positive-from 0 takes all)";
  return lacks(reason);
}

// Users with enough positives, shuffled when asked.
std::vector<uint32_t> eligible_users(const Histories& positives, uint32_t min_history) {
  std::vector<uint32_t> users;
  for (uint32_t user = 0; user < positives.size(); ++user)
    if (positives[user].size() >= min_history) users.push_back(user);
  return users;
}

// Divides a history at random into fold-in and targets, both in the history's order.
void divide(std::span<const uint32_t> history, Random random, StrongParts& parts) {
  std::vector<size_t> places(history.size());
  for (size_t i = 0; i < places.size(); ++i) places[i] = i;
  random.shuffle(std::span(places));
  places.resize(target_count(history.size()));
  std::vector<bool> chosen(history.size());
  for (const size_t place : places) chosen[place] = true;
  std::vector<uint32_t> fold_in, targets;
  for (size_t i = 0; i < history.size(); ++i) (chosen[i] ? targets : fold_in).push_back(history[i]);
  parts.fold_in.add(fold_in);
  parts.targets.add(targets);
}

Result<StrongParts> random_strong_parts(const Dataset& data, const SplitOptions& options) {
  const uint32_t min_history = std::max(options.min_history, 2u);
  const Histories positives = positive_histories(data, options.positive_from);
  std::vector<uint32_t> users = eligible_users(positives, min_history);
  if (users.size() < 10)
    return users.empty() ? too_few_users(data, options, min_history)
                         : lacks(data.name + ": strong generalisation needs 10 users with " +
                                 std::to_string(min_history) + " positives");
  Random random(derive_seed(options.seed, kUserStream));
  random.shuffle(std::span(users));
  const size_t tenth = users.size() / 10;
  const bool on_test = options.measure_on == MeasureOn::kTest;
  const auto measured = std::span(users).subspan(on_test ? 0 : tenth, tenth);
  const auto training = std::span(users).subspan(on_test ? tenth : 2 * tenth);
  std::sort(measured.begin(), measured.end());
  std::sort(training.begin(), training.end());

  StrongParts parts;
  for (const uint32_t user : training) parts.train.add(positives[user]);
  for (const uint32_t user : measured)
    divide(positives[user], Random(derive_seed(options.seed, kItemStream, user)), parts);
  return parts;
}

// Keeps at most max_eval_users of the measured users, in order.
void limit_measured(Split& split, const SplitOptions& options) {
  const size_t n = split.targets.size();
  if (n <= options.max_eval_users) return;
  std::vector<size_t> users(n);
  for (size_t i = 0; i < n; ++i) users[i] = i;
  Random random(derive_seed(options.seed, kSampleStream));
  random.shuffle(std::span(users));
  users.resize(options.max_eval_users);
  std::sort(users.begin(), users.end());
  const auto keep = [&](Histories& histories) {
    if (histories.size() != n) return;
    Histories kept;
    for (const size_t user : users) kept.add(histories[user]);
    histories = std::move(kept);
  };
  keep(split.fold_in);
  keep(split.targets);
  keep(split.candidates);
}

Result<Split> strong_split(const Dataset& data, const SplitOptions& options) {
  SOTTO_TRY(const StrongParts parts,
            data.fixed_split_path
                ? read_fixed_split(*data.fixed_split_path, data, options.measure_on)
                : random_strong_parts(data, options));
  Split split;
  split.protocol = "strong-generalization";
  split.catalogue = occurring_items({&parts.train}, data.items.size());
  const CatalogueMap catalogue(split.catalogue, data.items.size());
  split.train = catalogue.map(parts.train);
  for (size_t user = 0; user < parts.targets.size(); ++user) {
    const auto targets = catalogue.map(parts.targets[user]);
    if (targets.empty()) continue;
    split.fold_in.add(catalogue.map(parts.fold_in[user]));
    split.targets.add(targets);
  }
  return split;
}

// Without times, which item counts as the last and which as the one before it is drawn.
void draw_last_items(Histories& histories, uint64_t seed) {
  for (size_t user = 0; user < histories.size(); ++user) {
    const auto history =
        std::span(histories.items).subspan(histories.offsets[user], histories[user].size());
    Random random(derive_seed(seed, kOrderStream, user));
    for (size_t left = history.size(); left > 0 && left + 2 > history.size(); --left) {
      const auto chosen = history.begin() + static_cast<ptrdiff_t>(random.below(left));
      std::rotate(chosen, chosen + 1, history.begin() + static_cast<ptrdiff_t>(left));
    }
  }
}

// `n` distinct items in [0, n_items) that are not `touched`, all of them when there are fewer.
std::vector<uint32_t> draw_untouched(std::span<const uint32_t> touched, uint32_t n_items,
                                     uint32_t n, Random random) {
  std::vector<uint32_t> excluded(touched.begin(), touched.end());
  std::sort(excluded.begin(), excluded.end());
  std::vector<uint32_t> drawn;
  const size_t free = n_items - excluded.size();
  if (free <= size_t{2} * n) {  // too few for drawing until one fits
    for (uint32_t item = 0; item < n_items; ++item)
      if (!std::binary_search(excluded.begin(), excluded.end(), item)) drawn.push_back(item);
    random.shuffle(std::span(drawn));
    drawn.resize(std::min<size_t>(n, drawn.size()));
    return drawn;
  }
  while (drawn.size() < n) {
    const auto item = static_cast<uint32_t>(random.below(n_items));
    if (std::binary_search(excluded.begin(), excluded.end(), item)) continue;
    if (std::find(drawn.begin(), drawn.end(), item) == drawn.end()) drawn.push_back(item);
  }
  return drawn;
}

// Temporal and leave-one-out: the end of every history is what is to be found.
Result<Split> last_items_split(const Dataset& data, const SplitOptions& options) {
  const bool temporal = options.protocol == Protocol::kTemporal;
  const bool on_test = options.measure_on == MeasureOn::kTest;
  if (temporal && !data.has_timestamps)
    return lacks(data.name + ": the temporal protocol needs timestamps");
  const uint32_t min_history = std::max(options.min_history, on_test ? 2u : 3u);
  Histories positives = positive_histories(data, options.positive_from);
  const auto users = eligible_users(positives, min_history);
  if (users.empty()) return too_few_users(data, options, min_history);
  if (!data.has_timestamps) draw_last_items(positives, options.seed);

  const auto held_out = [&](size_t n) { return temporal ? target_count(n) : 1; };
  Histories train, targets;
  for (const uint32_t user : users) {
    auto history = positives[user];
    if (!on_test) history = history.first(history.size() - held_out(history.size()));
    const size_t n_train = history.size() - held_out(history.size());
    train.add(history.first(n_train));
    targets.add(history.subspan(n_train));
  }

  Split split;
  split.protocol = temporal ? "temporal" : "leave-one-out";
  split.catalogue = occurring_items({&train, &targets}, data.items.size());
  const CatalogueMap catalogue(split.catalogue, data.items.size());
  split.train = catalogue.map(train);
  split.fold_in = split.train;
  split.targets = catalogue.map(targets);
  if (temporal) return split;

  const Histories touched = positive_histories(data, 0);
  const auto n_items = static_cast<uint32_t>(split.catalogue.size());
  for (const uint32_t user : users)
    split.candidates.add(draw_untouched(catalogue.map(touched[user]), n_items, options.negatives,
                                        Random(derive_seed(options.seed, kNegativeStream, user))));
  return split;
}

}  // namespace

Result<Split> make_split(const Dataset& data, const SplitOptions& options) {
  if (!std::isfinite(options.positive_from)) return lacks("positive_from is not a number");
  if (options.max_eval_users == 0) return lacks("max_eval_users is 0");
  SOTTO_TRY(Split split, options.protocol == Protocol::kStrongGeneralization
                             ? strong_split(data, options)
                             : last_items_split(data, options));
  split.n_items = static_cast<uint32_t>(split.catalogue.size());
  limit_measured(split, options);
  if (split.train.size() == 0 || split.targets.size() == 0)
    return lacks(data.name + ": nothing is left to train on or to measure");
  return split;
}

}  // namespace sotto
