#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "publishing/site.hpp"

namespace sotto {
namespace {

namespace fs = std::filesystem;

// An items.jsonl that is removed at the end of its scope.
class ItemsFile {
 public:
  explicit ItemsFile(const std::string& text) {
    static int count = 0;
    path_ = (fs::temp_directory_path() /
             ("sotto_items_" + std::to_string(getpid()) + "_" + std::to_string(++count) + ".jsonl"))
                .string();
    std::ofstream(path_, std::ios::binary) << text;
  }
  ItemsFile(const ItemsFile&) = delete;
  ItemsFile& operator=(const ItemsFile&) = delete;
  ~ItemsFile() { fs::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr const char* kThree =
    "{\"id\":\"a\",\"title\":\"A\",\"tags\":[\"sun\",\"sea\"],\"year\":1990}\n"
    "{\"id\":\"b\",\"tags\":[\"sea\"],\"year\":2001}\n"
    "{\"id\":\"c\",\"tags\":[]}\n";

TEST_CASE("content of a file: rows in its order, tags for devices, vectors for training") {
  const ItemsFile file(kThree);
  const auto site = load_site_content(file.path(), std::nullopt);
  REQUIRE(site.ok());
  CHECK(site->items.size() == 3);
  CHECK(site->items.find("b") == 1U);
  CHECK(site->catalogue.tag_names == std::vector<std::string>{"sun", "sea"});
  CHECK(site->catalogue.items[0].tags == std::vector<uint32_t>{0, 1});
  CHECK(site->catalogue.items[2].tags.empty());
  CHECK(site->catalogue.item_index_version == site->items.version());
  CHECK(write_catalogue(site->catalogue).ok());
  CHECK(site->content.rows() == 3);
  CHECK(site->content.cols() == 1 + 2 + static_cast<Eigen::Index>(kYearBins));
  CHECK((site->content.col(0).array() == 1).all());
}

TEST_CASE("a later file appends: new ids get new rows, missing ones stay as tombstones") {
  const ItemsFile first(kThree);
  const SiteContent before = load_site_content(first.path(), std::nullopt).value();
  const ItemsFile second(
      "{\"id\":\"d\",\"tags\":[\"sky\"]}\n{\"id\":\"c\"}\n{\"id\":\"a\",\"tags\":[\"sun\"]}\n");
  const SiteContent site = load_site_content(second.path(), before.items).value();
  CHECK(site.items.size() == 4);
  CHECK(site.items.find("a") == 0U);
  CHECK_FALSE(site.items.find("b").has_value());
  CHECK(site.items.id(1) == "b");
  CHECK(site.items.find("d") == 3U);
  CHECK(site.items.version() > before.items.version());
  CHECK(site.catalogue.items[1].tags.empty());
  CHECK(site.content(1, 0) == 1);
  CHECK(site.content.row(1).tail(site.content.cols() - 1).isZero(0));

  const SiteContent again = load_site_content(first.path(), site.items).value();
  CHECK(again.items.find("b") == 1U);
  CHECK_FALSE(again.items.find("d").has_value());
  const SiteContent same = load_site_content(first.path(), again.items).value();
  CHECK(same.items.version() == again.items.version());
}

TEST_CASE("content vectors have columns for the most frequent tags, devices get all") {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "{\"id\":\"" + std::to_string(i) + "\",\"tags\":[\"t" + std::to_string(i) + "\"" +
            (i > 0 ? ",\"often\"" : "") + "]}\n";
  const ItemsFile file(text);
  const SiteContent site = load_site_content(file.path(), std::nullopt).value();
  CHECK(site.catalogue.tag_names.size() == 301);
  CHECK(site.content.cols() == 1 + static_cast<Eigen::Index>(SiteContent::kContentTags));
}

TEST_CASE("without tags and years nothing is known") {
  const ItemsFile file("{\"id\":\"a\",\"title\":\"A\"}\n{\"id\":2}\n");
  const SiteContent site = load_site_content(file.path(), std::nullopt).value();
  CHECK(site.content.rows() == 2);
  CHECK(site.content.cols() == 0);
}

TEST_CASE("files that are none are refused, with the place or the item") {
  const auto refused = [](const std::string& text) {
    const ItemsFile file(text);
    const auto site = load_site_content(file.path(), std::nullopt);
    REQUIRE_FALSE(site.ok());
    return site.error();
  };
  CHECK(refused("").code == ErrorCode::kMalformed);
  CHECK(refused("{\"id\":\"a\"}\n{\"id\":\"a\"}\n").message.find(":2:") != std::string::npos);
  CHECK(refused("{\"id\":\"a\",\"tags\":[\"\"]}\n").code == ErrorCode::kInvalidArgument);
  std::string many = "{\"id\":\"busy\",\"tags\":[\"0\"";
  for (int tag = 1; tag < 65; ++tag) many += ",\"" + std::to_string(tag) + "\"";
  CHECK(refused(many + "]}\n").message.find("busy") != std::string::npos);
  CHECK(load_site_content("/nowhere/items.jsonl", std::nullopt).error().code ==
        ErrorCode::kNotFound);
}

TEST_CASE("stored content is read as it was, and in no other form") {
  const ItemsFile file(kThree);
  const SiteContent site = load_site_content(file.path(), std::nullopt).value();
  const Bytes bytes = encode_content(site);
  const auto back = decode_content(bytes);
  REQUIRE(back.ok());
  CHECK(encode_content(*back) == bytes);
  CHECK(back->content == site.content);
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(decode_content(std::span(bytes).first(length)).ok());
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK(decode_content(longer).error().code == ErrorCode::kMalformed);
  Bytes newer = bytes;
  ++newer[std::string_view("sotto content").size()];
  CHECK(decode_content(newer).error().code == ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace sotto
