#include "retrieval/explanation.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numeric>

#include "model/random_data.hpp"

namespace sotto {
namespace {

constexpr Regularization kReg{0.3F, 0.01F};

struct World {
  Matrix items;
  std::vector<uint32_t> history;
  std::vector<float> weights;

  Matrix rows() const { return gather_rows(items, history); }
  Vector vector(uint32_t item) const { return items.row(static_cast<Eigen::Index>(item)); }
};

World random_world(uint64_t seed, size_t n_history, float spread) {
  World world{random_matrix(120, 12, seed, spread), {}, {}};
  Random random(seed + 1);
  world.history = random_history(120, n_history, random);
  for (size_t j = 0; j < n_history; ++j)
    world.weights.push_back(0.1F + 2 * static_cast<float>(random.uniform()));
  return world;
}

// The score of `item` after a fold-in in double, without one history item if `without` is one.
double exact_score(const World& world, uint32_t item, size_t without = SIZE_MAX,
                   const Regularization& reg = kReg) {
  const Eigen::MatrixXd v = world.items.cast<double>();
  Eigen::MatrixXd a = double{reg.a0} * v.transpose() * v;
  Eigen::VectorXd b = Eigen::VectorXd::Zero(v.cols());
  double sum = 0;
  for (size_t j = 0; j < world.history.size(); ++j) {
    if (j == without) continue;
    const double c = world.weights[j];
    const Eigen::VectorXd row = world.vector(world.history[j]).cast<double>();
    a += c * row * row.transpose();
    b += c * row;
    sum += c;
  }
  a.diagonal().array() += double{reg.lambda} * (sum + double{reg.a0} * 120);
  return world.vector(item).cast<double>().dot(a.fullPivLu().solve(b));
}

TEST_CASE("the terms of an explanation sum to the score of the fold-in") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const World world = random_world(seed, static_cast<size_t>(1 + seed), 0.3F);
    const FoldIn fold_in(world.items, kReg);
    const Vector user = fold_in.solve(world.history, world.weights);
    for (const uint32_t item : {0U, 7U, 119U}) {
      const Vector vector = world.vector(item);
      const auto explained = explain(fold_in.start(), world.rows(), world.weights, vector, 3);
      REQUIRE(explained.ok());
      CHECK(std::fabs(explained->score - vector.dot(user)) < 1e-5F);
      const float sum = std::accumulate(explained->terms.begin(), explained->terms.end(), 0.0F);
      CHECK(std::fabs(sum - explained->score) < 1e-4F);
    }
  }
}

TEST_CASE("taking a named item away lowers the score by its drop") {
  size_t named = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const World world =
        random_world(seed, static_cast<size_t>(1 + seed % 40), seed % 2 == 0 ? 0.3F : 1.0F);
    const FoldIn fold_in(world.items, kReg);
    for (const uint32_t item : {3U, 50U, 99U}) {
      const Vector vector = world.vector(item);
      const auto explained =
          explain(fold_in.start(), world.rows(), world.weights, vector, 3).value();
      const double score = exact_score(world, item);
      CHECK(explained.reasons.size() <= 3);
      float last = INFINITY;
      for (const Reason& reason : explained.reasons) {
        const double drop = score - exact_score(world, item, reason.position);
        CHECK(drop > 0);
        CHECK(reason.drop == doctest::Approx(drop).epsilon(1e-3));
        CHECK(reason.term == explained.terms[reason.position]);
        CHECK(reason.drop <= last);
        last = reason.drop;
        const auto without =
            score_without(fold_in.start(), world.rows(), world.weights, vector, reason.position);
        REQUIRE(without.ok());
        CHECK(std::fabs(*without - (explained.score - reason.drop)) < 1e-4F);
        ++named;
      }
    }
  }
  CHECK(named > 1000);  // of at most 1800: something is nearly always named
}

TEST_CASE("the reason that is named first has the largest drop of the whole history") {
  for (const Regularization& reg : {kReg, Regularization{0.1F, 0.05F}}) {
    size_t asked = 0;
    for (uint64_t seed = 0; seed < 60; ++seed) {
      const World world = random_world(seed, 30, 0.4F);
      const FoldIn fold_in(world.items, reg);
      const auto explained =
          explain(fold_in.start(), world.rows(), world.weights, world.vector(5), 1).value();
      const double score = exact_score(world, 5, SIZE_MAX, reg);
      double largest = 0;
      for (size_t j = 0; j < world.history.size(); ++j)
        largest = std::max(largest, score - exact_score(world, 5, j, reg));
      if (explained.reasons.empty()) continue;
      CHECK(explained.reasons.front().drop == doctest::Approx(largest).epsilon(1e-3));
      ++asked;
    }
    CHECK(asked > 50);
  }
}

TEST_CASE("a large term is no reason when the score would be higher without it") {
  // The user's vector overshoots on an item that they have seen often (v . u > 1 is impossible for
  // one item alone, but not for many that point its way): its term is large, its drop negative.
  World world;
  world.items = Matrix::Zero(120, 2);
  for (Eigen::Index i = 0; i < 20; ++i) world.items(i, 0) = 1;
  world.items(20, 0) = 2;  // the residual 1 - v . u is about -1
  world.items(21, 0) = 1;
  for (uint32_t i = 0; i <= 20; ++i) {
    world.history.push_back(i);
    world.weights.push_back(1);
  }
  const FoldIn fold_in(world.items, Regularization{0.001F, 0.001F});
  const auto explained =
      explain(fold_in.start(), world.rows(), world.weights, world.vector(21), 21).value();
  CHECK(explained.terms[20] > explained.terms[0]);
  CHECK(explained.reasons.size() == 20);
  for (const Reason& reason : explained.reasons) CHECK(reason.position != 20);
}

TEST_CASE("an empty history has no reasons, and weights may be left out") {
  const World world = random_world(1, 5, 0.3F);
  const FoldIn fold_in(world.items, kReg);
  const Vector vector = world.vector(9);
  const auto none = explain(fold_in.start(), Matrix(0, 12), {}, vector, 3).value();
  CHECK(none.score == 0);
  CHECK(none.terms.empty());
  CHECK(none.reasons.empty());
  const auto plain = explain(fold_in.start(), world.rows(), {}, vector, 3).value();
  const auto ones =
      explain(fold_in.start(), world.rows(), std::vector<float>(5, 1.0F), vector, 3).value();
  CHECK(plain.score == doctest::Approx(ones.score).epsilon(1e-5));
  CHECK(explain(fold_in.start(), world.rows(), {}, vector, 0).value().reasons.empty());
}

TEST_CASE("explanations refuse shapes that do not fit and weights that are not positive") {
  const World world = random_world(1, 5, 0.3F);
  const FoldIn fold_in(world.items, kReg);
  const Vector vector = world.vector(9);
  const auto code = [&](const Matrix& rows, std::vector<float> weights, const Vector& item) {
    return explain(fold_in.start(), rows, weights, item, 3).error().code;
  };
  CHECK(code(Matrix::Zero(5, 11), {}, vector) == ErrorCode::kInvalidArgument);
  CHECK(code(world.rows(), {}, vector.head(3)) == ErrorCode::kInvalidArgument);
  CHECK(code(world.rows(), {1, 1}, vector) == ErrorCode::kInvalidArgument);
  for (const float bad : {0.0F, -1.0F, NAN, INFINITY})
    CHECK(code(world.rows(), {1, 1, bad, 1, 1}, vector) == ErrorCode::kInvalidArgument);
  Matrix broken = world.rows();
  broken(0, 0) = NAN;
  CHECK(code(broken, {}, vector) == ErrorCode::kNumerical);
  CHECK(score_without(fold_in.start(), world.rows(), {}, vector, 5).error().code ==
        ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sotto
