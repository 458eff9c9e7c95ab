#include "model/content_prior.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "model/random_data.hpp"

namespace sotto {
namespace {

// Truth = W c + deviation; measured with known noise.
struct Problem {
  Matrix content, truth, measured;
  std::vector<float> noise, popularity;
};

Problem make_problem(float noise_variance, float deviation, uint64_t seed) {
  const Eigen::Index m = 400, k = 6, features = 5;
  Problem p;
  p.content = random_matrix(m, features, seed);
  p.content.col(0).setOnes();
  p.truth =
      p.content * random_matrix(features, k, seed + 1) + random_matrix(m, k, seed + 2, deviation);
  p.measured = p.truth + random_matrix(m, k, seed + 3, std::sqrt(noise_variance));
  p.noise.assign(static_cast<size_t>(m), noise_variance);
  p.popularity.assign(static_cast<size_t>(m), 0.1F);
  return p;
}

constexpr ContentPriorOptions kPlain{0.15F, 1, 0};

TEST_CASE("shrinking beats the measurements, the more so the stronger the noise") {
  SerialExecutor executor;
  for (const float noise : {0.5F, 4.0F, 30.0F}) {
    const Problem p = make_problem(noise, 0.5F, 1);
    const Matrix out =
        shrink_to_content(p.measured, p.noise, p.content, p.popularity, kPlain, executor);
    const float before = (p.measured - p.truth).squaredNorm();
    const float after = (out - p.truth).squaredNorm();
    CHECK(after < before * (noise > 1 ? 0.25F : 0.6F));
  }
}

TEST_CASE("without noise the measurements stand") {
  SerialExecutor executor;
  const Problem p = make_problem(1e-8F, 0.5F, 2);
  const Matrix out =
      shrink_to_content(p.measured, p.noise, p.content, p.popularity, kPlain, executor);
  CHECK((out - p.measured).norm() < 1e-3F * p.measured.norm());
}

TEST_CASE("unmeasured items get what content predicts, whatever stands in their rows") {
  SerialExecutor executor;
  Problem p = make_problem(0.1F, 0.05F, 3);
  for (size_t i = 0; i < 100; ++i) {
    p.noise[i] = 0;
    p.measured.row(static_cast<Eigen::Index>(i)).setConstant(1e6F);
  }
  const Matrix out =
      shrink_to_content(p.measured, p.noise, p.content, p.popularity, kPlain, executor);
  CHECK((out.topRows(100) - p.truth.topRows(100)).norm() < 0.2F * p.truth.topRows(100).norm());
}

TEST_CASE("nothing measured gives zero") {
  SerialExecutor executor;
  Problem p = make_problem(1, 1, 4);
  p.noise.assign(p.noise.size(), 0);
  CHECK(shrink_to_content(p.measured, p.noise, p.content, p.popularity, kPlain, executor).norm() ==
        0);
}

}  // namespace
}  // namespace sotto
