// Refusals of strangers, of which few are worth a line: nobody can fill a log or the store from
// outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace sotto {

/// One a second passes. Thread safety: every call from any thread.
class RefusalThrottle {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// How many were held back since the last one that passed; absent: this one is held back, too.
  std::optional<uint64_t> pass(Time now) {
    const std::lock_guard lock(mutex_);
    if (passed_ && now - *passed_ < std::chrono::seconds(1)) {
      ++held_back_;
      return std::nullopt;
    }
    passed_ = now;
    const uint64_t before = held_back_;
    held_back_ = 0;
    return before;
  }

 private:
  std::mutex mutex_;
  std::optional<Time> passed_;
  uint64_t held_back_ = 0;
};

}  // namespace sotto
