#include "crypto/turboshake.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/random.hpp"
#include "hex.hpp"

using namespace sotto;

namespace {

Bytes turboshake(std::span<const uint8_t> message, uint8_t domain, size_t size) {
  TurboShake128 sponge(domain);
  sponge.update(message);
  Bytes out(size);
  sponge.squeeze(out);
  return out;
}

/// RFC 9861, section 5: 00 01 .. FA again and again.
Bytes ptn(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i % 0xfb);
  return bytes;
}

/// Keccak-p[1600, 12] bit by bit as FIPS 202 defines it, sharing nothing with the real one.
class BitByBit {
 public:
  void permute() {
    for (int round = 12; round < 24; ++round) {
      theta();
      rho_and_pi();
      chi();
      for (int j = 0; j <= 6; ++j) at(0, 0, (1 << j) - 1) ^= rc(j + 7 * round);
    }
  }
  void flip(size_t bit) { bits_[bit] ^= 1; }
  int bit(size_t i) const { return bits_[i]; }

 private:
  using Bits = std::array<int, 1600>;
  static size_t index(int x, int y, int z) {
    return static_cast<size_t>(64 * (5 * ((y + 5) % 5) + (x + 5) % 5) + (z + 6400) % 64);
  }
  int& at(int x, int y, int z) { return bits_[index(x, y, z)]; }

  // Algorithm 5: an LFSR with x^8 + x^6 + x^5 + x^4 + 1.
  static int rc(int t) {
    std::vector<int> r = {1, 0, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < t % 255; ++i) {
      r.insert(r.begin(), 0);
      for (const size_t tap : {0u, 4u, 5u, 6u}) r[tap] ^= r[8];
      r.resize(8);
    }
    return r[0];
  }
  template <class Rule>
  void replace(Rule rule) {
    Bits next;
    for (int x = 0; x < 5; ++x)
      for (int y = 0; y < 5; ++y)
        for (int z = 0; z < 64; ++z) next[index(x, y, z)] = rule(x, y, z);
    bits_ = next;
  }
  void theta() {
    const auto parity = [this](int x, int z) {
      int sum = 0;
      for (int y = 0; y < 5; ++y) sum ^= at(x, y, z);
      return sum;
    };
    replace(
        [&](int x, int y, int z) { return at(x, y, z) ^ parity(x - 1, z) ^ parity(x + 1, z - 1); });
  }
  void rho_and_pi() {
    std::array<std::array<int, 5>, 5> offset{};
    int x = 1;
    int y = 0;
    for (int t = 0; t < 24; ++t) {
      offset[static_cast<size_t>(x)][static_cast<size_t>(y)] = (t + 1) * (t + 2) / 2;
      const int next = (2 * x + 3 * y) % 5;
      x = y;
      y = next;
    }
    replace([&](int to_x, int to_y, int z) {
      const int from = (to_x + 3 * to_y) % 5;
      return at(from, to_x, z - offset[static_cast<size_t>(from)][static_cast<size_t>(to_x)]);
    });
  }
  void chi() {
    replace([&](int x, int y, int z) {
      return at(x, y, z) ^ ((at(x + 1, y, z) ^ 1) & at(x + 2, y, z));
    });
  }

  Bits bits_{};
};

Bytes turboshake_bit_by_bit(Bytes message, uint8_t domain, size_t size) {
  message.push_back(domain);
  while (message.size() % 168 != 0) message.push_back(0);
  message.back() ^= 0x80;
  BitByBit state;
  for (size_t i = 0; i < message.size(); ++i) {
    for (size_t bit = 0; bit < 8; ++bit)
      if ((message[i] >> bit & 1) != 0) state.flip(i % 168 * 8 + bit);
    if (i % 168 == 167) state.permute();
  }
  Bytes out(size);
  for (size_t i = 0; i < size; ++i) {
    if (i > 0 && i % 168 == 0) state.permute();
    for (size_t bit = 0; bit < 8; ++bit)
      out[i] = static_cast<uint8_t>(out[i] | state.bit(i % 168 * 8 + bit) << bit);
  }
  return out;
}

struct KnownAnswer {
  Bytes message;
  uint8_t domain;
  const char* output;
};

}  // namespace

TEST_CASE("TurboSHAKE128 is that of RFC 9861, section 5") {
  const std::vector<KnownAnswer> answers = {
      {{}, 0x07, "5a223ad30b3b8c66a243048cfced430f54e7529287d15150b973133adfac6a2f"},
      {{},
       0x1f,
       "1e415f1c5983aff2169217277d17bb538cd945a397ddec541f1ce41af2c1b74c"
       "3e8ccae2a4dae56c84a04c2385c03c15e8193bdf58737363321691c05462c8df"},
      {ptn(1), 0x1f, "55cedd6f60af7bb29a4042ae832ef3f58db7299f893ebb9247247d856958daa9"},
      {ptn(17), 0x1f, "9c97d036a3bac819db70ede0ca554ec6e4c2a1a4ffbfd9ec269ca6a111161233"},
      {ptn(17 * 17), 0x1f, "96c77c279e0126f7fc07c9b07f5cdae1e0be60bdbe10620040e75d7223a624d2"},
      {ptn(17 * 17 * 17), 0x1f, "d4976eb56bcf118520582b709f73e1d6853e001fdaf80e1b13e0d0599d5fb372"},
      {ptn(17 * 17 * 17 * 17), 0x1f,
       "da67c7039e98bf530cf7a37830c6664e14cbab7f540f58403b1b82951318ee5c"},
      {Bytes(3, 0xff), 0x01, "bf323f940494e88ee1c540fe660be8a0c93f43d15ec006998462fa994eed5dab"},
      {Bytes(1, 0xff), 0x06, "8ec9c66465ed0d4a6c35d13506718d687a25cb05c74cca1e42501abd83874a67"},
      {Bytes(3, 0xff), 0x07, "b658576001cad9b1e5f399a9f77723bba05458042d68206f7252682dba3663ed"},
      {Bytes(7, 0xff), 0x0b, "8deeaa1aec47ccee569f659c21dfa8e112db3cee37b18178b2acd805b799cc37"},
      {Bytes(1, 0xff), 0x30, "553122e2135e363c3292bed2c6421fa232bab03daa07c7d6636603286506325b"},
      {Bytes(3, 0xff), 0x7f, "16274cc656d44cefd422395d0f9053bda6d28e122aba15c765e5ad0e6eaf26f9"}};
  for (const KnownAnswer& answer : answers) {
    CAPTURE(answer.output);
    const Bytes expected = from_hex(answer.output);
    CHECK(turboshake(answer.message, answer.domain, expected.size()) == expected);
  }
}

TEST_CASE("TurboSHAKE128 is its definition, whatever the length is relative to the rate") {
  Random random(71);
  for (const size_t size : {0u, 1u, 7u, 8u, 63u, 166u, 167u, 168u, 169u, 335u, 336u, 337u, 600u}) {
    CAPTURE(size);
    Bytes message(size);
    for (uint8_t& byte : message) byte = static_cast<uint8_t>(random.below(256));
    const auto domain = static_cast<uint8_t>(1 + random.below(0x7f));
    CHECK(turboshake(message, domain, 400) == turboshake_bit_by_bit(message, domain, 400));
  }
}

TEST_CASE("TurboSHAKE128 gives the same stream in any pieces") {
  Random random(72);
  const Bytes message = ptn(1000);
  const Bytes whole = turboshake(message, 1, 1000);
  for (int repeat = 0; repeat < 50; ++repeat) {
    TurboShake128 sponge(1);
    const auto in_pieces = [&](size_t size, auto take) {
      for (size_t begin = 0; begin < size;) {
        const size_t n = std::min(static_cast<size_t>(random.below(400)), size - begin);
        take(begin, n);
        begin += n;
      }
    };
    in_pieces(message.size(),
              [&](size_t begin, size_t n) { sponge.update(std::span(message).subspan(begin, n)); });
    Bytes out(1000);
    in_pieces(out.size(),
              [&](size_t begin, size_t n) { sponge.squeeze(std::span(out).subspan(begin, n)); });
    CHECK(out == whole);
  }
}
