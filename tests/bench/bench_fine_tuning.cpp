// What fine-tuning costs a page, at k = 64 over 10,000 int8 items: a step, the neighbours of an
// event, an event as a whole, and the start from a history. Medians and worst values in
// milliseconds; native and WASM (in Node) alike. A slice of 8 ms must hold many steps.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "base/random.hpp"
#include "retrieval/tuned_top_k.hpp"

using namespace sotto;

namespace {

constexpr Eigen::Index kItems = 10000, kDim = 64;
constexpr int kEvents = 300;

double now_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(since).count();
}

void row(const char* name, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::printf("%-36s %9.4f %9.4f\n", name, values[values.size() / 2], values.back());
}

Matrix random_matrix(Eigen::Index rows, Eigen::Index cols, Random& random) {
  Matrix matrix(rows, cols);
  for (Eigen::Index j = 0; j < matrix.size(); ++j)
    matrix.data()[j] = 0.1F * static_cast<float>(random.normal());
  return matrix;
}

}  // namespace

int main() {
  Random random(1);
  const auto rows = ItemRows::create(quantize_rows(random_matrix(kItems, kDim, random)));
  if (!rows.ok()) return 1;
  const ItemRowSource source(*rows);
  const Vector start = random_matrix(kDim, 1, random).col(0);
  const FineTuningOptions options;
  auto tuning = FineTuning::create(source, start, {}, options, 1);
  if (!tuning.ok()) return 1;

  ScanScratch scratch;
  std::vector<double> first, later, near_times, adding, events;
  const auto draw = [&] { return static_cast<uint32_t>(random.below(kItems)); };
  for (int event = 0; event < kEvents; ++event) {
    const uint32_t item = draw();
    const double begin = now_ms();
    const auto near = neighbours_of(*rows, item, options.neighbours, scratch);
    const double found = now_ms();
    if (!tuning->add(item, 1, near, start).ok()) return 1;
    const double added = now_ms();
    for (bool more = true, is_first = true; more; is_first = false) {
      const double before = now_ms();
      const auto ran = tuning->run(1);
      if (!ran.ok()) return 1;
      more = *ran;
      (is_first ? first : later).push_back(now_ms() - before);
    }
    near_times.push_back(found - begin);
    adding.push_back(added - found);
    events.push_back(now_ms() - begin);
  }
  std::vector<double> starts;
  for (int repeat = 0; repeat < 20; ++repeat) {
    const double begin = now_ms();
    auto fresh = FineTuning::create(source, start, {}, options, 1);
    for (uint32_t e = 0; e < options.last_events; ++e) {
      const uint32_t item = draw();
      if (!fresh->add(item, 1, neighbours_of(*rows, item, options.neighbours, scratch), start).ok())
        return 1;
    }
    if (!fresh->run(fresh->steps_left()).ok()) return 1;
    starts.push_back(now_ms() - begin);
  }
  std::printf("10,000 items, k = 64, %u negatives, %u neighbours, %u steps an event; %zu offsets\n",
              options.negatives, options.neighbours, options.epochs, tuning->offset_items().size());
  std::printf("%-36s %9s %9s\n", "ms", "median", "worst");
  row("first step of an event", first);
  row("further step", later);
  row("neighbours of an event", near_times);
  row("adding it", adding);
  row("a new event, all of it", events);
  row("start: the last 32 events, all of it", starts);
}
