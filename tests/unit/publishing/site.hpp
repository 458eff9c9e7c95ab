// A small site: its content, its devices, and servers that add up what they send.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/entropy.hpp"
#include "device/grid_contribution.hpp"
#include "evaluation/metrics.hpp"
#include "lab/measure.hpp"
#include "lab/small_world.hpp"
#include "lab/sum_job.hpp"
#include "model/task_layout.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "protocol/task_vdaf.hpp"
#include "publishing/course.hpp"
#include "store/records.hpp"

namespace sotto {

struct TrainingSite {
  SmallWorld world;
  SiteContent content;
};

/// The first n_items of the world's catalogue (all by default), with their tags.
inline SiteContent content_of(const SmallWorld& world, uint32_t n_items = UINT32_MAX) {
  SiteContent site;
  n_items = std::min(n_items, world.split.n_items);
  site.catalogue.tag_names = world.data.tag_names;
  for (uint32_t i = 0; i < n_items; ++i) {
    const uint32_t row = world.split.catalogue[i];
    REQUIRE(site.items.add(world.data.items.id(row)).ok());
    site.catalogue.items.push_back({world.data.item_info[row].features.tags, {}});
    std::sort(site.catalogue.items.back().tags.begin(), site.catalogue.items.back().tags.end());
  }
  site.catalogue.item_index_version = site.items.version();
  site.content = world.content.topRows(static_cast<Eigen::Index>(n_items));
  return site;
}

inline TrainingSite training_site(uint32_t users = 2000) {
  WorldOptions options = world_preset("tiny").value();
  options.users = users;
  TrainingSite site;
  site.world.data = make_world(options).value();
  SplitOptions split;
  split.positive_from = 0;
  site.world.split = make_split(site.world.data, split).value();
  site.world.content = site.world.data.content(site.world.split.catalogue);
  site.content = content_of(site.world);
  return site;
}

inline CourseOptions course_options() {
  CourseOptions options;
  options.z = 0.7;  // rho 1.02 a cycle
  options.vdaf = VdafId::kSumField32;
  options.min_batch = 10;
  options.max_batch = 2000;
  PrivateRecipe recipe;
  recipe.dim = 10;
  options.recipe = recipe;
  return options;
}

/// A task with what a server fills in, and two signatures' worth of bytes.
inline Bytes file_of(Task task) {
  task.site = "shop.example";
  task.window_end_ms = 60'000;
  task.time_precision_ms = 60'000;
  Bytes file = encode_task(task).value();
  file.resize(file.size() + kTaskSignatures);
  return file;
}

/// What devices of these histories send for the course's next task, against the model that is
/// published, with exact noise from both servers. metrics: what every device notes.
inline StoredRelease collect(const Course& course, const Histories& devices, uint64_t seed,
                             std::span<const float> metrics = {}) {
  Task task = course.next_task().value();
  task.model_sequence = course.releases() + 1;  // as if each had been published
  const Snapshot snapshot = course.snapshot().value();
  const TaskLayout layout =
      decode_layout(task.layout, task.layout_parameters, snapshot.items.size()).value();
  const Matrix items = dequantize(std::get<QuantizedMatrix>(snapshot.rows));
  StoredRelease release;
  release.number = course.releases();
  release.task_file = file_of(task);
  release.task = sha256(release.task_file);
  release.reports = devices.size();
  release.sum.assign(task.dimension, 0);
  TestEntropy entropy(seed);
  const std::vector<int32_t> silence = nothing_to_say(task);
  for (size_t u = 0; u < devices.size(); ++u) {
    const ContributionInput input{devices[u], gather_rows(items, devices[u]), &*snapshot.gram,
                                  snapshot.items.size(), metrics};
    const auto contribution = grid_contribution(layout, task.grid, input, entropy);
    REQUIRE(contribution.ok());
    for (size_t j = 0; j < contribution->indices.size(); ++j)
      release.sum[contribution->indices[j]] += contribution->values[j];
    if (!contribution->zero()) continue;
    for (size_t j = 0; j < silence.size(); ++j) release.sum[j] += silence[j];
  }
  const auto gaussian = DiscreteGaussian::create(task.sigma).value();
  EntropyWords words(entropy);
  for (int server = 0; server < 2; ++server) gaussian.add_to(release.sum, words);
  return release;
}

/// ndcg@100 on the held-out users.
inline double ndcg_of(const Split& split, const Scorer& scorer) {
  SerialExecutor executor;
  return measure(split, scorer, executor).all_items[metric_index("ndcg@100")];
}
inline double ndcg_of(const Split& split, const Snapshot& snapshot) {
  const Matrix items = dequantize(std::get<QuantizedMatrix>(snapshot.rows));
  return ndcg_of(split, factor_scorer(items, snapshot.reg));
}

using test::MemoryStore;

}  // namespace sotto
