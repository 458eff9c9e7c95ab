// What happens when in a crowd: moments in order of time, and messages from other threads. With a
// simulated clock a whole day of visitors runs without waiting.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <vector>

#include "base/clock.hpp"

namespace sotto {

/// A clock that can be waited on. Thread safety: now_ms and wake from any thread, wait_until from
/// one at a time.
class CrowdClock : public Clock {
 public:
  /// Returns at until_ms, or earlier after wake(), also one since the last return.
  virtual void wait_until(int64_t until_ms) = 0;
  virtual void wake() = 0;
};

/// The machine's clock.
class SystemClock : public CrowdClock {
 public:
  int64_t now_ms() const override;
  void wait_until(int64_t until_ms) override;
  void wake() override;

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;
};

/// Thread safety: one thread at a time, but for what poster() gives.
class Timeline {
 public:
  using Action = std::function<void()>;
  using Poster = std::function<void(Action)>;

  /// The clock must outlive the timeline and every poster.
  explicit Timeline(CrowdClock& clock);

  int64_t now_ms() const { return clock_->now_ms(); }
  /// Actions of one moment run in the order in which they were given.
  void at(int64_t when_ms, Action action);
  /// For other threads: hands an action over to the timeline's. May be called after the timeline
  /// is gone, and then does nothing.
  Poster poster() const;

  /// Runs what was posted and every moment that is due. Whether there was anything.
  bool run_due();
  /// Waits for the next moment or post, at most until latest_ms.
  void wait(int64_t latest_ms);

 private:
  struct Mailbox {
    std::mutex mutex;
    std::vector<Action> actions;
    CrowdClock* clock = nullptr;
  };
  struct Moment {
    int64_t when_ms = 0;
    uint64_t number = 0;
    mutable Action action;  // moved out of the queue's const top
  };
  struct Later {
    bool operator()(const Moment& a, const Moment& b) const {
      return a.when_ms != b.when_ms ? a.when_ms > b.when_ms : a.number > b.number;
    }
  };

  CrowdClock* clock_;
  std::shared_ptr<Mailbox> mailbox_;
  std::priority_queue<Moment, std::vector<Moment>, Later> moments_;
  uint64_t next_number_ = 0;
};

}  // namespace sotto
