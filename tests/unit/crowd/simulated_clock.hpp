// Time that passes only when somebody waits.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "crowd/timeline.hpp"

namespace sotto {

class SimulatedClock final : public CrowdClock {
 public:
  explicit SimulatedClock(int64_t now_ms) : now_ms_(now_ms) {}

  int64_t now_ms() const override { return now_ms_; }
  void wake() override { woken_ = true; }
  void wait_until(int64_t until_ms) override {
    if (!std::exchange(woken_, false)) {
      if (events_.empty() || events_.begin()->first > until_ms) {
        now_ms_ = std::max(now_ms_, until_ms);
        return;
      }
      now_ms_ = std::max(now_ms_, events_.begin()->first);
      const auto event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
      woken_ = false;
    }
  }
  /// What the rest of the world does, e.g. a server that answers.
  void at(int64_t when_ms, std::function<void()> event) {
    events_.emplace(when_ms, std::move(event));
  }

 private:
  int64_t now_ms_;
  bool woken_ = false;
  std::multimap<int64_t, std::function<void()>> events_;
};

}  // namespace sotto
