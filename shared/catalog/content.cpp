#include "catalog/content.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace sotto {
namespace {

struct YearBin {
  double centre;
  double width;
};

// Centres at quantiles that leave the crowded middle to few bins and resolve the ends: in
// catalogues that grow the newest items, of which least is known, are where the year says most.
// Every bin reaches to its nearest neighbour, so that neighbouring bumps overlap and their sum has
// no holes; at least two years, so that one year more or less is never a jump.
std::array<YearBin, kYearBins> year_bins(std::vector<int> years) {
  static constexpr double kQuantiles[kYearBins] = {.02, .1, .25, .45, .65, .85, .97};
  std::sort(years.begin(), years.end());
  std::array<YearBin, kYearBins> bins{};
  for (size_t k = 0; k < kYearBins; ++k) {
    const double place = kQuantiles[k] * static_cast<double>(years.size() - 1);
    bins[k].centre = years[static_cast<size_t>(std::lround(place))];
    // Where many items share a year the quantiles coincide: the next bin takes the next year.
    if (k > 0) bins[k].centre = std::max(bins[k].centre, bins[k - 1].centre + 1);
  }
  for (size_t k = 0; k < kYearBins; ++k) {
    double nearest = INFINITY;
    if (k > 0) nearest = std::min(nearest, bins[k].centre - bins[k - 1].centre);
    if (k + 1 < kYearBins) nearest = std::min(nearest, bins[k + 1].centre - bins[k].centre);
    bins[k].width = std::max(2.0, nearest);
  }
  return bins;
}

// Centres and scales a column; items outside `known` become 0, the mean of the others.
template <class Known>
void standardise(Eigen::Ref<Matrix> vectors, Eigen::Index column, const Known& known) {
  constexpr double kLeastDeviation = 1e-6;  // below it only rounding varies
  const Eigen::Index n = vectors.rows();
  double sum = 0, count = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    if (!known(i)) continue;
    sum += vectors(i, column);
    ++count;
  }
  const double mean = count > 0 ? sum / count : 0;
  double squares = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const double centred = known(i) ? vectors(i, column) - mean : 0;
    squares += centred * centred;
  }
  const double deviation = n > 0 ? std::sqrt(squares / static_cast<double>(n)) : 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const double centred = known(i) ? vectors(i, column) - mean : 0;
    vectors(i, column) =
        deviation > kLeastDeviation ? static_cast<float>(centred / deviation) : 0.0f;
  }
}

}  // namespace

Matrix content_vectors(std::span<const ItemFeatures> items, uint32_t n_tags) {
  std::vector<int> years;
  for (const auto& item : items)
    if (item.year) years.push_back(*item.year);

  const auto n = static_cast<Eigen::Index>(items.size());
  const Eigen::Index first_tag = 1, first_bin = first_tag + static_cast<Eigen::Index>(n_tags);
  const Eigen::Index n_bins = years.empty() ? 0 : static_cast<Eigen::Index>(kYearBins);
  Matrix vectors = Matrix::Zero(n, first_bin + n_bins);
  vectors.col(0).setOnes();
  for (Eigen::Index i = 0; i < n; ++i)
    for (const uint32_t tag : items[static_cast<size_t>(i)].tags)
      vectors(i, first_tag + static_cast<Eigen::Index>(tag)) = 1;
  if (n_bins > 0) {
    const auto bins = year_bins(years);
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto& year = items[static_cast<size_t>(i)].year;
      if (!year) continue;
      for (size_t k = 0; k < kYearBins; ++k) {
        const double away = (*year - bins[k].centre) / bins[k].width;
        vectors(i, first_bin + static_cast<Eigen::Index>(k)) =
            static_cast<float>(std::exp(-away * away / 2));
      }
    }
  }

  const auto always = [](Eigen::Index) { return true; };
  const auto has_year = [&](Eigen::Index i) {
    return items[static_cast<size_t>(i)].year.has_value();
  };
  for (Eigen::Index column = first_tag; column < first_bin; ++column)
    standardise(vectors, column, always);
  for (Eigen::Index column = first_bin; column < vectors.cols(); ++column)
    standardise(vectors, column, has_year);
  return vectors;
}

}  // namespace sotto
