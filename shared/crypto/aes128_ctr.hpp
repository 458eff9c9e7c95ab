// AES-128 (FIPS 197) in counter mode, as an expander: no authentication, no reuse of a key.
//
// Constant-time on every target: AES-NI where the processor has it (chosen at run time), bitsliced
// with SIMD elsewhere (WASM, old processors), which makes 2 KiB at a time, however few are wanted.
// Hand-written because libsodium 1.0.18 has no AES-128.
// Errors: none. Thread safety: one thread at a time per object.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sotto {

class Aes128Path;

class Aes128Ctr {
 public:
  /// counter: the first counter block, incremented as a 128-bit big-endian number (SP 800-38A).
  Aes128Ctr(std::span<const uint8_t, 16> key, std::span<const uint8_t, 16> counter);
  /// With a path of crypto/aes128_path.hpp that the caller picks: for tests and benchmarks.
  Aes128Ctr(std::unique_ptr<Aes128Path> path, std::span<const uint8_t, 16> counter);
  ~Aes128Ctr();  // wipes
  Aes128Ctr(const Aes128Ctr&) = delete;
  Aes128Ctr& operator=(const Aes128Ctr&) = delete;

  /// The next out.size() bytes of the key stream. Any pieces give the same stream.
  void next(std::span<uint8_t> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sotto
