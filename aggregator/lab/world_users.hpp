// The users of a synthetic world: group, tastes, sessions, and what they touched when.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "lab/dataset.hpp"
#include "lab/world_items.hpp"

namespace sotto {

std::string world_user_id(uint32_t user);
std::string world_group_name(uint32_t group);

/// Makes one user after another; the same user is the same whatever was made before.
/// Thread safety: one thread at a time.
class WorldUsers {
 public:
  /// Keeps references to both. Precondition: valid options.
  WorldUsers(const WorldOptions& options, const WorldItems& items);

  struct User {
    uint32_t group = 0;
    std::vector<Interaction> interactions;  ///< By time; no item twice.
  };
  /// Valid until the next call.
  const User& make(uint32_t user);

 private:
  std::vector<double> draw_interests(uint32_t group, Random& random) const;
  void make_session(uint32_t user, size_t length, int64_t start, Random& random);
  bool draw_item(uint32_t user, int64_t day, Random& random, uint32_t& item);

  const WorldOptions& options_;
  const WorldItems& items_;
  std::vector<double> group_tastes_;  // groups x topics, standard normal
  AliasTable groups_;
  std::vector<uint32_t> touched_by_;  // one an item: the last user who touched it
  User user_;
  std::vector<double> interests_;  // one a topic, of the current user and session
  std::vector<double> tastes_;     // one a style
};

}  // namespace sotto
