#include "retrieval/rank.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "retrieval/random_rows.hpp"

namespace sotto {
namespace {

// Coordinates that 16 bits hold exactly: the largest is 32767 units.
Vector exact_query(size_t dim, uint64_t seed) {
  Random random(seed);
  Vector query(static_cast<Eigen::Index>(dim));
  for (float& value : query)
    value = static_cast<float>(static_cast<int>(random.below(65535)) - 32767) / 1024;
  query[0] = seed % 2 == 0 ? 32767.0F / 1024 : -32767.0F / 1024;
  return query;
}

// By the definition: the integers of the rounded query, a larger value or an equal one further up.
std::vector<float> values_of(const ItemRows& rows, const Vector& query) {
  std::vector<int16_t> rounded(rows.stride(), 0);
  REQUIRE(round_query(as_span(query), rounded).ok());
  std::vector<float> values(rows.size());
  for (uint32_t i = 0; i < rows.size(); ++i) {
    int32_t product = 0;
    for (size_t j = 0; j < rows.stride(); ++j) product += rows.row(i)[j] * rounded[j];
    values[i] = rows.scales()[i] * static_cast<float>(product);
  }
  return values;
}

uint32_t brute_force(const std::vector<float>& values, uint32_t item, const RowFilter& filter) {
  uint32_t before = 0;
  for (uint32_t i = 0; i < values.size(); ++i)
    if (i != item && filter.allows(i) &&
        (values[i] > values[item] || (values[i] == values[item] && i < item)))
      ++before;
  return before;
}

RowFilter random_filter(uint32_t n, Random& random) {
  RowFilter filter(n);
  const uint64_t every = random.below(4);
  for (uint32_t i = 0; i < n; ++i)
    if (every > 0 && random.below(every + 1) == 0) filter.exclude(i);
  return filter;
}

TEST_CASE("a rank is that of brute force: block boundaries, ties, zero rows, any filter") {
  ScanScratch scratch;
  Random random(1);
  for (const uint32_t n : {1U, 2U, 3U, 255U, 256U, 257U, 511U, 512U, 513U, 769U}) {
    for (const size_t dim : {1U, 16U, 19U, 64U}) {
      const ItemRows rows = awkward_rows(n, dim, random.next());
      const Vector query = exact_query(dim, random.next());
      const auto values = values_of(rows, query);
      const RowFilter filter = random_filter(n, random);
      for (uint32_t item = 0; item < n; ++item) {
        if (item > 300 && item + 300 < n && item % 7 != 0) continue;
        const auto rank = rank_of(rows, as_span(query), item, filter, scratch);
        REQUIRE(rank.ok());
        const uint32_t expected = brute_force(values, item, filter);
        if (*rank != expected) CHECK(*rank == expected);  // not a million assertions
      }
    }
  }
}

TEST_CASE("few distinct values: ties go to the lower row, the item's own exclusion means nothing") {
  ScanScratch scratch;
  Random random(2);
  for (int trial = 0; trial < 200; ++trial) {
    const auto n = static_cast<uint32_t>(1 + random.below(800));
    QuantizedMatrix matrix;
    matrix.codes.resize(static_cast<Eigen::Index>(n), 3);
    matrix.scales.resize(n);
    for (uint32_t i = 0; i < n; ++i) {
      matrix.scales[i] = static_cast<float>(random.below(3));  // zero rows too
      for (Eigen::Index j = 0; j < 3; ++j)
        matrix.codes(static_cast<Eigen::Index>(i), j) =
            static_cast<int8_t>(static_cast<int>(random.below(3)) - 1);
    }
    const ItemRows rows = ItemRows::create(std::move(matrix)).value();
    const Vector query = exact_query(3, random.next());
    const auto values = values_of(rows, query);
    RowFilter filter = random_filter(n, random);
    for (int repeat = 0; repeat < 10; ++repeat) {
      const auto item = static_cast<uint32_t>(random.below(n));
      const uint32_t rank = rank_of(rows, as_span(query), item, filter, scratch).value();
      CHECK(rank == brute_force(values, item, filter));
      RowFilter without = filter;
      without.exclude(item);
      CHECK(rank_of(rows, as_span(query), item, without, scratch).value() == rank);
      CHECK(rank <= without.allowed_count());
    }
  }
}

TEST_CASE("all rows equal, and a query of zeros: the rank is the number of rows further up") {
  ScanScratch scratch;
  QuantizedMatrix matrix;
  matrix.codes = QuantizedMatrix::Codes::Constant(600, 16, int8_t{5});
  matrix.scales.assign(600, 0.1F);
  const ItemRows rows = ItemRows::create(matrix).value();
  RowFilter filter(600);
  filter.exclude(0);
  filter.exclude(599);
  for (const float value : {-1.0F, 0.0F, -0.0F, 1.0F}) {
    const Vector query = Vector::Constant(16, value);
    for (const uint32_t item : {0U, 1U, 255U, 256U, 257U, 511U, 512U, 599U})
      CHECK(rank_of(rows, as_span(query), item, filter, scratch).value() ==
            (item == 0 ? 0 : item - 1));
  }
}

TEST_CASE("nothing but the item allowed, or nothing at all: rank 0") {
  ScanScratch scratch;
  const ItemRows rows = random_rows(300, 8, 3);
  const Vector query = exact_query(8, 4);
  RowFilter none(300);
  none.exclude_unless([](uint32_t) { return false; });
  RowFilter only(300);
  only.exclude_unless([](uint32_t row) { return row == 256; });
  for (const uint32_t item : {0U, 255U, 256U, 299U}) {
    CHECK(rank_of(rows, as_span(query), item, none, scratch).value() == 0);
    CHECK(rank_of(rows, as_span(query), 256, only, scratch).value() == 0);
  }
  CHECK(rank_of(random_rows(1, 8, 3), as_span(query), 0, RowFilter(1), scratch).value() == 0);
}

TEST_CASE("the ranks of all allowed rows are the places of one list") {
  ScanScratch scratch;
  Random random(5);
  const ItemRows rows = awkward_rows(700, 24, 6);
  const Vector query = random_vector(24, 7);
  const RowFilter filter = random_filter(700, random);
  std::vector<uint32_t> ranks;
  for (uint32_t item = 0; item < 700; ++item)
    if (filter.allows(item))
      ranks.push_back(rank_of(rows, as_span(query), item, filter, scratch).value());
  std::sort(ranks.begin(), ranks.end());
  bool every_place = true;
  for (uint32_t place = 0; place < ranks.size(); ++place)
    every_place = every_place && ranks[place] == place;
  CHECK(every_place);
}

TEST_CASE("where 16 bits are exact, an item's rank is its place in the top-k list") {
  ScanScratch scratch, other;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const ItemRows rows = awkward_rows(513, 19, seed + 20);
    const Vector query = exact_query(19, seed);
    RowFilter filter(513);
    for (uint32_t i = 0; i < 513; i += 5) filter.exclude(i);
    const auto list = top_k(rows, as_span(query), 100, filter, scratch).value();
    for (uint32_t place = 0; place < list.size(); ++place)
      CHECK(rank_of(rows, as_span(query), list[place].item, filter, other).value() == place);
  }
}

TEST_CASE("every scan kernel counts the rows that a rank counts") {
  Random random(8);
  for (const ScanKernel& kernel : available_scan_kernels()) {
    CAPTURE(kernel.name);
    for (const uint32_t n : {1U, 255U, 256U}) {  // one block
      const ItemRows rows = awkward_rows(n, 33, random.next());
      const Vector query = random_vector(33, random.next());
      std::vector<int16_t> rounded(rows.stride(), 0);
      REQUIRE(round_query(as_span(query), rounded).ok());
      const auto values = values_of(rows, query);
      ScanScratch scratch;
      for (uint32_t item = 0; item < n; item += 17) {
        ScanHits hits;
        kernel.scan({rows.codes(), rows.stride(), rows.scales().data(), rounded.data(), n},
                    values[item], hits);
        uint32_t before = hits.count;
        for (uint32_t i = 0; i < item; ++i) before += values[i] == values[item] ? 1U : 0U;
        CHECK(rank_of(rows, as_span(query), item, RowFilter(n), scratch).value() == before);
      }
    }
  }
}

TEST_CASE("the largest scales and codes are ranked too") {
  QuantizedMatrix matrix;
  matrix.codes = QuantizedMatrix::Codes::Constant(3, ItemRows::kMaxDim, int8_t{-128});
  matrix.codes.row(1).setConstant(int8_t{127});
  matrix.scales.assign(3, ItemRows::kLargestValue);
  const ItemRows rows = ItemRows::create(std::move(matrix)).value();
  ScanScratch scratch;
  const Vector query = Vector::Constant(ItemRows::kMaxDim, ItemRows::kLargestValue);
  const uint32_t expected[] = {1, 0, 2};
  for (uint32_t item = 0; item < 3; ++item)
    CHECK(rank_of(rows, as_span(query), item, RowFilter(3), scratch).value() == expected[item]);
}

TEST_CASE("a rank refuses items that are no row, other shapes and queries that are not numbers") {
  const ItemRows rows = random_rows(10, 8, 1);
  ScanScratch scratch;
  Vector query = random_vector(8, 2);
  const auto code = [&](std::span<const float> q, uint32_t item, uint32_t n_filter) {
    const auto rank = rank_of(rows, q, item, RowFilter(n_filter), scratch);
    return rank.ok() ? ErrorCode::kOk : rank.error().code;
  };
  CHECK(code(as_span(query), 9, 10) == ErrorCode::kOk);
  CHECK(code(as_span(query), 10, 10) == ErrorCode::kInvalidArgument);
  CHECK(code(as_span(query), UINT32_MAX, 10) == ErrorCode::kInvalidArgument);
  CHECK(code(as_span(query).first(7), 0, 10) == ErrorCode::kInvalidArgument);
  CHECK(code({}, 0, 10) == ErrorCode::kInvalidArgument);
  CHECK(code(as_span(query), 0, 9) == ErrorCode::kInvalidArgument);
  CHECK(code(as_span(query), 0, 11) == ErrorCode::kInvalidArgument);
  const ItemRows empty = random_rows(0, 8, 1);
  CHECK_FALSE(rank_of(empty, as_span(query), 0, RowFilter(0), scratch).ok());
  for (const float bad : {NAN, INFINITY, -INFINITY, 1e16F}) {
    query[3] = bad;
    CHECK(code(as_span(query), 0, 10) == ErrorCode::kNumerical);
  }
}

}  // namespace
}  // namespace sotto
