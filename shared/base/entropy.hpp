// Where unpredictable bytes come from. Injected everywhere, so that every algorithm that draws
// randomness is reproducible in tests and in simulation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sotto {

/// A source of uniformly random bytes.
/// Errors: none. An implementation that cannot deliver must terminate the program, because no
/// caller could do anything safe instead.
/// Thread safety: one thread at a time per object.
class EntropySource {
 public:
  virtual ~EntropySource() = default;
  virtual void fill(std::span<uint8_t> out) = 0;
};

/// Serves 32- and 64-bit words from an EntropySource, fetched 4 KiB at a time.
/// Used words are overwritten, and the rest is wiped on destruction.
/// Thread safety: one thread at a time per object. The source must outlive it.
class EntropyWords {
 public:
  explicit EntropyWords(EntropySource& source) : source_(&source) {}
  ~EntropyWords();
  EntropyWords(const EntropyWords&) = delete;
  EntropyWords& operator=(const EntropyWords&) = delete;

  uint32_t next32() {
    if (next_ == words_.size()) refill();
    const uint32_t word = words_[next_];
    words_[next_++] = 0;
    return word;
  }
  uint64_t next64() {
    const uint64_t low = next32();
    return low | (uint64_t{next32()} << 32);
  }

 private:
  void refill();

  EntropySource* source_;
  std::array<uint32_t, 1024> words_{};
  size_t next_ = 1024;
};

/// A small, fast, reproducible source (SplitMix64 over a counter). **Not** cryptographic: for
/// tests only, never for noise, shares or keys.
class TestEntropy final : public EntropySource {
 public:
  explicit TestEntropy(uint64_t seed) : state_(seed) {}
  void fill(std::span<uint8_t> out) override;

 private:
  uint64_t state_;
};

}  // namespace sotto
