#include "lab/secure_sum.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "lab/clear_sum.hpp"
#include "lab/federated.hpp"
#include "lab/small_world.hpp"
#include "lab/sum_jobs.hpp"
#include "lab/thread_pool.hpp"
#include "privacy/accountant.hpp"

namespace sotto {
namespace {

constexpr uint64_t kSigma = 40'000;

SecureSum simulate(const Population& people, SecureOptions options, ThreadPool& pool,
                   std::span<const uint8_t> saved = {}) {
  auto made =
      SecureSum::create(people.histories, Population::kItems, std::move(options), pool, saved);
  REQUIRE(made.ok());
  return std::move(made).value();
}

double price(const SumJob& job) {
  return zcdp_rho(static_cast<double>(job.noise.sigma) / job.grid_bound);
}

TEST_CASE(
    "the sum of the whole path is that in the clear to the bit: on three cohorts, for every "
    "layout, any dropouts, whoever adds noise, any number of workers") {
  const Population people(48);
  ThreadPool one(1), three(3);
  SecureOptions options;
  options.rho = 1e3;
  SecureSum secure = simulate(people, options, three);
  uint64_t stream = 0;
  for (const TaskLayout& layout : {counts_layout(), rows_layout(), whitened_layout()}) {
    for (const double dropout : {0.0, 0.3, 0.6}) {
      const auto devices = people.without(dropout, stream);
      SumJob job = people.job(layout, devices);
      job.max_batch = (devices.size() + 2) / 3;
      job.seed = 17;
      for (const SumNoise noise : {SumNoise{0, NoiseBy::kServers},
                                   {kSigma, NoiseBy::kLeader},
                                   {kSigma, NoiseBy::kServers},
                                   {kSigma, NoiseBy::kServersAndDevice}}) {
        CAPTURE(layout_name(layout));
        CAPTURE(dropout);
        CAPTURE(static_cast<int>(noise.by));
        job.noise = noise;
        job.stream = stream++;
        const auto expected = sum_in_clear(job, one);
        const auto sum = secure.sum(job, stream % 2 == 0 ? one : three);
        REQUIRE(expected.ok());
        REQUIRE(sum.ok());
        CHECK(sum->sum == expected->sum);
        CHECK(sum->statistics.cohorts == 3);
        CHECK(sum->statistics.reports == devices.size());
        CHECK(sum->statistics.noise_sd == expected->statistics.noise_sd);
        CHECK(sum->statistics.secure->rejected.empty());
      }
    }
  }
}

TEST_CASE(
    "so it is with PINE, in every field: on three cohorts, for every layout, any dropouts, with "
    "servers' noise") {
  const Population people(24);
  ThreadPool pool(2);
  for (const VdafId vdaf : {VdafId::kPine32HmacSha256Aes128, VdafId::kPine40HmacSha256Aes128,
                            VdafId::kPine64HmacSha256Aes128}) {
    SecureOptions options;
    options.rho = 1e3;
    options.vdaf = vdaf;
    SecureSum secure = simulate(people, options, pool);
    uint64_t stream = 0;
    for (const TaskLayout& layout : {counts_layout(), rows_layout(), whitened_layout()}) {
      CAPTURE(static_cast<uint32_t>(vdaf));
      CAPTURE(layout_name(layout));
      const auto devices = people.without(0.3, stream);
      SumJob job = people.job(layout, devices);
      job.max_batch = (devices.size() + 2) / 3;
      job.noise = {kSigma, stream == 0 ? NoiseBy::kLeader : NoiseBy::kServers};
      job.stream = stream++;
      const auto sum = secure.sum(job, pool);
      REQUIRE(sum.ok());
      CHECK(sum->sum == sum_in_clear(job, pool)->sum);
      CHECK(sum->statistics.cohorts == 3);
      CHECK(sum->statistics.reports == devices.size());
      CHECK(sum->statistics.secure->rejected.empty());
    }
    SumJob job = people.job(rows_layout(), people.everybody);
    job.stream = stream;
    job.noise = {kSigma, NoiseBy::kServersAndDevice};
    CHECK(secure.sum(job, pool).error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("a bound that PINE's field does not hold is refused") {
  const Population people(4);
  ThreadPool pool(1);
  SecureOptions options;
  options.vdaf = VdafId::kPine32HmacSha256Aes128;
  SecureSum secure = simulate(people, options, pool);
  SumJob job = people.job(rows_layout(), people.everybody);
  job.grid_bound = 1 << 16;
  CHECK(secure.sum(job, pool).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a device without history sends a report as long as any other, and it costs nothing") {
  const Population people(32);  // of which numbers 0 and 16 have none
  ThreadPool pool(2);
  SumJob job = people.job(rows_layout(), people.everybody);
  job.noise.sigma = kSigma;
  SecureOptions options;
  options.rho = price(job);
  SecureSum secure = simulate(people, options, pool);
  const auto sum = secure.sum(job, pool);
  REQUIRE(sum.ok());
  CHECK(sum->statistics.reports == 32);
  CHECK(sum->statistics.secure->zero_reports == 2);
  const size_t dimension = layout_dimension(job.layout);
  CHECK(sum->statistics.secure->report_bytes == 34 + 24 + (4 * dimension + 48) + (32 + 48));
  CHECK(secure.device(16).ledger().overview(1e-6)->window.spent_rho == 0);
  CHECK(secure.device(17).ledger().overview(1e-6)->window.spent_rho ==
        doctest::Approx(price(job)).epsilon(1e-6));
}

TEST_CASE("a report that is lost is missing from the sum, one that is sent twice counts once") {
  const Population people(64);
  const std::set<uint32_t> lost{3, 30, 31, 62};
  ThreadPool pool(2);
  SecureOptions options;
  options.rho = 1e3;
  options.deliveries = [&](uint32_t device) {
    return lost.contains(device) ? 0U : device % 3 == 0 ? 2U : 1U;
  };
  SecureSum secure = simulate(people, options, pool);
  SumJob job = people.job(rows_layout(), people.everybody);
  job.max_batch = 22;
  job.noise.sigma = kSigma;
  const auto sum = secure.sum(job, pool);
  REQUIRE(sum.ok());
  CHECK(sum->statistics.reports == 60);
  CHECK(sum->statistics.secure->rejected.empty());

  auto expected = sum_in_clear(job, pool).value().sum;
  const std::vector<uint32_t> missing(lost.begin(), lost.end());
  const auto theirs = sum_in_clear(people.job(rows_layout(), missing), pool).value().sum;
  for (size_t j = 0; j < expected.size(); ++j) expected[j] -= theirs[j];
  CHECK(sum->sum == expected);
  CHECK(secure.device(3).outbox().due(SecureSite::window_end(0) - 1).size() == 1);
  CHECK(secure.device(4).outbox().due(SecureSite::window_end(0) - 1).empty());
}

TEST_CASE("when more reports are lost than the minimum batch allows, there is no sum") {
  const Population people(40);
  ThreadPool pool(2);
  SecureOptions options;
  options.rho = 1e3;
  options.deliveries = [](uint32_t device) { return device < 5 ? 0U : 1U; };
  SecureSum secure = simulate(people, options, pool);
  const auto sum = secure.sum(people.job(rows_layout(), people.everybody), pool);
  REQUIRE_FALSE(sum.ok());
  CHECK(sum.error().code == ErrorCode::kTooFewReports);
}

TEST_CASE("ledgers pay for what the run costs and refuse more: then zero reports come") {
  const Population people(24);
  ThreadPool pool(2);
  SumJob job = people.job(whitened_layout(), people.everybody);
  job.noise = {kSigma, NoiseBy::kServersAndDevice};
  SecureOptions options;
  options.rho = 2 * price(job);
  SecureSum secure = simulate(people, options, pool);
  for (; job.stream < 2; ++job.stream) {
    const auto sum = secure.sum(job, pool);
    REQUIRE(sum.ok());
    CHECK(sum->sum == sum_in_clear(job, pool)->sum);
  }
  const Ledger& ledger = secure.device(9).ledger();
  CHECK(ledger.overview(1e-6)->window.spent_rho == doctest::Approx(options.rho).epsilon(1e-6));
  CHECK(ledger.left(BudgetKind::kLearning) < 1e-5);

  const auto sum = secure.sum(job, pool);
  REQUIRE(sum.ok());
  CHECK(sum->statistics.reports == 24);
  CHECK(sum->statistics.secure->zero_reports == 24);
  // Only noise is left. Devices that cannot pay have drawn their choices all the same.
  job.noise.by = NoiseBy::kServers;
  ++job.stream;
  const auto again = secure.sum(job, pool);
  REQUIRE(again.ok());
  Histories nobody;
  for (size_t user = 0; user < people.histories.size(); ++user) nobody.add({});
  job.histories = &nobody;
  CHECK(again->sum == sum_in_clear(job, pool)->sum);
}

TEST_CASE("a simulation that goes on from what it saved is the one that was not stopped") {
  const Population people(24);
  ThreadPool pool(2);
  SumJob job = people.job(rows_layout(), people.everybody);
  job.noise.sigma = kSigma;
  SecureOptions options;
  options.rho = 2 * price(job);
  SecureSum whole = simulate(people, options, pool);
  REQUIRE(whole.sum(job, pool).ok());
  const Bytes saved = whole.save();
  SecureSum resumed = simulate(people, options, pool, saved);
  CHECK(resumed.save() == saved);
  job.stream = 1;
  CHECK(whole.sum(job, pool)->sum == resumed.sum(job, pool)->sum);
  CHECK(resumed.save() == whole.save());
  job.stream = 2;  // the ledger has not forgotten
  CHECK(resumed.sum(job, pool)->statistics.secure->zero_reports == 24);

  const auto code = [&](const Population& of, std::span<const uint8_t> bytes) {
    const auto made = SecureSum::create(of.histories, Population::kItems, options, pool, bytes);
    return made.ok() ? ErrorCode::kOk : made.error().code;
  };
  CHECK(code(Population(23), saved) == ErrorCode::kInvalidArgument);
  for (const size_t size : {size_t{1}, size_t{8}, saved.size() / 2, saved.size() - 1})
    CHECK(code(people, std::span(saved).first(size)) == ErrorCode::kMalformed);
  Bytes damaged = saved;
  const std::string_view key = Ledger::kKey;
  const auto ledger = std::search(damaged.begin(), damaged.end(), key.begin(), key.end());
  REQUIRE(ledger != damaged.end());
  ledger[static_cast<ptrdiff_t>(key.size()) + 20] ^= 0x40;
  CHECK(code(people, damaged) == ErrorCode::kMalformed);
}

TEST_CASE("a model that is not as published, or of other items, is refused") {
  Population people(4);
  ThreadPool pool(1);
  SecureSum secure = simulate(people, {}, pool);
  people.items(0, 0) += 1e-3F;
  CHECK(secure.sum(people.job(rows_layout(), people.everybody), pool).error().code ==
        ErrorCode::kInvalidArgument);
  people.items = as_published(random_items(Population::kItems - 1, Population::kDim, 1));
  CHECK(secure.sum(people.job(rows_layout(), people.everybody), pool).error().code ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("a run that costs more than a ledger can hold is refused beforehand") {
  const Population people(4);
  ThreadPool pool(1);
  SecureOptions options;
  options.rho = 1e6;
  const auto made = SecureSum::create(people.histories, Population::kItems, options, pool);
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("federated training ends with the same model either way") {
  const SmallWorld world = small_world();
  ThreadPool pool(2);
  FederatedOptions options;
  options.dim = 8;
  options.rounds = 3;
  options.reg = {0.3F, 0.01F};
  options.participation = 0.4;
  options.dropout = 0.2;
  options.max_batch = 50;
  options.z = 0.05;
  SecureOptions secure_options;
  secure_options.rho = 3 * zcdp_rho(0.05);
  auto secure = SecureSum::create(world.split.train, world.split.n_items, secure_options, pool);
  REQUIRE(secure.ok());
  const auto train = [&](const SumDevices& sum) {
    options.sum = sum;
    auto training =
        FederatedTraining::create(world.split.train, world.split.n_items, options, pool);
    REQUIRE(training.ok());
    while (!training->finished()) REQUIRE(training->run_round().ok());
    return training->published();
  };
  const Matrix clear = train(sum_in_clear);
  const Matrix full =
      train([&](const SumJob& job, Executor& executor, const SumProgress& progress) {
        return secure->sum(job, executor, progress);
      });
  CHECK((clear.array() == full.array()).all());
}

}  // namespace
}  // namespace sotto
