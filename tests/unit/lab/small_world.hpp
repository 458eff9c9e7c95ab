// A world small enough to train on in a unit test.
#pragma once

#include <doctest/doctest.h>

#include "lab/split.hpp"
#include "lab/world.hpp"

namespace sotto {

struct SmallWorld {
  Dataset data;
  Split split;
  Matrix content;
};

inline SmallWorld small_world() {
  WorldOptions options = world_preset("tiny").value();
  options.users = 400;
  SmallWorld world;
  auto data = make_world(options);
  REQUIRE(data.ok());
  world.data = std::move(data).value();
  SplitOptions split_options;
  split_options.positive_from = 0;
  auto split = make_split(world.data, split_options);
  REQUIRE(split.ok());
  world.split = std::move(split).value();
  world.content = world.data.content(world.split.catalogue);
  return world;
}

}  // namespace sotto
