#include "retrieval/scan_kernel.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <string>

#include "retrieval/random_rows.hpp"

namespace sotto {
namespace {

struct Case {
  ItemRows rows;
  std::vector<int16_t> query;
};

Case random_case(uint32_t n, size_t dim, uint64_t seed, bool extreme) {
  Case out{awkward_rows(n, dim, seed), {}};
  Random random(seed + 1);
  out.query.assign(out.rows.stride(), 0);
  for (size_t j = 0; j < dim; ++j)
    out.query[j] = extreme ? static_cast<int16_t>(random.below(2) == 0 ? -32768 : 32767)
                           : static_cast<int16_t>(static_cast<int>(random.below(65536)) - 32768);
  return out;
}

ScanHits run(const ScanKernel& kernel, const Case& c, std::span<const float> multipliers,
             float threshold) {
  ScanHits hits;
  kernel.scan({c.rows.codes(), c.rows.stride(), multipliers.data(), c.query.data(), c.rows.size()},
              threshold, hits);
  return hits;
}

bool same_bits(const ScanHits& a, const ScanHits& b) {
  return a.count == b.count &&
         std::memcmp(a.rows.data(), b.rows.data(), a.count * sizeof(uint32_t)) == 0 &&
         std::memcmp(a.values.data(), b.values.data(), a.count * sizeof(float)) == 0;
}

TEST_CASE("every scan kernel gives the bits of the scalar one") {
  const auto kernels = available_scan_kernels();
  CHECK(std::string(kernels.front().name) == "scalar");
  CHECK(std::string(kernels.back().name) == best_scan_kernel().name);
  Random random(1);
  for (int trial = 0; trial < 400; ++trial) {
    const auto n = static_cast<uint32_t>(trial < 40 ? static_cast<size_t>(trial)
                                                    : random_size(kScanBlockRows + 1, random));
    const size_t dim = trial % 7 == 0 ? ItemRows::kMaxDim : 1 + random_size(200, random);
    const Case c = random_case(n, dim, static_cast<uint64_t>(trial) + 10, trial % 5 == 0);
    const std::vector<float> ones(n, 1.0F);
    const float threshold = trial % 3 == 0 ? -std::numeric_limits<float>::infinity()
                                           : 1e4F * static_cast<float>(random.normal());
    for (const ScanKernel& kernel : kernels) {
      CAPTURE(kernel.name);
      CHECK(same_bits(run(kernel, c, ones, threshold), run(kernels[0], c, ones, threshold)));
      CHECK(same_bits(run(kernel, c, c.rows.scales(), threshold / 100),
                      run(kernels[0], c, c.rows.scales(), threshold / 100)));
    }
  }
}

TEST_CASE("the scalar kernel is the integer product, also at the largest codes and queries") {
  QuantizedMatrix matrix;
  matrix.codes = QuantizedMatrix::Codes::Constant(2, ItemRows::kMaxDim, int8_t{-128});
  matrix.codes.row(1).setConstant(int8_t{127});
  matrix.scales = {1, 1};
  const Case c{ItemRows::create(matrix).value(), std::vector<int16_t>(ItemRows::kMaxDim, 32767)};
  for (const ScanKernel& kernel : available_scan_kernels()) {
    const ScanHits hits = run(kernel, c, c.rows.scales(), -std::numeric_limits<float>::infinity());
    REQUIRE(hits.count == 2);
    CHECK(hits.values[0] == static_cast<float>(-128LL * 32767 * 512));
    CHECK(hits.values[1] == static_cast<float>(127LL * 32767 * 512));
  }
}

TEST_CASE("only values above the threshold are hits, in row order") {
  const Case c = random_case(kScanBlockRows, 32, 3, false);
  const ScanHits all =
      run(best_scan_kernel(), c, c.rows.scales(), -std::numeric_limits<float>::infinity());
  REQUIRE(all.count == kScanBlockRows);
  const float threshold = all.values[17];
  const ScanHits hits = run(best_scan_kernel(), c, c.rows.scales(), threshold);
  uint32_t next = 0;
  for (uint32_t i = 0; i < all.count; ++i)
    if (all.values[i] > threshold) {
      CHECK(hits.rows[next] == i);
      CHECK(hits.values[next++] == all.values[i]);
    }
  CHECK(hits.count == next);
}

}  // namespace
}  // namespace sotto
