// Progress of long work: a bar with the time left on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace sotto {

/// Writes to stderr, so that results on stdout stay clean. On a terminal the bar is redrawn at most
/// ten times a second and erased at the end; elsewhere a line is written at most every ten seconds.
/// Thread safety: update() from one thread at a time.
class ProgressBar {
 public:
  explicit ProgressBar(std::string title);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// fraction in [0, 1]; note: a few words beside the bar.
  void update(double fraction, const std::string& note = {});
  void finish();

  /// For functions that report a fraction only.
  std::function<void(double)> callback() {
    return [this](double fraction) { update(fraction); };
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::string title_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_;
};

/// "12 s", "3 min 05 s", "2 h 10 min".
std::string format_duration(double seconds);

}  // namespace sotto
