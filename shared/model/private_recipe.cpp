#include "model/private_recipe.hpp"

#include <cmath>
#include <string>

namespace sotto {
namespace {

Status in_range(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return {ErrorCode::kInvalidArgument, std::string("recipe: ") + name + " must be between " +
                                           std::to_string(low) + " and " + std::to_string(high) +
                                           ", not " + std::to_string(value)};
}

PrivateRecipe strong_noise() {
  PrivateRecipe recipe;
  recipe.dim = 32;
  recipe.count_share = 0.12;
  recipe.round_growth = 0.426;
  recipe.sampling_exponent = 0.097F;
  recipe.row_weight_exponent = 0.035F;
  recipe.slice_threshold = 1.4175F;
  recipe.bias = 0.2865F;
  recipe.gram_weight = 1;
  recipe.z_clip = 1.5F;
  recipe.norm_floor = 1.437F;
  recipe.whitening = 0.482F;
  recipe.first_residual = true;
  recipe.reg = {0.2255F, 0.0064F};
  recipe.inference = {0.254F, 0.005F};
  recipe.h = 2.756;
  recipe.content_mix = 1;
  recipe.start_exponent = -0.1256F;
  recipe.gram_shrinkage = 0.629F;
  recipe.later_step = 0.683F;
  recipe.prior = {0.1346F, 1.555F, 0.324F};
  return recipe;
}

}  // namespace

PrivateRecipe PrivateRecipe::for_budget(double mu) {
  return mu < 0.4 ? strong_noise() : PrivateRecipe{};
}

Status PrivateRecipe::validate() const {
  SOTTO_CHECK_OK(in_range("dim", dim, 1, 512));
  SOTTO_CHECK_OK(in_range("rounds", rounds, 1, 16));
  SOTTO_CHECK_OK(in_range("count_share", count_share, 1e-6, 1 - 1e-6));
  SOTTO_CHECK_OK(in_range("round_growth", round_growth, 1e-3, 1e3));
  SOTTO_CHECK_OK(in_range("max_items", max_items, 1, 1e6));
  SOTTO_CHECK_OK(in_range("bias", double{bias}, 1e-4, 10));
  SOTTO_CHECK_OK(in_range("gram_weight", double{gram_weight}, 1e-3, 100));
  SOTTO_CHECK_OK(in_range("z_clip", double{z_clip}, 1e-3, 100));
  SOTTO_CHECK_OK(in_range("norm_floor", double{norm_floor}, 1, 100));
  SOTTO_CHECK_OK(in_range("metric_weight", double{metric_weight}, 0, 10));
  SOTTO_CHECK_OK(in_range("sampling_exponent", double{sampling_exponent}, -100, 100));
  SOTTO_CHECK_OK(in_range("row_weight_exponent", double{row_weight_exponent}, -4, 4));
  SOTTO_CHECK_OK(in_range("slice_threshold", double{slice_threshold}, 0, 100));
  SOTTO_CHECK_OK(in_range("whitening", double{whitening}, 0, 1));
  SOTTO_CHECK_OK(in_range("a0", double{reg.a0}, 1e-6, 1e3));
  SOTTO_CHECK_OK(in_range("lambda", double{reg.lambda}, 1e-9, 1e3));
  SOTTO_CHECK_OK(in_range("h", h, 0.1, 1e4));
  SOTTO_CHECK_OK(in_range("content_mix", double{content_mix}, 0, 1));
  SOTTO_CHECK_OK(in_range("gram_shrinkage", double{gram_shrinkage}, 0, 1));
  return {};
}

std::vector<double> divide_budget(const PrivateRecipe& recipe, double z) {
  std::vector<double> shares{recipe.count_share};
  double total = 0;
  for (uint32_t r = 0; r < recipe.rounds; ++r) total += std::pow(recipe.round_growth, r);
  for (uint32_t r = 0; r < recipe.rounds; ++r)
    shares.push_back((1 - recipe.count_share) * std::pow(recipe.round_growth, r) / total);
  std::vector<double> multipliers;
  for (double share : shares) multipliers.push_back(z / std::sqrt(share));
  return multipliers;
}

}  // namespace sotto
