#include "vdaf/sum.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/random.hpp"
#include "crypto/random.hpp"
#include "hex.hpp"
#include "vdaf/field32.hpp"

using namespace sotto;

namespace {

constexpr uint32_t kQ = Field32::kModulus;
constexpr int32_t kLargest = kQ / 2;

std::vector<int32_t> random_vector(Random& random, size_t dimension, int32_t magnitude) {
  std::vector<int32_t> values(dimension);
  for (int32_t& value : values)
    value = static_cast<int32_t>(
        static_cast<int64_t>(random.below(2 * static_cast<uint64_t>(magnitude) + 1)) - magnitude);
  return values;
}

// One report through all aggregators, with every phase; adds it to their shares.
Status run_report(const Vdaf& vdaf, std::span<const int32_t> measurement, EntropySource& entropy,
                  std::vector<AggregateShare>& into) {
  Nonce nonce;
  entropy.fill(nonce);
  SOTTO_TRY(Shards shards, vdaf.shard(measurement, nonce, entropy));
  std::vector<PrepareState> states;
  std::vector<Bytes> prepare_shares;
  for (size_t i = 0; i < vdaf.aggregators(); ++i) {
    SOTTO_TRY(Prepared prepared, vdaf.prepare_init({}, i, nonce, shards.public_share,
                                                   std::move(shards.input_shares[i])));
    states.push_back(std::move(prepared.state));
    prepare_shares.push_back(std::move(prepared.prepare_share));
  }
  SOTTO_TRY(const Bytes message, vdaf.prepare_message(prepare_shares));
  for (size_t i = 0; i < vdaf.aggregators(); ++i) {
    SOTTO_TRY(const OutShare out_share, vdaf.prepare_next(std::move(states[i]), message));
    SOTTO_CHECK_OK(vdaf.aggregate(into[i], out_share));
  }
  return {};
}

std::vector<AggregateShare> empty_shares(const Vdaf& vdaf) {
  std::vector<AggregateShare> shares;
  for (size_t i = 0; i < vdaf.aggregators(); ++i) shares.push_back(vdaf.aggregate_init());
  return shares;
}

AggregateShare copy_of(const AggregateShare& share) { return {share.encoded.clone()}; }

OutShare out_share_of(const Sum& sum, size_t aggregator, SecretBytes input_share) {
  auto prepared = sum.prepare_init({}, aggregator, {}, {}, std::move(input_share)).value();
  return sum.prepare_next(std::move(prepared.state), {}).value();
}

// expand(seed) of the header, word by word.
std::vector<uint32_t> expand_slowly(std::span<const uint8_t, 32> seed, size_t dimension) {
  ChaChaEntropy stream(seed);
  std::vector<uint32_t> values;
  while (values.size() < dimension) {
    std::array<uint8_t, 64> block;
    stream.fill(block);
    for (size_t i = 0; i < 16 && values.size() < dimension; ++i) {
      const uint32_t word = Field32::load(&block[4 * i]);
      if (word < kQ) values.push_back(word);
    }
  }
  return values;
}

}  // namespace

TEST_CASE("shares of 2, 3, 4 and 5 aggregators add up to the sum of the measurements") {
  Random random(1);
  TestEntropy entropy(1);
  for (size_t aggregators = 2; aggregators <= 5; ++aggregators) {
    for (const size_t dimension :
         {size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{63}, size_t{64}, size_t{65},
          size_t{4096}, size_t{4097}, size_t{10'000}}) {
      CAPTURE(aggregators);
      CAPTURE(dimension);
      const Sum sum = Sum::create(dimension, aggregators).value();
      std::vector<AggregateShare> shares = empty_shares(sum);
      std::vector<int64_t> expected(dimension);
      constexpr uint64_t kReports = 5;
      for (uint64_t report = 0; report < kReports; ++report) {
        // Five of them stay below q/2.
        const auto measurement = random_vector(random, dimension, kLargest / 5);
        for (size_t j = 0; j < dimension; ++j) expected[j] += measurement[j];
        REQUIRE(run_report(sum, measurement, entropy, shares).ok());
      }
      CHECK(sum.unshard(shares, kReports).value() == expected);
    }
  }
}

TEST_CASE("any reports may drop out before they are aggregated") {
  Random random(2);
  TestEntropy entropy(2);
  constexpr size_t kDimension = 100;
  constexpr size_t kDevices = 12;
  const Sum sum = Sum::create(kDimension, 3).value();
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<AggregateShare> shares = empty_shares(sum);
    std::vector<int64_t> expected(kDimension);
    uint64_t reports = 0;
    for (size_t device = 0; device < kDevices; ++device) {
      const auto measurement = random_vector(random, kDimension, 1 << 20);
      if (random.below(2) == 0) continue;
      for (size_t j = 0; j < kDimension; ++j) expected[j] += measurement[j];
      REQUIRE(run_report(sum, measurement, entropy, shares).ok());
      ++reports;
    }
    CHECK(sum.unshard(shares, reports).value() == expected);
  }
}

TEST_CASE("aggregate shares of parts merge to the share of the whole") {
  Random random(3);
  TestEntropy entropy(3);
  constexpr size_t kDimension = 300;
  const Sum sum = Sum::create(kDimension).value();
  std::vector<AggregateShare> total = empty_shares(sum);
  std::vector<int64_t> expected(kDimension);
  for (int part = 0; part < 3; ++part) {
    std::vector<AggregateShare> shares = empty_shares(sum);
    for (int report = 0; report < 4; ++report) {
      const auto measurement = random_vector(random, kDimension, 1 << 20);
      for (size_t j = 0; j < kDimension; ++j) expected[j] += measurement[j];
      REQUIRE(run_report(sum, measurement, entropy, shares).ok());
    }
    for (size_t i = 0; i < 2; ++i) REQUIRE(sum.merge(total[i], shares[i]).ok());
  }
  CHECK(sum.unshard(total, 12).value() == expected);
}

TEST_CASE("integers such as noise are added to the sum") {
  TestEntropy entropy(4);
  const Sum sum = Sum::create(3).value();
  std::vector<AggregateShare> shares = empty_shares(sum);
  REQUIRE(run_report(sum, std::vector<int32_t>{5, -6, 7}, entropy, shares).ok());
  REQUIRE(sum.add_integers(shares[0], std::vector<int64_t>{-10, 20, 1'000'000'000}).ok());
  REQUIRE(sum.add_integers(shares[1], std::vector<int64_t>{1, -40, -2'000'000'000}).ok());
  CHECK(sum.unshard(shares, 1).value() == std::vector<int64_t>{-4, -26, -999'999'993});
  CHECK(sum.add_integers(shares[0], std::vector<int64_t>(2)).error().code ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("results are signed, up to the ends of the range") {
  TestEntropy entropy(5);
  const std::vector<int32_t> measurement{0, 1, -1, kLargest, -kLargest};
  const Sum sum = Sum::create(measurement.size()).value();
  std::vector<AggregateShare> shares = empty_shares(sum);
  REQUIRE(run_report(sum, measurement, entropy, shares).ok());
  CHECK(sum.unshard(shares, 1).value() == std::vector<int64_t>{0, 1, -1, kLargest, -kLargest});
}

TEST_CASE("no reports sum to zero") {
  const Sum sum = Sum::create(4, 2).value();
  CHECK(sum.unshard(empty_shares(sum), 0).value() == std::vector<int64_t>(4));
}

TEST_CASE("a measurement out of range or of the wrong length is refused") {
  TestEntropy entropy(6);
  const Sum sum = Sum::create(2).value();
  for (const int32_t wrong : {kLargest + 1, -kLargest - 1, INT32_MAX, INT32_MIN})
    CHECK(sum.shard(std::vector<int32_t>{0, wrong}, {}, entropy).error().code ==
          ErrorCode::kInvalidArgument);
  for (const size_t length : {size_t{0}, size_t{1}, size_t{3}})
    CHECK(sum.shard(std::vector<int32_t>(length), {}, entropy).error().code ==
          ErrorCode::kInvalidArgument);
}

TEST_CASE("a helper's seed expands to known field elements") {
  // ChaCha20 with key 00 01 ... 1f and nonce 0; computed with Python's cryptography, then u32 >= q
  // left out.
  SecretBytes seed(32);
  for (size_t i = 0; i < 32; ++i) seed.reveal_mutable()[i] = static_cast<uint8_t>(i);
  const Sum sum = Sum::create(10000).value();
  AggregateShare share = sum.aggregate_init();
  REQUIRE(sum.aggregate(share, out_share_of(sum, 1, std::move(seed))).ok());
  const auto at = [&](size_t j) { return Field32::load(&share.encoded.reveal()[4 * j]); };
  CHECK(at(0) == 2100034873U);
  CHECK(at(1) == 1780073945U);
  CHECK(at(15) == 205609800U);
  CHECK(at(16) == 826456088U);
  CHECK(at(59) == 2551958872U);
  CHECK(at(60) == 3366441247U);
  CHECK(at(120) == 1920138348U);
  CHECK(at(9999) == 1003312904U);
  uint32_t total = 0;
  for (size_t j = 0; j < sum.dimension(); ++j) total = Field32::add(total, at(j));
  CHECK(total == 4255711411U);
}

TEST_CASE("the expansion in blocks is the one word by word, for every length") {
  TestEntropy entropy(7);
  size_t with_rejections = 0;
  for (size_t dimension = 1; dimension < 9000; dimension += dimension < 200 ? 1 : 313) {
    const Seed seed = Seed::random(entropy);
    const Sum sum = Sum::create(dimension).value();
    AggregateShare share = sum.aggregate_init();
    REQUIRE(sum.aggregate(share, out_share_of(sum, 1, SecretBytes::copy_of(seed.reveal()))).ok());
    const auto expected = expand_slowly(seed.reveal(), dimension);
    bool equal = true;
    for (size_t j = 0; j < dimension; ++j)
      equal &= Field32::load(&share.encoded.reveal()[4 * j]) == expected[j];
    CHECK(equal);
    // Without rejections element j is word j.
    Bytes words((4 * dimension + 63) / 64 * 64);
    ChaChaEntropy(seed.reveal()).fill(words);
    for (size_t j = 0; j < dimension; ++j) {
      if (Field32::load(&words[4 * j]) < kQ) continue;
      ++with_rejections;
      break;
    }
  }
  CHECK(with_rejections > 10);
}

TEST_CASE("the leader's share is the measurement less the expanded seeds") {
  Random random(8);
  TestEntropy entropy(8);
  constexpr size_t kDimension = 5000;
  const Sum sum = Sum::create(kDimension, 3).value();
  const auto measurement = random_vector(random, kDimension, kLargest);
  const Shards shards = sum.shard(measurement, {}, entropy).value();
  CHECK(shards.public_share.empty());
  REQUIRE(shards.input_shares.size() == 3);
  std::vector<std::vector<uint32_t>> expanded;
  for (size_t i = 1; i < 3; ++i)
    expanded.push_back(expand_slowly(shards.input_shares[i].reveal().first<32>(), kDimension));
  bool equal = true;
  for (size_t j = 0; j < kDimension; ++j) {
    uint32_t value = Field32::load(&shards.input_shares[0].reveal()[4 * j]);
    for (const auto& helper : expanded) value = Field32::add(value, helper[j]);
    equal &= value == Field32::from_signed(measurement[j]);
  }
  CHECK(equal);
}

TEST_CASE("all randomness is drawn at once and decides the shares") {
  FixedEntropy entropy(Bytes(3 * 32, 5));
  const Sum sum = Sum::create(10, 4).value();
  const Shards shards = sum.shard(std::vector<int32_t>(10), {}, entropy).value();
  CHECK(entropy.used_up());
  for (size_t i = 1; i < 4; ++i)
    CHECK((shards.input_shares[i] == SecretBytes::copy_of(Bytes(32, 5))));
}

TEST_CASE("no share alone depends on the measurement in a visible way") {
  // Bits of the leader's shares of a zero measurement: within 6 standard deviations of the mean of
  // uniform field elements' bits (a half each, but for 2^-12); false alarm once in 5e8 seeds.
  TestEntropy entropy(9);
  constexpr size_t kDimension = 100'000;
  const Sum sum = Sum::create(kDimension).value();
  const Shards shards = sum.shard(std::vector<int32_t>(kDimension), {}, entropy).value();
  int64_t ones = 0;
  for (size_t j = 0; j < kDimension; ++j)
    ones += Field32::load(&shards.input_shares[0].reveal()[4 * j]) >> 16 & 1;
  CHECK(std::abs(ones - int64_t{kDimension / 2}) < 6 * 159);
}

TEST_CASE("shares of any wrong length are refused") {
  const Sum sum = Sum::create(3, 3).value();
  CHECK(sum.sizes().input_shares == std::vector<size_t>{12, 32, 32});
  CHECK(sum.sizes().aggregate_share == 12);
  for (size_t aggregator = 0; aggregator < 3; ++aggregator) {
    for (size_t size = 0; size < 70; ++size) {
      const auto prepared = sum.prepare_init({}, aggregator, {}, {}, SecretBytes(size));
      if (size == sum.sizes().input_shares[aggregator])
        CHECK(prepared.ok());
      else
        CHECK(prepared.error().code == ErrorCode::kMalformed);
    }
  }
  CHECK(sum.prepare_init({}, 3, {}, {}, SecretBytes(32)).error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(sum.prepare_init(Bytes(1), 0, {}, {}, SecretBytes(12)).error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(sum.prepare_init({}, 0, {}, Bytes(1), SecretBytes(12)).error().code ==
        ErrorCode::kMalformed);

  CHECK(sum.prepare_message(std::vector<Bytes>(2)).error().code == ErrorCode::kInvalidArgument);
  CHECK(sum.prepare_message({std::vector<Bytes>{{}, {1}, {}}}).error().code ==
        ErrorCode::kMalformed);
  CHECK(sum.prepare_next({0, SecretBytes(12)}, Bytes(1)).error().code == ErrorCode::kMalformed);

  AggregateShare share = sum.aggregate_init();
  CHECK(sum.aggregate(share, {0, SecretBytes(32)}).error().code == ErrorCode::kInvalidArgument);
  CHECK(sum.aggregate(share, {1, SecretBytes(12)}).error().code == ErrorCode::kInvalidArgument);
  CHECK(sum.aggregate(share, {3, SecretBytes(32)}).error().code == ErrorCode::kInvalidArgument);
  AggregateShare other{SecretBytes(16)};
  CHECK(sum.aggregate(other, {1, SecretBytes(32)}).error().code == ErrorCode::kInvalidArgument);
  CHECK(sum.merge(share, other).error().code == ErrorCode::kMalformed);
  CHECK(sum.merge(other, share).error().code == ErrorCode::kMalformed);
  CHECK(sum.add_integers(other, std::vector<int64_t>(3)).error().code == ErrorCode::kMalformed);

  std::vector<AggregateShare> shares = empty_shares(sum);
  shares[1] = {SecretBytes(11)};
  CHECK(sum.unshard(shares, 0).error().code == ErrorCode::kMalformed);
  shares.pop_back();
  CHECK(sum.unshard(shares, 0).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("what is no field element is refused in every share") {
  const Sum sum = Sum::create(20).value();
  for (size_t at = 0; at < 20; ++at) {
    for (const uint32_t word : {kQ, kQ + 1, uint32_t{0xffffffff}}) {
      SecretBytes bad(80);
      Field32::store(&bad.reveal_mutable()[4 * at], word);
      CHECK(sum.prepare_init({}, 0, {}, {}, bad.clone()).error().code == ErrorCode::kMalformed);
      AggregateShare share = sum.aggregate_init();
      AggregateShare other{bad.clone()};
      CHECK(sum.merge(share, other).error().code == ErrorCode::kMalformed);
      CHECK((share.encoded == sum.aggregate_init().encoded));
      std::vector<AggregateShare> shares = empty_shares(sum);
      shares[1] = copy_of(other);
      CHECK(sum.unshard(shares, 1).error().code == ErrorCode::kMalformed);
      CHECK(sum.add_integers(other, std::vector<int64_t>(20)).error().code ==
            ErrorCode::kMalformed);
    }
  }
}

TEST_CASE("dimensions and aggregators out of range are refused") {
  for (const size_t dimension : {size_t{0}, Sum::kMaxDimension + 1, ~size_t{0}})
    CHECK(Sum::create(dimension).error().code == ErrorCode::kInvalidArgument);
  for (const size_t aggregators : {size_t{0}, size_t{1}, size_t{256}, ~size_t{0}})
    CHECK(Sum::create(1, aggregators).error().code == ErrorCode::kInvalidArgument);
  CHECK(Sum::create(Sum::kMaxDimension, 255).ok());
}
