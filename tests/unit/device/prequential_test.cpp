#include "device/prequential.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "base/random.hpp"
#include "evaluation/metrics.hpp"

using namespace sotto;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr int64_t kEver = INT64_MIN;

template <class R>
ErrorCode code_of(const R& result) {
  return result.ok() ? ErrorCode::kOk : result.error().code;
}

Placement random_placement(Random& random) {
  const auto candidates = static_cast<uint32_t>(1 + random.below(400));
  return {kNow + static_cast<int64_t>(random.below(1000)),
          static_cast<uint32_t>(random.below(candidates)), candidates};
}

Prequential of(const std::vector<Placement>& placements) {
  Prequential prequential;
  for (const Placement& placement : placements) prequential.add(placement);
  return prequential;
}

Bytes stored(const Prequential& prequential) { return *prequential.record().bytes; }

}  // namespace

TEST_CASE("means of a small example, computed by hand") {
  const Prequential prequential =
      of({{1, 0, 500}, {2, 9, 500}, {3, 10, 500}, {4, 99, 500}, {5, 100, 500}});
  const PrequentialMeans means = prequential.means(kEver);
  CHECK(means.n == 5);
  CHECK(means.hit_rate_10 == doctest::Approx(2.0 / 5));
  CHECK(means.ndcg_100 ==
        doctest::Approx((1 + 1 / std::log2(11) + 1 / std::log2(12) + 1 / std::log2(101)) / 5));
  CHECK(means.reciprocal == doctest::Approx((1 + 1 / 10. + 1 / 11. + 1 / 100. + 1 / 101.) / 5));
  const auto coordinates = prequential.coordinates(kEver);
  REQUIRE(coordinates.size() == kPrequentialMetrics);
  CHECK(coordinates[0] == 1);
  CHECK(coordinates[1] == doctest::Approx(means.hit_rate_10));
  CHECK(coordinates[2] == doctest::Approx(means.ndcg_100));
  CHECK(coordinates[3] == doctest::Approx(means.reciprocal));
}

TEST_CASE("only placements from the given time on count") {
  const Prequential prequential = of({{10, 0, 5}, {20, 4, 5}, {30, 1, 5}});
  CHECK(prequential.means(10).n == 3);
  CHECK(prequential.means(11).n == 2);
  CHECK(prequential.means(20).n == 2);
  CHECK(prequential.means(30).n == 1);
  CHECK(prequential.means(30).reciprocal == doctest::Approx(0.5));
  CHECK(prequential.means(31).n == 0);
  CHECK(prequential.means(INT64_MAX).n == 0);
  // A clock that was set back leaves them in order of arrival; each counts by its own time.
  CHECK(of({{30, 0, 5}, {10, 0, 5}}).means(20).n == 1);
}

TEST_CASE("without placements every coordinate is zero") {
  CHECK(Prequential().coordinates(kEver) == std::vector<float>(kPrequentialMetrics, 0));
  CHECK(of({{10, 0, 5}}).coordinates(11) == std::vector<float>(kPrequentialMetrics, 0));
  CHECK(Prequential().means(kEver).n == 0);
  CHECK(Prequential().means(kEver).reciprocal == 0);
}

TEST_CASE("coordinates are in [0, 1] and their norm at most two, whatever the placements") {
  Random random(2);
  for (int trial = 0; trial < 300; ++trial) {
    Prequential prequential;
    for (uint64_t n = random.below(300); n > 0; --n) {
      Placement placement = random_placement(random);
      if (random.below(5) == 0) placement = {kNow, UINT32_MAX - 1, UINT32_MAX};
      if (trial % 7 == 0) placement.rank = 0;
      prequential.add(placement);
    }
    double squares = 0;
    for (const float value : prequential.coordinates(kNow + 500)) {
      CHECK(value >= 0);
      CHECK(value <= 1);
      squares += double{value} * double{value};
    }
    CHECK(squares <= 4);
  }
}

TEST_CASE("the words are those of the ranking metrics, for one target each") {
  for (const uint32_t rank : {0U, 1U, 9U, 10U, 50U, 99U, 100U, 150U}) {
    const PrequentialMeans means = of({{kNow, rank, 200}}).means(kEver);
    const TargetRanks target{{rank}, 200};
    CHECK(means.hit_rate_10 == hit_rate_at(target, 10));
    CHECK(means.ndcg_100 == doctest::Approx(ndcg_at(target, 100)));
    CHECK(means.reciprocal == doctest::Approx(reciprocal_rank(target)));
  }
}

TEST_CASE("the latest placements are kept, oldest first") {
  Prequential prequential;
  std::vector<Placement> all;
  Random random(3);
  for (size_t n = 0; n < Prequential::kReach + 50; ++n) {
    all.push_back(random_placement(random));
    prequential.add(all.back());
    const size_t kept = std::min(all.size(), Prequential::kReach);
    REQUIRE(prequential.placements().size() == kept);
    CHECK(std::equal(prequential.placements().begin(), prequential.placements().end(),
                     all.end() - static_cast<ptrdiff_t>(kept)));
  }
  CHECK(prequential.means(kEver).n == Prequential::kReach);
}

TEST_CASE("placements come back from their record, however many") {
  Random random(4);
  for (const size_t n : {size_t{0}, size_t{1}, size_t{2}, Prequential::kReach}) {
    Prequential prequential;
    for (size_t i = 0; i < n; ++i) prequential.add(random_placement(random));
    const KeyedRecord record = prequential.record();
    CHECK(record.key == "device/prequential");
    CHECK(record.bytes->size() == 3 + 16 * n);
    const auto back = Prequential::read(*record.bytes);
    REQUIRE(back.ok());
    CHECK(std::equal(back->placements().begin(), back->placements().end(),
                     prequential.placements().begin(), prequential.placements().end()));
    CHECK(back->record() == record);
  }
  CHECK(stored(of({{0x0102, 3, 4}})) ==
        Bytes{1, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0});
}

TEST_CASE("every truncation and extension of the record is refused") {
  Random random(5);
  const Bytes good = stored(of({random_placement(random), random_placement(random)}));
  for (size_t size = 0; size < good.size(); ++size)
    CHECK(code_of(Prequential::read(Bytes(good.data(), good.data() + size))) ==
          ErrorCode::kMalformed);
  Bytes longer = good;
  for (int i = 0; i < 40; ++i) {
    longer.push_back(static_cast<uint8_t>(i));
    CHECK(code_of(Prequential::read(longer)) == ErrorCode::kMalformed);
  }
}

TEST_CASE("records that mean nothing are refused, and what is read is written back") {
  const Bytes good = stored(of({{kNow, 3, 4}, {kNow, 0, 1}}));
  Bytes bad = good;
  for (const uint8_t format : {uint8_t{0}, uint8_t{2}, uint8_t{255}}) {
    bad[0] = format;
    CHECK(code_of(Prequential::read(bad)) == ErrorCode::kUnsupported);
  }
  bad = good;
  bad[11] = 4;  // rank 4 of 4
  CHECK(code_of(Prequential::read(bad)) == ErrorCode::kMalformed);
  bad = good;
  bad[15 + 16] = 0;  // no candidates
  CHECK(code_of(Prequential::read(bad)) == ErrorCode::kMalformed);
  // One placement more than are kept.
  const auto n = static_cast<uint16_t>(Prequential::kReach + 1);
  Bytes many{1, static_cast<uint8_t>(n & 255), static_cast<uint8_t>(n >> 8)};
  for (size_t i = 0; i < n; ++i) {
    many.insert(many.end(), 8, 0);
    many.insert(many.end(), {0, 0, 0, 0, 1, 0, 0, 0});
  }
  CHECK(code_of(Prequential::read(many)) == ErrorCode::kMalformed);

  Random random(6);
  int n_read = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    bad = good;
    for (uint64_t steps = 1 + random.below(3); steps > 0; --steps)
      bad[static_cast<size_t>(random.below(bad.size()))] = static_cast<uint8_t>(random.below(256));
    const auto read = Prequential::read(bad);
    if (!read.ok()) continue;
    ++n_read;
    CHECK(stored(*read) == bad);
    for (const float value : read->coordinates(kEver)) CHECK((value >= 0 && value <= 1));
  }
  CHECK(n_read > 1000);
}
