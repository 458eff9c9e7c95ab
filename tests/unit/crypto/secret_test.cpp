#include "crypto/secret.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <type_traits>
#include <vector>

using namespace sotto;

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

template <class Range>
bool all_zero(const Range& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

TEST_CASE("secrets cannot be printed, and are copied only by name") {
  static_assert(!Printable<Seed> && !Printable<SecretBytes>);
  static_assert(!std::is_copy_constructible_v<Seed> && !std::is_copy_assignable_v<Seed>);
  static_assert(!std::is_copy_constructible_v<SecretBytes>);
  static_assert(!std::is_copy_assignable_v<SecretBytes>);
  static_assert(std::is_nothrow_move_constructible_v<Seed>);
  static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
  TestEntropy entropy(1);
  const Seed seed = Seed::random(entropy);
  CHECK((seed == seed.clone()));
}

TEST_CASE("a secret that was moved from is wiped") {
  TestEntropy entropy(2);
  Seed seed = Seed::random(entropy);
  CHECK_FALSE(all_zero(seed.reveal()));
  const Seed copy = seed.clone();
  Seed target = std::move(seed);
  CHECK(all_zero(seed.reveal()));  // NOLINT(bugprone-use-after-move): what is tested
  CHECK((target == copy));
  Seed assigned;
  assigned = std::move(target);
  CHECK(all_zero(target.reveal()));  // NOLINT(bugprone-use-after-move)
  CHECK((assigned == copy));

  SecretBytes bytes = SecretBytes::copy_of(std::vector<uint8_t>{1, 2, 3});
  const SecretBytes moved = std::move(bytes);
  CHECK(bytes.size() == 0);  // NOLINT(bugprone-use-after-move)
  CHECK(moved.size() == 3);
}

TEST_CASE("a secret is wiped at its end") {
  // In a place of our own, so that looking afterwards is allowed.
  alignas(Seed) uint8_t place[sizeof(Seed)];
  TestEntropy entropy(3);
  auto* const seed = new (place) Seed(Seed::random(entropy));
  CHECK_FALSE(all_zero(std::span<const uint8_t>(place)));
  seed->~Seed();
  CHECK(all_zero(std::span<const uint8_t>(place)));
}

TEST_CASE("comparison sees every byte and every length") {
  std::vector<uint8_t> a(100, 7);
  CHECK(equal_in_constant_time(a, a));
  for (size_t i = 0; i < a.size(); ++i) {
    std::vector<uint8_t> b = a;
    b[i] ^= 1;
    CHECK_FALSE(equal_in_constant_time(a, b));
    CHECK_FALSE((SecretBytes::copy_of(a) == SecretBytes::copy_of(b)));
  }
  CHECK_FALSE(equal_in_constant_time(a, std::span(a).first(99)));
  CHECK(equal_in_constant_time({}, {}));
  CHECK((SecretBytes::copy_of(a) == SecretBytes::copy_of(a)));
}

TEST_CASE("wiping nothing is no error") {
  wipe({});
  SecretBytes empty;
  empty = SecretBytes(0);
  CHECK(empty.size() == 0);
}
