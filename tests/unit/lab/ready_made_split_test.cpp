#include <doctest/doctest.h>

#include "files.hpp"
#include "lab/split.hpp"

namespace sotto {
namespace {

std::vector<std::string> ids(const ReadyMadeSplit& made, std::span<const uint32_t> history) {
  std::vector<std::string> names;
  for (const uint32_t item : history)
    names.push_back(made.data.items.id(made.split.catalogue[item]));
  return names;
}

TEST_CASE("a ready-made split trains on one file and measures on the other") {
  const test::TempFolder folder;
  const auto made = load_ready_made(folder.write("train.csv", "1,a\n1,b\n1,b\n2,c\n"),
                                    folder.write("test.csv", "user,item\n2,d\n2,c\n3,a\n2,a\n"),
                                    folder.write("neg.csv", "2,b,e,e\n9,zz\n3,b\n"), {});
  REQUIRE(made.ok());
  const Split& split = made->split;
  CHECK(split.n_items == 5);  // a, b, c, d, e; nothing of user 9, who is not measured
  CHECK(made->data.items.id(3) == "d");
  REQUIRE(split.train.size() == 2);
  CHECK(ids(*made, split.train[0]) == std::vector<std::string>{"a", "b"});
  REQUIRE(split.targets.size() == 2);
  CHECK(ids(*made, split.fold_in[0]) == std::vector<std::string>{"c"});
  CHECK(ids(*made, split.targets[0]) == std::vector<std::string>{"d", "a"});  // c was trained on
  CHECK(ids(*made, split.candidates[0]) == std::vector<std::string>{"b", "e"});
  CHECK(split.fold_in[1].empty());
}

TEST_CASE("histories of a ready-made split are ordered by time") {
  const test::TempFolder folder;
  const auto made = load_ready_made(folder.write("train.tsv", "1\ta\t5\t9\n1\tb\t4\t8\n"),
                                    folder.write("test.tsv", "1\tc\t5\t10\n"), {}, {});
  REQUIRE(made.ok());
  CHECK(ids(*made, made->split.train[0]) == std::vector<std::string>{"b", "a"});
  CHECK(made->split.candidates.size() == 0);
}

TEST_CASE("positive_from applies to both files, unless ratings are all equal") {
  const test::TempFolder folder;
  const std::string test_path = folder.write("test.csv", "1,d,2\n2,d,5\n");
  const auto rated =
      load_ready_made(folder.write("train.csv", "1,a,5\n1,b,1\n2,a,5\n"), test_path, {}, {});
  REQUIRE(rated.ok());
  CHECK(rated->split.train.items.size() == 2);
  CHECK(rated->split.targets.size() == 1);
  SplitOptions all;
  all.positive_from = 0;
  CHECK(load_ready_made(folder.path("train.csv"), test_path, {}, all)->split.targets.size() == 2);
  const auto constant =
      load_ready_made(folder.write("train.csv", "1,a,1\n1,b,1\n2,a,1\n"), test_path, {}, {});
  REQUIRE(constant.ok());
  CHECK(constant->split.train.items.size() == 3);
  CHECK(constant->split.targets.size() == 2);
}

TEST_CASE("what is wrong with a ready-made split is said") {
  const test::TempFolder folder;
  const std::string train = folder.write("train.csv", "1,a\n2,b\n");
  const std::string test_path = folder.write("test.csv", "1,b\n2,a\n");
  const auto missing = load_ready_made(train, folder.path("none.csv"), {}, {});
  CHECK(missing.error().code == ErrorCode::kNotFound);
  const auto uncovered = load_ready_made(train, test_path, folder.write("neg.csv", "1,c,d\n"), {});
  CHECK(uncovered.error().message == folder.path("neg.csv") + ": no candidates for user '2'");
  const auto bad = load_ready_made(train, folder.write("bad.csv", "1,b,4\n2,a,x\n"), {}, {});
  CHECK(bad.error().message == folder.path("bad.csv") + ":2:3: rating is not a number: 'x'");
  const auto nothing = load_ready_made(train, folder.write("same.csv", "1,a\n"), {}, {});
  CHECK(nothing.error().code == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sotto
