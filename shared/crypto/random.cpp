#include "crypto/random.hpp"

#include <sodium.h>

#include <cstdlib>
#include <cstring>

namespace sotto {
namespace {

// Also picks the fast ChaCha20 of this processor; until then libsodium runs its portable one.
void start_sodium() {
  if (sodium_init() < 0) std::abort();  // no entropy: nothing safe can be done
}

}  // namespace

void SystemEntropy::fill(std::span<uint8_t> out) {
  if (out.empty()) return;  // data() may be null, which libsodium does not take
  start_sodium();
  randombytes_buf(out.data(), out.size());
}

ChaChaEntropy::ChaChaEntropy(std::span<const uint8_t, 32> key) {
  start_sodium();
  std::memcpy(key_.data(), key.data(), key_.size());
}

ChaChaEntropy::ChaChaEntropy(uint64_t seed, uint64_t stream) {
  start_sodium();
  const uint64_t input[2] = {seed, stream};
  static constexpr uint8_t kDomain[] = "sotto simulation";
  crypto_generichash(key_.data(), key_.size(), reinterpret_cast<const uint8_t*>(input),
                     sizeof input, kDomain, sizeof kDomain - 1);
}

ChaChaEntropy::~ChaChaEntropy() { sodium_memzero(key_.data(), key_.size()); }

void ChaChaEntropy::fill(std::span<uint8_t> out) {
  if (out.empty()) return;
  static constexpr uint8_t kNonce[crypto_stream_chacha20_ietf_NONCEBYTES] = {};
  const uint64_t blocks = (out.size() + 63) / 64;
  if (block_ + blocks > uint64_t{1} << 32) std::abort();  // the counter would repeat keystream
  std::memset(out.data(), 0, out.size());
  crypto_stream_chacha20_ietf_xor_ic(out.data(), out.data(), out.size(), kNonce,
                                     static_cast<uint32_t>(block_), key_.data());
  block_ += blocks;
}

}  // namespace sotto
