// Readers against damaged files: they load or say where it went wrong, and never crash.
#include <doctest/doctest.h>

#include <cctype>

#include "base/random.hpp"
#include "files.hpp"
#include "lab/dataset.hpp"
#include "lab/split.hpp"

namespace sotto {
namespace {

constexpr int kRounds = 500;

// A few random edits, with bytes that mean something to the formats more often than others.
std::string damaged(std::string text, Random& random) {
  static constexpr std::string_view kBytes = ",\t:;|\"\n\r\\{}[]\0\xFF\xC3-+.eE019a ";
  for (uint64_t edits = 1 + random.below(4); edits > 0 && !text.empty(); --edits) {
    const auto at = static_cast<size_t>(random.below(text.size()));
    const char byte = kBytes[random.below(kBytes.size())];
    switch (random.below(5)) {
      case 0: text[at] = byte; break;
      case 1: text.insert(at, 1, byte); break;
      case 2: text.erase(at, 1 + random.below(6)); break;
      case 3: text.insert(at, text.substr(random.below(text.size()), random.below(30))); break;
      default: text.resize(at); break;
    }
  }
  return text;
}

// "FOLDER/FILE:LINE:COLUMN: reason"
bool names_a_line(const std::string& message, const std::string& folder) {
  if (!message.starts_with(folder + "/")) return false;
  const size_t colon = message.find(':', folder.size());
  return colon != std::string::npos && colon + 1 < message.size() &&
         std::isdigit(static_cast<unsigned char>(message[colon + 1])) != 0;
}

template <class Load>
void check_damaged(std::string_view name, const std::string& text, uint64_t seed,
                   const test::TempFolder& folder, const Load& load) {
  Random random(seed);
  int loaded = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string damage = damaged(text, random);
    folder.write(name, damage);
    const Result<Dataset> data = load();
    if (data.ok()) {
      ++loaded;
      (void)make_split(*data, {.protocol = Protocol::kLeaveOneOut, .min_history = 2}).ok();
      continue;
    }
    INFO(damage);
    CHECK_MESSAGE(names_a_line(data.error().message, folder.path()), data.error().message);
  }
  CHECK(loaded > 0);
  CHECK(loaded < kRounds);
}

TEST_CASE("damaged CSV loads or is an error with a line") {
  const test::TempFolder folder;
  check_damaged("a.csv",
                "user,item,rating,timestamp\n1,10,4.5,881250949\n2,\"a \"\"b\"\", c\",3,891717742\n"
                "1,11,2,878887116\n2,10,5,891717743\r\n",
                1, folder, [&] { return load_csv(folder.path("a.csv")); });
}

TEST_CASE("damaged events load or are an error with a line") {
  const test::TempFolder folder;
  check_damaged("e.jsonl",
                "{\"user\":\"u1\",\"item\":\"a\",\"type\":\"click\",\"timestamp\":1700000000000}\n"
                "{\"user\":2,\"item\":\"b\\u00e9\",\"type\":\"rating\",\"value\":4.5}\n"
                "{\"user\":\"u1\",\"item\":\"b\",\"session\":null}\n",
                2, folder, [&] { return load_events_jsonl(folder.path("e.jsonl")); });
}

TEST_CASE("damaged items.jsonl loads or is an error with a line") {
  const test::TempFolder folder;
  const std::string ratings = folder.write("r.csv", "1,a\n1,b\n2,a\n");
  check_damaged("items.jsonl",
                "{\"id\":\"a\",\"title\":\"One\",\"tags\":[\"x\",\"y\"],\"year\":1999,\"day\":0}\n"
                "{\"id\":\"b\",\"title\":\"Two\",\"tags\":[]}\n",
                3, folder, [&] { return load_csv(ratings); });
}

TEST_CASE("damaged MovieLens films load or are an error with a line") {
  const test::TempFolder folder;
  folder.write("ratings.csv", "1,1,5\n1,2,3\n2,1,4\n");
  check_damaged("movies.dat", "1::Toy (1995)::Comedy|Drama\n2::\xC9t\xE9 (1996)::Drama\n", 4,
                folder, [&] { return load_dataset("movielens:" + folder.path()); });
}

}  // namespace
}  // namespace sotto
