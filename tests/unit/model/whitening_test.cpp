#include "model/whitening.hpp"

#include <doctest/doctest.h>

#include "model/random_data.hpp"

namespace sotto {
namespace {

TEST_CASE("whitening scales to unit expectation and inverts") {
  const SquareMatrix raw = random_matrix(8, 8, 1);
  const SquareMatrix moment = raw * raw.transpose();
  for (const float exponent : {0.0F, 0.5F, 1.0F}) {
    const Whitening w = make_whitening(moment, exponent);
    CHECK((w.forward * moment * w.forward.transpose()).trace() == doctest::Approx(1).epsilon(1e-3));
    CHECK((w.forward * w.backward - SquareMatrix::Identity(8, 8)).norm() < 1e-3F);
  }
}

TEST_CASE("full whitening makes all directions alike") {
  const SquareMatrix raw = random_matrix(6, 6, 2);
  const SquareMatrix moment = raw * raw.transpose() + SquareMatrix::Identity(6, 6);
  const Whitening w = make_whitening(moment, 1);
  CHECK((w.forward * moment * w.forward - SquareMatrix::Identity(6, 6) / 6).norm() < 1e-3F);
}

TEST_CASE("predicted moments match simulated users whose items are independent") {
  const uint32_t m = 60;
  const Eigen::Index k = 4;
  // Small V, so that u is linear in the history, as the prediction assumes.
  const Matrix items = random_matrix(m, k, 3, 0.02F);
  Random random(4);
  Vector f(m);
  for (Eigen::Index i = 0; i < m; ++i) f[i] = 0.02F + 0.2F * static_cast<float>(random.uniform());
  const Regularization reg{0.3F, 0.01F};
  const UserMoments predicted = predict_user_moments(items, f, reg);

  const FoldIn fold_in(items, reg);
  const int users = 20000;
  SquareMatrix second = SquareMatrix::Zero(k, k);
  for (int u = 0; u < users; ++u) {
    std::vector<uint32_t> history;
    for (uint32_t i = 0; i < m; ++i)
      if (random.uniform() < double{f[i]}) history.push_back(i);
    const Vector x = fold_in.solve(history);
    second += x * x.transpose() / users;
  }
  // lambda_u varies with the length of the history, which the prediction takes at its mean.
  CHECK((second - predicted.second_moment()).norm() < 0.1F * second.norm());
}

}  // namespace
}  // namespace sotto
