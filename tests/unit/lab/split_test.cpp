#include "lab/split.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "evaluation/metrics.hpp"
#include "files.hpp"
#include "lab/world.hpp"

namespace sotto {
namespace {

using Items = std::vector<uint32_t>;

Items list(std::span<const uint32_t> items) { return {items.begin(), items.end()}; }

// The original ids of a history of a split.
std::vector<std::string> ids(const Dataset& data, const Split& split,
                             std::span<const uint32_t> history) {
  std::vector<std::string> names;
  for (const uint32_t item : history) names.push_back(data.items.id(split.catalogue[item]));
  return names;
}

Dataset csv_of(std::string_view text) {
  const test::TempFolder folder;
  auto data = load_csv(folder.write("a.csv", text));
  REQUIRE(data.ok());
  return std::move(data).value();
}

Split split_of(const Dataset& data, const SplitOptions& options) {
  auto split = make_split(data, options);
  if (!split.ok()) FAIL(split.error().message);
  return std::move(split).value();
}

Dataset tiny_world() {
  auto world = make_world(*world_preset("tiny"));
  REQUIRE(world.ok());
  return std::move(world).value();
}

void check_consistent(const Split& split) {
  CHECK(split.n_items == split.catalogue.size());
  CHECK(std::is_sorted(split.catalogue.begin(), split.catalogue.end()));
  CHECK(split.fold_in.size() == split.targets.size());
  for (const Histories* part : {&split.train, &split.fold_in, &split.targets, &split.candidates})
    for (const uint32_t item : part->items) CHECK(item < split.n_items);
  for (size_t user = 0; user < split.targets.size(); ++user) {
    CHECK_FALSE(split.targets[user].empty());
    Items all = list(split.fold_in[user]);
    all.insert(all.end(), split.targets[user].begin(), split.targets[user].end());
    CHECK(std::set<uint32_t>(all.begin(), all.end()).size() == all.size());
  }
}

// Ten items a user by time, the rating of the item at time 3 too low.
constexpr const char* kTimed =
    "1,a,5,1\n1,b,5,2\n1,low,2,3\n1,c,5,9\n1,d,5,5\n1,e,4,6\n1,f,4,7\n"
    "2,f,5,10\n2,e,5,11\n2,d,5,12\n2,c,5,13\n2,b,5,14\n"
    "3,a,5,1\n3,b,5,2\n";

TEST_CASE("temporal: the last fifth by time is to be found, the earlier ones are known") {
  const Dataset data = csv_of(kTimed);
  const Split split = split_of(data, {.protocol = Protocol::kTemporal});
  check_consistent(split);
  REQUIRE(split.train.size() == 2);  // user 3 has fewer than 5 positives
  CHECK(ids(data, split, split.train[0]) == std::vector<std::string>{"a", "b", "d", "e", "f"});
  CHECK(ids(data, split, split.targets[0]) == std::vector<std::string>{"c"});
  CHECK(ids(data, split, split.fold_in[1]) == std::vector<std::string>{"f", "e", "d", "c"});
  CHECK(ids(data, split, split.targets[1]) == std::vector<std::string>{"b"});
}

TEST_CASE("validation looks at the earlier part alone, in temporal and leave-one-out") {
  const Dataset data = csv_of(kTimed);
  for (const Protocol protocol : {Protocol::kTemporal, Protocol::kLeaveOneOut}) {
    const Split split =
        split_of(data, {.protocol = protocol, .measure_on = MeasureOn::kValidation});
    check_consistent(split);
    CHECK(ids(data, split, split.train[0]) == std::vector<std::string>{"a", "b", "d", "e"});
    CHECK(ids(data, split, split.targets[0]) == std::vector<std::string>{"f"});
    CHECK(ids(data, split, split.targets[1]) == std::vector<std::string>{"c"});
  }
}

TEST_CASE("a pair that occurs twice counts once, as it was the last time") {
  const Dataset data =
      csv_of("1,a,5,1\n1,b,5,2\n1,c,5,3\n1,d,5,4\n1,e,5,5\n1,a,4,6\n1,b,1,7\n1,f,5,0\n");
  const Split split = split_of(data, {.protocol = Protocol::kTemporal});
  CHECK(ids(data, split, split.train[0]) == std::vector<std::string>{"f", "c", "d", "e"});
  CHECK(ids(data, split, split.targets[0]) == std::vector<std::string>{"a"});
}

TEST_CASE("positive_from 0 takes every rating") {
  const Dataset data = csv_of(kTimed);
  const Split split = split_of(data, {.protocol = Protocol::kTemporal, .positive_from = 0});
  CHECK(split.train[0].size() == 6);
}

TEST_CASE("leave-one-out: distinct candidates that the user never touched, by seed") {
  const Dataset data = tiny_world();
  const SplitOptions options{.protocol = Protocol::kLeaveOneOut, .negatives = 20};
  const Split split = split_of(data, options);
  check_consistent(split);
  REQUIRE(split.candidates.size() == split.targets.size());
  REQUIRE(split.targets.size() == data.user_ids.size());  // all have 5 items and more
  std::vector<std::set<uint32_t>> touched(data.user_ids.size());
  for (const Interaction& row : data.interactions) touched[row.user].insert(row.item);
  for (size_t user = 0; user < split.targets.size(); ++user) {
    CHECK(split.targets[user].size() == 1);
    const Items candidates = list(split.candidates[user]);
    CHECK(candidates.size() == 20);
    CHECK(std::set<uint32_t>(candidates.begin(), candidates.end()).size() == 20);
    for (const uint32_t item : candidates)
      CHECK_FALSE(touched[user].contains(split.catalogue[item]));
  }
  CHECK(split_of(data, options).candidates.items == split.candidates.items);
  SplitOptions other = options;
  other.seed = 5;
  CHECK(split_of(data, other).candidates.items != split.candidates.items);
  CHECK(split_of(data, other).targets.items == split.targets.items);
}

TEST_CASE("leave-one-out without times draws the last item; validation draws the one before") {
  Dataset data = tiny_world();
  data.has_timestamps = false;
  const Split test = split_of(data, {.protocol = Protocol::kLeaveOneOut});
  const Split validation =
      split_of(data, {.protocol = Protocol::kLeaveOneOut, .measure_on = MeasureOn::kValidation});
  check_consistent(test);
  size_t last_in_file = 0;
  for (size_t user = 0; user < test.targets.size(); ++user) {
    CHECK(test.train[user].size() == validation.train[user].size() + 1);
    const uint32_t target = test.catalogue[test.targets[user][0]];
    for (const uint32_t item : validation.train[user]) CHECK(validation.catalogue[item] != target);
    CHECK(validation.catalogue[validation.targets[user][0]] != target);
    const auto next = std::find_if(data.interactions.begin(), data.interactions.end(),
                                   [&](const Interaction& row) { return row.user == user + 1; });
    last_in_file += (next - 1)->item == target;
  }
  CHECK(last_in_file < test.targets.size() / 4);
}

TEST_CASE("strong generalisation: a tenth of the users is measured and nobody of them trains") {
  const Dataset data = tiny_world();
  const Split test = split_of(data, {});
  const Split validation = split_of(data, {.measure_on = MeasureOn::kValidation});
  check_consistent(test);
  check_consistent(validation);
  CHECK(test.train.size() == 180);
  CHECK(test.targets.size() <= 20);
  CHECK(test.targets.size() >= 18);
  CHECK(validation.train.size() == 160);
  CHECK(test.targets.items != validation.targets.items);
  for (size_t user = 0; user < test.targets.size(); ++user) {
    const size_t n = test.fold_in[user].size() + test.targets[user].size();
    CHECK(test.targets[user].size() <= std::max<size_t>(1, (n + 2) / 5));
  }
  std::set<uint32_t> trained(test.train.items.begin(), test.train.items.end());
  CHECK(trained.size() == test.n_items);
  CHECK(split_of(data, {}).targets.items == test.targets.items);
  CHECK(split_of(data, {.seed = 3}).targets.items != test.targets.items);
}

TEST_CASE("at most max_eval_users are measured, the same ones for the same seed") {
  const Dataset data = tiny_world();
  const SplitOptions options{.protocol = Protocol::kLeaveOneOut, .max_eval_users = 30};
  const Split split = split_of(data, options);
  CHECK(split.targets.size() == 30);
  CHECK(split.fold_in.size() == 30);
  CHECK(split.candidates.size() == 30);
  CHECK(split.train.size() == 200);
  CHECK(split_of(data, options).targets.items == split.targets.items);
}

TEST_CASE("what the data lacks is named") {
  const auto message = [](const Dataset& data, const SplitOptions& options) {
    const auto split = make_split(data, options);
    REQUIRE_FALSE(split.ok());
    CHECK(split.error().code == ErrorCode::kInvalidArgument);
    return split.error().message;
  };
  const Dataset untimed = csv_of("1,a\n1,b\n2,a\n");
  CHECK(message(untimed, {.protocol = Protocol::kTemporal}).find("timestamps") !=
        std::string::npos);
  CHECK(message(untimed, {.protocol = Protocol::kLeaveOneOut}).find("5 positives") !=
        std::string::npos);
  CHECK(message(csv_of("1,a,1\n1,b,3\n"), {}).find("--positive-from") != std::string::npos);
  CHECK(message(untimed, {.positive_from = std::nan("")}).find("positive_from") !=
        std::string::npos);
}

TEST_CASE("the fixed split beside the data is followed") {
  const test::TempFolder folder;
  folder.write("strong.csv",
               "user,item,role,part\n1,a,train,\n1,b,train,\n2,a,validation,fold-in\n"
               "2,c,validation,unused\n2,b,validation,target\n3,b,test,fold-in\n3,a,test,target\n"
               "3,c,test,target\n3,d,test,unused\n");
  const std::string path =
      folder.write("ratings.csv", "1,a\n1,b\n2,a\n2,b\n2,c\n3,a\n3,b\n3,c\n3,d\n");
  const auto data = load_csv(path);
  REQUIRE(data.ok());
  const Split test = split_of(*data, {});
  CHECK(test.train.size() == 2);
  CHECK(ids(*data, test, test.train[1]) == std::vector<std::string>{"a", "c", "b"});
  CHECK(ids(*data, test, test.fold_in[0]) == std::vector<std::string>{"b"});
  CHECK(ids(*data, test, test.targets[0]) == std::vector<std::string>{"a", "c"});
  const Split validation = split_of(*data, {.measure_on = MeasureOn::kValidation});
  CHECK(validation.train.size() == 1);
  CHECK(validation.n_items == 2);
  CHECK(ids(*data, validation, validation.targets[0]) == std::vector<std::string>{"b"});

  const auto error = [&](std::string_view row) {
    const std::string file =
        folder.write("strong.csv", "user,item,role,part\n" + std::string(row) + "\n");
    const auto split = make_split(*data, {});
    REQUIRE_FALSE(split.ok());
    return split.error().message.substr(file.size());
  };
  CHECK(error("9,a,train,") == ":2:1: the ratings have no user '9'");
  CHECK(error("1,z,train,") == ":2:2: the ratings have no item 'z'");
  CHECK(error("1,a,test,some") == ":2:3: unknown role or part: 'test', 'some'");
  CHECK(error("1,a,train") == ":2:3: not user,item,role,part");
}

// Independent of everything but loader, split and metrics, so it checks all three: popularity on
// the fixed split of ML-1M is a published number.
TEST_CASE("ML-1M: the fixed split has the published counts and popularity its published figures") {
  const std::string folder = test::real_data("ml-1m");
  if (folder.empty()) return;
  const auto data = load_dataset("movielens:" + folder);
  REQUIRE(data.ok());
  const Split split = split_of(*data, {});
  CHECK(split.train.size() == 5431);
  CHECK(split.n_items == 3521);
  CHECK(split.targets.size() == 603);
  CHECK(split.fold_in.items.size() == 46895);
  CHECK(split.targets.items.size() == 11410);

  std::vector<float> popularity(split.n_items);
  for (const uint32_t item : split.train.items) popularity[item] += 1;
  double ndcg = 0, recall = 0;
  for (size_t user = 0; user < split.targets.size(); ++user) {
    const auto ranks = rank_among_all(popularity, split.fold_in[user], split.targets[user]);
    ndcg += ndcg_at(ranks, 100);
    recall += recall_at(ranks, 20);
  }
  CHECK(std::abs(ndcg / 603 - 0.2079) < 0.00005);
  CHECK(std::abs(recall / 603 - 0.1781) < 0.00005);

  const Split validation = split_of(*data, {.measure_on = MeasureOn::kValidation});
  CHECK(validation.train.size() == 4828);
  CHECK(validation.targets.size() == 603);
}

}  // namespace
}  // namespace sotto
