#include "base/entropy.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

using namespace sotto;

namespace {

// 0, 1, 2, ... as little-endian 32-bit words, and how often it was asked.
class CountingSource final : public EntropySource {
 public:
  void fill(std::span<uint8_t> out) override {
    ++fills;
    for (size_t i = 0; i + 4 <= out.size(); i += 4, ++next)
      std::memcpy(out.data() + i, &next, sizeof next);
  }
  uint32_t next = 0;
  int fills = 0;
};

}  // namespace

TEST_CASE("words are served in order, none twice, fetched 4 KiB at a time") {
  CountingSource source;
  EntropyWords words(source);
  CHECK(source.fills == 0);
  for (uint32_t i = 0; i < 3000; ++i) REQUIRE(words.next32() == i);
  CHECK(source.fills == 3);
}

TEST_CASE("a 64-bit word is two 32-bit words, the low one first") {
  CountingSource source;
  EntropyWords words(source);
  words.next32();
  CHECK(words.next64() == ((uint64_t{2} << 32) | 1));
  for (uint32_t i = 3; i < 1023; ++i) words.next32();
  CHECK(words.next64() == ((uint64_t{1024} << 32) | 1023));
}

TEST_CASE("TestEntropy gives the same bytes for the same seed, and fills odd lengths") {
  std::vector<uint8_t> a(13), b(13), c(13);
  TestEntropy(5).fill(a);
  TestEntropy(5).fill(b);
  TestEntropy(6).fill(c);
  CHECK(a == b);
  CHECK(a != c);
}
