// How the core uses several cores without owning a thread: the caller lends an Executor.
#pragma once

#include <cstddef>
#include <functional>

namespace sotto {

/// Runs a loop in blocks. The blocks are [0, grain), [grain, 2 grain), ... whatever the number of
/// workers, so a computation that combines its partial results by block number, in order, gives
/// the same bits with one worker as with sixteen.
class Executor {
 public:
  /// begin, end: the half-open range of the block; worker: 0 .. workers() - 1, never used by two
  /// calls at the same time (an index into per-worker scratch space).
  using Body = std::function<void(size_t begin, size_t end, size_t worker)>;

  virtual ~Executor() = default;
  virtual size_t workers() const = 0;
  /// Returns when every block has run. grain >= 1. Not re-entrant from inside a body.
  virtual void for_blocks(size_t n, size_t grain, const Body& body) = 0;
};

/// Everything on the calling thread: the only executor of a browser.
class SerialExecutor final : public Executor {
 public:
  size_t workers() const override { return 1; }
  void for_blocks(size_t n, size_t grain, const Body& body) override {
    for (size_t begin = 0; begin < n; begin += grain)
      body(begin, begin + grain < n ? begin + grain : n, 0);
  }
};

}  // namespace sotto
