#include "server/key_files.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "temp_folder.hpp"

namespace sotto {

TEST_CASE("key files: what keygen makes is read back, each role its own") {
  const test::TempFolder folder;
  TestEntropy entropy(1);
  REQUIRE(make_key_files(folder.path("keys"), "rec.example.org", entropy).ok());
  const PinnedSite pinned = read_identities(folder.path("keys/identities.json")).value();
  CHECK(pinned.site == "rec.example.org");
  const KeyFiles leader =
      read_key_files(folder.path("keys/leader"), ServerRole::kLeader, pinned).value();
  const KeyFiles helper =
      read_key_files(folder.path("keys/helper"), ServerRole::kHelper, pinned).value();
  CHECK(leader.identity.key() == pinned.leader);
  CHECK(helper.identity.key() == pinned.helper);
  REQUIRE(leader.publisher.has_value());
  CHECK(leader.publisher->key() == pinned.publisher);
  CHECK_FALSE(helper.publisher.has_value());
  CHECK(leader.verify_seed == helper.verify_seed);
  CHECK_FALSE(std::filesystem::exists(folder.path("keys/helper/publisher.key")));

  SUBCASE("nothing is overwritten") {
    CHECK(make_key_files(folder.path("keys"), "rec.example.org", entropy).error().code ==
          ErrorCode::kInvalidArgument);
  }
  SUBCASE("another role's folder is refused") {
    CHECK(read_key_files(folder.path("keys/helper"), ServerRole::kLeader, pinned).error().code ==
          ErrorCode::kAuthentication);
  }
  SUBCASE("a file that others may read is refused, by name") {
    const std::string path = folder.path("keys/leader/identity.key");
    REQUIRE(chmod(path.c_str(), 0640) == 0);
    const auto read = read_key_files(folder.path("keys/leader"), ServerRole::kLeader, pinned);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == ErrorCode::kAuthentication);
    CHECK(read.error().message.find("identity.key") != std::string::npos);
  }
  SUBCASE("damage is refused, and never printed") {
    const std::string path = folder.path("keys/leader/verify.key");
    std::ifstream in(path);
    std::string text;
    std::getline(in, text);
    text += '\n';
    for (const std::string& damaged :
         {text.substr(0, 40), text + "x", std::string("sotto verify v2 ") + text.substr(16),
          text.substr(0, 20) + "G" + text.substr(21), std::string()}) {
      std::ofstream(path, std::ios::trunc) << damaged;
      const auto read = read_key_files(folder.path("keys/leader"), ServerRole::kLeader, pinned);
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().code == ErrorCode::kMalformed);
      CHECK(read.error().message.find(text.substr(20, 20)) == std::string::npos);
    }
  }
}

TEST_CASE("key files: secrets are for their owner alone") {
  const test::TempFolder folder;
  TestEntropy entropy(2);
  REQUIRE(make_key_files(folder.path("keys"), "a", entropy).ok());
  for (const char* name : {"keys/leader/identity.key", "keys/leader/publisher.key",
                           "keys/leader/verify.key", "keys/helper/identity.key"}) {
    struct stat status {};
    REQUIRE(stat(folder.path(name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("identities: what is no site or key is refused by name") {
  const test::TempFolder folder;
  const std::string key(64, 'a');
  const auto why = [&](const std::string& text) {
    const auto read = read_identities(folder.write("i.json", text));
    return read.ok() ? std::string() : read.error().message;
  };
  const std::string keys = R"("publisher":")" + key + R"(","leader":")" + key + R"(","helper":")";
  CHECK(why(R"({"site":"a",)" + keys + key + "\"}").empty());
  CHECK(why("[]").find("JSON object") != std::string::npos);
  CHECK(why("{").find("JSON object") != std::string::npos);
  CHECK(why(R"({"site":"a b",)" + keys + key + "\"}").find("site:") != std::string::npos);
  CHECK(why(R"({"site":"a",)" + keys + key.substr(1) + "\"}").find("helper:") != std::string::npos);
  CHECK(read_identities(folder.path("none")).error().code == ErrorCode::kNotFound);
}

}  // namespace sotto
