// The time, injected: no part of the core reads a clock of its own.
#pragma once

#include <cstdint>

namespace sotto {

/// Thread safety: now_ms may be called from several threads.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since 1970-01-01T00:00:00Z.
  virtual int64_t now_ms() const = 0;
};

/// A clock that stands still until it is moved. For tests and simulation; one thread at a time.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t now_ms = 0) : now_ms_(now_ms) {}
  int64_t now_ms() const override { return now_ms_; }
  void set(int64_t now_ms) { now_ms_ = now_ms; }
  void advance(int64_t by_ms) { now_ms_ += by_ms; }

 private:
  int64_t now_ms_;
};

}  // namespace sotto
