#include "device/grid_contribution.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace sotto {
namespace {

constexpr double kRounding = 1e-5;

}  // namespace

std::vector<int32_t> GridContribution::dense(size_t dimension) const {
  std::vector<int32_t> all(dimension);
  for (size_t j = 0; j < indices.size(); ++j) all[indices[j]] = values[j];
  return all;
}

Random random_from(EntropySource& entropy) {
  std::array<uint8_t, 8> drawn;
  entropy.fill(drawn);
  uint64_t seed;
  std::memcpy(&seed, drawn.data(), sizeof seed);
  return Random(seed);
}

Result<GridContribution> grid_contribution(const TaskLayout& layout, const Grid& grid,
                                           const ContributionInput& input, EntropySource& entropy) {
  Random random = random_from(entropy);
  Contribution contribution;
  SOTTO_CHECK_OK(contribute(layout, input, random, contribution));
  GridContribution out;
  out.values.resize(contribution.values.size());
  SOTTO_CHECK_OK(encode_on_grid(contribution.values, grid, out.values));
  double squares = 0;
  for (const float value : contribution.values) squares += double{value} * double{value};
  // Layouts that are scaled to the clip reach it, up to rounding of floats.
  out.clipped = squares > grid.clip * grid.clip * (1 + kRounding);
  out.indices = std::move(contribution.indices);
  return out;
}

}  // namespace sotto
