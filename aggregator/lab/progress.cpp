#include "lab/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sotto {
namespace {

constexpr int kBarWidth = 28;

double seconds_between(std::chrono::steady_clock::time_point a,
                       std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

ProgressBar::ProgressBar(std::string title)
    : title_(std::move(title)),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_(terminal_ ? start_ - std::chrono::hours(1) : start_) {}

ProgressBar::~ProgressBar() { finish(); }

void ProgressBar::update(double fraction, const std::string& note) {
  const auto now = Clock::now();
  if (seconds_between(last_, now) < (terminal_ ? 0.1 : 10)) return;
  last_ = now;
  fraction = std::clamp(fraction, 0.0, 1.0);
  const double elapsed = seconds_between(start_, now);
  const std::string left =
      fraction > 0.01 ? format_duration(elapsed * (1 - fraction) / fraction) + " left" : "";
  if (!terminal_) {
    std::fprintf(stderr, "%s: %.0f%%  %s  %s\n", title_.c_str(), 100 * fraction, left.c_str(),
                 note.c_str());
    return;
  }
  const int filled = static_cast<int>(fraction * kBarWidth);
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) bar += i < filled ? "━" : "─";
  std::fprintf(stderr, "\r\x1b[2K%s %s %3.0f%%  %s  %s", title_.c_str(), bar.c_str(),
               100 * fraction, left.c_str(), note.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressBar::finish() {
  if (drawn_) std::fputs("\r\x1b[2K", stderr);
  drawn_ = false;
}

std::string format_duration(double seconds) {
  char text[64];
  const auto whole = static_cast<long>(std::lround(std::max(0.0, seconds)));
  if (whole < 60)
    std::snprintf(text, sizeof text, "%ld s", whole);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  return text;
}

}  // namespace sotto
