#include "vdaf/grid.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.hpp"

using namespace sotto;

namespace {

uint64_t square(int32_t bound) {
  return static_cast<uint64_t>(bound) * static_cast<uint64_t>(bound);
}

std::vector<int32_t> encoded(const std::vector<float>& values, const Grid& grid) {
  std::vector<int32_t> out(values.size());
  REQUIRE(encode_on_grid(values, grid, out).ok());
  return out;
}

// The law of this file: whatever comes in, what goes out is within the bound, or zero.
void check_bounded(const std::vector<float>& values, const Grid& grid) {
  std::vector<int32_t> out(values.size(), 12345);
  const Status status = encode_on_grid(values, grid, out);
  const bool finite =
      std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  REQUIRE(status.ok() == finite);
  uint64_t norm = 0;
  for (const int32_t value : out) norm += static_cast<uint64_t>(int64_t{value} * value);
  REQUIRE(norm == squared_norm(out));
  REQUIRE(norm <= (finite ? square(grid.bound) : 0));
}

// A vector of one of the kinds that could break a bound.
std::vector<float> hostile(Random& random, const Grid& grid) {
  const auto n = static_cast<size_t>(1 + random.below(2000));
  const auto unit = static_cast<float>(grid.unit());
  std::vector<float> values(n);
  const uint64_t kind = random.below(8);
  const float magnitude = std::ldexp(1.0f, static_cast<int>(random.below(250)) - 125);
  for (auto& value : values) {
    const auto u = static_cast<float>(2 * random.uniform() - 1);
    switch (kind) {
      case 0: value = u * magnitude; break;                                        // any scale
      case 1: value = magnitude; break;                                            // all equal
      case 2: value = unit * 0.500001f; break;                                     // all round up
      case 3: value = unit * (static_cast<float>(random.below(4)) + 0.5f); break;  // ties
      case 4: value = u * std::numeric_limits<float>::denorm_min() * 99; break;
      case 5: value = u > 0 ? 3e38f : -3e38f; break;
      case 6: value = u * unit * 3; break;
      default: value = random.below(50) == 0 ? u * magnitude : 0;  // sparse
    }
  }
  if (random.below(4) == 0)
    values[static_cast<size_t>(random.below(n))] = magnitude * 1e6f;  // one spike
  if (random.below(8) == 0) {
    static constexpr float kBad[] = {NAN, INFINITY, -INFINITY};
    values[static_cast<size_t>(random.below(n))] = kBad[random.below(3)];
  }
  return values;
}

}  // namespace

TEST_CASE("a vector within the clip is only rounded") {
  const Grid grid{1024, 2.0};  // a unit is 2^-9
  CHECK(encoded({0.0f, 1.0f, -0.5f, 0x1p-9f}, grid) == std::vector<int32_t>{0, 512, -256, 1});
}

TEST_CASE("halves round to even, on both sides of zero") {
  const Grid grid{1024, 1024.0};
  CHECK(encoded({0.5f, 1.5f, 2.5f, 3.5f, -0.5f, -1.5f, -2.5f, -3.5f}, grid) ==
        std::vector<int32_t>{0, 2, 2, 4, 0, -2, -2, -4});
  // A unit that is no power of two: 1.5 units are 4.5.
  CHECK(encoded({1.5f, 4.5f, 7.5f}, Grid{1000, 3000.0}) == std::vector<int32_t>{0, 2, 2});
}

TEST_CASE("a longer vector is scaled down to the clip as a whole") {
  const Grid grid{1 << 15, 1.0};
  const auto out = encoded({30.0f, -40.0f}, grid);
  CHECK(out[0] == 19661);   // 0.6 * 32768 = 19660.8
  CHECK(out[1] == -26214);  // 0.8 * 32768 = 26214.4
}

TEST_CASE("rounding that exceeds the bound is taken back by as few units as needed") {
  // Norm 2 on a bound of 2: four times 1 would be 2, five times 0.894 rounds to five times 1.
  CHECK(encoded({1, 1, 1, 1, 1}, Grid{2, 2.0}) == std::vector<int32_t>{0, 1, 1, 1, 1});
  CHECK(encoded({-1, -1, -1, -1, -1}, Grid{2, 2.0}) == std::vector<int32_t>{0, -1, -1, -1, -1});
}

TEST_CASE("clipping costs next to none of the norm") {
  Random random(1);
  std::vector<float> values(100'000);
  for (auto& value : values) value = static_cast<float>(random.normal());
  const Grid grid;
  const auto norm = squared_norm(encoded(values, grid));
  CHECK(norm <= square(grid.bound));
  CHECK(std::sqrt(static_cast<double>(norm)) > grid.bound - 2);
}

TEST_CASE("zero coordinates change nothing") {
  Random random(2);
  std::vector<float> dense, sparse;
  for (int i = 0; i < 3000; ++i) {
    const bool zero = random.below(3) == 0;
    const auto value = zero ? 0.0f : static_cast<float>(random.normal());
    dense.push_back(value);
    if (!zero) sparse.push_back(value);
  }
  auto out = encoded(dense, Grid{});
  const auto expected = encoded(sparse, Grid{});
  out.erase(std::remove(out.begin(), out.end(), 0), out.end());
  auto nonzero = expected;
  nonzero.erase(std::remove(nonzero.begin(), nonzero.end(), 0), nonzero.end());
  CHECK(out == nonzero);
}

TEST_CASE("no vector, however hostile, exceeds the bound") {
  Random random(3);
  for (int i = 0; i < 3000; ++i) {
    Grid grid;
    grid.bound = 1 + static_cast<int32_t>(random.below(uint64_t{1} << random.below(21)));
    grid.clip = std::ldexp(0.5 + random.uniform(), static_cast<int>(random.below(60)) - 30);
    check_bounded(hostile(random, grid), grid);
  }
}

TEST_CASE("no vector just inside the clip rounds over the bound") {
  // n coordinates just above half a unit, with n such that the real norm is just inside.
  for (const int32_t bound : {1, 2, 3, 16, 100, 400}) {
    const Grid grid{bound, static_cast<double>(bound)};
    for (const float value : {0.50001f, 1.50001f, 0.75f, 1.0f}) {
      const auto n = static_cast<size_t>(static_cast<float>(bound * bound) / (value * value));
      for (size_t more = 0; more < 3; ++more)
        check_bounded(std::vector<float>(n + more, value), grid);
    }
  }
}

TEST_CASE("extreme clips neither overflow nor divide by zero") {
  for (const double clip : {5e-324, 1e-300, 1e-45, 1.0, 1e38, 1e300, 1.7e308}) {
    for (const int32_t bound : {1, 1 << 15, 1 << 20}) {
      const Grid grid{bound, clip};
      check_bounded({}, grid);
      check_bounded({0, 0}, grid);
      check_bounded({std::numeric_limits<float>::denorm_min()}, grid);
      check_bounded({std::numeric_limits<float>::max(), -1}, grid);
    }
  }
}

TEST_CASE("the largest bound is reached exactly") {
  const Grid grid{1 << 20, 1.0};
  CHECK(encoded({-5.0f}, grid) == std::vector<int32_t>{-(1 << 20)});
}

TEST_CASE("a value that is not finite leaves nothing but zeros") {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<int32_t> out(3, 7);
    const Status status = encode_on_grid(std::vector<float>{1, bad, 2}, Grid{}, out);
    CHECK(status.error().code == ErrorCode::kNumerical);
    CHECK(out == std::vector<int32_t>{0, 0, 0});
  }
}

TEST_CASE("a grid or a size out of range is refused") {
  std::vector<int32_t> out(2);
  const std::vector<float> values{1, 2};
  for (const Grid& grid : {Grid{0, 1}, Grid{-1, 1}, Grid{(1 << 20) + 1, 1}, Grid{1, 0}, Grid{1, -1},
                           Grid{1, INFINITY}, Grid{1, NAN}}) {
    CHECK(encode_on_grid(values, grid, out).error().code == ErrorCode::kInvalidArgument);
    CHECK_FALSE(check_batch_fits(1, grid, 0).ok());
    CHECK(largest_batch(grid, 0) == 0);
  }
  CHECK(encode_on_grid(values, Grid{}, std::span(out).first(1)).error().code ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("65,520 reports without noise fit at a bound of 2^15, one more does not") {
  // 65,520 * 32,768 = 2,146,959,360 < q / 2 = 2,146,959,360.5.
  const Grid grid;
  CHECK(largest_batch(grid, 0) == 65520);
  CHECK(check_batch_fits(65520, grid, 0).ok());
  CHECK_FALSE(check_batch_fits(65521, grid, 0).ok());
}

TEST_CASE("noise takes its room from the batch") {
  const Grid grid;
  // 12 * 100,000 units are 36.6 reports.
  CHECK(largest_batch(grid, 1e5) == 65483);
  CHECK(check_batch_fits(65483, grid, 1e5).ok());
  CHECK_FALSE(check_batch_fits(65484, grid, 1e5).ok());
  CHECK(largest_batch(grid, 1.8e8) == 0);
  CHECK(largest_batch(grid, INFINITY) == 0);
  CHECK(largest_batch(grid, NAN) == 0);
  CHECK_FALSE(check_batch_fits(1, grid, NAN).ok());
  CHECK_FALSE(check_batch_fits(1, grid, -1).ok());
  CHECK_FALSE(check_batch_fits(0, grid, 1).ok());
  CHECK_FALSE(check_batch_fits(~uint64_t{0}, grid, 0).ok());
}

TEST_CASE("the largest batch is the last that fits, for every grid") {
  Random random(4);
  for (int i = 0; i < 1000; ++i) {
    const Grid grid{1 + static_cast<int32_t>(random.below(1 << 20)), 1};
    const double sigma = random.uniform() * 1e8;
    const uint64_t batch = largest_batch(grid, sigma);
    CHECK(check_batch_fits(batch, grid, sigma).ok());
    CHECK_FALSE(check_batch_fits(batch + 1, grid, sigma).ok());
  }
}
