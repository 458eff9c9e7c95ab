#include "retrieval/top_k.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "retrieval/random_rows.hpp"

namespace sotto {
namespace {

// All allowed items by the definition of the score, best first.
std::vector<ScoredItem> brute_force(const ItemRows& rows, const Vector& query, size_t k,
                                    const RowFilter& filter) {
  std::vector<ScoredItem> all;
  for (uint32_t i = 0; i < rows.size(); ++i)
    if (filter.allows(i)) all.push_back({i, rows.score(i, as_span(query))});
  std::sort(all.begin(), all.end(), ranks_before);
  all.resize(std::min(k, all.size()));
  return all;
}

bool same(std::span<const ScoredItem> a, std::span<const ScoredItem> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](auto x, auto y) { return x.item == y.item && x.score == y.score; });
}

TEST_CASE("top-k is brute force: any size, ties, zero rows, negative scores, extreme codes") {
  ScanScratch scratch;
  const uint32_t sizes[] = {0, 1, 2, 3, 7, 49, 50, 51, 255, 256, 257, 1000, 3001};
  uint64_t seed = 1;
  for (const uint32_t n : sizes)
    for (const size_t dim : {1U, 16U, 19U, 64U})
      for (const size_t k : {0U, 1U, 10U, 50U, 300U, 5000U}) {
        const ItemRows rows = awkward_rows(n, dim, ++seed);
        // A query whose rounding to 16 bits is exact, so that brute force must agree to the bit.
        Random random(seed);
        Vector query(static_cast<Eigen::Index>(dim));
        for (float& value : query)
          value = static_cast<float>(static_cast<int>(random.below(65535)) - 32767) / 1024;
        query[0] = seed % 2 == 0 ? 32767.0F / 1024 : -32767.0F / 1024;
        const RowFilter filter(n);
        const auto found = top_k(rows, as_span(query), k, filter, scratch);
        REQUIRE(found.ok());
        CHECK(same(*found, brute_force(rows, query, k, filter)));
      }
}

TEST_CASE("the scan finds exactly the rows of the largest integer products") {
  ScanScratch scratch;
  Random random(9);
  for (int trial = 0; trial < 100; ++trial) {
    const auto n = static_cast<uint32_t>(random.below(3000));
    const ItemRows rows = awkward_rows(n, 1 + random_size(30, random), random.next());
    std::vector<int16_t> query(rows.stride());
    for (size_t j = 0; j < rows.dim(); ++j)
      query[j] = static_cast<int16_t>(static_cast<int>(random.below(41)) - 20);  // many ties
    const uint64_t every = 1 + random.below(3);
    const auto allowed = [every](uint32_t row) { return row % every == 0; };
    std::vector<ScoredItem> expected;
    for (uint32_t i = 0; i < n; ++i) {
      int product = 0;
      for (size_t j = 0; j < rows.dim(); ++j) product += rows.row(i)[j] * query[j];
      if (allowed(i)) expected.push_back({i, static_cast<float>(product) * rows.scales()[i]});
    }
    std::sort(expected.begin(), expected.end(), ranks_before);
    const size_t n_wanted = random_size(400, random);
    expected.resize(std::min(n_wanted, expected.size()));
    const auto found = scratch.best(rows, rows.scales(), query, n_wanted, allowed);
    std::sort(found.begin(), found.end(), ranks_before);
    CHECK(same(found, expected));
  }
}

TEST_CASE("what 16 bits cannot tell apart, re-scoring does") {
  // The second coordinate rounds to nothing beside the first: all rows tie in the scan.
  constexpr size_t kList = 10;
  const auto n = static_cast<uint32_t>(rescored_count(kList));
  QuantizedMatrix matrix;
  matrix.codes.resize(n, 2);
  matrix.scales.assign(n, 0.01F);
  for (int i = 0; i < static_cast<int>(n); ++i) {
    matrix.codes(i, 0) = 1;
    matrix.codes(i, 1) = static_cast<int8_t>(i);
  }
  const ItemRows rows = ItemRows::create(matrix).value();
  const std::vector<float> query{1, 1e-5F};
  ScanScratch scratch;
  const auto found = top_k(rows, query, kList, RowFilter(n), scratch).value();
  REQUIRE(found.size() == kList);
  for (uint32_t i = 0; i < kList; ++i) CHECK(found[i].item == n - 1 - i);
}

TEST_CASE("all scores negative, all equal, and a zero query still fill the list") {
  QuantizedMatrix matrix;
  matrix.codes = QuantizedMatrix::Codes::Constant(1000, 16, int8_t{5});
  matrix.scales.assign(1000, 0.1F);
  const ItemRows rows = ItemRows::create(matrix).value();
  const RowFilter filter(1000);
  ScanScratch scratch;
  for (const float value : {-1.0F, 0.0F, 1.0F}) {
    const Vector query = Vector::Constant(16, value);
    const auto found = top_k(rows, as_span(query), 50, filter, scratch);
    REQUIRE(found.ok());
    REQUIRE(found->size() == 50);
    for (uint32_t i = 0; i < 50; ++i) CHECK((*found)[i].item == i);  // ties: lower rows first
  }
}

TEST_CASE("nothing that is excluded, invalid or double is ever returned, and no list is short") {
  ScanScratch scratch;  // kept over all cases, as a device does
  Random random(2);
  for (int trial = 0; trial < 3000; ++trial) {
    const auto n = static_cast<uint32_t>(random.below(600));
    const size_t dim = 1 + random_size(40, random);
    const size_t k = random_size(80, random);
    const ItemRows rows = awkward_rows(n, dim, random.next());
    const Vector query = random_vector(dim, random.next());
    RowFilter filter(n);
    const uint64_t kind = random.below(4);
    if (kind == 1)  // what the user would see first has been seen
      for (const ScoredItem& item : brute_force(rows, query, random_size(300, random), filter))
        filter.exclude(item.item);
    if (kind == 2)
      for (uint64_t i = random.below(n + 10); i > 0; --i)
        filter.exclude(static_cast<uint32_t>(random.below(n + 5)));
    if (kind == 3) filter.exclude_unless([&](uint32_t) { return random.below(50) == 0; });

    const auto found = top_k(rows, as_span(query), k, filter, scratch);
    REQUIRE(found.ok());
    std::set<uint32_t> distinct;
    bool valid = true, ordered = true;
    for (size_t i = 0; i < found->size(); ++i) {
      const ScoredItem item = (*found)[i];
      valid = valid && item.item < n && filter.allows(item.item) &&
              item.score == rows.score(item.item, as_span(query));
      ordered = ordered && (i == 0 || ranks_before((*found)[i - 1], item));
      distinct.insert(item.item);
    }
    CHECK(valid);
    CHECK(ordered);
    CHECK(distinct.size() == found->size());
    CHECK(found->size() == std::min<size_t>(k, filter.allowed_count()));
  }
}

TEST_CASE("recall at 50 of the float product is 0.999 after re-scoring") {
  constexpr size_t kList = 50;
  ScanScratch scratch;
  size_t hits = 0, wanted = 0;
  for (uint64_t trial = 0; trial < 10; ++trial) {
    const size_t dim = trial % 2 == 0 ? 64 : 40;
    const ItemRows rows = random_rows(10'000, dim, trial);
    const Vector query = random_vector(dim, trial + 100);
    std::vector<uint32_t> all(rows.size());
    std::iota(all.begin(), all.end(), 0U);
    const Vector scores = rows.gather(all) * query;
    std::nth_element(all.begin(), all.begin() + kList, all.end(), [&](uint32_t a, uint32_t b) {
      return scores[static_cast<Eigen::Index>(a)] > scores[static_cast<Eigen::Index>(b)];
    });
    const std::set<uint32_t> best(all.begin(), all.begin() + kList);
    const auto found = top_k(rows, as_span(query), kList, RowFilter(rows.size()), scratch).value();
    for (const ScoredItem& item : found) hits += best.count(item.item);
    wanted += kList;
  }
  CHECK(static_cast<double>(hits) >= 0.999 * static_cast<double>(wanted));
}

TEST_CASE("queries of any magnitude are ranked alike") {
  const ItemRows rows = random_rows(500, 24, 7);
  const RowFilter filter(500);
  const Vector query = random_vector(24, 8);
  ScanScratch scratch;
  const auto expected = brute_force(rows, query, 20, filter);
  for (const float scale : {0x1p-100F, 0x1p-20F, 0x1p+40F}) {
    const Vector scaled = scale * query;
    const auto found = top_k(rows, as_span(scaled), 20, filter, scratch);
    REQUIRE(found.ok());
    REQUIRE(found->size() == 20);
    for (size_t i = 0; i < 20; ++i) CHECK((*found)[i].item == expected[i].item);
  }
}

TEST_CASE("top-k returns the same bits on every platform") {
  constexpr uint64_t kNative = 9'463'834'644'087'499'400U;  // as first computed on x86-64 with AVX2
  ScanScratch scratch;
  uint64_t digest = 0;
  for (const size_t dim : {16U, 50U, 64U}) {
    const ItemRows rows = awkward_rows(3000, dim, dim);
    Random random(dim);
    Vector query(static_cast<Eigen::Index>(dim));
    for (float& value : query) value = static_cast<float>(random.uniform() - 0.5);
    const auto found = top_k(rows, as_span(query), 60, RowFilter(3000), scratch).value();
    for (const ScoredItem& item : found)
      digest = derive_seed(digest, item.item, __builtin_bit_cast(uint32_t, item.score));
  }
  CHECK(digest == kNative);
}

TEST_CASE("top-k refuses other shapes and queries that are not numbers") {
  const ItemRows rows = random_rows(10, 8, 1);
  ScanScratch scratch;
  Vector query = random_vector(8, 2);
  CHECK(top_k(rows, as_span(query).first(7), 5, RowFilter(10), scratch).error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(top_k(rows, as_span(query), 5, RowFilter(9), scratch).error().code ==
        ErrorCode::kInvalidArgument);
  for (const float bad : {NAN, INFINITY, -INFINITY, 1e16F}) {
    query[3] = bad;
    const auto found = top_k(rows, as_span(query), 5, RowFilter(10), scratch);
    REQUIRE(!found.ok());
    CHECK(found.error().code == ErrorCode::kNumerical);
  }
}

}  // namespace
}  // namespace sotto
