#include "base/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

using namespace sotto;

TEST_CASE("SplitMix64 gives its published values") {
  uint64_t state = 1234567;
  CHECK(split_mix64(state) == 6457827717110365317ULL);
  CHECK(split_mix64(state) == 3203168211198807973ULL);
  CHECK(split_mix64(state) == 9817491932198370423ULL);
  CHECK(split_mix64(state) == 4593380528125082431ULL);
  CHECK(split_mix64(state) == 16408922859458223821ULL);
}

TEST_CASE("xoshiro256++ gives its published values") {
  Random random(0);
  random.restore({1, 2, 3, 4});
  for (const uint64_t expected :
       {41943041ULL, 58720359ULL, 3588806011781223ULL, 3591011842654386ULL, 9228616714210784205ULL,
        9973669472204895162ULL, 14011001112246962877ULL, 12406186145184390807ULL,
        15849039046786891736ULL, 10450023813501588000ULL})
    CHECK(random.next() == expected);
}

TEST_CASE("a saved state goes on where it was saved") {
  Random random(9);
  random.next();
  const auto state = random.state();
  const uint64_t expected = random.next();
  Random other(1);
  other.normal();  // leaves a spare value, which restore drops
  other.restore(state);
  CHECK(other.next() == expected);
}

TEST_CASE("derived seeds differ by every argument and by their order") {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 20; ++seed)
    for (uint64_t a = 0; a < 20; ++a)
      for (uint64_t b = 0; b < 20; ++b) seeds.insert(derive_seed(seed, a, b));
  CHECK(seeds.size() == 8000);
}

TEST_CASE("below is uniform") {
  // 60,000 draws in 6 cells. Chi-square with 5 degrees of freedom exceeds 35.9 once in 1e6 runs.
  Random random(2);
  std::array<double, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts[static_cast<size_t>(random.below(6))];
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - 1e4) * (count - 1e4) / 1e4;
  CHECK(chi_square < 35.9);
}

TEST_CASE("below is unbiased where the plain product would not be") {
  // With n = 3 * 2^62 a product without rejection gives residues 0 mod 3 half of the time.
  // 30,000 draws, chi-square with 2 degrees of freedom exceeds 27.6 once in 1e6 runs.
  Random random(3);
  std::array<double, 3> counts{};
  for (int i = 0; i < 30000; ++i)
    ++counts[static_cast<size_t>(random.below(uint64_t{3} << 62) % 3)];
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - 1e4) * (count - 1e4) / 1e4;
  CHECK(chi_square < 27.6);
}

TEST_CASE("below 1 is 0 and below the largest number is any") {
  Random random(4);
  for (int i = 0; i < 100; ++i) CHECK(random.below(1) == 0);
  for (int i = 0; i < 100; ++i) CHECK(random.below(~uint64_t{0}) < ~uint64_t{0});
}

TEST_CASE("uniform, normal and exponential have their mean and variance") {
  // 200,000 draws each; tolerances are 6 standard deviations (false alarm once in 5e8 runs).
  constexpr int kDraws = 200000;
  const auto moments = [](auto draw) {
    double sum = 0, squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double x = draw();
      sum += x;
      squares += x * x;
    }
    const double mean = sum / kDraws;
    return std::pair(mean, squares / kDraws - mean * mean);
  };
  Random random(5);
  const double root = std::sqrt(static_cast<double>(kDraws));
  const auto [u_mean, u_variance] = moments([&] {
    const double x = random.uniform();
    REQUIRE(x >= 0);
    REQUIRE(x < 1);
    return x;
  });
  CHECK(std::abs(u_mean - 0.5) < 6 * 0.2887 / root);
  CHECK(std::abs(u_variance - 1.0 / 12) < 6 * 0.0745 / root);
  const auto [n_mean, n_variance] = moments([&] { return random.normal(); });
  CHECK(std::abs(n_mean) < 6 / root);
  CHECK(std::abs(n_variance - 1) < 6 * std::sqrt(2.0) / root);
  const auto [e_mean, e_variance] = moments([&] { return random.exponential(); });
  CHECK(std::abs(e_mean - 1) < 6 / root);
  CHECK(std::abs(e_variance - 1) < 6 * std::sqrt(8.0) / root);
}

TEST_CASE("shuffle keeps the elements and reaches every order equally often") {
  // 24,000 shuffles of 4 in 24 cells. Chi-square with 23 degrees of freedom exceeds 70.5 once in
  // 1e6 runs.
  Random random(6);
  std::array<double, 256> counts{};
  for (int i = 0; i < 24000; ++i) {
    std::array<unsigned, 4> items{0, 1, 2, 3};
    random.shuffle(std::span<unsigned>(items));
    REQUIRE(std::set<unsigned>(items.begin(), items.end()).size() == 4);
    ++counts[items[0] | items[1] << 2 | items[2] << 4 | items[3] << 6];
  }
  double chi_square = 0;
  int orders = 0;
  for (const double count : counts) {
    if (count == 0) continue;
    ++orders;
    chi_square += (count - 1000) * (count - 1000) / 1000;
  }
  CHECK(orders == 24);
  CHECK(chi_square < 70.5);
}
