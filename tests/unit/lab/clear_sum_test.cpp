#include "lab/clear_sum.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lab/sum_jobs.hpp"
#include "lab/thread_pool.hpp"
#include "vdaf/grid.hpp"

namespace sotto {
namespace {

// The same sum through vectors of all coordinates, one device after the other. The layout must
// leave no choice to devices.
std::vector<int64_t> dense_reference(const SumJob& job) {
  const size_t dimension = layout_dimension(job.layout);
  const Grid grid{job.grid_bound, layout_clip(job.layout)};
  const FoldIn fold_in(*job.items, {});
  const SquareMatrix gram = published_gram(*job.items);
  std::vector<int64_t> sum(dimension, 0);
  for (const uint32_t device : job.devices) {
    Contribution contribution;
    Random random(1);
    ContributionInput input = contribution_input((*job.histories)[device], fold_in);
    input.gram = &gram;
    REQUIRE(contribute(job.layout, input, random, contribution).ok());
    // All others are zero; the order of coordinates is the contribution's.
    const std::vector<uint32_t>& at = contribution.indices;
    std::vector<float> dense = contribution.values;
    dense.resize(dimension);
    std::vector<int32_t> integers(dimension);
    REQUIRE(encode_on_grid(dense, grid, integers).ok());
    CHECK(squared_norm(integers) <= uint64_t{1} << 30);
    for (size_t j = 0; j < dimension; ++j) {
      if (j < at.size())
        sum[at[j]] += integers[j];
      else
        CHECK(integers[j] == 0);
    }
  }
  return sum;
}

TEST_CASE("the sparse sum equals that of dense vectors, for any threads and cohorts") {
  const Population people(700);
  SumJob job = people.job(rows_layout(), people.everybody);
  const auto expected = dense_reference(job);
  for (const unsigned threads : {1U, 3U}) {
    ThreadPool pool(threads);
    for (const uint64_t batch : {0UL, 700UL, 300UL, 100UL}) {
      job.max_batch = batch;
      const auto sum = sum_in_clear(job, pool);
      REQUIRE(sum.ok());
      CHECK(sum->sum == expected);
      CHECK(sum->statistics.reports == 700);
      CHECK(sum->statistics.cohorts == (batch == 300 ? 3 : batch == 100 ? 7 : 1));
      CHECK(sum->statistics.clipped.value() > 0);
      CHECK(sum->statistics.noise_sd == 0);
      CHECK_FALSE(sum->statistics.secure.has_value());
    }
  }
}

TEST_CASE("noise is reproducible, independent of threads, and of the stated strength") {
  const Population people(50);
  SumJob job = people.job(rows_layout(), people.everybody);
  job.seed = 3;
  const auto clear = dense_reference(job);
  job.noise.sigma = 5000;
  ThreadPool one(1), three(3);
  // Devices are sized for the least batch of 45 of these 50.
  for (const auto& [by, variances] : {std::pair{NoiseBy::kLeader, 1.0},
                                      {NoiseBy::kServers, 2.0},
                                      {NoiseBy::kServersAndDevice, 2 + 50.0 / 45}}) {
    job.noise.by = by;
    const auto a = sum_in_clear(job, one);
    const auto b = sum_in_clear(job, three);
    REQUIRE(a.ok());
    REQUIRE(b.ok());
    CHECK(a->sum == b->sum);
    double squares = 0;
    for (size_t j = 0; j < clear.size(); ++j)
      squares += std::pow(static_cast<double>(a->sum[j] - clear[j]), 2);
    const double sd = std::sqrt(squares / static_cast<double>(clear.size()));
    CHECK(a->statistics.noise_sd == doctest::Approx(5000 * std::sqrt(variances)).epsilon(1e-3));
    // 342 samples: the relative error of sd has deviation 0.038; 5 of them.
    CHECK(sd == doctest::Approx(a->statistics.noise_sd).epsilon(0.19));
  }
  job.stream = 1;
  const auto other = sum_in_clear(job, one);
  job.stream = 0;
  CHECK(other->sum != sum_in_clear(job, one)->sum);
}

TEST_CASE("cohorts are of equal size, and their tasks hold what they need and no more") {
  const Population people(101);
  SumJob job = people.job(rows_layout(), people.everybody);
  job.noise = {5000, NoiseBy::kServersAndDevice};
  job.max_batch = 40;
  const auto cohorts = make_cohorts(job).value();
  REQUIRE(cohorts.size() == 3);
  size_t devices = 0;
  for (const Cohort& cohort : cohorts) {
    CHECK(check_task(cohort.task).ok());
    CHECK(cohort.devices.front() == devices);
    devices += cohort.devices.size();
    CHECK(cohort.task.max_batch == cohort.devices.size());
    CHECK(10 * cohort.task.min_batch >= 9 * cohort.task.max_batch);
    CHECK(cohort.task.min_batch <= cohort.task.max_batch);
  }
  CHECK(devices == 101);
}

TEST_CASE("a batch that the field cannot hold is refused") {
  const Population people(10);
  SumJob job = people.job(rows_layout(), people.everybody);
  job.max_batch = 70000;
  ThreadPool pool(1);
  const auto sum = sum_in_clear(job, pool);
  REQUIRE_FALSE(sum.ok());
  CHECK(sum.error().code == ErrorCode::kInvalidArgument);
  CHECK(sum.error().message.find("65520") != std::string::npos);
  // With noise there is less room; what is named does fit.
  job.noise = {uint64_t{1} << 24, NoiseBy::kServersAndDevice};
  job.max_batch = 65520;
  const std::string message = sum_in_clear(job, pool).error().message;
  job.max_batch = std::stoull(message.substr(message.rfind(' ')));
  CHECK(job.max_batch > 50000);
  CHECK(make_cohorts(job).ok());
}

TEST_CASE("a device whose vector is not finite is named, and nothing is summed") {
  Population people(10);
  people.items(7, 0) = std::numeric_limits<float>::infinity();
  ThreadPool pool(1);
  const auto sum = sum_in_clear(people.job(rows_layout(), people.everybody), pool);
  REQUIRE_FALSE(sum.ok());
  CHECK(sum.error().code == ErrorCode::kNumerical);
  CHECK(sum.error().message.find("device 1:") != std::string::npos);
}

}  // namespace
}  // namespace sotto
