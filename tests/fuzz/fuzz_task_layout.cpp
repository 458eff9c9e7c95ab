// The decoder of task layouts, and what devices compute by them: whatever is decoded is written
// back byte for byte, and every contribution is within the bound. The first byte of an input says
// which layout.
#include <array>
#include <cmath>
#include <set>

#include "model/task_layout.hpp"
#include "target.hpp"
#include "vdaf/grid.hpp"

using namespace sotto;

namespace {

constexpr uint32_t kItems = 12;
constexpr uint32_t kDim = 3;
constexpr std::array<const char*, 4> kNames{"counts", "rows", "whitened", "quality"};

const FoldIn& fold_in() {
  static const Matrix kRows = [] {
    Matrix rows(kItems, kDim);
    for (Eigen::Index j = 0; j < rows.size(); ++j)
      rows.data()[j] = .1F * static_cast<float>(j * j % 13) - .5F;
    return rows;
  }();
  static const FoldIn kFoldIn(kRows, {.2F, .02F});
  return kFoldIn;
}

WhitenedTask whitened_task() {
  WhitenedTask task;
  task.layout = {kItems / 2, kDim, kPrequentialMetrics};
  task.slot.assign(kItems, -1);
  task.row_weight.assign(kItems, 0);
  task.popularity.assign(kItems, 0);
  for (uint32_t i = 0; i < kItems; i += 2) {
    task.slot[i] = static_cast<int32_t>(i / 2);
    task.row_weight[i] = task.popularity[i] = .5F;
  }
  task.whitening = SquareMatrix::Identity(kDim, kDim);
  task.max_items = 4;
  return task;
}

void try_contribution(const TaskLayout& layout, std::span<const uint32_t> history) {
  static constexpr std::array<float, kPrequentialMetrics> kMetrics{1, 1, .5F, .25F};
  ContributionInput input = contribution_input(history, fold_in());
  input.metrics = kMetrics;
  Random random(1);
  Contribution out;
  if (!contribute(layout, input, random, out).ok()) return;
  must(!history.empty() || out.values.empty(), "no history, no contribution");
  must(out.indices.size() == out.values.size(), "one value an index");
  const std::set<uint32_t> distinct(out.indices.begin(), out.indices.end());
  must(distinct.size() == out.indices.size(), "distinct indices");
  must(distinct.empty() || *distinct.rbegin() < layout_dimension(layout), "within the dimension");

  const Grid grid{1 << 10, layout_clip(layout)};
  std::vector<int32_t> integers(out.values.size());
  must(encode_on_grid(out.values, grid, integers).ok(), "finite numbers and a valid clip");
  must(squared_norm(integers) <= uint64_t{1} << 20, "within the bound");
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  const std::array<TaskLayout, 6> layouts{
      CountsTask{{kItems}, 5},
      make_rows_task({kItems, kDim, kPrequentialMetrics}, {}, 8),
      make_rows_task({kItems, kDim, 0}, {}, 8),
      whitened_task(),
      make_rows_task({kItems, kDim + 1, 0}, {}, 8),
      QualityTask{{kItems, 31}}};
  std::vector<Bytes> seeds;
  for (const TaskLayout& layout : layouts) {
    Bytes seed{static_cast<uint8_t>(layout.index())};
    const Bytes bytes = encode_layout(layout);
    seed.insert(seed.end(), bytes.begin(), bytes.end());
    seeds.push_back(seed);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> bytes(data + 1, size - 1);
  const auto layout = decode_layout(kNames[data[0] % kNames.size()], bytes, 100'000);
  if (!layout.ok()) return 0;
  const Bytes again = encode_layout(*layout);
  must(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()), "one form only");
  must(layout_items(*layout) >= 1 && layout_items(*layout) <= 100'000,
       "as many items as the model");
  must(layout_clip(*layout) > 0 && std::isfinite(layout_clip(*layout)), "a clip");
  static const std::vector<std::vector<uint32_t>> kHistories{
      {}, {0}, {3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
  for (const auto& history : kHistories) try_contribution(*layout, history);
  return 0;
}
