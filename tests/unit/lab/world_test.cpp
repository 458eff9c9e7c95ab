#include "lab/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "files.hpp"
#include "lab/alias_table.hpp"

namespace sotto {
namespace {

bool equal(const Interaction& a, const Interaction& b) {
  return a.user == b.user && a.item == b.item && a.rating == b.rating && a.timestamp == b.timestamp;
}

Dataset world_of(const WorldOptions& options) {
  auto world = make_world(options);
  if (!world.ok()) FAIL(world.error().message);
  return std::move(world).value();
}

TEST_CASE("a world in memory and one on disk are the same world") {
  const test::TempFolder folder;
  const WorldOptions options = *world_preset("tiny");
  const Dataset made = world_of(options);
  const auto written = write_world(options, folder.path("w"));
  REQUIRE(written.ok());
  CHECK(*written == made.interactions.size());
  for (const char* source : {"w", "w/interactions.csv", "w/world.json"}) {
    const auto read = load_dataset("world:" + folder.path(source));
    REQUIRE(read.ok());
    CHECK(read->name == "w");
    CHECK(read->user_ids == made.user_ids);
    CHECK(read->user_groups == made.user_groups);
    CHECK(std::equal(read->interactions.begin(), read->interactions.end(),
                     made.interactions.begin(), made.interactions.end(), equal));
    REQUIRE(read->items.size() == made.items.size());
    for (uint32_t item = 0; item < made.items.size(); ++item) {
      CHECK(read->items.id(item) == made.items.id(item));
      CHECK(read->item_info[item].title == made.item_info[item].title);
      CHECK(read->item_info[item].features.year == made.item_info[item].features.year);
      const auto& tags = made.item_info[item].features.tags;
      const auto& read_tags = read->item_info[item].features.tags;
      REQUIRE(read_tags.size() == tags.size());
      for (size_t i = 0; i < tags.size(); ++i)
        CHECK(read->tag_names[read_tags[i]] == made.tag_names[tags[i]]);
    }
  }
  CHECK(load_dataset("world:tiny", 1)->interactions.size() == made.interactions.size());
}

TEST_CASE("the same seed makes the same world, another seed another one") {
  WorldOptions options = *world_preset("tiny");
  const Dataset first = world_of(options);
  CHECK(std::equal(first.interactions.begin(), first.interactions.end(),
                   world_of(options).interactions.begin(), equal));
  options.seed = 2;
  const Dataset other = world_of(options);
  CHECK_FALSE(std::equal(first.interactions.begin(), first.interactions.end(),
                         other.interactions.begin(), other.interactions.end(), equal));
}

TEST_CASE("a user is the same in a smaller world of the same seed") {
  WorldOptions options = *world_preset("tiny");
  const Dataset large = world_of(options);
  options.users = 20;
  const Dataset small = world_of(options);
  CHECK(std::equal(small.interactions.begin(), small.interactions.end(), large.interactions.begin(),
                   equal));
}

TEST_CASE("nobody touches an item twice, times do not run backwards, items arrive first") {
  const Dataset world = world_of(*world_preset("demo"));
  std::vector<std::set<uint32_t>> touched(world.user_ids.size());
  std::vector<int64_t> last(world.user_ids.size());
  for (const Interaction& row : world.interactions) {
    CHECK(touched[row.user].insert(row.item).second);
    CHECK(row.timestamp >= last[row.user]);
    last[row.user] = row.timestamp;
  }
  CHECK(std::none_of(touched.begin(), touched.end(), [](auto& items) { return items.empty(); }));
  std::set<std::string> titles;
  for (const ItemInfo& info : world.item_info) CHECK(titles.insert(info.title).second);
}

TEST_CASE("histories have the asked mean length and popularity has a long tail") {
  const Dataset world = world_of(*world_preset("demo"));
  const auto n = static_cast<double>(world.interactions.size());
  CHECK(n / 2000 == doctest::Approx(40).epsilon(0.05));
  std::vector<double> counts(world.items.size());
  for (const Interaction& row : world.interactions) counts[row.item] += 1;
  std::sort(counts.rbegin(), counts.rend());
  const double head = std::accumulate(counts.begin(), counts.begin() + 120, 0.0);
  CHECK(head / n > 0.3);
  CHECK(head / n < 0.7);
}

// The mean over users of the largest share that one topic has in their history.
double concentration(const Dataset& world) {
  std::map<uint32_t, std::map<uint32_t, double>> topics;
  std::map<uint32_t, double> total;
  for (const Interaction& row : world.interactions) {
    topics[row.user][world.item_info[row.item].features.tags[0]] += 1;
    total[row.user] += 1;
  }
  double sum = 0;
  for (const auto& [user, counts] : topics) {
    double most = 0;
    for (const auto& [topic, count] : counts) most = std::max(most, count);
    sum += most / total[user];
  }
  return sum / static_cast<double>(topics.size());
}

TEST_CASE("focus concentrates a user's interests") {
  WorldOptions options = *world_preset("tiny");
  options.items = 600;
  options.topics = 12;
  const double focused = concentration(world_of(options));
  options.focus = 0;
  CHECK(focused > concentration(world_of(options)) + 0.15);
}

TEST_CASE("groups like different topics") {
  const Dataset world = world_of(*world_preset("demo"));
  std::map<std::string, std::vector<double>> shares;
  std::map<std::string, double> total;
  for (const Interaction& row : world.interactions) {
    const std::string& group = world.user_groups[row.user];
    auto& share = shares[group];
    share.resize(world.tag_names.size());
    share[world.item_info[row.item].features.tags[0]] += 1;
    total[group] += 1;
  }
  REQUIRE(shares.size() == 4);
  double distance = 0;  // total variation between the first two groups
  for (size_t topic = 0; topic < 16; ++topic)
    distance += std::abs(shares["group-1"][topic] / total["group-1"] -
                         shares["group-2"][topic] / total["group-2"]) /
                2;
  CHECK(distance > 0.1);
}

TEST_CASE("extreme but valid worlds are made") {
  for (const WorldOptions& options :
       {WorldOptions{.users = 3, .items = 1, .topics = 1, .groups = 1, .days = 1},
        WorldOptions{.users = 5, .items = 5, .topics = 5, .mean_history = 100, .focus = 20},
        WorldOptions{.users = 5, .items = 40, .topics = 1, .popularity = 0, .noise = 1},
        WorldOptions{.users = 5, .items = 40, .drift = 1, .noise = 0, .groups = 50}}) {
    const Dataset world = world_of(options);
    CHECK(world.user_ids.size() == options.users);
    CHECK_FALSE(world.interactions.empty());
  }
}

TEST_CASE("impossible worlds are errors that name the option") {
  const auto message = [](const WorldOptions& options) {
    const auto world = make_world(options);
    REQUIRE_FALSE(world.ok());
    CHECK(world.error().code == ErrorCode::kInvalidArgument);
    return world.error().message;
  };
  CHECK(message({.users = 0}).find("users") != std::string::npos);
  CHECK(message({.items = 3, .topics = 4}).find("topics") != std::string::npos);
  CHECK(message({.mean_history = -1}).find("mean-history") != std::string::npos);
  CHECK(message({.noise = std::nan("")}).find("noise") != std::string::npos);
  CHECK(world_preset("huge").error().message.find("million") != std::string::npos);
}

TEST_CASE("progress ends at 1 and never falls") {
  WorldOptions options = *world_preset("tiny");
  options.users = 3000;
  double last = 0;
  CHECK(make_world(options, [&](double done) {
          CHECK(done >= last);
          last = done;
        }).ok());
  CHECK(last == 1);
}

// Chi-square with 3 degrees of freedom; a false alarm has a chance of 1e-6 (and the seed is fixed).
TEST_CASE("an alias table draws in proportion to the weights") {
  const std::vector<double> weights = {1, 0, 3, 0.5, 5.5};
  const AliasTable table(weights);
  Random random(7);
  std::vector<double> counts(weights.size());
  constexpr double kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) counts[table.draw(random)] += 1;
  CHECK(counts[1] == 0);
  double chi_square = 0;
  for (const size_t i : {0u, 2u, 3u, 4u}) {
    const double expected = kDraws * weights[i] / 10;
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  CHECK(chi_square < 30.7);
}

}  // namespace
}  // namespace sotto
