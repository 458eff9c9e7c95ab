#include "lab/clear_sum.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "lab/thread_pool.hpp"

namespace sotto {
namespace {

constexpr size_t kDimension = 300;

// A device's own sparse vector, some of them far longer than the clip.
void contribute(uint32_t device, Contribution& out) {
  out.clear();
  Random random(derive_seed(9, device));
  const size_t offset = random.below(kDimension - 40);
  const double scale = std::exp(4 * random.normal());
  for (size_t j = 0; j < 40; ++j) out.put(offset + j, static_cast<float>(scale * random.normal()));
}

std::vector<uint32_t> everybody(uint32_t n) {
  std::vector<uint32_t> devices(n);
  std::iota(devices.begin(), devices.end(), 0U);
  return devices;
}

SumJob make_job(const std::vector<uint32_t>& devices) {
  SumJob job;
  job.devices = devices;
  job.dimension = kDimension;
  job.grid = {1 << 15, 2.0};
  return job;
}

// The same sum through dense vectors, one device after the other.
std::vector<int64_t> dense_reference(const std::vector<uint32_t>& devices, const Grid& grid) {
  std::vector<int64_t> sum(kDimension, 0);
  Contribution out;
  for (const uint32_t device : devices) {
    contribute(device, out);
    std::vector<float> dense(kDimension, 0);
    for (size_t j = 0; j < out.values.size(); ++j) dense[out.indices[j]] = out.values[j];
    std::vector<int32_t> integers(kDimension);
    REQUIRE(encode_on_grid(dense, grid, integers).ok());
    CHECK(squared_norm(integers) <= uint64_t{1} << 30);
    for (size_t j = 0; j < kDimension; ++j) sum[j] += integers[j];
  }
  return sum;
}

TEST_CASE("the sparse sum equals that of dense vectors, for any threads and cohorts") {
  const auto devices = everybody(700);
  SumJob job = make_job(devices);
  const auto expected = dense_reference(devices, job.grid);
  for (const unsigned threads : {1U, 3U}) {
    ThreadPool pool(threads);
    for (const uint64_t batch : {0UL, 700UL, 300UL, 100UL}) {
      job.max_batch = batch;
      const auto sum = sum_in_clear(job, contribute, pool);
      REQUIRE(sum.ok());
      CHECK(sum->sum == expected);
      CHECK(sum->reports == 700);
      CHECK(sum->cohorts == (batch == 300 ? 3 : batch == 100 ? 7 : 1));
      CHECK(sum->clipped > 0);
    }
  }
}

TEST_CASE("noise is reproducible, independent of threads, and of the stated strength") {
  const auto devices = everybody(50);
  SumJob job = make_job(devices);
  job.noise = {5000, NoiseBy::kServers, 3};
  ThreadPool one(1), three(3);
  for (const auto& [by, noises] : {std::pair{NoiseBy::kOne, 1.0},
                                   {NoiseBy::kServers, 2.0},
                                   {NoiseBy::kServersAndDevice, 3.0}}) {
    job.noise.by = by;
    const auto a = sum_in_clear(job, contribute, one);
    const auto b = sum_in_clear(job, contribute, three);
    REQUIRE(a.ok());
    REQUIRE(b.ok());
    CHECK(a->sum == b->sum);
    const auto clear = dense_reference(devices, job.grid);
    double squares = 0;
    for (size_t j = 0; j < kDimension; ++j)
      squares += std::pow(static_cast<double>(a->sum[j] - clear[j]), 2);
    const double sd = std::sqrt(squares / kDimension);
    CHECK(a->noise_sd == doctest::Approx(5000 * std::sqrt(noises)));
    // 300 samples: the relative error of sd has deviation 0.041; 5 of them.
    CHECK(sd == doctest::Approx(a->noise_sd).epsilon(0.2));
  }
  job.stream = 1;
  const auto other = sum_in_clear(job, contribute, one);
  job.stream = 0;
  CHECK(other->sum != sum_in_clear(job, contribute, one)->sum);
}

TEST_CASE("a batch that the field cannot hold is refused") {
  const auto devices = everybody(10);
  SumJob job = make_job(devices);
  job.max_batch = 70000;
  ThreadPool pool(1);
  const auto sum = sum_in_clear(job, contribute, pool);
  REQUIRE_FALSE(sum.ok());
  CHECK(sum.error().code == ErrorCode::kInvalidArgument);
  CHECK(sum.error().message.find("65520") != std::string::npos);
}

TEST_CASE("a device whose vector is not finite is named, and nothing is summed") {
  const auto devices = everybody(10);
  ThreadPool pool(2);
  const auto sum = sum_in_clear(
      make_job(devices),
      [](uint32_t device, Contribution& out) {
        out.clear();
        out.put(0, device == 7 ? NAN : 1.0F);
      },
      pool);
  REQUIRE_FALSE(sum.ok());
  CHECK(sum.error().message.find("device 7") != std::string::npos);
}

}  // namespace
}  // namespace sotto
