// Internal: what the ways of computing AES-128 key streams have in common. Aes128Ctr picks one;
// tests and benchmarks name one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sotto {

/// Round keys 0 .. 10 (FIPS 197, section 5.2), in the order of their bytes.
using Aes128RoundKeys = std::array<std::array<uint8_t, 16>, 11>;

/// Constant-time. The caller wipes them.
Aes128RoundKeys expand_aes128_key(std::span<const uint8_t, 16> key);

/// A counter block as the number it is.
struct CounterBlock {
  uint64_t high;
  uint64_t low;

  /// Modulo 2^128.
  constexpr CounterBlock plus(uint64_t n) const { return {high + uint64_t{low + n < n}, low + n}; }
};

/// AES-128 under one key. Thread safety: one thread at a time per object. Wipes itself.
class Aes128Path {
 public:
  static constexpr size_t kMaxBatch = 2048;

  virtual ~Aes128Path() = default;
  Aes128Path(const Aes128Path&) = delete;
  Aes128Path& operator=(const Aes128Path&) = delete;

  /// Bytes that are made at once, at most kMaxBatch.
  virtual size_t batch_size() const = 0;
  /// The encrypted blocks `first`, `first` + 1, ... out.size() is a multiple of batch_size().
  virtual void encrypt_counters(CounterBlock first, std::span<uint8_t> out) = 0;

 protected:
  Aes128Path() = default;
};

/// 128 blocks at a time, one bit of all of them a vector. Runs anywhere.
std::unique_ptr<Aes128Path> make_aes128_bitsliced(std::span<const uint8_t, 16> key);

/// With the AES instructions of x86-64. Null where the processor has none.
std::unique_ptr<Aes128Path> make_aes128_ni(std::span<const uint8_t, 16> key);

}  // namespace sotto
