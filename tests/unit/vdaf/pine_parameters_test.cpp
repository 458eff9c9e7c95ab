#include "vdaf/pine_parameters.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "vdaf/pine.hpp"

using namespace sotto;

namespace {

constexpr PineInstance k32 = PineInstance::kPine32HmacSha256Aes128;
constexpr PineInstance k40 = PineInstance::kPine40HmacSha256Aes128;
constexpr PineInstance k64 = PineInstance::kPine64HmacSha256Aes128;

bool fits(PineInstance instance, uint64_t bound) {
  return choose_pine_parameters(instance, 1000, bound).ok();
}

}  // namespace

TEST_CASE("PINE's parameters for ML-1M are the draft's, and as sound as SECURITY.md says") {
  const PineParameters p = choose_pine_parameters(k32, 118'592, 1 << 15).value();
  CHECK(p.wraparound_checks == 100);
  CHECK(p.wraparound_successes == 100);
  CHECK(p.proofs == 5);  // of Pine32HmacSha256Aes128 in the draft's code
  CHECK(p.norm_equality_proofs == 1);
  CHECK(p.alpha == doctest::Approx(8.7).epsilon(0.01));
  const PineLayout layout = pine_layout(k32, p).value();
  CHECK(layout.squared_norm_bits == 31);
  CHECK(layout.wraparound_bound == 1 << 19);
  CHECK(layout.wraparound_bits == 20);

  const PineSecurity security = pine_security(k32, p).value();
  CHECK(security.wraparound_soundness == doctest::Approx(100));
  CHECK(security.proof_soundness > 100);
  CHECK(security.norm_equality_soundness == doctest::Approx(23).epsilon(0.01));
  CHECK(security.zero_knowledge >= 100);

  const PineParameters two = choose_pine_parameters(k32, 118'592, 1 << 15, {100, 40, 100}).value();
  CHECK(two.norm_equality_proofs == 2);
  CHECK(pine_security(k32, two).value().norm_equality_soundness ==
        doctest::Approx(46).epsilon(0.01));
}

TEST_CASE("the draft's default alpha leaks 2^-101 and asks for the same bound as the chosen one") {
  PineParameters p = choose_pine_parameters(k32, 1000, 1 << 15).value();
  const uint64_t chosen = pine_layout(k32, p).value().wraparound_bound;
  p.alpha = 8.7;
  CHECK(pine_layout(k32, p).value().wraparound_bound == chosen);
  CHECK(pine_security(k32, p).value().zero_knowledge == doctest::Approx(101.55).epsilon(0.001));
}

TEST_CASE("reports are as small as promised") {
  const auto report_size = [](size_t dimension) {
    const auto vdaf = make_pine(k32, choose_pine_parameters(k32, dimension, 1 << 15).value());
    size_t size = (*vdaf)->sizes().public_share;
    for (const size_t share : (*vdaf)->sizes().input_shares) size += share;
    return size;
  };
  CHECK(report_size(10'000) < 55'000);
  CHECK(report_size(118'592) < 500'000);
  CHECK(report_size(1'000'000) < 4'100'000);
}

TEST_CASE("fields hold norm bounds up to sqrt((q - 3) / 3)") {
  CHECK(fits(k32, 37'832));  // 3 * 37832^2 + 2 = 4293780674 < q
  CHECK_FALSE(fits(k32, 37'833));
  CHECK_FALSE(fits(k32, 0));
  CHECK(fits(k40, 605'389));  // 3 * 605389^2 + 2 = 1099487523965 < q
  CHECK_FALSE(fits(k40, 605'390));
  CHECK(fits(k64, 1 << 20));
  CHECK_FALSE(fits(k64, uint64_t{1} << 31));
  CHECK_FALSE(fits(k64, ~uint64_t{0}));
}

TEST_CASE("PINE's parameters out of range are refused") {
  const PineParameters good = choose_pine_parameters(k32, 100, 1000).value();
  REQUIRE(make_pine(k32, good).ok());
  const auto refused = [&](auto change) {
    PineParameters p = good;
    change(p);
    const auto made = make_pine(k32, p);
    return !made.ok() && made.error().code == ErrorCode::kInvalidArgument &&
           !pine_security(k32, p).ok();
  };
  constexpr size_t kHuge = ~size_t{0};
  for (const size_t bad : {size_t{0}, kHuge}) {
    CHECK(refused([&](auto& p) { p.dimension = bad; }));
    CHECK(refused([&](auto& p) { p.chunk_length = bad; }));
    CHECK(refused([&](auto& p) { p.norm_equality_chunk_length = bad; }));
    CHECK(refused([&](auto& p) { p.proofs = bad; }));
    CHECK(refused([&](auto& p) { p.norm_equality_proofs = bad; }));
    CHECK(refused([&](auto& p) { p.wraparound_checks = bad; }));
    CHECK(refused([&](auto& p) { p.wraparound_successes = bad; }));
    CHECK(refused([&](auto& p) { p.aggregators = bad; }));
  }
  CHECK(refused([](auto& p) { p.dimension = PineParameters::kMaxDimension + 1; }));
  CHECK(refused([](auto& p) { p.proofs = 256; }));
  CHECK(refused([](auto& p) { p.aggregators = 1; }));
  CHECK(refused([](auto& p) { p.aggregators = 256; }));
  CHECK(refused([](auto& p) { p.wraparound_successes = p.wraparound_checks + 1; }));
  for (const double bad : {-1.0, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity(), 1e9, 5000.0})
    CHECK(refused([&](auto& p) { p.alpha = bad; }));

  for (const double bad : {0.0, -1.0, 257.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_FALSE(choose_pine_parameters(k32, 100, 1000, {bad, 20, 100}).ok());
    CHECK_FALSE(choose_pine_parameters(k32, 100, 1000, {100, bad, 100}).ok());
    CHECK_FALSE(choose_pine_parameters(k32, 100, 1000, {100, 20, bad}).ok());
  }
  // Chunks so short that the field has no roots for so many calls.
  PineParameters many_calls = choose_pine_parameters(k32, 1 << 20, 1000).value();
  many_calls.norm_equality_chunk_length = 1;
  CHECK(make_pine(k32, many_calls).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("algorithm ids name one instance, or none") {
  for (const PineInstance instance : {k32, k40, k64})
    CHECK(pine_instance(pine_id(instance)) == instance);
  CHECK(pine_id(PineInstance::kPine64) == VdafId::kExperimental);
  CHECK_FALSE(pine_instance(VdafId::kExperimental).has_value());
  CHECK_FALSE(pine_instance(VdafId::kSumField32).has_value());
}
