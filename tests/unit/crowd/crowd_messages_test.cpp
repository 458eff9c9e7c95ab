// What a crowd reads that others wrote: identities, task lists, problem documents, status.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "crowd/accounting.hpp"
#include "crowd/site_client.hpp"
#include "crypto/text_encoding.hpp"
#include "hex.hpp"
#include "lab/identities_file.hpp"

namespace sotto {
namespace {

const std::string kKey(64, 'a');

std::string identities(const std::string& helper) {
  return R"({"site":"shop.example","publisher":")" + kKey + R"(","leader":")" + kKey +
         R"(","helper":)" + helper + "}";
}

TEST_CASE("hexadecimal text goes there and back, and nothing else is read") {
  const std::array<uint8_t, 3> bytes{0x00, 0x9f, 0xff};
  CHECK(to_hex(bytes) == "009fff");
  CHECK(from_hex<std::array<uint8_t, 3>>("009fff") == bytes);
  for (const char* wrong : {"", "009ff", "009fff0", "009ffg", "00 9ff"})
    CHECK_FALSE(from_hex<std::array<uint8_t, 3>>(wrong).has_value());
}

TEST_CASE("identities name what is wrong with them") {
  const auto pinned = parse_identities(identities('"' + kKey + '"'));
  REQUIRE(pinned.ok());
  CHECK(pinned->site == "shop.example");
  CHECK(pinned->helper[31] == 0xaa);
  for (const char* wrong : {"null", "17", "\"aa\"", "[]"}) {
    const auto refused = parse_identities(identities(wrong));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kMalformed);
    CHECK(refused.error().message.find("helper") != std::string::npos);
  }
  for (const char* wrong : {"", "[]", "{", R"({"site":"a b"})"})
    CHECK_FALSE(parse_identities(wrong).ok());
}

TEST_CASE("a task list gives the tasks of one model and refuses what is none") {
  const std::string one(64, '1'), two(64, '2');
  const auto ids =
      parse_task_list(R"({"tasks":[{"id":")" + one + R"(","model_sequence":3},{"id":")" + two +
                          R"(","model_sequence":4,"more":[]}]})",
                      4);
  REQUIRE(ids.ok());
  REQUIRE(ids->size() == 1);
  CHECK(to_hex(ids->front()) == two);
  CHECK(parse_task_list(R"({"tasks":[]})", 1)->empty());
  const std::string entry = R"({"tasks":[{"id":")" + two;
  const std::vector<std::string> wrongs{"[]",
                                        "{}",
                                        R"({"tasks":[7]})",
                                        R"({"tasks":[{"id":"22","model_sequence":4}]})",
                                        entry + R"("}]})",
                                        entry + R"(","model_sequence":-1}]})"};
  for (const std::string& wrong : wrongs)
    CHECK(parse_task_list(wrong, 4).error().code == ErrorCode::kMalformed);
}

TEST_CASE("a problem's code is read, and a body without one is named by its status") {
  CHECK(problem_code({.status = 410, .body = from_text(R"({"code":"EXPIRED"})")}) == "EXPIRED");
  CHECK(problem_code({.status = 502, .body = from_text("<html>")}) == "HTTP 502");
  CHECK(problem_code({.status = 500, .body = from_text(R"({"code":5})")}) == "HTTP 500");
}

TEST_CASE("the leader's status is read and its malformed members are named") {
  const std::string id(64, '7');
  const auto status =
      parse_status(R"({"role":"leader","tasks":[{"id":")" + id +
                   R"(","phase":"open","reports":5,"pending":2,"rejected":{"REJECTED":3}}]})");
  REQUIRE(status.ok());
  REQUIRE(status->size() == 1);
  CHECK(status->begin()->second.accounted() == 10);
  CHECK(status->begin()->second.phase == "open");
  const auto without = parse_status(R"({"tasks":[{"id":")" + id + R"("}]})");
  CHECK(without.error().code == ErrorCode::kMalformed);
  CHECK(without.error().message.find("reports") != std::string::npos);
  CHECK_FALSE(parse_status(R"({"tasks":{}})").ok());
}

}  // namespace
}  // namespace sotto
