// What fine-tuning costs a page, at k = 64 over int8 items: a step, the neighbours of an event, and
// what a device does of it (device/gated_tuning.hpp): the pieces that a host runs in slices, the
// start from a history, a new event. Medians and worst values in milliseconds; native and WASM (in
// Node) alike. A slice of 8 ms must hold a piece.
// Usage: bench_fine_tuning [ITEMS [EVENTS]]; 10,000 items and a history of 200 events.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "base/random.hpp"
#include "device/gated_tuning.hpp"

using namespace sotto;

namespace {

constexpr Eigen::Index kDim = 64;
constexpr int kEvents = 200;
constexpr CrowdPrior kKept{1, 1e-6, 1};

double now_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(since).count();
}

void row(const char* name, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::printf("%-40s %9.4f %9.4f\n", name, values[values.size() / 2], values.back());
}

Matrix random_matrix(Eigen::Index rows, Eigen::Index cols, Random& random) {
  Matrix matrix(rows, cols);
  for (Eigen::Index j = 0; j < matrix.size(); ++j)
    matrix.data()[j] = 0.1F * static_cast<float>(random.normal());
  return matrix;
}

// The time of each piece until there is nothing left to do.
std::vector<double> run_out(GatedTuning& tuning, ScanScratch& scratch) {
  std::vector<double> pieces;
  for (bool more = true; more;) {
    const double begin = now_ms();
    more = tuning.run(1, scratch);
    pieces.push_back(now_ms() - begin);
  }
  return pieces;
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

int measure_steps(const DeviceModel& model, Random& random, ScanScratch& scratch) {
  const ItemRowSource source(model.rows);
  const Vector start = random_matrix(kDim, 1, random).col(0);
  const FineTuningOptions options;
  auto tuning = FineTuning::create(source, start, {}, options, 1);
  if (!tuning.ok()) return 1;
  std::vector<double> first, later, near_times, adding;
  for (int event = 0; event < kEvents; ++event) {
    const auto item = static_cast<uint32_t>(random.below(model.rows.size()));
    const double begin = now_ms();
    const auto near = neighbours_of(model.rows, item, options.neighbours, scratch);
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
  }
  std::printf("%u negatives, %u neighbours, %u steps an event; %zu offsets\n", options.negatives,
              options.neighbours, options.epochs, tuning->offset_items().size());
  row("first step of an event", first);
  row("further step", later);
  row("neighbours of an event", near_times);
  row("adding it", adding);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int at, unsigned long otherwise) {
    return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
  };
  const auto n_items = static_cast<uint32_t>(argument(1, 10'000));
  const auto n_events = static_cast<uint32_t>(argument(2, 200));
  if (n_items < 1000 || n_events + kEvents > n_items) return 1;
  Random random(1);
  const Matrix values = random_matrix(static_cast<Eigen::Index>(n_items), kDim, random);
  auto rows = ItemRows::create(quantize_rows(values));
  if (!rows.ok()) return 1;
  const DeviceModel model{.manifest = {},
                          .seen = {},
                          .rows = std::move(*rows),
                          .gram = values.transpose() * values,
                          .reg = {0.1F, 0.01F},
                          .items = {},
                          .popularity = {},
                          .tuning_prior = kKept,
                          .catalogue = {},
                          .content = ContentIndex({}, 0)};
  ScanScratch scratch;
  std::printf("%u items, k = 64, %u events\n%-40s %9s %9s\n", n_items, n_events, "ms", "median",
              "worst");
  if (measure_steps(model, random, scratch) != 0) return 1;

  std::vector<uint32_t> history;
  const auto grow = [&] { history.push_back(static_cast<uint32_t>(history.size())); };
  while (history.size() < n_events) grow();
  const auto strengths = [&] { return std::vector<float>(history.size(), 0.5F); };
  std::vector<double> pieces, starts, events;
  for (int repeat = 0; repeat < 10; ++repeat) {
    GatedTuning fresh(model, kKept, {}, {});
    fresh.set_history(history, strengths());
    const auto times = run_out(fresh, scratch);
    starts.push_back(sum(times));
    pieces.insert(pieces.end(), times.begin(), times.end());
  }
  GatedTuning tuning(model, kKept, {}, {});
  for (int event = 0; event < kEvents; ++event, grow()) {
    tuning.set_history(history, strengths());
    const auto times = run_out(tuning, scratch);
    if (event > 0) events.push_back(sum(times));
  }
  row("device: a piece", pieces);
  row("device: start, with the gate", starts);
  row("device: a new event, with the gate", events);
}
