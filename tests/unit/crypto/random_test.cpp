#include "crypto/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

using namespace sotto;

TEST_CASE("ChaChaEntropy is the ChaCha20 keystream of RFC 8439") {
  // Appendix A.1, test vectors 1 and 2: key and nonce zero, counter 0 and 1.
  static constexpr std::array<uint8_t, 16> kBlock0 = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1,
                                                      0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5,
                                                      0x53, 0x86, 0xbd, 0x28};
  static constexpr std::array<uint8_t, 16> kBlock1 = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51,
                                                      0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c,
                                                      0x73, 0x2d, 0x08, 0x0d};
  const std::array<uint8_t, 32> key{};
  ChaChaEntropy entropy(key);
  std::array<uint8_t, 80> out{};
  entropy.fill(out);
  CHECK(std::equal(kBlock0.begin(), kBlock0.end(), out.begin()));
  CHECK(std::equal(kBlock1.begin(), kBlock1.end(), out.begin() + 64));
}

TEST_CASE("a seeded stream gives the same bytes on every platform") {
  // BLAKE2b-256 of seed and stream as key; also what sotto_self_test() compares with.
  static constexpr std::array<uint8_t, 8> kSeeded = {0x7e, 0x6f, 0x50, 0x65,
                                                     0x7d, 0xbd, 0x0f, 0xe3};
  std::array<uint8_t, 8> out{};
  ChaChaEntropy(1, 2).fill(out);
  CHECK(out == kSeeded);
}

TEST_CASE("streams of one seed differ, and so do successive draws") {
  std::array<uint8_t, 32> a{};
  std::array<uint8_t, 32> b{};
  ChaChaEntropy(1, 2).fill(a);
  ChaChaEntropy(1, 3).fill(b);
  CHECK(a != b);
  ChaChaEntropy(2, 2).fill(b);
  CHECK(a != b);

  ChaChaEntropy entropy(1, 2);
  entropy.fill(a);
  entropy.fill(b);
  CHECK(a != b);
}

TEST_CASE("the system's entropy fills everything it is asked for") {
  SystemEntropy entropy;
  // More than one request of the host under WASM (64 KiB each). A zero run of 16 bytes at the end
  // has a chance of 2^-128.
  std::vector<uint8_t> bytes(200'001);
  entropy.fill(bytes);
  CHECK(std::any_of(bytes.end() - 16, bytes.end(), [](uint8_t b) { return b != 0; }));

  // Ones among 1.6 million fair bits: within 6 standard deviations (632 bits each) of the mean;
  // false alarm once in 5e8 runs.
  int64_t ones = 0;
  for (const uint8_t byte : bytes) ones += __builtin_popcount(byte);
  const auto expected = static_cast<int64_t>(bytes.size() * 4);
  CHECK(std::abs(ones - expected) < 6 * 633);
}

TEST_CASE("asking for nothing is no error and draws nothing") {
  SystemEntropy().fill({});
  std::array<uint8_t, 8> a{};
  std::array<uint8_t, 8> b{};
  ChaChaEntropy(1, 2).fill(a);
  ChaChaEntropy entropy(1, 2);
  entropy.fill({});
  entropy.fill(b);
  CHECK(a == b);
}

TEST_CASE("every fill starts at a new block and discards the rest of its last one") {
  const std::array<uint8_t, 32> key{};
  std::array<uint8_t, 128> whole{};
  ChaChaEntropy(key).fill(whole);
  ChaChaEntropy entropy(key);
  std::array<uint8_t, 5> first{};
  std::array<uint8_t, 64> second{};
  entropy.fill(first);
  entropy.fill(second);
  CHECK(std::equal(first.begin(), first.end(), whole.begin()));
  CHECK(std::equal(second.begin(), second.end(), whole.begin() + 64));
}
