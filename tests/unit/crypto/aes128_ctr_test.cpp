#include "crypto/aes128_ctr.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "crypto/aes128_path.hpp"
#include "crypto/aes128_sbox.hpp"
#include "hex.hpp"

using namespace sotto;

namespace {

using Block = std::array<uint8_t, 16>;
using MakePath = std::unique_ptr<Aes128Path> (*)(std::span<const uint8_t, 16> key);

/// Those that this machine has.
std::vector<MakePath> paths() {
  std::vector<MakePath> paths = {make_aes128_bitsliced};
  if (make_aes128_ni(Block{}) != nullptr) paths.push_back(make_aes128_ni);
  return paths;
}

Bytes stream(MakePath make, const Block& key, const Block& counter, size_t size) {
  Aes128Ctr ctr(make(key), counter);
  Bytes out(size);
  ctr.next(out);
  return out;
}

Block random_block(Random& random) {
  Block block;
  for (uint8_t& byte : block) byte = static_cast<uint8_t>(random.below(256));
  return block;
}

int multiply(int a, int b) {
  int product = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1) != 0) product ^= a;
    a <<= 1;
    if ((a & 0x100) != 0) a ^= 0x11b;
  }
  return product;
}

/// FIPS 197, section 5.1.1: the inverse in GF(2^8), then an affine map.
int sbox_by_definition(int x) {
  int inverse = 0;
  while (x != 0 && multiply(x, inverse) != 1) ++inverse;
  int result = 0x63;
  for (int i = 0; i < 8; ++i)
    for (const int j : {0, 4, 5, 6, 7}) result ^= (inverse >> (i + j) % 8 & 1) << i;
  return result;
}

/// FIPS 197, section 5.1, byte by byte.
Block encrypt_by_definition(const Block& key, Block state) {
  static const std::vector<int> kSbox = [] {
    std::vector<int> sbox;
    for (int x = 0; x < 256; ++x) sbox.push_back(sbox_by_definition(x));
    return sbox;
  }();
  std::vector<Block> keys = {key};
  for (int round = 1, constant = 1; round <= 10; ++round, constant = multiply(constant, 2)) {
    Block next = keys.back();
    for (size_t i = 0; i < 16; ++i) {
      const int above = i >= 4 ? next[i - 4] : kSbox[keys.back()[12 + (i + 1) % 4]];
      next[i] = static_cast<uint8_t>(next[i] ^ above ^ (i == 0 ? constant : 0));
    }
    keys.push_back(next);
  }
  for (size_t i = 0; i < 16; ++i) state[i] ^= keys[0][i];
  for (size_t round = 1; round <= 10; ++round) {
    Block shifted;
    for (size_t i = 0; i < 16; ++i)
      shifted[i] = static_cast<uint8_t>(kSbox[state[(i + 4 * (i % 4)) % 16]]);
    for (size_t i = 0; i < 16; ++i) {
      const auto down = [&](size_t n) -> int { return shifted[i / 4 * 4 + (i + n) % 4]; };
      const int mixed =
          round == 10 ? down(0) : multiply(2, down(0)) ^ multiply(3, down(1)) ^ down(2) ^ down(3);
      state[i] = static_cast<uint8_t>(mixed ^ keys[round][i]);
    }
  }
  return state;
}

Block successor(Block counter) {
  for (size_t i = 16; i-- > 0 && ++counter[i] == 0;) {
  }
  return counter;
}

Bytes stream_by_definition(const Block& key, Block counter, size_t size) {
  Bytes out;
  for (; out.size() < size; counter = successor(counter)) {
    const Block block = encrypt_by_definition(key, counter);
    out.insert(out.end(), block.begin(), block.end());
  }
  out.resize(size);
  return out;
}

}  // namespace

TEST_CASE("the S-box circuit is the S-box of FIPS 197") {
  for (int x = 0; x < 256; ++x) {
    uint32_t bits[8];
    for (size_t i = 0; i < 8; ++i) bits[i] = static_cast<uint32_t>(x >> i & 1);
    aes_sbox_without_constant(bits);
    int result = 0x63;
    for (size_t i = 0; i < 8; ++i) result ^= static_cast<int>(bits[i] & 1) << i;
    CHECK(result == sbox_by_definition(x));
  }
}

TEST_CASE("AES-128 encrypts as in FIPS 197, appendices B and C.1") {
  const Block key_b = array_from_hex<16>("2b7e151628aed2a6abf7158809cf4f3c");
  const Block plain_b = array_from_hex<16>("3243f6a8885a308d313198a2e0370734");
  const Block key_c = array_from_hex<16>("000102030405060708090a0b0c0d0e0f");
  const Block plain_c = array_from_hex<16>("00112233445566778899aabbccddeeff");
  for (const MakePath make : paths()) {
    CHECK(stream(make, key_b, plain_b, 16) == from_hex("3925841d02dc09fbdc118597196a0b32"));
    CHECK(stream(make, key_c, plain_c, 16) == from_hex("69c4e0d86a7b0430d8cdb78070b4c55a"));
  }
}

TEST_CASE("round keys are those of FIPS 197, appendix A.1") {
  const auto keys = expand_aes128_key(array_from_hex<16>("2b7e151628aed2a6abf7158809cf4f3c"));
  CHECK(keys[1] == array_from_hex<16>("a0fafe1788542cb123a339392a6c7605"));
  CHECK(keys[10] == array_from_hex<16>("d014f9a8c9ee2589e13f0cc8b6630ca6"));
}

TEST_CASE("counter mode is that of SP 800-38A, appendix F.5.1") {
  const Block key = array_from_hex<16>("2b7e151628aed2a6abf7158809cf4f3c");
  const Block counter = array_from_hex<16>("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const Bytes plain = from_hex(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  for (const MakePath make : paths()) {
    Bytes out = stream(make, key, counter, plain.size());
    for (size_t i = 0; i < out.size(); ++i) out[i] ^= plain[i];
    CHECK(out == from_hex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
                          "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"));
  }
}

TEST_CASE("the counter carries through all of its 128 bits") {
  Random random(81);
  const Block key = random_block(random);
  for (const char* counter :
       {"00000000000000000000000000000000", "000000000000000000000000000000ff",
        "0123456789abcdef00000000ffffffff", "0000000000000000ffffffffffffffff",
        "0123456789abcdeffffffffffffffffa", "00ffffffffffffffffffffffffffff81",
        "ffffffffffffffffffffffffffffffff", "fffffffffffffffffffffffffffffff0",
        "ffffffffffffffffffffffffffffff7f", "ffffffffffffffffffffffffffffff80"}) {
    CAPTURE(counter);
    const Block first = array_from_hex<16>(counter);
    const Bytes expected = stream_by_definition(key, first, 300 * 16);
    for (const MakePath make : paths()) CHECK(stream(make, key, first, 300 * 16) == expected);
  }
}

TEST_CASE("all paths of AES-128 give the same stream for any key, counter and length") {
  Random random(82);
  for (int repeat = 0; repeat < 40; ++repeat) {
    const Block key = random_block(random);
    Block counter = random_block(random);
    if (repeat % 4 == 0) std::fill(counter.begin() + 8, counter.end() - 1, uint8_t{0xff});
    const auto size = static_cast<size_t>(random.below(10'000));
    CAPTURE(size);
    const Bytes expected = stream(make_aes128_bitsliced, key, counter, size);
    for (const MakePath make : paths()) CHECK(stream(make, key, counter, size) == expected);
    Bytes chosen(size);
    Aes128Ctr(key, counter).next(chosen);
    CHECK(chosen == expected);
    const size_t some = std::min<size_t>(size, 200);
    CHECK(Bytes(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(some)) ==
          stream_by_definition(key, counter, some));
  }
}

TEST_CASE("AES-128-CTR gives the same stream in any pieces") {
  Random random(83);
  const Block key = random_block(random);
  const Block counter = random_block(random);
  for (const MakePath make : paths()) {
    const Bytes whole = stream(make, key, counter, 20'000);
    for (const uint64_t longest : {2u, 40u, 300u, 5000u}) {
      CAPTURE(longest);
      Aes128Ctr ctr(make(key), counter);
      Bytes pieces(whole.size());
      for (size_t begin = 0; begin < pieces.size();) {
        const size_t n =
            std::min(static_cast<size_t>(random.below(longest)), pieces.size() - begin);
        ctr.next(std::span(pieces).subspan(begin, n));
        begin += n;
      }
      CHECK(pieces == whole);
    }
  }
}
