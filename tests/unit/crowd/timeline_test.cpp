#include "crowd/timeline.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "crowd/simulated_clock.hpp"

namespace sotto {
namespace {

TEST_CASE("moments run in order of time, and those of one moment in the order they were given") {
  SimulatedClock clock(1000);
  Timeline timeline(clock);
  std::vector<int> ran;
  timeline.at(1300, [&] { ran.push_back(4); });
  timeline.at(1100, [&] { ran.push_back(1); });
  timeline.at(1200, [&] { ran.push_back(2); });
  timeline.at(1200, [&] { ran.push_back(3); });
  CHECK_FALSE(timeline.run_due());
  while (ran.size() < 4)
    if (!timeline.run_due()) timeline.wait(5000);
  CHECK(ran == std::vector<int>{1, 2, 3, 4});
  CHECK(timeline.now_ms() == 1300);
}

TEST_CASE("what other threads post runs on the timeline's thread and ends its waiting") {
  SystemClock clock;
  Timeline timeline(clock);
  bool ran = false;
  std::thread other([&ran, post = timeline.poster()] { post([&ran] { ran = true; }); });
  while (!ran)
    if (!timeline.run_due()) timeline.wait(timeline.now_ms() + 60'000);
  other.join();
  CHECK(ran);
}

TEST_CASE("a post to a timeline that is gone does nothing") {
  SimulatedClock clock(0);
  bool ran = false;
  Timeline::Poster post;
  {
    Timeline timeline(clock);
    post = timeline.poster();
  }
  post([&ran] { ran = true; });
  CHECK_FALSE(ran);
}

}  // namespace
}  // namespace sotto
