#include "vdaf/xof.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/random.hpp"
#include "crypto/hkdf.hpp"
#include "hex.hpp"
#include "vdaf/vectors.hpp"

using namespace sotto;

namespace {

constexpr std::array kKinds = {XofKind::kTurboShake128, XofKind::kTurboShake128Vdaf11,
                               XofKind::kHmacSha256Aes128};

Bytes next(Xof& xof, size_t size) {
  Bytes out(size);
  xof.next(out);
  return out;
}

Bytes expand(XofKind kind, const Bytes& seed, const Bytes& dst, const Bytes& binder, size_t size) {
  Xof xof(kind, seed, dst, binder);
  return next(xof, size);
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Bytes turboshake(const Bytes& message, size_t size) {
  TurboShake128 sponge(1);
  sponge.update(message);
  Bytes out(size);
  sponge.squeeze(out);
  return out;
}

Bytes random_bytes(Random& random, size_t size) {
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.below(256));
  return bytes;
}

}  // namespace

TEST_CASE("XofTurboShake128 passes the vector of draft-irtf-cfrg-vdaf") {
  const auto vector = read_vectors("vdaf/XofTurboShake128.json");
  if (!vector) return;
  const Json& v = *vector;
  const Bytes seed = from_hex(v["seed"].text());
  const Bytes dst = from_hex(v["dst"].text());
  const Bytes binder = from_hex(v["binder"].text());
  CHECK(expand(XofKind::kTurboShake128, seed, dst, binder, 32) ==
        from_hex(v["derived_seed"].text()));
  // Field128's modulus is so near 2^128 that no sample is refused: the vector is the stream.
  const Bytes expanded = from_hex(v["expanded_vec_field128"].text());
  CHECK(expanded.size() == 16 * v["length"].u64());
  CHECK(expand(XofKind::kTurboShake128, seed, dst, binder, expanded.size()) == expanded);
}

// Made with the reference code of draft-irtf-cfrg-vdaf-11 and draft-chen-cfrg-vdaf-pine-01; the
// second with Python's HMAC and OpenSSL's AES too.
TEST_CASE("the XOFs of draft 11 give what its reference code gives") {
  const auto count = [](size_t size) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i);
    return bytes;
  };
  const auto check = [&](XofKind kind, const char* first, const char* last) {
    const Bytes out =
        expand(kind, count(xof_seed_size(kind)), from_text("a tag"), count(200), 5000);
    CHECK(Bytes(out.begin(), out.begin() + 64) == from_hex(first));
    CHECK(Bytes(out.end() - 32, out.end()) == from_hex(last));
  };
  check(XofKind::kTurboShake128Vdaf11,
        "b5df2582a736a9b98d2ed04883a0b68611971ccb330a43256adb3994c1c769d5"
        "b5b5f4ebcc9e96ab7a6e5d02da2bd753171c6ec080e7819a78179eb4b32b35ac",
        "5092a2077746f3735c2f7e6343b38d8ce1185a83a571069e7765bae7e9272a27");
  check(XofKind::kHmacSha256Aes128,
        "71d6a569376857c040853d6e7cda1049abba00b80208416de9c4ec97c488405d"
        "0d7bb16e6c55e5fca48fe8c0f818db089cfb91bbe72c2092a8be25da0016eaaf",
        "c18aefadaa686714a42afa2549a34275add9b4a7b935fecf2736c11b7cdc0823");
}

TEST_CASE("a seed has the size of its draft") {
  CHECK(xof_seed_size(XofKind::kTurboShake128) == 32);
  CHECK(xof_seed_size(XofKind::kTurboShake128Vdaf11) == 16);
  CHECK(xof_seed_size(XofKind::kHmacSha256Aes128) == 32);
}

TEST_CASE("every XOF frames seed, tag and binder as its draft does") {
  Random random(91);
  for (const size_t size : {0u, 1u, 100u, 255u}) {
    for (const size_t binder_size : {0u, 5u, 3000u}) {
      const Bytes dst = random_bytes(random, size);
      const Bytes binder = random_bytes(random, binder_size);
      const Bytes long_seed = random_bytes(random, 32);
      const Bytes short_seed = random_bytes(random, 16);
      const auto length = static_cast<uint8_t>(size);
      CHECK(expand(XofKind::kTurboShake128, long_seed, dst, binder, 500) ==
            turboshake(joined({{length, 0}, dst, {32}, long_seed, binder}), 500));
      CHECK(expand(XofKind::kTurboShake128Vdaf11, short_seed, dst, binder, 500) ==
            turboshake(joined({{length}, dst, short_seed, binder}), 500));
      const auto derived = hmac_sha256(long_seed, joined({{length}, dst, binder}));
      Aes128Ctr ctr(derived.reveal().first<16>(), derived.reveal().last<16>());
      Bytes expected(500);
      ctr.next(expected);
      CHECK(expand(XofKind::kHmacSha256Aes128, long_seed, dst, binder, 500) == expected);
    }
  }
  const Bytes seed = random_bytes(random, 32);
  const Bytes dst = random_bytes(random, 0x1234);
  CHECK(expand(XofKind::kTurboShake128, seed, dst, {}, 100) ==
        turboshake(joined({{0x34, 0x12}, dst, {32}, seed}), 100));
}

TEST_CASE("a XOF gives the same stream in any pieces") {
  Random random(92);
  for (const XofKind kind : kKinds) {
    const Bytes seed = random_bytes(random, xof_seed_size(kind));
    const Bytes dst = from_text("a tag");
    const Bytes binder = random_bytes(random, 77);
    const Bytes whole = expand(kind, seed, dst, binder, 9000);
    Xof xof(kind, seed, dst, binder);
    Bytes pieces;
    while (pieces.size() < whole.size()) {
      const size_t n =
          std::min(static_cast<size_t>(random.below(700)), whole.size() - pieces.size());
      pieces = joined({pieces, next(xof, n)});
    }
    CHECK(pieces == whole);
  }
}

TEST_CASE("another seed, tag or binder gives another stream") {
  for (const XofKind kind : kKinds) {
    const Bytes seed(xof_seed_size(kind), 1);
    Bytes other = seed;
    other.back() ^= 0x80;
    const Bytes stream = expand(kind, seed, {1, 2}, {3}, 32);
    CHECK(expand(kind, seed, {1, 2}, {3}, 32) == stream);
    CHECK(expand(kind, other, {1, 2}, {3}, 32) != stream);
    CHECK(expand(kind, seed, {1, 4}, {3}, 32) != stream);
    CHECK(expand(kind, seed, {1, 2}, {4}, 32) != stream);
    CHECK(expand(kind, seed, {1, 2}, {}, 32) != stream);
  }
}
