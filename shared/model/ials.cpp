#include "model/ials.hpp"

#include <cmath>
#include <string>

#include "base/random.hpp"

namespace sotto {
namespace {

constexpr size_t kBlock = 64;

// Users per item, in order of user.
Histories transpose(const Histories& users, uint32_t n_items) {
  Histories by_item;
  by_item.offsets.assign(size_t{n_items} + 1, 0);
  for (uint32_t item : users.items) ++by_item.offsets[item + 1];
  for (size_t i = 0; i < n_items; ++i) by_item.offsets[i + 1] += by_item.offsets[i];
  by_item.items.resize(users.items.size());
  std::vector<uint64_t> next(by_item.offsets.begin(), by_item.offsets.end() - 1);
  for (size_t u = 0; u < users.size(); ++u)
    for (uint32_t item : users[u])
      by_item.items[static_cast<size_t>(next[item]++)] = static_cast<uint32_t>(u);
  return by_item;
}

// One half of a sweep: solves every row of `out` against the fixed other side.
void solve_side(const Matrix& fixed, const Histories& histories, const Regularization& reg,
                Executor& executor, Matrix& out) {
  const FoldIn fold_in(fixed, reg);
  executor.for_blocks(histories.size(), kBlock, [&](size_t begin, size_t end, size_t) {
    for (size_t r = begin; r < end; ++r)
      out.row(static_cast<Eigen::Index>(r)) = fold_in.solve(histories[r]).transpose();
  });
}

}  // namespace

Matrix random_items(uint32_t n_items, uint32_t dim, uint64_t seed) {
  Random random(derive_seed(seed, 0x5630));  // stream "V0"
  Matrix items(n_items, dim);
  const double scale = 0.1 / std::sqrt(dim);
  for (Eigen::Index j = 0; j < items.size(); ++j)
    items.data()[j] = static_cast<float>(scale * random.normal());
  return items;
}

Result<Matrix> train_ials(const Histories& users, uint32_t n_items, const IalsOptions& options,
                          Executor& executor,
                          const std::function<bool(uint32_t, const Matrix&)>& after_sweep) {
  for (uint32_t item : users.items)
    if (item >= n_items)
      return Error{ErrorCode::kInvalidArgument,
                   "users: item number " + std::to_string(item) + " is not below n_items"};
  Matrix items = random_items(n_items, options.dim, options.seed);
  Matrix user_vectors(static_cast<Eigen::Index>(users.size()), options.dim);
  const Histories by_item = transpose(users, n_items);
  for (uint32_t sweep = 0; sweep < options.sweeps; ++sweep) {
    solve_side(items, users, options.reg, executor, user_vectors);
    solve_side(user_vectors, by_item, options.reg, executor, items);
    if (!items.allFinite())
      return Error{ErrorCode::kNumerical, "the item matrix is no longer finite"};
    if (after_sweep && !after_sweep(sweep, items)) break;
  }
  return items;
}

}  // namespace sotto
