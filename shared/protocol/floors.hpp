// What this program demands of every task, whatever anybody signs.
//
// Floors are a constructor argument of the roles; no task, configuration or message can lower them.
// Production entry points pass Floors::production(); others are for simulations and for sites that
// are labelled as demonstrations.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace sotto {

struct Task;

struct Floors {
  /// Reports in a batch: below it nothing is ever collected. The published number of reports stays
  /// no finger-print of a small group, and device noise, where there is some, has a crowd.
  uint64_t min_batch = 0;
  /// Noise multiplier z = sigma / bound of one server's noise. 0 allows tasks without noise.
  double min_z = 0;
  /// Whether tasks with one server's noise alone are refused.
  bool both_servers_add_noise = false;

  /// 100 reports; z = 1, where one report costs rho = 1/2 (epsilon 5.2 at delta 1e-6, the most that
  /// one report may ever cost); noise from both servers.
  static Floors production() { return {100, 1.0, true}; }
  /// For simulations of what nobody is protected by.
  static Floors none() { return {}; }

  /// The higher of each.
  static Floors stricter(const Floors& a, const Floors& b);

  /// Errors: kBelowFloor, naming the floor.
  Status check(const Task& task) const;
};

}  // namespace sotto
