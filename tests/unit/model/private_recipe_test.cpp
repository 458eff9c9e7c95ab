#include "model/private_recipe.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace sotto {
namespace {

TEST_CASE("the divided budget costs exactly what one release would") {
  for (const double mu : {0.2, 0.5, 2.0}) {
    const PrivateRecipe recipe = PrivateRecipe::for_budget(mu);
    CHECK(recipe.validate().ok());
    const auto multipliers = divide_budget(recipe, 1 / mu);
    REQUIRE(multipliers.size() == recipe.rounds + 1);
    double sum = 0;
    for (const double z : multipliers) sum += 1 / (z * z);
    CHECK(std::sqrt(sum) == doctest::Approx(mu).epsilon(1e-12));
  }
}

TEST_CASE("a field out of range is refused by name") {
  PrivateRecipe recipe;
  recipe.norm_floor = 0.5F;  // would let the norm exceed the clip
  const Status status = recipe.validate();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message.find("norm_floor") != std::string::npos);
}

}  // namespace
}  // namespace sotto
