#include "crypto/turboshake.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "crypto/secret.hpp"

namespace sotto {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes are absorbed as they lie");

// The last 12 of Keccak-f[1600]'s 24.
constexpr std::array<uint64_t, 12> kRoundConstants = {
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

// FIPS 202, section 3.2.2: how far rho rotates lane x + 5y.
constexpr std::array<int, 25> kRotations = [] {
  std::array<int, 25> rotations{};
  for (int t = 0, x = 1, y = 0; t < 24; ++t) {
    rotations[static_cast<size_t>(x + 5 * y)] = (t + 1) * (t + 2) / 2 % 64;
    x = std::exchange(y, (2 * x + 3 * y) % 5);
  }
  return rotations;
}();

using Lanes = std::array<uint64_t, 25>;
using Row = std::array<uint64_t, 5>;

// Theta's second half and rho of the lane that pi moves to (x, y).
template <size_t x, size_t y>
[[gnu::always_inline]] inline uint64_t moved(const Lanes& a, const Row& d) {
  constexpr size_t column = (x + 3 * y) % 5;
  constexpr size_t from = column + 5 * x;
  return std::rotl(a[from] ^ d[column], kRotations[from]);
}

// Row y of a round's output, without iota.
template <size_t y>
[[gnu::always_inline]] inline void make_row(const Lanes& a, const Row& d, Lanes& out) {
  const uint64_t b0 = moved<0, y>(a, d);
  const uint64_t b1 = moved<1, y>(a, d);
  const uint64_t b2 = moved<2, y>(a, d);
  const uint64_t b3 = moved<3, y>(a, d);
  const uint64_t b4 = moved<4, y>(a, d);
  out[5 * y] = b0 ^ (~b1 & b2);
  out[5 * y + 1] = b1 ^ (~b2 & b3);
  out[5 * y + 2] = b2 ^ (~b3 & b4);
  out[5 * y + 3] = b3 ^ (~b4 & b0);
  out[5 * y + 4] = b4 ^ (~b0 & b1);
}

[[gnu::always_inline]] inline void make_round(const Lanes& a, uint64_t constant, Lanes& out) {
  const Row c = {a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20], a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21],
                 a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22], a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23],
                 a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]};
  const Row d = {c[4] ^ std::rotl(c[1], 1), c[0] ^ std::rotl(c[2], 1), c[1] ^ std::rotl(c[3], 1),
                 c[2] ^ std::rotl(c[4], 1), c[3] ^ std::rotl(c[0], 1)};
  make_row<0>(a, d, out);
  make_row<1>(a, d, out);
  make_row<2>(a, d, out);
  make_row<3>(a, d, out);
  make_row<4>(a, d, out);
  out[0] ^= constant;
}

void permute(Lanes& state) {
  Lanes a = state;
  Lanes b;
  for (size_t round = 0; round < kRoundConstants.size(); round += 2) {
    make_round(a, kRoundConstants[round], b);
    make_round(b, kRoundConstants[round + 1], a);
  }
  state = a;
}

// By words: no compiler vectorises the byte loop for WASM or below -O3.
void xor_into(uint8_t* to, std::span<const uint8_t> in) {
  size_t i = 0;
  for (; i + 8 <= in.size(); i += 8) {
    uint64_t a;
    uint64_t b;
    std::memcpy(&a, to + i, 8);
    std::memcpy(&b, in.data() + i, 8);
    a ^= b;
    std::memcpy(to + i, &a, 8);
  }
  for (; i < in.size(); ++i) to[i] ^= in[i];
}

}  // namespace

TurboShake128::TurboShake128(uint8_t domain) : domain_(domain) {}

TurboShake128::~TurboShake128() { wipe({bytes(), sizeof state_}); }

uint8_t* TurboShake128::bytes() { return reinterpret_cast<uint8_t*>(state_.data()); }

void TurboShake128::update(std::span<const uint8_t> in) {
  while (!in.empty()) {
    const size_t n = std::min(kRate - position_, in.size());
    xor_into(bytes() + position_, in.first(n));
    in = in.subspan(n);
    position_ += n;
    if (position_ == kRate) {
      permute(state_);
      position_ = 0;
    }
  }
}

void TurboShake128::squeeze(std::span<uint8_t> out) {
  if (!squeezing_) {
    bytes()[position_] ^= domain_;
    bytes()[kRate - 1] ^= 0x80;
    position_ = kRate;
    squeezing_ = true;
  }
  while (!out.empty()) {
    if (position_ == kRate) {
      permute(state_);
      position_ = 0;
    }
    const size_t n = std::min(kRate - position_, out.size());
    std::memcpy(out.data(), bytes() + position_, n);
    out = out.subspan(n);
    position_ += n;
  }
}

}  // namespace sotto
