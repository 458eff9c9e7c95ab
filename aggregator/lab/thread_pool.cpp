#include "lab/thread_pool.hpp"

#include <algorithm>

namespace sotto {

ThreadPool::ThreadPool(unsigned threads) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned worker = 1; worker < threads; ++worker)
    threads_.emplace_back([this, worker] { serve(worker); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  start_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ThreadPool::for_blocks(size_t n, size_t grain, const Body& body) {
  const Loop loop{&body, n, grain};
  {
    const std::lock_guard lock(mutex_);
    loop_ = loop;
    next_ = 0;
    running_ = threads_.size();
    ++generation_;
  }
  start_.notify_all();
  run(loop, 0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return running_ == 0; });
}

void ThreadPool::run(const Loop& loop, size_t worker) {
  while (true) {
    const size_t begin = next_.fetch_add(loop.grain);
    if (begin >= loop.n) return;
    (*loop.body)(begin, std::min(loop.n, begin + loop.grain), worker);
  }
}

void ThreadPool::serve(size_t worker) {
  uint64_t seen = 0;
  while (true) {
    Loop loop;
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
      loop = loop_;
    }
    run(loop, worker);
    {
      const std::lock_guard lock(mutex_);
      if (--running_ == 0) done_.notify_one();
    }
  }
}

}  // namespace sotto
