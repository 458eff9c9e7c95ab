// From a history to a list: fold-in of 200 items at k = 64 and the top 50 of all items, beside the
// same fold-in with a plain float product (Eigen) and nth_element. The two take turns, so that both
// meet the same machine. Medians in milliseconds; native and WASM (in Node) alike.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <vector>

#include "base/random.hpp"
#include "model/fold_in.hpp"
#include "retrieval/top_k.hpp"

using namespace sotto;

namespace {

constexpr Eigen::Index kDim = 64;
constexpr size_t kHistory = 200;
constexpr size_t kList = 50;
constexpr int kWarmUps = 5;

// Bell-shaped codes (sums of four bytes) and unit rows.
QuantizedMatrix random_items(Eigen::Index n_items, Random& random) {
  QuantizedMatrix items;
  items.codes.resize(n_items, kDim);
  items.scales.resize(static_cast<size_t>(n_items));
  for (Eigen::Index i = 0; i < n_items; ++i) {
    for (Eigen::Index j = 0; j < kDim; ++j) {
      const uint64_t word = random.next();
      int sum = -510;
      for (int byte = 0; byte < 4; ++byte) sum += static_cast<int>(word >> (8 * byte) & 255);
      items.codes(i, j) = static_cast<int8_t>(sum / 4);
    }
    items.scales[static_cast<size_t>(i)] = 1 / items.codes.row(i).cast<float>().norm();
  }
  return items;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double now_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(since).count();
}

// The plain way: float rows, Eigen's product, nth_element over all items.
class PlainSearch {
 public:
  explicit PlainSearch(const Matrix& items)
      : items_(&items), order_(static_cast<size_t>(items.rows())) {}

  std::span<const uint32_t> top(const Vector& user) {
    scores_.noalias() = *items_ * user;
    std::iota(order_.begin(), order_.end(), 0U);
    const auto better = [this](uint32_t a, uint32_t b) {
      return scores_[static_cast<Eigen::Index>(a)] > scores_[static_cast<Eigen::Index>(b)];
    };
    const auto end = order_.begin() + static_cast<std::ptrdiff_t>(kList);
    std::nth_element(order_.begin(), end - 1, order_.end(), better);
    std::sort(order_.begin(), end, better);
    return std::span(order_).first(kList);
  }

 private:
  const Matrix* items_;
  Vector scores_;
  std::vector<uint32_t> order_;
};

struct Times {
  std::vector<double> fold_in, ours, plain;
  size_t shared = 0, lists = 0;  // items that both lists have
};

Times measure(const ItemRows& rows, const Matrix& items, int repeats, Random& random) {
  const auto n_sample = std::min<Eigen::Index>(items.rows(), 10'000);
  SquareMatrix gram = items.topRows(n_sample).transpose() * items.topRows(n_sample);
  gram *= static_cast<float>(items.rows()) / static_cast<float>(n_sample);
  const FoldInState start(gram, items.rows(), {});
  const std::vector<float> weights(kHistory, 1.0F);
  const RowFilter filter(rows.size());
  ScanScratch scratch;
  PlainSearch plain(items);
  Times times;
  for (int repeat = -kWarmUps; repeat < repeats; ++repeat) {
    std::vector<uint32_t> history(kHistory);
    for (uint32_t& item : history) item = static_cast<uint32_t>(random.below(rows.size()));

    const double begin = now_ms();
    FoldInState state = start;
    state.add_rows(rows.gather(history), weights);
    const Vector user = state.solve();
    const double folded_in = now_ms();
    const auto found = top_k(rows, {user.data(), kDim}, kList, filter, scratch).value();
    const double end = now_ms();
    const auto reference = plain.top(user);
    const double reference_end = now_ms();

    if (repeat < 0) continue;
    times.fold_in.push_back(folded_in - begin);
    times.ours.push_back(end - begin);
    times.plain.push_back(folded_in - begin + reference_end - end);
    for (const ScoredItem& item : found)
      times.shared +=
          static_cast<size_t>(std::count(reference.begin(), reference.end(), item.item));
    times.lists += 1;
  }
  return times;
}

}  // namespace

int main() {
  std::printf("top %zu of int8 rows, k = %d, after a fold-in of %zu items; scan: %s; ms, medians\n",
              kList, static_cast<int>(kDim), kHistory, best_scan_kernel().name);
  std::printf("%10s %10s %10s %12s %12s %8s %10s\n", "items", "fold-in", "scan", "both",
              "plain float", "ratio", "recall@50");
  Random random(1);
  for (const int n_items : {10'000, 100'000, 1'000'000}) {
    QuantizedMatrix quantized = random_items(n_items, random);
    const Matrix items = dequantize(quantized);
    const ItemRows rows = ItemRows::create(std::move(quantized)).value();
    const int repeats = n_items < 1'000'000 ? 200 : 40;
    const Times times = measure(rows, items, repeats, random);
    const double fold_in = median(times.fold_in), ours = median(times.ours);
    const double plain = median(times.plain);
    std::printf("%10d %10.3f %10.3f %12.3f %12.3f %8.1f %10.4f\n", n_items, fold_in, ours - fold_in,
                ours, plain, plain / ours,
                static_cast<double>(times.shared) / static_cast<double>(times.lists * kList));
  }
  return 0;
}
