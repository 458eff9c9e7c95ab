#include "model/contribution.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/sort.hpp"
#include "model/dense.hpp"

namespace sotto {
namespace {

// The share of the clip that counts and normaliser each get. A tenth leaves 99% of the precision
// to the rows, and still puts a count more than a hundred grid units above zero.
constexpr double kCountShare = 0.1;

void put_metrics(size_t first, float weight, std::span<const float> metrics, Contribution& out) {
  for (size_t j = 0; j < metrics.size(); ++j) out.put(first + j, weight * metrics[j]);
}

std::vector<uint32_t> random_subset(std::span<const uint32_t> history, size_t most,
                                    Random& random) {
  std::vector<uint32_t> items(history.begin(), history.end());
  if (items.size() > most) {
    random.shuffle(std::span(items));
    items.resize(most);
  }
  return items;
}

// At most task.max_items of the positions in the history, without replacement, with chances
// proportional to f^exponent: the Gumbel trick, keep the largest log f^exponent + Gumbel noise
// (Efraimidis, Spirakis 2006).
std::vector<size_t> weighted_subset(std::vector<size_t> positions,
                                    std::span<const uint32_t> history, const WhitenedTask& task,
                                    Random& random) {
  if (positions.size() <= task.max_items) return positions;
  std::vector<std::pair<double, size_t>> keys;
  keys.reserve(positions.size());
  for (const size_t s : positions) {
    const double gumbel = -std::log(random.exponential());
    keys.emplace_back(gumbel + task.sampling_exponent * std::log(task.popularity[history[s]]), s);
  }
  const auto last = keys.begin() + static_cast<ptrdiff_t>(task.max_items);
  sort_first(std::span(keys), task.max_items, std::greater<>{});
  positions.clear();
  for (auto key = keys.begin(); key != last; ++key) positions.push_back(key->second);
  return positions;
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

ContributionInput contribution_input(std::span<const uint32_t> history, const FoldIn& fold_in) {
  return {history,
          gather_rows(fold_in.items(), history),
          &fold_in.gram(),
          static_cast<uint32_t>(fold_in.items().rows()),
          {}};
}

PrequentialRelease decode_metrics(std::span<const int64_t> metrics, double weight, double unit) {
  const auto value = [&](size_t j) { return static_cast<double>(metrics[j]) * unit / weight; };
  PrequentialRelease release;
  release.devices = value(0);
  if (!(release.devices > 0)) return release;
  release.hit_rate_10 = value(1) / release.devices;
  release.ndcg_100 = value(2) / release.devices;
  release.reciprocal = value(3) / release.devices;
  return release;
}

void contribute_counts(const CountsTask& task, std::span<const uint32_t> history, Random& random,
                       Contribution& out) {
  out.clear();
  if (history.empty()) return;
  const std::vector<uint32_t> items = random_subset(history, task.max_items, random);
  const float weight = 1 / std::sqrt(static_cast<float>(items.size()) + 1);
  for (uint32_t item : items) out.put(item, weight);
  out.put(task.layout.normaliser(), weight);
}

RowsTask make_rows_task(const RowsLayout& layout, const Regularization& reg, double max_weight) {
  const double lambda_u = reg.lambda * (max_weight + double{reg.a0} * layout.n_items);
  const double rows = max_weight / (2 * std::sqrt(lambda_u));
  const double gram = max_weight / lambda_u;
  RowsTask task;
  task.layout = layout;
  task.reg = reg;
  // clip^2 = rows^2 + gram^2 + gamma^2 (sum c^2 + sum c^2 r^2) + gamma_0^2 + gamma_m^2 |metrics|^2,
  // where both sums are at most max_weight for weights up to 1, and |metrics|^2 at most their
  // number.
  const double shares = layout.n_metrics > 0 ? 4 : 3;
  task.clip = std::sqrt((rows * rows + gram * gram) / (1 - shares * kCountShare * kCountShare));
  task.gamma = static_cast<float>(kCountShare * task.clip / std::sqrt(max_weight));
  task.gamma_0 = static_cast<float>(kCountShare * task.clip);
  task.gamma_m = static_cast<float>(kCountShare * task.clip /
                                    std::sqrt(static_cast<double>(std::max(1U, layout.n_metrics))));
  return task;
}

void contribute_rows(const RowsTask& task, const ContributionInput& input, Contribution& out) {
  out.clear();
  const std::span<const uint32_t> history = input.history;
  if (history.empty()) return;
  const RowsLayout& layout = task.layout;
  FoldInState state(*input.gram, input.n_items, task.reg);
  state.add_rows(input.rows, {});
  const Vector user = state.solve();

  const size_t packed = packed_size(layout.dim);
  out.indices.resize(packed);
  out.values.resize(packed);
  for (size_t j = 0; j < packed; ++j) out.indices[j] = static_cast<uint32_t>(j);
  pack_outer(user, out.values);
  for (size_t s = 0; s < history.size(); ++s) {
    const float r = 1 - dot(row_of(input.rows, s), span_of(user));
    for (uint32_t j = 0; j < layout.dim; ++j)
      out.put(layout.row(history[s]) + j, r * user[static_cast<Eigen::Index>(j)]);
    out.put(layout.count(history[s]), task.gamma);
    out.put(layout.residual(history[s]), task.gamma * r);
  }
  out.put(layout.normaliser(), task.gamma_0);
  if (layout.n_metrics > 0) put_metrics(layout.metrics(), task.gamma_m, input.metrics, out);
}

void contribute_whitened(const WhitenedTask& task, const ContributionInput& input, Random& random,
                         Contribution& out) {
  out.clear();
  const std::span<const uint32_t> history = input.history;
  std::vector<size_t> kept;  // positions in the history
  for (size_t s = 0; s < history.size(); ++s)
    if (task.slot[history[s]] >= 0) kept.push_back(s);
  if (kept.empty()) return;
  kept = weighted_subset(std::move(kept), history, task, random);

  const WhitenedLayout& layout = task.layout;
  FoldInState state(*input.gram, input.n_items, task.reg);
  state.add_rows(input.rows, {});
  const Vector user = state.solve();
  Vector z(layout.row_width());
  z[0] = task.bias;
  const std::span<float> whitened = span_of(z).subspan(1);  // P u, column by column
  std::fill(whitened.begin(), whitened.end(), 0.0F);
  for (size_t j = 0; j < layout.dim; ++j)
    add_scaled(user[static_cast<Eigen::Index>(j)],
               {task.whitening.data() + j * layout.dim, layout.dim}, whitened);
  if (const float norm = std::sqrt(dot(whitened, whitened)); norm > task.z_clip)
    for (float& value : whitened) value *= task.z_clip / norm;

  std::vector<float> weights(kept.size());
  float sum_of_squares = 0;
  for (size_t j = 0; j < kept.size(); ++j) {
    const float residual =
        task.residual ? std::clamp(1 - dot(row_of(input.rows, kept[j]), span_of(user)), -1.0F, 1.5F)
                      : 1;
    weights[j] = task.row_weight[history[kept[j]]] * residual;
    sum_of_squares += weights[j] * weights[j];
  }
  const float z2 = dot(span_of(z), span_of(z));
  const float gram = task.gram_weight * z2;
  float metrics2 = 0;
  if (layout.n_metrics > 0)
    for (const float metric : input.metrics)
      metrics2 += task.metric_weight * metric * task.metric_weight * metric;
  const float norm = std::sqrt(sum_of_squares * z2 + gram * gram + 1 + metrics2);
  const float scale = 1 / std::max(norm, task.norm_floor);

  for (size_t j = 0; j < kept.size(); ++j) {
    const size_t row = layout.row(static_cast<size_t>(task.slot[history[kept[j]]]));
    for (size_t c = 0; c < layout.row_width(); ++c)
      out.put(row + c, scale * weights[j] * z[static_cast<Eigen::Index>(c)]);
  }
  std::vector<float> packed(packed_size(layout.row_width()));
  pack_outer(z, packed);
  for (size_t j = 0; j < packed.size(); ++j)
    out.put(layout.gram() + j, scale * task.gram_weight * packed[j]);
  out.put(layout.normaliser(), scale);
  if (layout.n_metrics > 0)
    put_metrics(layout.metrics(), scale * task.metric_weight, input.metrics, out);
}

void contribute_quality(const QualityTask& task, std::span<const float> metrics,
                        Contribution& out) {
  out.clear();
  if (metrics.empty() || !(metrics[0] > 0)) return;
  const uint32_t n = task.layout.n_bins;
  const float ndcg = std::min(1.0F, std::max(0.0F, metrics[2]));  // a NaN is 0
  out.put(task.layout.bin(std::min(n - 1, static_cast<uint32_t>(ndcg * static_cast<float>(n)))), 1);
}

}  // namespace sotto
