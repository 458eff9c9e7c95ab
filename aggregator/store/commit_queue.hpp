// Group commit: the one thread that changes what a server keeps.
//
// Work is done one after the other on the queue's thread: it looks at the state in memory, changes
// it, and lists the records that have changed. What has queued up meanwhile is committed together,
// so that making it durable costs one fsync for many. Only then is anybody told.
//   1. post(work, done)   from any thread
//   2. work(changes)      on the queue's thread, in order; what it did before is visible to it
//   3. commit             all changes of the group, at once
//   4. done(status)       on the queue's thread, in order: kOk, or why nothing of it has happened
// When a commit fails, memory is ahead of the store: `lost` is called, before any done() of the
// group, so that the owner reads its state back from the store.
// A group fails as a whole, works that have changed nothing included. When no work of a group has
// changed anything there is no commit.
// Memory: at most `most_waiting` works, and whatever they hold.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "store/store.hpp"

namespace sotto {

/// Thread safety: every call from any thread, also from inside work and done, which must not throw.
class CommitQueue {
 public:
  using Work = std::function<void(std::vector<StoreChange>& changes)>;
  using Done = std::function<void(const Status&)>;

  struct Options {
    size_t most_waiting = 4096;            ///< Works that wait; more are refused.
    size_t group_bytes = size_t{8} << 20;  ///< A group is closed when its changes are as large.
    size_t group_works = 512;              ///< Or when it has as many works.
  };

  /// store: lent for the life of the queue. lost: see above.
  CommitQueue(Store& store, const Options& options, std::function<void()> lost);
  /// Finishes what has been posted.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  /// false: refused, there are most_waiting works already or the queue is stopping; neither is
  /// called then.
  [[nodiscard]] bool post(Work work, Done done);
  /// The same for the server's own steps: never refused for being too many (their number is bounded
  /// by what they are steps of), and not begun before everything posted earlier is committed, so
  /// that it can be read back from the store. Nothing is called after stop().
  void post_after_commit(Work work, Done done);
  /// post_after_commit, and waits for the commit. Not from the queue's thread. Errors: those of the
  /// commit; kCancelled when the queue is stopping.
  Status run(Work work);
  /// Works that have not been answered; one whose done() has begun has.
  size_t waiting() const;
  /// Refuses everything new, returns when everything old has been answered; from inside work and
  /// done at once.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
