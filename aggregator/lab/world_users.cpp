#include "lab/world_users.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

namespace sotto {
namespace {

constexpr int64_t kSecondsADay = 86400;
constexpr int64_t kEpoch = 1704067200;                                     // 2024-01-01, 00:00 UTC
constexpr uint64_t kUserSeed = 0x7573657273, kGroupSeed = 0x67726F757073;  // "users", "groups"
constexpr double kHistorySpread = 0.6;  // of the log-normal lengths
constexpr double kGroupTaste = 0.5;     // of a group's taste against one user's own
constexpr double kSessionLength = 6;    // interactions, mean
constexpr double kShortest = 5;         // interactions of a user, or the mean if that is less
constexpr uint32_t kNobody = std::numeric_limits<uint32_t>::max();

// An index with probability in proportion to its weight; the weights are few.
uint32_t draw_weighted(std::span<const double> weights, double total, Random& random) {
  double left = random.uniform() * total;
  for (uint32_t i = 0; i + 1 < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) return i;
  }
  return static_cast<uint32_t>(weights.size() - 1);
}

std::vector<double> group_sizes(uint32_t groups) {
  std::vector<double> sizes;
  for (uint32_t group = 0; group < groups; ++group) sizes.push_back(1.0 / (1 + 0.5 * group));
  return sizes;
}

}  // namespace

std::string world_user_id(uint32_t user) {
  return std::string("u").append(std::to_string(user + 1));
}

std::string world_group_name(uint32_t group) {
  return std::string("group-").append(std::to_string(group + 1));
}

WorldUsers::WorldUsers(const WorldOptions& options, const WorldItems& items)
    : options_(options),
      items_(items),
      groups_(group_sizes(options.groups)),
      touched_by_(items.info.size(), kNobody) {
  Random random(derive_seed(options.seed, kGroupSeed));
  for (size_t i = 0; i < size_t{options.groups} * options.topics; ++i)
    group_tastes_.push_back(random.normal());
}

std::vector<double> WorldUsers::draw_interests(uint32_t group, Random& random) const {
  std::vector<double> interests(options_.topics);
  double total = 0;
  for (uint32_t topic = 0; topic < options_.topics; ++topic) {
    const double shared = group_tastes_[size_t{group} * options_.topics + topic];
    const double own = random.normal() + kGroupTaste * shared;
    interests[topic] = items_.topic_mass[topic] * std::exp(options_.focus / 2 * own);
    total += interests[topic];
  }
  for (double& interest : interests) interest /= total;
  return interests;
}

const WorldUsers::User& WorldUsers::make(uint32_t user) {
  Random random(derive_seed(options_.seed, kUserSeed, user));
  user_.group = groups_.draw(random);
  user_.interactions.clear();
  interests_ = draw_interests(user_.group, random);
  tastes_.resize(kStyles);
  for (double& taste : tastes_) taste = std::exp(options_.focus / 4 * random.normal());

  const double log_mean = std::log(options_.mean_history) - kHistorySpread * kHistorySpread / 2;
  const double drawn = std::exp(log_mean + kHistorySpread * random.normal());
  const double shortest = std::min(kShortest, options_.mean_history);
  const size_t longest = std::max<size_t>(1, items_.info.size() / 2);
  const size_t length =
      std::min(longest, static_cast<size_t>(std::lround(std::max(shortest, drawn))));

  // Sessions lie between the user's first day and the end.
  const auto n_sessions =
      static_cast<size_t>(std::ceil(static_cast<double>(length) / kSessionLength));
  const double span = static_cast<double>(options_.days) * kSecondsADay;
  const double first = 0.8 * span * random.uniform();
  std::vector<int64_t> starts(n_sessions);
  for (int64_t& start : starts)
    start = kEpoch + static_cast<int64_t>(first + (span - first) * random.uniform());
  std::sort(starts.begin(), starts.end());

  for (size_t session = 0; session < n_sessions; ++session) {
    if (session > 0 && options_.drift > 0) {
      const auto fresh = draw_interests(user_.group, random);
      for (size_t topic = 0; topic < fresh.size(); ++topic)
        interests_[topic] += options_.drift * (fresh[topic] - interests_[topic]);
    }
    const size_t left = length - user_.interactions.size();
    const size_t take = session + 1 == n_sessions
                            ? left
                            : std::min<size_t>(left, static_cast<size_t>(kSessionLength));
    make_session(user, take, starts[session], random);
  }
  return user_;
}

void WorldUsers::make_session(uint32_t user, size_t length, int64_t start, Random& random) {
  constexpr double kMeanGap = 90;  // seconds
  int64_t time = start;
  if (!user_.interactions.empty()) time = std::max(time, user_.interactions.back().timestamp + 1);
  for (size_t i = 0; i < length; ++i) {
    uint32_t item = 0;
    if (!draw_item(user, (time - kEpoch) / kSecondsADay, random, item)) continue;
    user_.interactions.push_back({.user = user, .item = item, .rating = 1, .timestamp = time});
    time += 1 + static_cast<int64_t>(kMeanGap * random.exponential());
  }
}

// False when nothing new is found in a few tries: the user has seen most of what there is.
bool WorldUsers::draw_item(uint32_t user, int64_t day, Random& random, uint32_t& item) {
  constexpr int kTries = 30;
  constexpr int kTriesByTaste = 20;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (attempt >= kTriesByTaste || random.uniform() < options_.noise) {
      item = items_.by_popularity.draw(random);
    } else {
      const uint32_t topic = draw_weighted(interests_, 1, random);
      std::array<double, kStyles> weights;
      for (uint32_t style = 0; style < kStyles; ++style)
        weights[style] = tastes_[style] * items_.cells[size_t{topic} * kStyles + style].mass;
      const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
      const uint32_t style = draw_weighted(weights, total, random);
      const WorldCell& cell = items_.cells[size_t{topic} * kStyles + style];
      if (cell.items.empty()) continue;  // rounding chose a weight of 0
      item = cell.items[cell.table.draw(random)];
    }
    if (touched_by_[item] == user || items_.arrival_day[item] > day) continue;
    touched_by_[item] = user;
    return true;
  }
  return false;
}

}  // namespace sotto
