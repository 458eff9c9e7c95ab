#include "vdaf/json.hpp"

#include <doctest/doctest.h>

using namespace sotto;

TEST_CASE("the reader of vector files keeps every kind of value, and numbers to the digit") {
  const auto json = Json::parse(
      " {\"a\": [1, -20, 340282366920938462946865773367900766209, 1.5e-3], \"b\":{},\n"
      "\"c\" : \"00ff\", \"d\": [true,false, null], \"e\": []} ");
  REQUIRE(json);
  CHECK(json->size() == 5);
  const Json& a = (*json)["a"];
  CHECK(a.size() == 4);
  CHECK(a[0].u64() == 1);
  CHECK(a[1].i64() == -20);
  CHECK(a[2].number_text() == "340282366920938462946865773367900766209");
  CHECK(a[3].real() == 1.5e-3);
  CHECK((*json)["b"].size() == 0);
  CHECK((*json)["c"].text() == "00ff");
  CHECK((*json)["d"][0].boolean());
  CHECK(!(*json)["d"][1].boolean());
  CHECK((*json)["d"][2].is_null());
  CHECK((*json)["e"].elements().empty());
  CHECK(json->find("f") == nullptr);
}

TEST_CASE("the reader of vector files refuses what is no JSON") {
  for (const char* text : {"",           " ",       "{",       "}",
                           "[",          "[1",      "[1,",     "[1,]",
                           "[,1]",       "[1 2]",   "{\"a\"}", "{\"a\":}",
                           "{\"a\":1,}", "{a:1}",   "{'a':1}", "{\"a\":1,\"a\":2}",
                           "01",         "-",       "1.",      ".5",
                           "1e",         "+1",      "1 1",     "nul",
                           "tru",        "True",    "NaN",     "\"",
                           "\"a",        "\"\\n\"", "\"\n\"",  "[1]x"}) {
    CAPTURE(text);
    CHECK(!Json::parse(text));
  }
  CHECK(Json::parse(std::string(63, '[') + "1" + std::string(63, ']')));
  CHECK(!Json::parse(std::string(64, '[') + "1" + std::string(64, ']')));
}
