#include "lab/movielens.hpp"

#include <doctest/doctest.h>

#include "files.hpp"

namespace sotto {
namespace {

std::vector<std::string> tags_of(const Dataset& data, size_t item) {
  std::vector<std::string> names;
  for (const uint32_t tag : data.item_info[item].features.tags)
    names.push_back(data.tag_names[tag]);
  return names;
}

TEST_CASE("ml-100k: tabs, genre flags, years from dates, Latin-1 titles, genders") {
  const test::TempFolder folder;
  folder.write("u.data", "5\t2\t3\t100\n4\t1\t4\t200\n");
  folder.write("u.genre", "unknown|0\nAction|1\nDrama|2\n\n");
  folder.write("u.item",
               "1|One (1990)|01-Jan-1995||http://x|1|0|0\n"
               "2|Am\xE9lie (2001)|||http://x|0|1|1\n"
               "3|Never rated (1990)|01-Jan-1990||http://x|0|1|0\n");
  folder.write("u.user", "4|20|F|writer|1\n5|30|M|other|2\n6|30|F|other|2\n");
  const auto data = load_movielens(folder.path());
  REQUIRE(data.ok());
  CHECK(data->name == "ml-100k");
  CHECK(data->user_ids == std::vector<std::string>{"5", "4"});
  CHECK(data->user_groups == std::vector<std::string>{"M", "F"});
  REQUIRE(data->item_info.size() == 2);
  CHECK(data->item_info[0].title == "Am\xC3\xA9lie (2001)");
  CHECK(data->item_info[0].features.year == 2001);
  CHECK(tags_of(*data, 0) == std::vector<std::string>{"Action", "Drama"});
  CHECK(data->item_info[1].features.year == 1995);
  CHECK(tags_of(*data, 1).empty());
  CHECK(data->has_timestamps);

  folder.write("u.item", "1|One|01-Jan-1995||http://x|1|0|2\n");
  CHECK(load_movielens(folder.path()).error().message ==
        folder.path("u.item") + ":1:8: genre flag is not 0 or 1: '2'");
}

TEST_CASE("ml-1m: '::' files, ratings.csv without a header, the fixed split beside it") {
  const test::TempFolder folder;
  folder.write("movies.dat", "1::A: B (1995)::Comedy|Drama\r\n2::C (1890s)::Drama\r\n");
  folder.write("users.dat", "1::F::1::10::48067\n");
  folder.write("ratings.csv", "1,2,5\n1,1,3\n");
  auto data = load_movielens(folder.path());
  REQUIRE(data.ok());
  CHECK(data->name == "ml-1m");
  CHECK(data->items.id(0) == "2");
  CHECK(data->item_info[1].title == "A: B (1995)");
  CHECK(data->item_info[1].features.year == 1995);
  CHECK_FALSE(data->item_info[0].features.year.has_value());
  CHECK(data->user_groups == std::vector<std::string>{"F"});
  CHECK_FALSE(data->has_timestamps);
  CHECK_FALSE(data->fixed_split_path.has_value());

  folder.write("strong.csv", "user,item,role,part\n");
  folder.write("ratings.dat", "1::2::5::978300760\n1::1::3::978302109\n");
  data = load_movielens(folder.path());
  REQUIRE(data.ok());
  CHECK(data->has_timestamps);
  CHECK(data->fixed_split_path == folder.path("strong.csv"));
}

TEST_CASE("latest: headers, quoted titles, no genres listed") {
  const test::TempFolder folder;
  folder.write("ratings.csv", "userId,movieId,rating,timestamp\n1,11,4.0,964982703\n1,3,2.5,9\n");
  folder.write("movies.csv",
               "movieId,title,genres\n"
               "11,\"American President, The (1995)\",Comedy|Drama\n"
               "3,\"Say \"\"hi\"\"\",(no genres listed)\n");
  const auto data = load_movielens(folder.path());
  REQUIRE(data.ok());
  CHECK(data->name == "ml-latest");
  CHECK(data->item_info[0].title == "American President, The (1995)");
  CHECK(data->item_info[0].features.year == 1995);
  CHECK(data->item_info[1].title == "Say \"hi\"");
  CHECK(tags_of(*data, 1).empty());
  CHECK(data->interactions[1].rating == 2.5F);

  folder.write("movies.csv", "movieId,title,genres\n11,one\n");
  CHECK(load_movielens(folder.path()).error().message ==
        folder.path("movies.csv") + ":2:2: the row has 2 fields, 3 are needed");
}

TEST_CASE("the real data sets have the published numbers of users, items and ratings") {
  struct Expected {
    const char* name;
    size_t users, items, ratings, genres;
  };
  for (const Expected& expected :
       {Expected{"ml-100k", 943, 1682, 100000, 18}, Expected{"ml-1m", 6040, 3706, 1000209, 18},
        Expected{"ml-latest-small", 610, 9724, 100836, 19}}) {
    const std::string folder = test::real_data(expected.name);
    if (folder.empty()) continue;
    const auto data = load_movielens(folder);
    REQUIRE(data.ok());
    CHECK(data->name == expected.name);
    CHECK(data->user_ids.size() == expected.users);
    CHECK(data->items.size() == expected.items);
    CHECK(data->interactions.size() == expected.ratings);
    CHECK(data->tag_names.size() == expected.genres);
    CHECK(data->item_info.size() == expected.items);
  }
}

}  // namespace
}  // namespace sotto
