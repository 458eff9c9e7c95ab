#include "model/contribution.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sotto {
namespace {

// The share of the clip that counts and normaliser each get. A tenth leaves 99% of the precision
// to the rows, and still puts a count more than a hundred grid units above zero.
constexpr double kCountShare = 0.1;

std::vector<uint32_t> random_subset(std::span<const uint32_t> history, size_t most,
                                    Random& random) {
  std::vector<uint32_t> items(history.begin(), history.end());
  if (items.size() > most) {
    random.shuffle(std::span(items));
    items.resize(most);
  }
  return items;
}

// At most `most` of the items, without replacement, with chances proportional to f^exponent: the
// Gumbel trick, keep the largest log f^exponent + Gumbel noise (Efraimidis, Spirakis 2006).
std::vector<uint32_t> weighted_subset(std::vector<uint32_t> items, const WhitenedTask& task,
                                      Random& random) {
  if (items.size() <= task.max_items) return items;
  std::vector<std::pair<double, uint32_t>> keys;
  keys.reserve(items.size());
  for (uint32_t item : items) {
    const double gumbel = -std::log(random.exponential());
    keys.emplace_back(gumbel + task.sampling_exponent * std::log(task.popularity[item]), item);
  }
  const auto last = keys.begin() + static_cast<ptrdiff_t>(task.max_items);
  std::nth_element(keys.begin(), last, keys.end(), std::greater<>{});
  items.clear();
  for (auto key = keys.begin(); key != last; ++key) items.push_back(key->second);
  return items;
}

}  // namespace

void Contribution::clear() {
  indices.clear();
  values.clear();
}

void Contribution::put(size_t index, float value) {
  indices.push_back(static_cast<uint32_t>(index));
  values.push_back(value);
}

void contribute_counts(std::span<const uint32_t> history, const CountsLayout& layout,
                       uint32_t max_items, Random& random, Contribution& out) {
  out.clear();
  if (history.empty()) return;
  const std::vector<uint32_t> items = random_subset(history, max_items, random);
  const float weight = 1 / std::sqrt(static_cast<float>(items.size()) + 1);
  for (uint32_t item : items) out.put(item, weight);
  out.put(layout.normaliser(), weight);
}

RowsTask make_rows_task(const RowsLayout& layout, const Regularization& reg, double max_weight) {
  const double lambda_u = reg.lambda * (max_weight + double{reg.a0} * layout.n_items);
  const double rows = max_weight / (2 * std::sqrt(lambda_u));
  const double gram = max_weight / lambda_u;
  RowsTask task;
  task.layout = layout;
  task.reg = reg;
  // clip^2 = rows^2 + gram^2 + gamma^2 (sum c^2 + sum c^2 r^2) + gamma_0^2, where both sums are at
  // most max_weight for weights up to 1.
  task.clip = std::sqrt((rows * rows + gram * gram) / (1 - 3 * kCountShare * kCountShare));
  task.gamma = static_cast<float>(kCountShare * task.clip / std::sqrt(max_weight));
  task.gamma_0 = static_cast<float>(kCountShare * task.clip);
  return task;
}

void contribute_rows(std::span<const uint32_t> history, const RowsTask& task, const FoldIn& fold_in,
                     Contribution& out) {
  out.clear();
  if (history.empty()) return;
  const RowsLayout& layout = task.layout;
  const Matrix rows = gather_rows(fold_in.items(), history);
  FoldInState state = fold_in.start();
  state.add_rows(rows, {});
  const Vector user = state.solve();
  const Vector residual = Vector::Ones(rows.rows()) - rows * user;

  const size_t packed = packed_size(layout.dim);
  out.indices.resize(packed);
  out.values.resize(packed);
  for (size_t j = 0; j < packed; ++j) out.indices[j] = static_cast<uint32_t>(j);
  pack_outer(user, out.values);
  for (size_t s = 0; s < history.size(); ++s) {
    const float r = residual[static_cast<Eigen::Index>(s)];
    for (uint32_t j = 0; j < layout.dim; ++j)
      out.put(layout.row(history[s]) + j, r * user[static_cast<Eigen::Index>(j)]);
    out.put(layout.count(history[s]), task.gamma);
    out.put(layout.residual(history[s]), task.gamma * r);
  }
  out.put(layout.normaliser(), task.gamma_0);
}

void contribute_whitened(std::span<const uint32_t> history, const WhitenedTask& task,
                         const FoldIn& fold_in, Random& random, Contribution& out) {
  out.clear();
  std::vector<uint32_t> items;
  for (uint32_t item : history)
    if (task.slot[item] >= 0) items.push_back(item);
  if (items.empty()) return;
  items = weighted_subset(std::move(items), task, random);

  const WhitenedLayout& layout = task.layout;
  const Vector user = fold_in.solve(history);
  Vector z(layout.row_width());
  z[0] = task.bias;
  Vector whitened = task.whitening * user;
  if (const float norm = whitened.norm(); norm > task.z_clip) whitened *= task.z_clip / norm;
  z.tail(layout.dim) = whitened;

  std::vector<float> weights(items.size());
  float sum_of_squares = 0;
  for (size_t s = 0; s < items.size(); ++s) {
    const float residual =
        task.residual
            ? std::clamp(1 - fold_in.items().row(static_cast<Eigen::Index>(items[s])).dot(user),
                         -1.0F, 1.5F)
            : 1;
    weights[s] = task.row_weight[items[s]] * residual;
    sum_of_squares += weights[s] * weights[s];
  }
  const float z2 = z.squaredNorm();
  const float gram = task.gram_weight * z2;
  const float norm = std::sqrt(sum_of_squares * z2 + gram * gram + 1);
  const float scale = 1 / std::max(norm, task.norm_floor);

  for (size_t s = 0; s < items.size(); ++s) {
    const size_t row = layout.row(static_cast<size_t>(task.slot[items[s]]));
    for (size_t j = 0; j < layout.row_width(); ++j)
      out.put(row + j, scale * weights[s] * z[static_cast<Eigen::Index>(j)]);
  }
  std::vector<float> packed(packed_size(layout.row_width()));
  pack_outer(z, packed);
  for (size_t j = 0; j < packed.size(); ++j)
    out.put(layout.gram() + j, scale * task.gram_weight * packed[j]);
  out.put(layout.normaliser(), scale);
}

}  // namespace sotto
