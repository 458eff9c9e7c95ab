#include <cstring>

#include "crypto/aes128_path.hpp"
#include "crypto/aes128_sbox.hpp"
#include "crypto/secret.hpp"

// One vector holds one bit of the state of 128 blocks, block n at bit n. ShiftRows is then a matter
// of which vector is read and MixColumns a handful of XORs; no step shuffles bytes, which is what
// Käsper and Schwabe's eight vectors of eight blocks need most, and what WASM does worst.
namespace sotto {
namespace {

using Vector [[gnu::vector_size(16)]] = uint64_t;
using ByteVector [[gnu::vector_size(16)]] = uint8_t;

constexpr size_t kBlocks = 128;

[[gnu::always_inline]] inline Vector splat(uint64_t word) { return Vector{word, word}; }

// 0 or all ones.
uint64_t mask_of(uint64_t word, size_t bit) { return uint64_t{0} - (word >> bit & 1); }

// Which byte of the state ShiftRows brings to this place.
constexpr size_t shifted_from(size_t place) { return (place + 4 * (place % 4)) % 16; }

// Swaps the bits under `mask` << shift of `a` with those under `mask` of `b`.
[[gnu::always_inline]] inline void swap_bits(Vector& a, Vector& b, int shift, uint64_t mask) {
  const Vector differ = ((a >> shift) ^ b) & splat(mask);
  b ^= differ;
  a ^= differ << shift;
}

// Bit j of byte m of vector i goes to bit i of byte m of vector j.
[[gnu::always_inline]] inline void transpose_bits(Vector (&v)[8]) {
  for (size_t i = 0; i < 8; i += 2) swap_bits(v[i], v[i + 1], 1, 0x5555555555555555);
  for (const size_t i : {0u, 1u, 4u, 5u}) swap_bits(v[i], v[i + 2], 2, 0x3333333333333333);
  for (size_t i = 0; i < 4; ++i) swap_bits(v[i], v[i + 4], 4, 0x0f0f0f0f0f0f0f0f);
}

// One of four equal steps that transpose a 16 x 16 matrix of bytes: each rotates the number made of
// row and column by one bit.
[[gnu::always_inline]] inline void interleave(const ByteVector (&in)[16], ByteVector (&out)[16]) {
  for (size_t i = 0; i < 8; ++i) {
    out[2 * i] = __builtin_shufflevector(in[i], in[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                         6, 22, 7, 23);
    out[2 * i + 1] = __builtin_shufflevector(in[i], in[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
                                             13, 29, 14, 30, 15, 31);
  }
}

class Bitsliced final : public Aes128Path {
 public:
  explicit Bitsliced(std::span<const uint8_t, 16> key);
  ~Bitsliced() override;

  size_t batch_size() const override { return kBlocks * 16; }
  void encrypt_counters(CounterBlock first, std::span<uint8_t> out) override;

 private:
  void load_counters(CounterBlock first);
  void substitute(size_t round);
  void mix_columns();
  void finish(uint8_t* out);

  Vector state_[16][8];                 // by byte and bit; the round key is still to be added
  Vector substituted_[16][8];           // in the order after ShiftRows
  uint64_t key_masks_[11][16][8] = {};  // by round; 0 or all ones
};

Bitsliced::Bitsliced(std::span<const uint8_t, 16> key) {
  Aes128RoundKeys keys = expand_aes128_key(key);
  for (size_t round = 0; round < 11; ++round)
    for (size_t byte = 0; byte < 16; ++byte)
      for (size_t bit = 0; bit < 8; ++bit) {
        // The S-box's constant: MixColumns maps four equal bytes to themselves.
        const int constant = round == 0 ? 0 : 0x63;
        key_masks_[round][byte][bit] =
            mask_of(static_cast<uint64_t>(keys[round][byte] ^ constant), bit);
      }
  for (auto& round_key : keys) wipe(round_key);
}

Bitsliced::~Bitsliced() {
  for (auto* part : {&state_, &substituted_})
    wipe({reinterpret_cast<uint8_t*>(part), sizeof *part});
  wipe({reinterpret_cast<uint8_t*>(&key_masks_), sizeof key_masks_});
}

// first + n in lane n: the bits of n, then one full and 121 half adders. The counter may come from
// a secret, so nothing branches on it.
void Bitsliced::load_counters(CounterBlock first) {
  static constexpr uint64_t kIndexBits[7][2] = {{0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa},
                                                {0xcccccccccccccccc, 0xcccccccccccccccc},
                                                {0xf0f0f0f0f0f0f0f0, 0xf0f0f0f0f0f0f0f0},
                                                {0xff00ff00ff00ff00, 0xff00ff00ff00ff00},
                                                {0xffff0000ffff0000, 0xffff0000ffff0000},
                                                {0xffffffff00000000, 0xffffffff00000000},
                                                {0, 0xffffffffffffffff}};
  Vector carry = splat(0);
  for (size_t i = 0; i < 128; ++i) {
    const Vector bit = splat(mask_of(i < 64 ? first.low : first.high, i % 64));
    const Vector index = i < 7 ? Vector{kIndexBits[i][0], kIndexBits[i][1]} : splat(0);
    const Vector half = bit ^ index;
    state_[15 - i / 8][i % 8] = half ^ carry;
    carry = (bit & index) | (half & carry);
  }
}

// AddRoundKey, SubBytes and ShiftRows.
void Bitsliced::substitute(size_t round) {
  for (size_t place = 0; place < 16; ++place) {
    const size_t from = shifted_from(place);
    Vector bits[8];
    for (size_t i = 0; i < 8; ++i) bits[i] = state_[from][i] ^ splat(key_masks_[round][from][i]);
    aes_sbox_without_constant(bits);
    for (size_t i = 0; i < 8; ++i) substituted_[place][i] = bits[i];
  }
}

// Each byte becomes 2 (a ^ b) ^ b ^ c ^ d of its column from itself on down.
void Bitsliced::mix_columns() {
  for (size_t column = 0; column < 16; column += 4) {
    const auto* in = &substituted_[column];
    auto* out = &state_[column];
    Vector carried[4];  // into the lowest bit, and by the polynomial 0x1b into bits 1, 3 and 4
    for (size_t row = 0; row < 4; ++row) carried[row] = in[row][7] ^ in[(row + 1) % 4][7];
    Vector doubled[4] = {carried[0], carried[1], carried[2], carried[3]};
    for (size_t i = 0; i < 8; ++i) {
      Vector pair[4];
      for (size_t row = 0; row < 4; ++row) pair[row] = in[row][i] ^ in[(row + 1) % 4][i];
      for (size_t row = 0; row < 4; ++row) {
        Vector sum = in[(row + 1) % 4][i] ^ pair[(row + 2) % 4] ^ doubled[row];
        if (i == 1 || i == 3 || i == 4) sum ^= carried[row];
        out[row][i] = sum;
        doubled[row] = pair[row];
      }
    }
  }
}

// The last AddRoundKey, then from bits of all blocks to the bytes of each.
void Bitsliced::finish(uint8_t* out) {
  for (size_t byte = 0; byte < 16; ++byte) {
    Vector bits[8];
    for (size_t i = 0; i < 8; ++i) bits[i] = substituted_[byte][i] ^ splat(key_masks_[10][byte][i]);
    transpose_bits(bits);
    for (size_t i = 0; i < 8; ++i) state_[byte][i] = bits[i];
  }
  // Byte m of state_[byte][i] now belongs to block 8 m + i.
  for (size_t i = 0; i < 8; ++i) {
    ByteVector a[16];
    ByteVector b[16];
    for (size_t byte = 0; byte < 16; ++byte)
      a[byte] = reinterpret_cast<ByteVector>(state_[byte][i]);
    interleave(a, b);
    interleave(b, a);
    interleave(a, b);
    interleave(b, a);
    for (size_t m = 0; m < 16; ++m) std::memcpy(out + 16 * (8 * m + i), &a[m], 16);
  }
}

void Bitsliced::encrypt_counters(CounterBlock first, std::span<uint8_t> out) {
  for (size_t begin = 0; begin < out.size(); begin += batch_size()) {
    load_counters(first.plus(begin / 16));
    for (size_t round = 0; round < 9; ++round) {
      substitute(round);
      mix_columns();
    }
    substitute(9);
    finish(out.data() + begin);
  }
}

}  // namespace

std::unique_ptr<Aes128Path> make_aes128_bitsliced(std::span<const uint8_t, 16> key) {
  return std::make_unique<Bitsliced>(key);
}

}  // namespace sotto
