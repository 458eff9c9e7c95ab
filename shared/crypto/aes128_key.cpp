#include <algorithm>

#include "crypto/aes128_path.hpp"
#include "crypto/aes128_sbox.hpp"
#include "crypto/secret.hpp"

namespace sotto {
namespace {

// S of four bytes.
void substitute(std::array<uint8_t, 4>& word) {
  uint32_t bits[8] = {};
  for (size_t byte = 0; byte < 4; ++byte)
    for (size_t bit = 0; bit < 8; ++bit) bits[bit] |= (uint32_t{word[byte]} >> bit & 1) << byte;
  aes_sbox_without_constant(bits);
  for (size_t byte = 0; byte < 4; ++byte) {
    uint32_t value = 0;
    for (size_t bit = 0; bit < 8; ++bit) value |= (bits[bit] >> byte & 1) << bit;
    word[byte] = static_cast<uint8_t>(value ^ 0x63);
  }
}

}  // namespace

Aes128RoundKeys expand_aes128_key(std::span<const uint8_t, 16> key) {
  static constexpr std::array<uint8_t, 11> kRoundConstants = {0,    0x01, 0x02, 0x04, 0x08, 0x10,
                                                              0x20, 0x40, 0x80, 0x1b, 0x36};
  Aes128RoundKeys keys;
  std::copy(key.begin(), key.end(), keys[0].begin());
  for (size_t round = 1; round < keys.size(); ++round) {
    const auto& before = keys[round - 1];
    auto& now = keys[round];
    std::array<uint8_t, 4> word = {before[13], before[14], before[15], before[12]};
    substitute(word);
    word[0] ^= kRoundConstants[round];
    for (size_t i = 0; i < 16; ++i) {
      word[i % 4] ^= before[i];
      now[i] = word[i % 4];
    }
    wipe(word);
  }
  return keys;
}

}  // namespace sotto
