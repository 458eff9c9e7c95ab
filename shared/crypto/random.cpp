#include "crypto/random.hpp"

#include <sodium.h>

#include <cstring>

#include "crypto/start_sodium.hpp"
#include "crypto/stream.hpp"

namespace sotto {

void SystemEntropy::fill(std::span<uint8_t> out) {
  if (out.empty()) return;  // data() may be null, which libsodium does not take
  start_sodium();
  randombytes_buf(out.data(), out.size());
}

ChaChaEntropy::ChaChaEntropy(std::span<const uint8_t, 32> key) {
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
  expand_chacha20(key_, block_, out);
  block_ += (out.size() + kChaChaBlock - 1) / kChaChaBlock;
}

}  // namespace sotto
