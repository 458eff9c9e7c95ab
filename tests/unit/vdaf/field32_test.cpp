#include "vdaf/field32.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "vdaf/field_vector.hpp"

using namespace sotto;

namespace {

constexpr uint32_t kQ = Field32::kModulus;

// Where carries and borrows happen.
constexpr uint32_t kCorners[] = {
    0,        1,      2,          (1U << 20) - 1,  1U << 20, (1U << 31) - 1,
    1U << 31, kQ / 2, kQ / 2 + 1, kQ - (1U << 20), kQ - 2,   kQ - 1};

}  // namespace

TEST_CASE("the modulus is the prime of the draft") {
  CHECK(kQ == 4293918721);
  CHECK(kQ == (uint64_t{1} << 32) - (uint64_t{1} << 20) + 1);
  bool prime = true;
  for (uint64_t divisor = 2; divisor * divisor <= kQ; ++divisor) prime &= kQ % divisor != 0;
  CHECK(prime);
}

TEST_CASE("field operations are those of the integers modulo q") {
  Random random(1);
  std::vector<uint32_t> values(std::begin(kCorners), std::end(kCorners));
  for (int i = 0; i < 300; ++i) values.push_back(static_cast<uint32_t>(random.below(kQ)));
  for (const uint64_t a : values) {
    for (const uint64_t b : values) {
      const auto x = static_cast<uint32_t>(a);
      const auto y = static_cast<uint32_t>(b);
      REQUIRE(Field32::add(x, y) == (a + b) % kQ);
      REQUIRE(Field32::subtract(x, y) == (a + kQ - b) % kQ);
    }
    REQUIRE(Field32::negate(static_cast<uint32_t>(a)) == (kQ - a) % kQ);
  }
}

TEST_CASE("signed numbers go in and come out") {
  for (const int64_t value :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1} << 30, int64_t{kQ / 2}, -int64_t{kQ / 2}}) {
    CHECK(Field32::to_signed(Field32::from_signed(value)) == value);
    CHECK(Field32::from_signed(static_cast<int32_t>(value)) == Field32::from_signed(value));
  }
  CHECK(Field32::from_signed(std::numeric_limits<int32_t>::min()) ==
        Field32::from_signed(int64_t{std::numeric_limits<int32_t>::min()}));
  CHECK(Field32::from_signed(int64_t{kQ}) == 0);
  CHECK(Field32::from_signed(-int64_t{kQ} - 1) == kQ - 1);
  CHECK(Field32::is_canonical(Field32::from_signed(std::numeric_limits<int64_t>::min())));
  CHECK(Field32::is_canonical(Field32::from_signed(std::numeric_limits<int64_t>::max())));
  CHECK(Field32::to_signed(kQ / 2) == 2146959360);
  CHECK(Field32::to_signed(kQ / 2 + 1) == -2146959360);
}

TEST_CASE("elements are little-endian, and q and above are none") {
  uint8_t bytes[4];
  Field32::store(bytes, 0x01020304);
  CHECK(bytes[0] == 4);
  CHECK(bytes[3] == 1);
  CHECK(Field32::load(bytes) == 0x01020304);
  CHECK(Field32::is_canonical(kQ - 1));
  CHECK_FALSE(Field32::is_canonical(kQ));
  CHECK_FALSE(Field32::is_canonical(0xffffffff));
}

TEST_CASE("one element out of range is found wherever it stands") {
  for (const size_t n : {size_t{1}, size_t{3}, size_t{64}, size_t{131}}) {
    for (size_t at = 0; at < n; ++at) {
      Bytes encoded(4 * n);
      CHECK(all_canonical<Field32>(encoded));
      for (size_t i = 0; i < n; ++i) Field32::store(&encoded[4 * i], kQ - 1);
      CHECK(all_canonical<Field32>(encoded));
      Field32::store(&encoded[4 * at], kQ);
      CHECK_FALSE(all_canonical<Field32>(encoded));
    }
  }
  CHECK(all_canonical<Field32>({}));
}

TEST_CASE("vector operations are the elements' own, at any alignment") {
  Random random(2);
  for (const size_t n : {size_t{0}, size_t{1}, size_t{7}, size_t{64}, size_t{1001}}) {
    for (const size_t shift : {size_t{0}, size_t{1}}) {
      Bytes a(4 * n + shift);
      Bytes b(4 * n);
      for (size_t i = 0; i < n; ++i) {
        Field32::store(&a[4 * i + shift], static_cast<uint32_t>(random.below(kQ)));
        Field32::store(&b[4 * i], static_cast<uint32_t>(random.below(kQ)));
      }
      const Bytes before = a;
      add_vector<Field32>(std::span(a).subspan(shift), b);
      for (size_t i = 0; i < n; ++i)
        CHECK(Field32::load(&a[4 * i + shift]) ==
              Field32::add(Field32::load(&before[4 * i + shift]), Field32::load(&b[4 * i])));
      subtract_vector<Field32>(std::span(a).subspan(shift), b);
      CHECK(a == before);
    }
  }
}
