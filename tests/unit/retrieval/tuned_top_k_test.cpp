#include "retrieval/tuned_top_k.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "retrieval/random_rows.hpp"

namespace sotto {
namespace {

FineTuning tuned_on(const ItemRowSource& source, const ItemRows& rows,
                    std::span<const uint32_t> history, uint64_t seed) {
  ScanScratch scratch;
  const Vector start = 0.1F * random_vector(rows.dim(), seed);
  FineTuning tuning = FineTuning::create(source, start, history, {}, seed).value();
  for (const uint32_t item : history)
    CHECK(tuning.add(item, 1, neighbours_of(rows, item, 20, scratch), start).ok());
  CHECK(tuning.run(tuning.steps_left()).ok());
  return tuning;
}

TEST_CASE("a device tunes on int8 rows as on the same rows in float") {
  const ItemRows rows = random_rows(300, 19, 4);
  const ItemRowSource source(rows);
  std::vector<uint32_t> all(rows.size());
  for (uint32_t i = 0; i < rows.size(); ++i) all[i] = i;
  const Matrix dense = rows.gather(all);
  const MatrixRows dense_source(dense);
  const std::vector<uint32_t> history{5, 250, 17};
  const FineTuning on_codes = tuned_on(source, rows, history, 3);
  ScanScratch scratch;
  const Vector start = 0.1F * random_vector(rows.dim(), 3);
  FineTuning on_floats = FineTuning::create(dense_source, start, history, {}, 3).value();
  for (const uint32_t item : history)
    CHECK(on_floats.add(item, 1, neighbours_of(rows, item, 20, scratch), start).ok());
  CHECK(on_floats.run(on_floats.steps_left()).ok());
  CHECK((on_codes.user() - on_floats.user()).norm() <= 1e-5F * on_floats.user().norm());
  for (uint32_t i = 0; i < rows.size(); ++i)
    CHECK(on_codes.score(i) == doctest::Approx(on_floats.score(i)).epsilon(1e-4));
}

TEST_CASE("the tuned list is brute force over tuned scores, filtered items never in it") {
  Random random(11);
  ScanScratch scratch;
  for (int trial = 0; trial < 40; ++trial) {
    const auto n = static_cast<uint32_t>(1 + random.below(800));
    const ItemRows rows = awkward_rows(n, 1 + random_size(40, random), random.next());
    const ItemRowSource source(rows);
    const auto history = random_history(n, random_size(12, random), random);
    const FineTuning tuning = tuned_on(source, rows, history, random.next());
    RowFilter filter(n);
    filter.exclude(history);
    const size_t k = random_size(60, random);
    const auto list = tuned_top_k(rows, tuning, k, filter, scratch);
    REQUIRE(list.ok());
    std::vector<ScoredItem> wanted;
    for (uint32_t i = 0; i < n; ++i)
      if (filter.allows(i))
        wanted.push_back({i, rows.score(i, as_span(tuning.user())) + tuning.offset(i)});
    std::sort(wanted.begin(), wanted.end(), ranks_before);
    REQUIRE(list->size() == std::min(k, wanted.size()));
    for (size_t j = 0; j < list->size(); ++j) {
      // The scan rounds the query, so that rows within its step of each other may change places.
      CHECK((*list)[j].score == doctest::Approx(wanted[j].score).epsilon(1e-3));
      CHECK(filter.allows((*list)[j].item));
      for (size_t i = 0; i < j; ++i) CHECK((*list)[i].item != (*list)[j].item);
    }
  }
}

TEST_CASE("neighbours are similar items; an item that is no row has none") {
  const ItemRows rows = random_rows(60, 8, 2);
  ScanScratch scratch;
  const auto near = neighbours_of(rows, 7, 5, scratch);
  REQUIRE(near.size() == 5);
  for (const auto& neighbour : near) {
    CHECK(neighbour.item != 7);
    CHECK(neighbour.cosine == rows.cosine(neighbour.item, 7));
  }
  CHECK(neighbours_of(rows, 60, 5, scratch).empty());
}

}  // namespace
}  // namespace sotto
