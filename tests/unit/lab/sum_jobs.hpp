// A small population and jobs of every layout for it.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "base/random.hpp"
#include "lab/sum_job.hpp"
#include "model/ials.hpp"
#include "model/quantization.hpp"

namespace sotto {

struct Population {
  static constexpr uint32_t kItems = 40;
  static constexpr uint32_t kDim = 6;

  Histories histories;
  Matrix items = as_published(random_items(kItems, kDim, 5));
  std::vector<uint32_t> everybody;

  /// Histories of 0 to 15 items, in no particular order.
  explicit Population(uint32_t n) : everybody(n) {
    std::iota(everybody.begin(), everybody.end(), 0U);
    Random random(11);
    for (uint32_t user = 0; user < n; ++user) {
      std::vector<uint32_t> all(kItems);
      std::iota(all.begin(), all.end(), 0U);
      random.shuffle(std::span(all));
      histories.add(std::span(all).first(user % 16));
    }
  }

  /// Who has not dropped out.
  std::vector<uint32_t> without(double dropout, uint64_t seed) const {
    Random random(seed);
    std::vector<uint32_t> left = everybody;
    std::erase_if(left, [&](uint32_t) { return random.uniform() < dropout; });
    return left;
  }

  SumJob job(TaskLayout layout, std::span<const uint32_t> devices) const {
    SumJob job;
    job.histories = &histories;
    job.devices = devices;
    job.layout = std::move(layout);
    job.items = &items;
    return job;
  }
};

/// Fewer items than most histories have: devices choose.
inline TaskLayout counts_layout() { return CountsTask{{Population::kItems}, 5}; }

/// Some histories are scaled down.
inline TaskLayout rows_layout() {
  RowsTask task = make_rows_task({Population::kItems, Population::kDim}, {0.3F, 0.05F}, 4);
  task.clip /= 3;
  return task;
}

/// A slice of every other item, of which devices choose three.
inline TaskLayout whitened_layout() {
  WhitenedTask task;
  task.layout = {0, Population::kDim};
  task.reg = {0.3F, 0.05F};
  task.slot.assign(Population::kItems, -1);
  task.row_weight.assign(Population::kItems, 0);
  task.popularity.assign(Population::kItems, 0);
  for (uint32_t item = 0; item < Population::kItems; item += 2) {
    task.slot[item] = static_cast<int32_t>(task.layout.n_slice++);
    task.row_weight[item] = 1 + 0.01F * static_cast<float>(item);
    task.popularity[item] = 0.5F / (1 + static_cast<float>(item));
  }
  task.whitening = SquareMatrix::Identity(Population::kDim, Population::kDim) * 1.7F;
  task.sampling_exponent = 0.5F;
  task.max_items = 3;
  return task;
}

}  // namespace sotto
