#include "model/fine_tuning.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "model/fold_in.hpp"
#include "model/random_data.hpp"

namespace sotto {
namespace {

constexpr uint32_t kItems = 120;

std::vector<Neighbour> nearest(const Matrix& items, uint32_t item, size_t n) {
  std::vector<Neighbour> near;
  for (Eigen::Index i = 0; i < items.rows(); ++i)
    if (const float norms = items.row(i).norm() * items.row(item).norm(); i != item && norms > 0)
      near.push_back({static_cast<uint32_t>(i), items.row(i).dot(items.row(item)) / norms});
  std::sort(near.begin(), near.end(), [](auto a, auto b) { return a.cosine > b.cosine; });
  near.resize(std::min(n, near.size()));
  return near;
}

struct Setting {
  Matrix items = random_matrix(kItems, 8, 1, 0.3F);
  MatrixRows rows{items};
  FoldIn fold_in{items, {0.3F, 0.01F}};
  std::vector<uint32_t> history{3, 14, 15, 92, 65, 35};
  Vector start = fold_in.solve(history);
  FineTuningOptions options;

  FineTuning fresh(uint64_t seed = 1) const {
    auto tuning = FineTuning::create(rows, start, history, options, seed);
    REQUIRE(tuning.ok());
    for (const uint32_t item : history)
      REQUIRE(tuning->add(item, 1, nearest(items, item, 6), start).ok());
    return std::move(tuning).value();
  }
  FineTuning tuned(uint64_t seed = 1) const {
    FineTuning tuning = fresh(seed);
    REQUIRE(tuning.run(tuning.steps_left()).ok());
    return tuning;
  }
};

std::vector<float> scores(const FineTuning& tuning) {
  std::vector<float> all;
  for (uint32_t i = 0; i < kItems; ++i) all.push_back(tuning.score(i));
  return all;
}

// Mean number of items that stand above an item of the history.
double mean_rank(const std::vector<float>& scores, const std::vector<uint32_t>& history) {
  double sum = 0;
  for (const uint32_t item : history)
    for (const float score : scores) sum += score > scores[item] ? 1 : 0;
  return sum / static_cast<double>(history.size());
}

TEST_CASE("fine-tuning starts at the fold-in and lifts the latest items above the rest") {
  const Setting s;
  FineTuning tuning = s.fresh();
  CHECK((tuning.user() - s.start).norm() == 0);
  CHECK(tuning.offset_items().empty());
  const double before = mean_rank(scores(tuning), s.history);
  CHECK(tuning.steps_left() == s.history.size() * s.options.epochs);
  CHECK(tuning.run(tuning.steps_left()).value() == false);
  CHECK(mean_rank(scores(tuning), s.history) < before);
}

TEST_CASE("fine-tuning: an event is carried over to the neighbours that came with it") {
  Setting s;
  s.options.rate = 0;
  const FineTuning tuning = s.tuned();
  const auto near = nearest(s.items, s.history.back(), 6);
  CHECK(tuning.offset(s.history.back()) > tuning.offset(near.front().item));
  CHECK(tuning.offset(near.front().item) > 0);
  CHECK((tuning.user() - s.start).norm() == 0);
  s.options.rate = 0.1F;
  s.options.offset_rate = 0;
  CHECK(s.tuned().offset_items().empty());
  CHECK((s.tuned().user() - s.start).norm() > 0);
}

TEST_CASE("fine-tuning: one seed, one result; slices of any size end with the same vectors") {
  const Setting s;
  const FineTuning whole = s.tuned();
  CHECK(scores(whole) == scores(s.tuned()));
  CHECK(scores(whole) != scores(s.tuned(2)));
  for (const size_t slice : {1U, 2U, 7U, 1000U}) {
    FineTuning sliced = s.fresh();
    while (sliced.run(slice).value()) CHECK(sliced.steps_left() > 0);
    CHECK(scores(whole) == scores(sliced));
  }
}

TEST_CASE("fine-tuning never changes V") {
  const Setting s;
  const Matrix before = s.items;
  s.tuned();
  CHECK((s.items - before).norm() == 0);
}

TEST_CASE("fine-tuning: offsets stay within their share, for items near the history only") {
  Setting s;
  s.options.epochs = 50;
  s.options.offset_rate = 100;
  s.options.largest_offset = 0.2F;
  const FineTuning tuning = s.tuned();
  CHECK(tuning.offset_items().size() <= s.history.size() * 7);
  for (uint32_t i = 0; i < kItems; ++i) {
    const float plain = s.items.row(i).dot(tuning.user());
    CHECK(std::abs(tuning.score(i) - plain) <=
          0.2F * s.items.row(i).norm() * tuning.user().norm() * 1.001F + 1e-6F);
    CHECK(tuning.score(i) == doctest::Approx(plain + tuning.offset(i)));
  }
}

TEST_CASE("fine-tuning: a new event continues from what was learned, which fades by half-lives") {
  Setting s;
  s.options.half_life = 1;
  FineTuning tuning = s.tuned();
  const Vector drift = tuning.user() - s.start;
  std::vector<uint32_t> longer = s.history;
  longer.push_back(77);
  const Vector start = s.fold_in.solve(longer);
  REQUIRE(tuning.add(77, 1, nearest(s.items, 77, 6), start).ok());
  // Moved along with the fold-in at once, and nothing is lost before the event's own steps.
  CHECK((tuning.user() - start - drift).norm() <= 1e-5F);
  CHECK(tuning.steps_left() == s.options.epochs);
  const float before = tuning.score(77);
  CHECK(tuning.run(1).value());
  CHECK(tuning.score(77) > before);

  // Events that teach nothing new let the old ones go.
  s.options.rate = 0;
  FineTuning fading = s.tuned();
  const uint32_t last = nearest(s.items, s.history.back(), 1)[0].item;
  REQUIRE(fading.offset(last) > 0);
  for (int event = 0; event < 40; ++event) {
    REQUIRE(fading.add(77, 1, {}, s.start).ok());
    REQUIRE(fading.run(fading.steps_left()).ok());
  }
  CHECK(fading.offset_items() == std::vector<uint32_t>{77});
}

TEST_CASE("fine-tuning: nothing to tune on leaves the fold-in") {
  const Setting s;
  auto empty = FineTuning::create(s.rows, Vector::Zero(8), {}, {}, 1);
  REQUIRE(empty.ok());
  CHECK(empty->run(10).value() == false);
  CHECK(empty->score(5) == 0);

  FineTuning tuning = s.tuned();
  const auto before = scores(tuning);
  REQUIRE(tuning.add(kItems, 1, {}, s.start).ok());  // newer than the model
  REQUIRE(tuning.add(4000000000, 1, {}, s.start).ok());
  CHECK(tuning.steps_left() == 0);
  CHECK(scores(tuning) == before);
  CHECK(tuning.score(kItems) == 0);
  CHECK(tuning.offset(kItems) == 0);

  const Matrix none(0, 8);
  const MatrixRows no_rows(none);
  auto nowhere = FineTuning::create(no_rows, Vector::Ones(8), {}, {}, 1);
  REQUIRE(nowhere.ok());
  CHECK(nowhere->add(0, 1, {}, Vector::Ones(8)).ok());
  CHECK(nowhere->run(10).value() == false);
}

TEST_CASE("fine-tuning refuses what is out of range, and stays as it was") {
  const Setting s;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto code = [&](auto&& change) {
    FineTuningOptions options;
    change(options);
    return FineTuning::create(s.rows, s.start, s.history, options, 1).ok();
  };
  CHECK_FALSE(code([](auto& o) { o.epochs = 0; }));
  CHECK_FALSE(code([](auto& o) { o.negatives = 0; }));
  CHECK_FALSE(code([](auto& o) { o.temperature = 0; }));
  CHECK_FALSE(code([&](auto& o) { o.rate = nan; }));
  CHECK_FALSE(code([](auto& o) { o.offset_rate = -1; }));
  CHECK_FALSE(code([](auto& o) { o.half_life = 0; }));
  CHECK_FALSE(code([&](auto& o) { o.largest_offset = nan; }));
  CHECK_FALSE(FineTuning::create(s.rows, Vector::Zero(7), s.history, {}, 1).ok());
  const Vector not_finite = Vector::Constant(8, nan);
  CHECK(FineTuning::create(s.rows, not_finite, s.history, {}, 1).error().code ==
        ErrorCode::kNumerical);

  FineTuning tuning = s.tuned();
  const auto before = scores(tuning);
  CHECK_FALSE(tuning.add(1, nan, {}, s.start).ok());
  CHECK_FALSE(tuning.add(1, 0, {}, s.start).ok());
  CHECK_FALSE(tuning.add(1, 2 * FineTuning::kLargestWeight, {}, s.start).ok());
  CHECK_FALSE(tuning.add(1, 1, {}, Vector::Zero(3)).ok());
  CHECK(tuning.add(1, 1, {}, not_finite).error().code == ErrorCode::kNumerical);
  CHECK(tuning.steps_left() == 0);
  CHECK(scores(tuning) == before);
}

TEST_CASE("fine-tuning falls back to the fold-in when V leaves finite numbers") {
  Setting s;
  FineTuning tuning = s.fresh();
  s.items.row(65).setConstant(std::numeric_limits<float>::infinity());
  const auto ran = tuning.run(1000);
  REQUIRE_FALSE(ran.ok());
  CHECK(ran.error().code == ErrorCode::kNumerical);
  CHECK((tuning.user() - s.start).norm() == 0);
  CHECK(tuning.offset_items().empty());
  CHECK(tuning.steps_left() == 0);
  CHECK(tuning.score(65) == 0);
}

TEST_CASE("fine-tuning: hostile rows, weights and neighbours give finite scores or an error") {
  Random random(5);
  for (int trial = 0; trial < 150; ++trial) {
    const auto n = static_cast<uint32_t>(1 + random.below(60));
    const auto dim = static_cast<Eigen::Index>(1 + random.below(9));
    Matrix items = random_matrix(n, dim, random.next());
    for (uint32_t i = 0; i < n; ++i) {
      const uint64_t kind = random.below(6);
      if (kind == 0) items.row(i).setZero();
      if (kind == 1) items.row(i) *= 1e-30F;
      if (kind == 2) items.row(i) *= 1e3F;
      if (kind == 3 && trial % 2 == 0) items.row(i) *= 1e25F;
    }
    const MatrixRows rows(items);
    FineTuningOptions options;
    options.negatives = 1 + static_cast<uint32_t>(random.below(20));
    options.temperature = random.below(2) == 0 ? 1e-20F : 1e20F;
    options.rate = random.below(2) == 0 ? 1e10F : 0.1F;
    const Vector start =
        random_matrix(dim, 1, random.next()).col(0) * (random.below(2) == 0 ? 0.0F : 1.0F);
    auto tuning = FineTuning::create(rows, start, {}, options, random.next());
    REQUIRE(tuning.ok());
    for (int event = 0; event < 10; ++event) {
      std::vector<Neighbour> near;
      for (uint64_t j = random.below(8); j > 0; --j) {
        const float cosines[] = {-1, 0, 0.5F, 1, 1e30F, std::numeric_limits<float>::quiet_NaN()};
        near.push_back({static_cast<uint32_t>(random.below(2 * uint64_t{n})),
                        cosines[random.below(std::size(cosines))]});
      }
      const float weight = random.below(2) == 0 ? 1e-30F : FineTuning::kLargestWeight;
      CHECK(tuning->add(static_cast<uint32_t>(random.below(n + 2)), weight, near, start).ok());
      const auto ran = tuning->run(random.below(40));
      if (!ran.ok()) CHECK(ran.error().code == ErrorCode::kNumerical);
    }
    CHECK(tuning->user().allFinite());
    for (uint32_t i = 0; i < n; ++i) CHECK(std::isfinite(tuning->score(i)));
  }
}

}  // namespace
}  // namespace sotto
