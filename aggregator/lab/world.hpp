// A seeded synthetic world: items with topics, styles, titles and tags, long-tailed popularity;
// users with tastes that drift, sessions, demographic groups. Made user by user, each from a seed
// of its own, so that a million of them stream to disk in bounded memory (the items plus one user).
//
// How an interaction comes about: an item belongs to a topic (a quarter of them to two) and has one
// of kStyles styles that are common to all topics. A user has interests, exp(focus/2 n) a topic,
// and tastes, exp(focus/4 n) a style, with n standard normal; the group moves the topics' n by a
// constant of its own. From session to session the interests move by `drift` towards newly drawn
// ones. Each interaction draws a topic by interest, a style by taste times what the topic has of
// it, and an item by popularity within both (Zipf within the topic); with probability `noise` an
// item by popularity alone. Items that have not arrived yet or were touched already are drawn
// again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "lab/dataset.hpp"

namespace sotto {

struct WorldOptions {
  uint32_t users = 2000;
  uint32_t items = 1200;
  uint32_t topics = 16;
  double mean_history = 40;  ///< Interactions a user; lengths are log-normal around it.
  double popularity = 0.9;   ///< Zipf exponent of the items within a topic.
  double focus = 6;          ///< How concentrated a user's interests are; 0: everybody alike.
  double drift = 0.15;       ///< Share of a user's interests that moves from session to session.
  double noise = 0.15;       ///< Share of interactions that follow popularity alone.
  uint32_t groups = 4;       ///< Demographic groups with somewhat different tastes.
  uint32_t days = 90;        ///< Span of time; a tenth of the items arrive during it.
  uint64_t seed = 1;
};

inline constexpr uint32_t kStyles = 8;

/// Named worlds: "demo" (2,000 x 1,200), "sparse" (40,000 users x 20,000 items, 15 items each),
/// "million" (1,000,000 x 20,000, 20 each), "tiny" (200 x 150, for tests).
/// Errors: kNotFound lists the presets.
Result<WorldOptions> world_preset(const std::string& name);

/// Called now and then with the fraction done.
using Progress = std::function<void(double)>;

/// The names of the presets, for help texts.
std::string world_preset_names();

/// In memory. Its interactions are those that write_world writes, with the same numbers for users
/// and items. Errors: kInvalidArgument names the option.
Result<Dataset> make_world(const WorldOptions& options, const Progress& progress = {});

/// Streams to DIR/{interactions.csv, items.jsonl, users.csv, world.json}, each complete or not
/// there. Returns the number of interactions. Errors: kInvalidArgument names the option; kIo.
Result<uint64_t> write_world(const WorldOptions& options, const std::string& directory,
                             const Progress& progress = {});

}  // namespace sotto
