// Reproducible pseudo-randomness for simulation: the same seed gives the same integers with every
// compiler, which the distributions of <random> do not promise. Never for anything secret; noise,
// shares and keys draw from EntropySource.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace sotto {

/// SplitMix64 (Steele, Lea, Flood 2014): advances `state` and returns 64 mixed bits.
uint64_t split_mix64(uint64_t& state);

/// A seed for a named sub-stream, so that independent parts of a simulation draw independent
/// numbers whatever the order in which they run: derive_seed(run_seed, user, round).
uint64_t derive_seed(uint64_t seed, uint64_t a, uint64_t b = 0);

/// xoshiro256++ (Blackman, Vigna 2019). Thread safety: one thread at a time per object.
class Random {
 public:
  using State = std::array<uint64_t, 4>;

  explicit Random(uint64_t seed);

  uint64_t next();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in [0, n), unbiased (Lemire 2019). n >= 1.
  uint64_t below(uint64_t n);
  /// Standard normal (Box-Muller; equal over platforms to the precision of their libm).
  double normal();
  /// Exponential with mean 1.
  double exponential();

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[static_cast<size_t>(below(i))]);
  }

  /// For checkpoints. A pending second Box-Muller value is not part of it.
  const State& state() const { return state_; }
  void restore(const State& state);

 private:
  State state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace sotto
