#include "retrieval/similar.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "retrieval/random_rows.hpp"

namespace sotto {
namespace {

std::vector<ScoredItem> brute_force(const ItemRows& rows, uint32_t item, size_t k,
                                    const RowFilter& filter) {
  std::vector<ScoredItem> all;
  for (uint32_t i = 0; i < rows.size(); ++i)
    if (i != item && filter.allows(i) && rows.norm(i) > 0 && rows.norm(item) > 0)
      all.push_back({i, rows.cosine(i, item)});
  std::sort(all.begin(), all.end(), ranks_before);
  all.resize(std::min(k, all.size()));
  return all;
}

TEST_CASE("similar items are those of the largest cosine, without the item and zero rows") {
  ScanScratch scratch;
  Random random(1);
  for (int trial = 0; trial < 500; ++trial) {
    const auto n = static_cast<uint32_t>(1 + random.below(700));
    const ItemRows rows = awkward_rows(n, 1 + random_size(70, random), random.next());
    const auto item = static_cast<uint32_t>(random.below(n));
    const size_t k = random_size(60, random);
    RowFilter filter(n);
    for (uint64_t i = random.below(n); i > 0; --i)
      filter.exclude(static_cast<uint32_t>(random.below(n)));
    const auto found = similar_items(rows, item, k, filter, scratch);
    REQUIRE(found.ok());
    const auto expected = brute_force(rows, item, k, filter);
    REQUIRE(found->size() == expected.size());
    bool same = true;
    for (size_t i = 0; i < expected.size(); ++i) {
      same = same && (*found)[i].score == doctest::Approx(expected[i].score).epsilon(1e-6);
      CHECK((*found)[i].item != item);
      CHECK(filter.allows((*found)[i].item));
    }
    CHECK(same);
  }
}

TEST_CASE("equal rows are similar to each other, and an item is found at any length of its row") {
  QuantizedMatrix matrix = quantize_rows(random_matrix(300, 32, 2));
  matrix.codes.row(200) = matrix.codes.row(100);
  matrix.scales[200] = 50 * matrix.scales[100];
  const ItemRows rows = ItemRows::create(matrix).value();
  ScanScratch scratch;
  const auto found = similar_items(rows, 100, 3, RowFilter(300), scratch);
  REQUIRE(found.ok());
  CHECK((*found)[0].item == 200);
  CHECK((*found)[0].score == doctest::Approx(1));
}

TEST_CASE("similar items of no row, or with another filter, are refused") {
  const ItemRows rows = random_rows(10, 8, 1);
  ScanScratch scratch;
  CHECK(similar_items(rows, 10, 5, RowFilter(10), scratch).error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(similar_items(rows, 1, 5, RowFilter(11), scratch).error().code ==
        ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sotto
