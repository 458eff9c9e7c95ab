// An Executor over the machine's cores.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/executor.hpp"

namespace sotto {

/// Worker 0 is the calling thread, so a pool of one starts no threads.
/// Thread safety: one for_blocks at a time.
class ThreadPool final : public Executor {
 public:
  /// threads = 0: as many as the machine has.
  explicit ThreadPool(unsigned threads = 0);
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t workers() const override { return threads_.size() + 1; }
  void for_blocks(size_t n, size_t grain, const Body& body) override;

 private:
  struct Loop {
    const Body* body = nullptr;
    size_t n = 0;
    size_t grain = 1;
  };

  void serve(size_t worker);
  void run(const Loop& loop, size_t worker);

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  Loop loop_;
  std::atomic<size_t> next_{0};
  uint64_t generation_ = 0;
  size_t running_ = 0;
  bool stopping_ = false;
};

}  // namespace sotto
