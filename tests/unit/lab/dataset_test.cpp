#include "lab/dataset.hpp"

#include <doctest/doctest.h>

#include "files.hpp"

namespace sotto {
namespace {

using test::TempFolder;

Dataset csv_of(std::string_view text, const ColumnNames& columns = {}) {
  const TempFolder folder;
  auto data = load_csv(folder.write("a.csv", text), columns);
  if (!data.ok()) FAIL(data.error().message);
  return std::move(data).value();
}

std::string csv_error(std::string_view text, const ColumnNames& columns = {}) {
  const TempFolder folder;
  const auto data = load_csv(folder.write("a.csv", text), columns);
  REQUIRE_FALSE(data.ok());
  CHECK(data.error().code == ErrorCode::kMalformed);
  return data.error().message.substr(folder.path("").size());
}

std::string row_text(const Dataset& data, size_t row) {
  const Interaction& x = data.interactions[row];
  return data.user_ids[x.user] + " " + data.items.id(x.item) + " " +
         std::to_string(static_cast<int>(x.rating * 10)) + " " + std::to_string(x.timestamp);
}

TEST_CASE("CSV without a header is user,item[,rating[,timestamp]]") {
  const Dataset data = csv_of("7,10,4.5,100\n7,11,2,200\n8,10,1,300\n");
  CHECK(data.user_ids == std::vector<std::string>{"7", "8"});
  CHECK(data.items.size() == 2);
  CHECK(data.has_ratings);
  CHECK(data.has_timestamps);
  REQUIRE(data.interactions.size() == 3);
  CHECK(row_text(data, 0) == "7 10 45 100");
  CHECK(row_text(data, 2) == "8 10 10 300");

  const Dataset implicit = csv_of("anna\tbook\nbert\tlamp\n");
  CHECK_FALSE(implicit.has_ratings);
  CHECK_FALSE(implicit.has_timestamps);
  CHECK(row_text(implicit, 1) == "bert lamp 10 0");
}

TEST_CASE("a header names the columns in any order") {
  for (const char* header : {"timestamp,rating,itemId,userId", "time,score,movie_id,User ID",
                             "unixReviewTime,overall,asin,reviewerID"}) {
    const Dataset data = csv_of(std::string(header) + "\n50,3,a,x\n60,5,b,y\n");
    REQUIRE(data.interactions.size() == 2);
    CHECK(row_text(data, 0) == "x a 30 50");
  }
}

TEST_CASE("a header without known names is told by its text where numbers follow") {
  CHECK(csv_of("person,thing\n1,2\n3,4\n").interactions.size() == 2);
  CHECK(csv_of("person,thing,grade\nann,2,3\nbob,4,5\n").interactions.size() == 2);
  CHECK(csv_of("ann,lamp,3\nbob,rug,5\n").interactions.size() == 2);
  CHECK(csv_of("ann,book,3\nbob,user,5\n").interactions.size() == 2);  // data, not names
}

TEST_CASE("columns can be named") {
  const Dataset data = csv_of("who,what,when,userId\nx,a,9,1\ny,b,8,1\n",
                              {.user = "who", .item = "what", .rating = {}, .timestamp = "when"});
  CHECK(row_text(data, 1) == "y b 10 8");
  CHECK(csv_error("a,b\n1,2\n", {.user = "c", .item = {}, .rating = {}, .timestamp = {}}) ==
        "/a.csv:1:1: there is no column 'c'; the columns are 'a', 'b'");
  CHECK(csv_error("userId,thing\n1,2\n").find("no column is known to hold the item") !=
        std::string::npos);
}

TEST_CASE("bad rows are errors with line and column") {
  CHECK(csv_error("1,2,3\n1,3,abc\n") == "/a.csv:2:3: rating is not a number: 'abc'");
  CHECK(csv_error("1,2,abc\n1,3,4\n") == "/a.csv:1:3: rating is not a number: 'abc'");
  CHECK(csv_error("1,2,3,4\n1,3,3,soon\n") == "/a.csv:2:4: timestamp is not a number: 'soon'");
  CHECK(csv_error("1,2,3\n1,2\n") == "/a.csv:2:2: the row has 2 fields, 3 are needed");
  CHECK(csv_error("1,2\n,2\n") == "/a.csv:2:1: the user's id is empty");
  CHECK(csv_error("1,2\n1,\n") == "/a.csv:2:2: the item's id is empty");
  CHECK(csv_error("1,2\n1,\xFFz\n") == "/a.csv:2:2: the item's id is not UTF-8");
  CHECK(csv_error("1,2,3\n1,2,1e60\n") == "/a.csv:2:3: rating is out of range");
  CHECK(csv_error("1,2\n" + std::string(300, 'u') + ",2\n") ==
        "/a.csv:2:1: the user's id is longer than 256 bytes");
  CHECK(csv_error("") == "/a.csv:1:1: the file holds no interactions");
  CHECK(csv_error("user,item\n") == "/a.csv:1:1: the file holds no interactions");
}

TEST_CASE("ids that look like numbers stay different ids") {
  const Dataset data = csv_of("1,1\n01,1\n1,01\n12345678901,1\n");
  CHECK(data.user_ids == std::vector<std::string>{"1", "01", "12345678901"});
  CHECK(data.items.size() == 2);
}

TEST_CASE("a rating or time that never changes counts as missing") {
  const Dataset data = csv_of("1,2,1,7\n2,3,1,7\n");
  CHECK_FALSE(data.has_ratings);
  CHECK_FALSE(data.has_timestamps);
  CHECK(data.interactions[0].timestamp == 0);
}

TEST_CASE("times in milliseconds become seconds") {
  CHECK(csv_of("1,2,3,1700000000123\n1,3,4,1700000001000\n").interactions[0].timestamp ==
        1700000000);
}

TEST_CASE("items.jsonl and users.csv beside the file are read") {
  const TempFolder folder;
  folder.write("items.jsonl",
               "{\"id\":\"b\",\"title\":\"Bee\",\"tags\":[\"x\",\"y\",\"x\"],\"year\":1999}\n\n"
               "{\"id\":\"c\"}\n");
  folder.write("users.csv", "user,group\n2,old\n1,new\n");
  const auto data = load_csv(folder.write("interactions.csv", "user,item\n1,a\n3,b\n"));
  REQUIRE(data.ok());
  CHECK(data->user_ids == std::vector<std::string>{"2", "1", "3"});
  CHECK(data->user_groups == std::vector<std::string>{"old", "new", ""});
  CHECK(data->items.id(0) == "b");
  CHECK(data->items.id(2) == "a");
  REQUIRE(data->item_info.size() == 3);
  CHECK(data->item_info[0].title == "Bee");
  CHECK(data->item_info[0].features.tags == std::vector<uint32_t>{0, 1});
  CHECK(data->item_info[0].features.year == 1999);
  CHECK(data->tag_names == std::vector<std::string>{"x", "y"});
  CHECK(data->content(std::vector<uint32_t>{2, 0}).rows() == 2);
}

TEST_CASE("bad items.jsonl is an error with line and column") {
  const TempFolder folder;
  const std::string path = folder.write("a.csv", "1,2\n2,3\n");
  const auto message = [&](std::string_view items) {
    folder.write("items.jsonl", items);
    const auto data = load_csv(path);
    REQUIRE_FALSE(data.ok());
    return data.error().message.substr(folder.path("items.jsonl").size());
  };
  CHECK(message("{\"id\":\"a\"}\n[1]\n") == ":2:1: not a JSON object");
  CHECK(message("{\"id\":\"a\"}\n{\"id\": }\n").starts_with(":2:8: not JSON"));
  CHECK(message("{\"id\":\"a\"} x\n").starts_with(":1:12: not JSON"));
  CHECK(message("{\"id\":\"a\"\n").find("not JSON") != std::string::npos);
  CHECK(message("{\"title\":\"a\"}\n") == ":1:1: \"id\" is missing");
  CHECK(message("{\"id\":1.5}\n") == ":1:2: \"id\" is neither a string nor a whole number");
  CHECK(message("{\"id\":1}\n{\"id\":\"1\"}\n") == ":2:2: \"id\" occurs twice");
  CHECK(message("{\"id\":1,\"tags\":[2]}\n") ==
        ":1:9: \"tags\" holds something that is not a string");
  CHECK(message("{\"id\":1,\"year\":1e9}\n") == ":1:9: \"year\" is not a year");
}

TEST_CASE("events become interactions, without impressions and dislikes") {
  const TempFolder folder;
  const auto data = load_events_jsonl(folder.write(
      "e.jsonl",
      "{\"user\":\"u\",\"item\":\"a\",\"type\":\"click\",\"timestamp\":1700000000123}\n"
      "{\"user\":\"u\",\"item\":\"b\",\"type\":\"impression\",\"timestamp\":1700000000124}\n"
      "{\"user\":7,\"item\":\"a\",\"type\":\"rating\",\"value\":4,\"timestamp\":1700000001000}\n"));
  REQUIRE(data.ok());
  REQUIRE(data->interactions.size() == 2);
  CHECK(row_text(*data, 0) == "u a 40 1700000000");
  CHECK(row_text(*data, 1) == "7 a 40 1700000001");
  CHECK(data->has_ratings);
  CHECK(data->has_timestamps);

  const auto bad = load_events_jsonl(folder.write("e.jsonl", "{\"user\":\"u\"}\n"));
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().message == folder.path("e.jsonl") + ":1:1: \"item\" is missing");
}

TEST_CASE("what write_dataset writes, load_dataset reads") {
  const TempFolder folder;
  folder.write("items.jsonl",
               "{\"id\":\"a,b\",\"title\":\"Quote \\\" and \\u00e9\",\"tags\":[\"t\"]}\n");
  folder.write("users.csv", "user,group\n\"x \"\"y\"\"\",g\n");
  const auto data = load_csv(
      folder.write("in.csv", "user,item,rating,time\n\"x \"\"y\"\"\",\"a,b\",0.1,5\nz,c,4,6\n"));
  REQUIRE(data.ok());
  REQUIRE(write_dataset(*data, folder.path("out/deep")).ok());
  const auto again = load_dataset("world:" + folder.path("out/deep"));
  REQUIRE(again.ok());
  CHECK(again->name == "deep");
  CHECK(again->user_ids == data->user_ids);
  CHECK(again->user_groups == data->user_groups);
  CHECK(again->items.id(0) == "a,b");
  CHECK(again->item_info[0].title == "Quote \" and \xC3\xA9");
  REQUIRE(again->interactions.size() == 2);
  CHECK(again->interactions[0].rating == 0.1F);
  for (size_t row = 0; row < 2; ++row) CHECK(row_text(*again, row) == row_text(*data, row));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path("out/deep")))
    CHECK(entry.path().extension() != ".tmp");
}

TEST_CASE("a data set that cannot be written is an error and leaves nothing behind") {
  const TempFolder folder;
  const std::string file = folder.write("file", "x");
  const auto data = load_csv(folder.write("in.csv", "1,2\n2,3\n"));
  const Status written = write_dataset(*data, file + "/out");
  CHECK(written.error().code == ErrorCode::kIo);
  CHECK(written.error().message.find("file") != std::string::npos);
}

TEST_CASE("sources that do not exist are named, with what there is") {
  CHECK(load_dataset("ml-1m").error().code == ErrorCode::kInvalidArgument);
  CHECK(load_dataset("csv:/nowhere/a.csv").error().code == ErrorCode::kNotFound);
  CHECK(load_dataset("movielens:/nowhere").error().code == ErrorCode::kNotFound);
  const auto world = load_dataset("world:nowhere");
  REQUIRE_FALSE(world.ok());
  CHECK(world.error().code == ErrorCode::kNotFound);
  CHECK(world.error().message.find("sparse") != std::string::npos);
}

}  // namespace
}  // namespace sotto
