#include "crypto/stream.hpp"

#include <sodium.h>

#include <cstdlib>
#include <cstring>

#include "crypto/start_sodium.hpp"

namespace sotto {

void expand_chacha20(std::span<const uint8_t, 32> key, uint64_t first_block,
                     std::span<uint8_t> out) {
  if (out.empty()) return;
  static constexpr uint8_t kNonce[crypto_stream_chacha20_ietf_NONCEBYTES] = {};
  constexpr uint64_t kBlocks = uint64_t{1} << 32;
  if (first_block >= kBlocks || (out.size() - 1) / kChaChaBlock >= kBlocks - first_block)
    std::abort();
  start_sodium();
  std::memset(out.data(), 0, out.size());
  crypto_stream_chacha20_ietf_xor_ic(out.data(), out.data(), out.size(), kNonce,
                                     static_cast<uint32_t>(first_block), key.data());
}

}  // namespace sotto
