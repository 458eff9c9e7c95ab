#include "catalog/content.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"

using namespace sotto;

namespace {

double mean(const Matrix& m, Eigen::Index column) { return m.col(column).cast<double>().mean(); }

double deviation(const Matrix& m, Eigen::Index column) {
  return std::sqrt((m.col(column).cast<double>().array() - mean(m, column)).square().mean());
}

}  // namespace

TEST_CASE("the first column is one, tag columns are centred and scaled") {
  // Tag 0 on one of four items: mean 1/4, deviation sqrt(3)/4, so 3/sqrt(3) and -1/sqrt(3).
  const std::vector<ItemFeatures> items{{{0, 1}, {}}, {{1}, {}}, {{}, {}}, {{1, 1}, {}}};
  const Matrix vectors = content_vectors(items, 3);
  REQUIRE(vectors.rows() == 4);
  REQUIRE(vectors.cols() == 4);
  for (Eigen::Index i = 0; i < 4; ++i) CHECK(vectors(i, 0) == 1.0f);
  CHECK(vectors(0, 1) == doctest::Approx(std::sqrt(3.0)));
  CHECK(vectors(1, 1) == doctest::Approx(-1 / std::sqrt(3.0)));
  CHECK(vectors(2, 2) == doctest::Approx(-std::sqrt(3.0)));
  CHECK(vectors(3, 2) == doctest::Approx(1 / std::sqrt(3.0)));  // a tag named twice counts once
}

TEST_CASE("columns that do not vary are zero") {
  const std::vector<ItemFeatures> items{{{0}, 1990}, {{0}, 1990}, {{0}, 1990}};
  const Matrix vectors = content_vectors(items, 2);
  REQUIRE(vectors.cols() == 3 + static_cast<Eigen::Index>(kYearBins));
  CHECK(vectors.rightCols(vectors.cols() - 1).isZero(0));
}

TEST_CASE("year columns are centred and scaled, and a missing year is their mean") {
  Random random(1);
  std::vector<ItemFeatures> items(500);
  for (auto& item : items)
    if (random.below(4) != 0) item.year = 2000 - static_cast<int>(20 * random.exponential());
  const Matrix vectors = content_vectors(items, 0);
  REQUIRE(vectors.cols() == 1 + static_cast<Eigen::Index>(kYearBins));
  for (Eigen::Index column = 1; column < vectors.cols(); ++column) {
    CAPTURE(column);
    CHECK(std::abs(mean(vectors, column)) < 1e-6);
    CHECK(deviation(vectors, column) == doctest::Approx(1).epsilon(1e-5));
  }
  for (size_t i = 0; i < items.size(); ++i)
    if (!items[i].year)
      CHECK(vectors.row(static_cast<Eigen::Index>(i)).rightCols(kYearBins).isZero(0));
}

TEST_CASE("year bins sit at the catalogue's quantiles, each as wide as its neighbour is far") {
  // Years 1900 .. 2000, once each: centres at 1902, 1910, 1925, 1945, 1965, 1985, 1997.
  std::vector<ItemFeatures> items;
  for (int year = 1900; year <= 2000; ++year) items.push_back({{}, year});
  const Matrix vectors = content_vectors(items, 0);
  const int centres[kYearBins] = {1902, 1910, 1925, 1945, 1965, 1985, 1997};
  const double widths[kYearBins] = {8, 8, 15, 20, 20, 12, 12};
  for (size_t k = 0; k < kYearBins; ++k) {
    CAPTURE(k);
    const auto column = vectors.col(1 + static_cast<Eigen::Index>(k));
    Eigen::Index best = 0;
    column.maxCoeff(&best);
    CHECK(best == centres[k] - 1900);
    // The column is affine in the bump, and a ratio of differences knows neither mean nor scale.
    const auto bump = [&](int year) {
      const double away = (year - centres[k]) / widths[k];
      return std::exp(-away * away / 2);
    };
    const int near = centres[k] + 2, far = k < 3 ? 2000 : 1900;
    const double expected = (1 - bump(near)) / (1 - bump(far));
    CHECK((column(best) - column(near - 1900)) / (column(best) - column(far - 1900)) ==
          doctest::Approx(expected).epsilon(1e-3));
  }
}

TEST_CASE("a catalogue crowded into few years still gets distinct bins") {
  std::vector<ItemFeatures> items(100);
  for (size_t i = 0; i < items.size(); ++i) items[i].year = i < 95 ? 2020 : 2021;
  const Matrix vectors = content_vectors(items, 0);
  CHECK(vectors.allFinite());
  // Both years are told apart in some column.
  CHECK((vectors.row(0) - vectors.row(99)).norm() > 1);
}

TEST_CASE("an empty catalogue has vectors of the right width and no rows") {
  const Matrix vectors = content_vectors({}, 4);
  CHECK(vectors.rows() == 0);
  CHECK(vectors.cols() == 5);
}
