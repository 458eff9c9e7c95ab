#include "crowd/timeline.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "lab/system_clock.hpp"

namespace sotto {

int64_t SystemClock::now_ms() const { return system_now_ms(); }

void SystemClock::wait_until(int64_t until_ms) {
  const std::chrono::milliseconds wait(std::max<int64_t>(0, until_ms - now_ms()));
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, wait, [this] { return wake_; });
  wake_ = false;
}

void SystemClock::wake() {
  {
    const std::lock_guard lock(mutex_);
    wake_ = true;
  }
  woken_.notify_one();
}

Timeline::Timeline(CrowdClock& clock) : clock_(&clock), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->clock = &clock;
}

void Timeline::at(int64_t when_ms, Action action) {
  moments_.push({when_ms, next_number_++, std::move(action)});
}

Timeline::Poster Timeline::poster() const {
  return [weak = std::weak_ptr(mailbox_)](Action action) {
    const auto mailbox = weak.lock();
    if (mailbox == nullptr) return;
    {
      const std::lock_guard lock(mailbox->mutex);
      mailbox->actions.push_back(std::move(action));
    }
    mailbox->clock->wake();
  };
}

bool Timeline::run_due() {
  std::vector<Action> posted;
  {
    const std::lock_guard lock(mailbox_->mutex);
    posted.swap(mailbox_->actions);
  }
  for (Action& action : posted) action();
  // Moments that these actions add for now wait for the next call, so that posts are not starved.
  const uint64_t end = next_number_;
  const int64_t now = now_ms();
  bool any = !posted.empty();
  while (!moments_.empty() && moments_.top().when_ms <= now && moments_.top().number < end) {
    Action action = std::move(moments_.top().action);
    moments_.pop();
    action();
    any = true;
  }
  return any;
}

void Timeline::wait(int64_t latest_ms) {
  if (!moments_.empty()) latest_ms = std::min(latest_ms, moments_.top().when_ms);
  clock_->wait_until(latest_ms);
}

}  // namespace sotto
