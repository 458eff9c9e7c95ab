#include "vdaf/pine.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "vdaf/grid.hpp"
#include "vdaf/pine_attacker.hpp"
#include "vdaf/report_run.hpp"

using namespace sotto;

namespace {

constexpr PineInstance kDefault = PineInstance::kPine32HmacSha256Aes128;
constexpr PineInstance kAll[] = {
    PineInstance::kPine32HmacSha256Aes128, PineInstance::kPine40HmacSha256Aes128,
    PineInstance::kPine64HmacSha256Aes128, PineInstance::kPine64, PineInstance::kPine128};
constexpr uint64_t kBound = 1 << 15;

PineParameters parameters_for(size_t dimension, uint64_t bound = kBound,
                              PineInstance instance = kDefault) {
  return choose_pine_parameters(instance, dimension, bound).value();
}

// Fewer checks than are secure, where a test is about something else and goes through many reports.
PineParameters small_parameters(size_t dimension, size_t aggregators = 2) {
  PineParameters parameters = parameters_for(dimension);
  parameters.wraparound_checks = parameters.wraparound_successes = 6;
  parameters.chunk_length = 20;
  parameters.proofs = 2;
  parameters.aggregators = aggregators;
  return parameters;
}

// A vector of exactly the bound or a little less, of one of the shapes that gradients have.
std::vector<int32_t> random_measurement(Random& random, size_t dimension, uint64_t bound) {
  std::vector<float> values(dimension);
  const uint64_t shape = random.below(4);
  for (float& value : values) {
    value = static_cast<float>(random.normal());
    if (shape == 0 && random.below(4) != 0) value = 0;
    if (shape == 1) value = 1;
  }
  if (shape == 2) values[static_cast<size_t>(random.below(dimension))] = 1e6F;
  std::vector<int32_t> measurement(dimension);
  const Grid grid{static_cast<int32_t>(bound), shape == 3 ? 100.0 : 1.0};
  REQUIRE(encode_on_grid(values, grid, measurement).ok());
  return measurement;
}

// Integers whose squares add up to exactly `target`, over 4 coordinates (Lagrange), greedily with
// luck: tries other beginnings until it works out.
std::vector<int32_t> with_squared_norm(uint64_t target, size_t dimension, Random& random) {
  const auto root = [](uint64_t n) {
    auto r = static_cast<uint64_t>(std::sqrt(static_cast<double>(n)));
    while (r * r > n) --r;
    while ((r + 1) * (r + 1) <= n) ++r;
    return r;
  };
  while (true) {
    std::vector<int32_t> values(dimension);
    uint64_t left = target;
    for (size_t j = 0; j < 3; ++j) {
      const uint64_t value = random.below(root(left) + 1);
      values[j] = static_cast<int32_t>(value);
      left -= value * value;
    }
    const uint64_t last = root(left);
    if (last * last != left) continue;
    values[3] = -static_cast<int32_t>(last);
    return values;
  }
}

bool accepted(const Vdaf& vdaf, const ReportBytes& report) {
  return prepare_report(vdaf, report, verify_key_of(vdaf)).ok();
}

ErrorCode refusal(const Vdaf& vdaf, const ReportBytes& report) {
  return prepare_report(vdaf, report, verify_key_of(vdaf)).error().code;
}

// Counts how often randomness is drawn.
class CountedEntropy final : public EntropySource {
 public:
  explicit CountedEntropy(uint64_t seed) : source_(seed) {}
  void fill(std::span<uint8_t> out) override {
    ++fills;
    source_.fill(out);
  }
  size_t fills = 0;

 private:
  TestEntropy source_;
};

}  // namespace

TEST_CASE("PINE: sums of honest reports are exact, in every field and for 2 to 4 aggregators") {
  TestEntropy entropy(1);
  Random random(1);
  for (const PineInstance instance : kAll) {
    for (size_t aggregators = 2; aggregators <= 4; ++aggregators) {
      PineParameters parameters = parameters_for(50, 1000, instance);
      parameters.aggregators = aggregators;
      const VdafPointer vdaf = make_pine(instance, parameters).value();
      auto totals = empty_totals(*vdaf);
      std::vector<int64_t> expected(50);
      for (int report = 0; report < 3; ++report) {
        const auto measurement = random_measurement(random, 50, 1000);
        for (size_t j = 0; j < 50; ++j) expected[j] += measurement[j];
        REQUIRE(add_report(*vdaf, measurement, entropy, totals).ok());
      }
      CHECK(vdaf->unshard(totals, 3).value() == expected);
      REQUIRE(vdaf->add_integers(totals[1], std::vector<int64_t>(50, -12345)).ok());
      CHECK(vdaf->unshard(totals, 3).value()[7] == expected[7] - 12345);
    }
  }
}

TEST_CASE("PINE: every honest report is accepted") {
  // 10,000 with --long. A refusal would be a query at a root of unity, 2^-24 a report.
  Random random(2);
  CountedEntropy entropy(2);
  const size_t reports = full_or(10'000, 150);
  for (size_t i = 0; i < reports; ++i) {
    const auto dimension = static_cast<size_t>(1 + random.below(80));
    const VdafPointer vdaf = make_pine(kDefault, parameters_for(dimension)).value();
    entropy.fills = 0;
    const auto report = make_report(*vdaf, random_measurement(random, dimension, kBound), entropy);
    REQUIRE(report.ok());
    REQUIRE(entropy.fills == 2);  // nonce and one try
    REQUIRE(accepted(*vdaf, *report));
  }
}

TEST_CASE("PINE: a large vector is accepted, and its shares are as large as promised") {
  constexpr size_t kDimension = 20'000;
  Random random(3);
  TestEntropy entropy(3);
  const VdafPointer vdaf = make_pine(kDefault, parameters_for(kDimension)).value();
  const auto measurement = random_measurement(random, kDimension, kBound);
  const auto report = make_report(*vdaf, measurement, entropy);
  REQUIRE(report.ok());
  CHECK(report->public_share.size() == vdaf->sizes().public_share);
  CHECK(report->input_shares[0].size() == vdaf->sizes().input_shares[0]);
  CHECK(report->input_shares[1].size() == 128);
  CHECK(accepted(*vdaf, *report));
}

TEST_CASE("PINE: the attacker of these tests makes the very bytes of an honest device") {
  Random random(4);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    PineParameters parameters = parameters_for(33);
    parameters.norm_equality_proofs = 1 + seed % 2;
    const VdafPointer vdaf = make_pine(kDefault, parameters).value();
    const auto measurement = random_measurement(random, 33, kBound);
    TestEntropy entropy(seed), same(seed);
    const auto report = make_report(*vdaf, measurement, entropy);
    PineClaims claims = honest_claims(pine_layout(kDefault, parameters).value(), measurement);
    const ReportBytes attacked = attack(parameters, claims, same);
    REQUIRE(report.ok());
    CHECK(claims.failed_checks == 0);
    CHECK(report->nonce == attacked.nonce);
    CHECK(report->public_share == attacked.public_share);
    CHECK(report->input_shares == attacked.input_shares);
  }
}

TEST_CASE("PINE: a norm at the bound is accepted, one just above is refused, whatever is claimed") {
  Random random(5);
  TestEntropy entropy(5);
  constexpr size_t kDimension = 6;
  for (const uint64_t bound : {uint64_t{1}, uint64_t{5}, uint64_t{1000}, kBound, uint64_t{37832}}) {
    const PineParameters parameters = parameters_for(kDimension, bound);
    const PineLayout layout = pine_layout(kDefault, parameters).value();
    const VdafPointer vdaf = make_pine(kDefault, parameters).value();
    const uint64_t limit = bound * bound;
    for (const uint64_t norm : {limit, limit - 1, uint64_t{0}}) {
      const auto report = make_report(*vdaf, with_squared_norm(norm, kDimension, random), entropy);
      REQUIRE(report.ok());
      CHECK(accepted(*vdaf, *report));
    }
    const auto above = with_squared_norm(limit + 1, kDimension, random);
    CHECK(vdaf->shard(above, {}, entropy).error().code == ErrorCode::kInvalidArgument);
    const uint64_t all_bits = (uint64_t{1} << layout.squared_norm_bits) - 1;
    const uint64_t claimed[][2] = {{limit + 1, 0}, {limit + 1, all_bits}, {limit, 0},
                                   {0, limit},     {limit - 1, 1},        {all_bits, 1}};
    for (const auto& [v, u] : claimed) {
      PineClaims claims = honest_claims(layout, above);
      claims.v = v & all_bits;
      claims.u = u & all_bits;
      CHECK(refusal(*vdaf, attack(parameters, claims, entropy)) == ErrorCode::kRejected);
    }
  }
}

TEST_CASE("PINE: a coordinate whose square wraps around is refused, wherever it stands") {
  Random random(6);
  TestEntropy entropy(6);
  constexpr size_t kDimension = 40;
  const PineParameters parameters = parameters_for(kDimension);
  const PineLayout layout = pine_layout(kDefault, parameters).value();
  const VdafPointer vdaf = make_pine(kDefault, parameters).value();
  for (size_t at = 0; at < kDimension; ++at) {
    PineClaims claims = honest_claims(layout, std::vector<int32_t>(kDimension));
    // A large number whose square is small modulo q.
    while (true) {
      const auto large = static_cast<uint32_t>(random.below(Field32::kModulus));
      const uint32_t square = Field32::multiply(large, large);
      if (std::abs(Field32::to_signed(large)) < 1'000'000 || square > layout.squared_norm_bound)
        continue;
      claims.gradient[at] = large;
      claims.v = square;
      claims.u = layout.squared_norm_bound - square;
      break;
    }
    for (const bool count_failed_checks : {false, true}) {
      claims.count_failed_checks = count_failed_checks;
      const ReportBytes report = attack(parameters, claims, entropy);
      // Half of 100 fail; none with 2^-100, fewer than 15 with 2^-40.
      CHECK(claims.failed_checks > 15);
      CHECK(refusal(*vdaf, report) == ErrorCode::kRejected);
    }
  }
}

TEST_CASE("PINE: many coordinates that wrap around together are refused") {
  // Every coordinate is within the bound, but their squares add up to q and more.
  Random random(7);
  TestEntropy entropy(7);
  constexpr size_t kDimension = 64;
  const PineParameters parameters = parameters_for(kDimension);
  const PineLayout layout = pine_layout(kDefault, parameters).value();
  const VdafPointer vdaf = make_pine(kDefault, parameters).value();
  for (int attempt = 0; attempt < 20;) {
    std::vector<int32_t> measurement(kDimension);
    for (int32_t& value : measurement)
      value = static_cast<int32_t>(random.below(2 * 500'000 + 1)) - 500'000;
    PineClaims claims = honest_claims(layout, measurement);
    claims.v %= Field32::kModulus;
    if (claims.v > layout.squared_norm_bound) continue;
    claims.u = layout.squared_norm_bound - claims.v;
    ++attempt;
    for (const bool count_failed_checks : {false, true}) {
      claims.count_failed_checks = count_failed_checks;
      CHECK(refusal(*vdaf, attack(parameters, claims, entropy)) == ErrorCode::kRejected);
      CHECK(claims.failed_checks > 0);
    }
  }
}

TEST_CASE("PINE: bits that are no bits are refused, even where they add up") {
  Random random(8);
  TestEntropy entropy(8);
  const PineParameters parameters = parameters_for(5);
  const PineLayout layout = pine_layout(kDefault, parameters).value();
  const VdafPointer vdaf = make_pine(kDefault, parameters).value();
  // Two neighbouring bits b, b' of one number become b + 2 and b' - 1: the number stays.
  const size_t ends[] = {layout.squared_norm_bits, 2 * layout.squared_norm_bits,
                         2 * layout.squared_norm_bits + layout.wraparound_bits};
  for (const size_t end : ends) {
    for (size_t bit = end - 5; bit + 1 < end; ++bit) {
      PineClaims claims = honest_claims(layout, random_measurement(random, 5, kBound));
      claims.change_bits = [bit](const PineLayout&, std::span<uint32_t> bits) {
        bits[bit] = Field32::add(bits[bit], 2);
        bits[bit + 1] = Field32::subtract(bits[bit + 1], 1);
      };
      CHECK(refusal(*vdaf, attack(parameters, claims, entropy)) == ErrorCode::kRejected);
    }
  }
  // v = norm above the bound, u negative: u = 2^30 (-1) + ...
  const auto above = with_squared_norm(layout.squared_norm_bound + 4, 5, random);
  PineClaims claims = honest_claims(layout, above);
  claims.u = 0;
  claims.change_bits = [](const PineLayout& l, std::span<uint32_t> bits) {
    bits[l.squared_norm_bits + 2] = Field32::negate(1);  // -4
  };
  CHECK(refusal(*vdaf, attack(parameters, claims, entropy)) == ErrorCode::kRejected);
}

TEST_CASE("PINE: no byte of what is sent can be changed") {
  TestEntropy entropy(9);
  Random random(9);
  for (const size_t aggregators : {size_t{2}, size_t{3}}) {
    const VdafPointer vdaf = make_pine(kDefault, small_parameters(9, aggregators)).value();
    const auto report = make_report(*vdaf, random_measurement(random, 9, kBound), entropy);
    REQUIRE(report.ok());
    REQUIRE(accepted(*vdaf, *report));
    CHECK(accepted_mutations(*vdaf, *report, full_or(100'000, 120), random) == 0);
  }
  for (const PineInstance instance : kAll) {
    const VdafPointer vdaf = make_pine(instance, parameters_for(12, 100, instance)).value();
    const auto report = make_report(*vdaf, random_measurement(random, 12, 100), entropy);
    REQUIRE(report.ok());
    CHECK(accepted_mutations(*vdaf, *report, full_or(300, 8), random) == 0);
  }
}

TEST_CASE("PINE: a report under another verify key is the same, and under another nonce refused") {
  TestEntropy entropy(10);
  const VdafPointer vdaf = make_pine(kDefault, parameters_for(8)).value();
  auto report = make_report(*vdaf, std::vector<int32_t>(8, 100), entropy).value();
  for (uint8_t key = 0; key < 10; ++key)
    CHECK(prepare_report(*vdaf, report, verify_key_of(*vdaf, key)).ok());
  report.nonce[0] ^= 1;
  CHECK(refusal(*vdaf, report) == ErrorCode::kRejected);
}

TEST_CASE("PINE: any wrong length is refused") {
  TestEntropy entropy(11);
  for (const PineInstance instance : kAll) {
    PineParameters parameters = parameters_for(10, 100, instance);
    parameters.aggregators = 3;
    const VdafPointer vdaf = make_pine(instance, parameters).value();
    const auto report = make_report(*vdaf, std::vector<int32_t>(10, 5), entropy);
    REQUIRE(report.ok());
    CHECK(accepted_wrong_length(*vdaf, *report) == "");
    CHECK(vdaf->shard(std::vector<int32_t>(9), {}, entropy).error().code ==
          ErrorCode::kInvalidArgument);
    CHECK(vdaf->shard(std::vector<int32_t>(11), {}, entropy).error().code ==
          ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("PINE: measurements beyond the bound are refused on the device, however far") {
  TestEntropy entropy(12);
  const VdafPointer vdaf = make_pine(kDefault, parameters_for(4, 10)).value();
  for (const std::vector<int32_t>& bad : {std::vector<int32_t>{11, 0, 0, 0},
                                          {10, 1, 0, 0},
                                          {0, 0, -8, -7},
                                          {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN},
                                          {INT32_MAX, 0, 0, 0},
                                          {65536, 0, 0, 0}})
    CHECK(vdaf->shard(bad, {}, entropy).error().code == ErrorCode::kInvalidArgument);
  CHECK(vdaf->shard(std::vector<int32_t>{0, -6, 8, 0}, {}, entropy).ok());
}

TEST_CASE(
    "PINE: a device whose wraparound checks fail draws again, and servers see nothing of it") {
  // Only a dot product of 0 or 1 is in range here, which every second one is.
  PineParameters parameters = small_parameters(1);
  parameters.alpha = 0;
  parameters.wraparound_checks = parameters.wraparound_successes = 1;
  const VdafPointer vdaf = make_pine(kDefault, parameters).value();
  CountedEntropy entropy(13);
  for (int i = 0; i < 100; ++i) {
    const auto report = make_report(*vdaf, std::vector<int32_t>{1000}, entropy);
    REQUIRE(report.ok());
    CHECK(accepted(*vdaf, *report));
  }
  // 100 nonces and about 200 tries.
  CHECK(entropy.fills > 250);
  CHECK(entropy.fills < 400);

  parameters.wraparound_checks = parameters.wraparound_successes = 64;
  const VdafPointer hopeless = make_pine(kDefault, parameters).value();
  CHECK(make_report(*hopeless, std::vector<int32_t>{1000}, entropy).error().code ==
        ErrorCode::kInternal);
}

TEST_CASE("PINE: of more checks than must succeed, those out of range do not count") {
  PineParameters parameters = small_parameters(1);
  parameters.alpha = 0;
  parameters.wraparound_checks = 40;
  parameters.wraparound_successes = 10;
  const VdafPointer vdaf = make_pine(kDefault, parameters).value();
  TestEntropy entropy(14);
  for (int i = 0; i < 30; ++i) {
    const auto report = make_report(*vdaf, std::vector<int32_t>{-1000}, entropy);
    REQUIRE(report.ok());
    CHECK(accepted(*vdaf, *report));
  }
}

TEST_CASE("PINE: out shares of helpers are seeds") {
  TestEntropy entropy(15);
  const VdafPointer vdaf = make_pine(kDefault, parameters_for(1000)).value();
  const auto report = make_report(*vdaf, std::vector<int32_t>(1000, 30), entropy).value();
  const auto out_shares = prepare_report(*vdaf, report, verify_key_of(*vdaf)).value();
  CHECK(out_shares[1].contents.size() == 128);
  AggregateShare total = vdaf->aggregate_init();
  CHECK(vdaf->aggregate(total, out_shares[1]).ok());
  CHECK(vdaf->aggregate(total, {2, SecretBytes(128)}).error().code == ErrorCode::kInvalidArgument);
  CHECK(vdaf->aggregate(total, {0, SecretBytes(128)}).error().code == ErrorCode::kInvalidArgument);
}
