#include "vdaf/xof.hpp"

#include <array>

#include "crypto/hkdf.hpp"

namespace sotto {
namespace {

constexpr uint8_t kTurboShakeDomain = 1;

std::array<uint8_t, 2> little_endian(size_t length) {
  return {static_cast<uint8_t>(length), static_cast<uint8_t>(length >> 8)};
}

}  // namespace

size_t xof_seed_size(XofKind kind) { return kind == XofKind::kTurboShake128Vdaf11 ? 16 : 32; }

Xof::Expander Xof::start(XofKind kind, std::span<const uint8_t> seed, std::span<const uint8_t> dst,
                         std::span<const uint8_t> binder) {
  if (kind != XofKind::kHmacSha256Aes128)
    return Expander(std::in_place_type<TurboShake128>, kTurboShakeDomain);
  // The draft counts in the last 8 bytes only. Counting in all 16 differs from it where those
  // overflow, which for a million blocks has a probability of 2^-44.
  const auto length = little_endian(dst.size());
  const Secret<32> derived = hmac_sha256_of_parts(seed, {std::span(length).first(1), dst, binder});
  return Expander(std::in_place_type<Aes128Ctr>, derived.reveal().first<16>(),
                  derived.reveal().last<16>());
}

Xof::Xof(XofKind kind, std::span<const uint8_t> seed, std::span<const uint8_t> dst,
         std::span<const uint8_t> binder)
    : expander_(start(kind, seed, dst, binder)) {
  auto* sponge = std::get_if<TurboShake128>(&expander_);
  if (sponge == nullptr) return;
  const auto length = little_endian(dst.size());
  if (kind == XofKind::kTurboShake128) {
    const auto seed_length = static_cast<uint8_t>(seed.size());
    sponge->update(length);
    sponge->update(dst);
    sponge->update({&seed_length, 1});
  } else {
    sponge->update(std::span(length).first(1));
    sponge->update(dst);
  }
  sponge->update(seed);
  sponge->update(binder);
}

void Xof::next(std::span<uint8_t> out) {
  if (auto* sponge = std::get_if<TurboShake128>(&expander_))
    sponge->squeeze(out);
  else
    std::get_if<Aes128Ctr>(&expander_)->next(out);
}

}  // namespace sotto
