#include "model/ials.hpp"

#include <doctest/doctest.h>

#include "model/random_data.hpp"

namespace sotto {
namespace {

// sum over users of the fold-in optimum, plus the item penalty.
double objective(const Histories& users, const Matrix& items, const Regularization& reg) {
  const FoldIn fold_in(items, reg);
  std::vector<double> counts(static_cast<size_t>(items.rows()), 0);
  double sum = 0;
  for (size_t u = 0; u < users.size(); ++u) {
    const auto history = users[u];
    sum += double{fold_in_loss(gather_rows(items, history), {}, fold_in.solve(history))};
    for (const uint32_t item : history) ++counts[item];
  }
  for (Eigen::Index i = 0; i < items.rows(); ++i)
    sum += double{reg.lambda} *
           (counts[static_cast<size_t>(i)] + double{reg.a0} * static_cast<double>(users.size())) *
           double{items.row(i).squaredNorm()};
  return sum;
}

TEST_CASE("every sweep of iALS lowers its objective") {
  const Histories users = random_histories(120, 40, 10, 1);
  SerialExecutor executor;
  IalsOptions options;
  options.dim = 6;
  options.sweeps = 8;
  options.reg = {0.2F, 0.02F};
  double last = 1e30;
  const auto items = train_ials(users, 40, options, executor, [&](uint32_t, const Matrix& v) {
    const double value = objective(users, v, options.reg);
    CHECK(value < last * (1 + 1e-6));
    last = value;
    return true;
  });
  REQUIRE(items.ok());
  CHECK(items->rows() == 40);
  CHECK(items->cols() == 6);
}

TEST_CASE("iALS refuses items beyond the catalogue and survives users without items") {
  SerialExecutor executor;
  Histories users;
  users.add(std::vector<uint32_t>{0, 5});
  const auto refused = train_ials(users, 5, {4, 1, {}, 1}, executor);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  users.add({});
  CHECK(train_ials(users, 6, {4, 2, {}, 1}, executor).ok());
}

}  // namespace
}  // namespace sotto
