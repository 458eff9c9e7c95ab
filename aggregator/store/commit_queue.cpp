#include "store/commit_queue.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace sotto {
namespace {

struct Item {
  CommitQueue::Work work;
  CommitQueue::Done done;
  bool after_commit = false;  // begins a group
};

size_t size_of(const StoreChange& change) {
  const auto& [space, record] = change;
  return space.size() + record.key.size() + (record.bytes ? record.bytes->size() : 0);
}

/// What is committed together.
struct Group {
  std::vector<StoreChange> changes;
  std::vector<CommitQueue::Done> dones;
  size_t bytes = 0;

  void carry_out(Item item) {
    std::vector<StoreChange> changed;
    item.work(changed);
    for (auto& change : changed) {
      bytes += size_of(change);
      changes.push_back(std::move(change));
    }
    dones.push_back(std::move(item.done));
  }
};

}  // namespace

struct CommitQueue::Impl {
  Impl(Store& lent_store, const Options& chosen, std::function<void()> on_lost)
      : store(lent_store), options(chosen), lost(std::move(on_lost)), thread([this] { run(); }) {}

  void run();
  std::optional<Item> wait_for_item();
  std::optional<Item> next_of_group();
  bool push(Item item, bool bounded);
  void collect(Group& group);
  void answer(Group& group);

  Store& store;
  const Options options;
  const std::function<void()> lost;
  mutable std::mutex mutex;
  std::condition_variable posted, finished;
  std::deque<Item> items;
  size_t n_unanswered = 0;
  bool stopping = false, is_finished = false;
  std::thread thread;  // last: it uses all of the above
};

void CommitQueue::Impl::run() {
  while (auto first = wait_for_item()) {
    Group group;
    group.carry_out(std::move(*first));
    collect(group);
    answer(group);
  }
  const std::lock_guard lock(mutex);
  is_finished = true;
  finished.notify_all();
}

// Absent when there will be none any more.
std::optional<Item> CommitQueue::Impl::wait_for_item() {
  std::unique_lock lock(mutex);
  posted.wait(lock, [&] { return stopping || !items.empty(); });
  if (items.empty()) return std::nullopt;
  Item item = std::move(items.front());
  items.pop_front();
  return item;
}

std::optional<Item> CommitQueue::Impl::next_of_group() {
  const std::lock_guard lock(mutex);
  if (items.empty() || items.front().after_commit) return std::nullopt;
  Item item = std::move(items.front());
  items.pop_front();
  return item;
}

void CommitQueue::Impl::collect(Group& group) {
  while (group.bytes < options.group_bytes && group.dones.size() < options.group_works) {
    auto item = next_of_group();
    if (!item) return;
    group.carry_out(std::move(*item));
  }
}

void CommitQueue::Impl::answer(Group& group) {
  const Status status = group.changes.empty() ? Status() : store.commit(group.changes);
  if (!status.ok()) lost();
  for (auto& done : group.dones) {
    {
      // First, so that done() can post what follows also when the queue is full.
      const std::lock_guard lock(mutex);
      --n_unanswered;
    }
    done(status);
    done = nullptr;  // what it holds goes now, not with the last of the group
  }
}

CommitQueue::CommitQueue(Store& store, const Options& options, std::function<void()> lost)
    : impl_(std::make_unique<Impl>(store, options, std::move(lost))) {}

CommitQueue::~CommitQueue() {
  stop();
  impl_->thread.join();
}

bool CommitQueue::Impl::push(Item item, bool bounded) {
  {
    const std::lock_guard lock(mutex);
    if (stopping || (bounded && n_unanswered >= options.most_waiting)) return false;
    items.push_back(std::move(item));
    ++n_unanswered;
  }
  posted.notify_one();
  return true;
}

bool CommitQueue::post(Work work, Done done) {
  return impl_->push({std::move(work), std::move(done), false}, true);
}

void CommitQueue::post_after_commit(Work work, Done done) {
  impl_->push({std::move(work), std::move(done), true}, false);
}

Status CommitQueue::run(Work work) {
  const auto answer = std::make_shared<std::promise<Status>>();
  auto status = answer->get_future();
  const bool posted = impl_->push(
      {std::move(work), [answer](const Status& committed) { answer->set_value(committed); }, true},
      false);
  if (!posted) return {ErrorCode::kCancelled, "commit queue: it is stopping"};
  return status.get();
}

size_t CommitQueue::waiting() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->n_unanswered;
}

void CommitQueue::stop() {
  std::unique_lock lock(impl_->mutex);
  impl_->stopping = true;
  impl_->posted.notify_all();
  // From within work or done it cannot wait for itself.
  if (std::this_thread::get_id() == impl_->thread.get_id()) return;
  impl_->finished.wait(lock, [&] { return impl_->is_finished; });
}

}  // namespace sotto
