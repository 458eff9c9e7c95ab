#include "lab/poison.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "lab/attacker.hpp"
#include "lab/clear_sum.hpp"
#include "lab/secure_sum.hpp"
#include "lab/sum_jobs.hpp"
#include "lab/thread_pool.hpp"
#include "protocol/task_vdaf.hpp"

namespace sotto {
namespace {

constexpr VdafId kPine = VdafId::kPine32HmacSha256Aes128;
constexpr uint32_t kPeople = 48;
constexpr double kFraction = 0.25;
constexpr int64_t kQ = 4293918721;

double norm(std::span<const int64_t> vector) {
  double squares = 0;
  for (const int64_t value : vector)
    squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

SecureSum simulate(const Population& people, Poison poison, VdafId vdaf, ThreadPool& pool) {
  SecureOptions options;
  options.rho = 1e3;
  options.vdaf = vdaf;
  options.poison = poison;
  auto made = SecureSum::create(people.histories, Population::kItems, std::move(options), pool);
  REQUIRE(made.ok());
  return std::move(made).value();
}

std::vector<uint32_t> devices_that_are(bool malicious, const SecureSum& sum) {
  std::vector<uint32_t> devices;
  for (uint32_t device = 0; device < sum.malicious().size(); ++device)
    if (sum.malicious()[device] == malicious) devices.push_back(device);
  return devices;
}

// What the attackers of a job want to be added up, by the client that they run.
std::vector<int64_t> wishes(const SumJob& job, const Poison& poison, VdafId vdaf,
                            std::span<const uint32_t> attackers) {
  const SecureSite site(Population::kItems, job.seed);
  const Cohort cohort = make_cohorts(job).value()[0];
  Task task = cohort.task;
  if (const auto pine = pine_instance(vdaf)) REQUIRE(use_pine(task, *pine).ok());
  const auto model = site.publish(job).value();
  const PublishedTask published = site.publish_task(task, *model, job.stream).value();
  const auto attacker =
      Attacker::create(poison, job, published, site.pinned(), SecureSite::window_start(job.stream));
  REQUIRE(attacker.ok());
  std::vector<int64_t> sum(layout_dimension(job.layout));
  for (const uint32_t device : attackers) {
    ChaChaEntropy entropy = device_entropy(job, cohort, device);
    const auto wish = attacker->wish(device, entropy).value();
    for (size_t j = 0; j < sum.size(); ++j) sum[j] += wish[j];
  }
  return sum;
}

int64_t centered(int64_t value) {
  value %= kQ;
  if (value > kQ / 2) value -= kQ;
  if (value < -kQ / 2) value += kQ;
  return value;
}

TEST_CASE("a fraction and a kind are read; anything else is refused") {
  CHECK(parse_poison("0.1")->kind == PoisonKind::kNorm);
  CHECK(parse_poison("0.1")->fraction == doctest::Approx(0.1));
  for (const PoisonKind kind :
       {PoisonKind::kNorm, PoisonKind::kFlip, PoisonKind::kBoost, PoisonKind::kMalformed})
    CHECK(parse_poison("1:" + std::string(poison_kind_name(kind)))->kind == kind);
  for (const char* bad : {"", "0", "-0.1", "1.5", "nan", "0.1x", "0.1:", "0.1:worse", ":norm"})
    CHECK(parse_poison(bad).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("malicious devices are as many as asked, by seed, at least one") {
  const auto chosen = malicious_devices(1000, 0.1, 3);
  CHECK(std::count(chosen.begin(), chosen.end(), true) == 100);
  CHECK(malicious_devices(1000, 0.1, 3) == chosen);
  CHECK(malicious_devices(1000, 0.1, 4) != chosen);
  const auto few = malicious_devices(10, 0.001, 1);
  CHECK(std::count(few.begin(), few.end(), true) == 1);
  const auto none = malicious_devices(10, 0, 1);
  CHECK(std::count(none.begin(), none.end(), true) == 0);
}

TEST_CASE("a stretched vector has the direction it had and no more than the norm asked for") {
  const std::vector<double> vector{3, 0, -4};
  CHECK(stretched(vector, 5e6)[0] == doctest::Approx(3e6).epsilon(1e-6));
  CHECK(stretched(vector, -5e6)[2] == doctest::Approx(4e6).epsilon(1e-6));
  CHECK(norm(stretched(vector, 32768)) <= 32768);
  CHECK(norm(stretched(vector, 32768)) > 32765);
  CHECK(stretched(std::vector<double>(3), 100) == std::vector<int64_t>(3));
}

TEST_CASE("with sum, what attackers add is in the sum, modulo q") {
  const Population people(kPeople);
  ThreadPool pool(2);
  for (const TaskLayout& layout : {counts_layout(), rows_layout(), whitened_layout()})
    for (const PoisonKind kind : {PoisonKind::kNorm, PoisonKind::kFlip, PoisonKind::kBoost}) {
      CAPTURE(layout_name(layout));
      CAPTURE(poison_kind_name(kind));
      const Poison poison{kFraction, kind, 4};
      SecureSum secure = simulate(people, poison, VdafId::kSumField32, pool);
      const auto attackers = devices_that_are(true, secure);
      const auto honest = devices_that_are(false, secure);
      REQUIRE(attackers.size() == 12);
      const SumJob job = people.job(layout, people.everybody);
      const auto sum = secure.sum(job, pool);
      REQUIRE(sum.ok());
      CHECK(sum->statistics.secure->malicious == attackers.size());
      CHECK(sum->statistics.secure->rejected.empty());
      CHECK(sum->statistics.reports == kPeople);
      const auto wanted = wishes(job, poison, VdafId::kSumField32, attackers);
      auto expected = sum_in_clear(people.job(layout, honest), pool)->sum;
      for (size_t j = 0; j < expected.size(); ++j) expected[j] = centered(expected[j] + wanted[j]);
      CHECK(sum->sum == expected);
      CHECK(sum->sum != sum_in_clear(job, pool)->sum);
    }
}

TEST_CASE("PINE rejects every blown-up norm: the sum is that of the honest devices to the bit") {
  const Population people(kPeople);
  ThreadPool pool(2);
  for (const VdafId vdaf :
       {kPine, VdafId::kPine40HmacSha256Aes128, VdafId::kPine64HmacSha256Aes128})
    for (const TaskLayout& layout : {counts_layout(), rows_layout(), whitened_layout()}) {
      CAPTURE(layout_name(layout));
      SecureSum secure = simulate(people, {kFraction, PoisonKind::kNorm, 0}, vdaf, pool);
      SumJob job = people.job(layout, people.everybody);
      job.max_batch = 16;
      const auto sum = secure.sum(job, pool);
      REQUIRE(sum.ok());
      const auto honest = devices_that_are(false, secure);
      CHECK(sum->statistics.reports == honest.size());
      CHECK(sum->statistics.secure->malicious == 12);
      CHECK(sum->statistics.secure->rejected ==
            std::map<ErrorCode, uint64_t>{{ErrorCode::kRejected, 12}});
      // In the cohorts that they had, with nothing to say for the attackers.
      Histories histories;
      for (uint32_t device = 0; device < kPeople; ++device)
        histories.add(secure.malicious()[device] ? std::span<const uint32_t>{}
                                                 : people.histories[device]);
      job.histories = &histories;
      CHECK(sum->sum == sum_in_clear(job, pool)->sum);
    }
}

TEST_CASE("random bytes are rejected by PINE, whatever field and layout") {
  const Population people(kPeople);
  ThreadPool pool(2);
  for (const VdafId vdaf : {kPine, VdafId::kPine64HmacSha256Aes128}) {
    SecureSum secure = simulate(people, {kFraction, PoisonKind::kMalformed, 0}, vdaf, pool);
    const auto sum = secure.sum(people.job(rows_layout(), people.everybody), pool);
    REQUIRE(sum.ok());
    uint64_t rejected = 0;
    for (const auto& [reason, reports] : sum->statistics.secure->rejected) rejected += reports;
    CHECK(rejected == 12);
    const auto honest = devices_that_are(false, secure);
    CHECK(sum->sum == sum_in_clear(people.job(rows_layout(), honest), pool)->sum);
  }
}

TEST_CASE("PINE accepts a flip and a boost within the bound: each moves the sum by no more") {
  const Population people(kPeople);
  ThreadPool pool(2);
  for (const TaskLayout& layout : {counts_layout(), rows_layout(), whitened_layout()})
    for (const PoisonKind kind : {PoisonKind::kFlip, PoisonKind::kBoost}) {
      CAPTURE(layout_name(layout));
      CAPTURE(poison_kind_name(kind));
      const Poison poison{kFraction, kind, 4};
      SecureSum secure = simulate(people, poison, kPine, pool);
      const auto sum = secure.sum(people.job(layout, people.everybody), pool);
      REQUIRE(sum.ok());
      CHECK(sum->statistics.secure->rejected.empty());
      CHECK(sum->statistics.reports == kPeople);
      const auto honest =
          sum_in_clear(people.job(layout, devices_that_are(false, secure)), pool)->sum;
      std::vector<int64_t> moved = sum->sum;
      for (size_t j = 0; j < moved.size(); ++j) moved[j] -= honest[j];
      CHECK(norm(moved) > 0);
      CHECK(norm(moved) <= 12 * double{1 << 15});
      if (kind == PoisonKind::kBoost) {
        const auto wanted = wishes(people.job(layout, people.everybody), poison, kPine,
                                   devices_that_are(true, secure));
        CHECK(moved == wanted);
      }
    }
}

TEST_CASE("a boost above the bound is rejected by PINE, one unit or a hundred times the bound") {
  const Population people(4);
  ThreadPool pool(1);
  const SumJob job = people.job(rows_layout(), people.everybody);
  const SecureSite site(Population::kItems, job.seed);
  Task task = make_cohorts(job).value()[0].task;
  task.min_batch = 1;
  REQUIRE(use_pine(task, PineInstance::kPine32HmacSha256Aes128).ok());
  const auto model = site.publish(job).value();
  const PublishedTask published = site.publish_task(task, *model, 0).value();
  const int64_t now_ms = SecureSite::window_start(0);
  const auto attacker =
      Attacker::create({0.5, PoisonKind::kBoost, 4}, job, published, site.pinned(), now_ms);
  REQUIRE(attacker.ok());
  TaskServers servers = site.open_servers(published, pool, now_ms).value();
  ChaChaEntropy entropy(1, 2);
  std::vector<KeyedRecord> changes;
  const ReportSource reports = [&](const Nonce& id) -> Result<Bytes> {
    for (const KeyedRecord& change : changes)
      if (change.key == report_key(id)) return change.bytes.value();
    return Error{ErrorCode::kNotFound, "no such report"};
  };
  std::vector<int64_t> vector(task.dimension);
  for (const int64_t value :
       {int64_t{1} << 15, (int64_t{1} << 15) + 1, int64_t{100} << 15, kQ / 2}) {
    vector[7] = value;
    const Bytes report = attacker->report_of(vector, now_ms, entropy).value();
    REQUIRE(servers.leader.accept(report, now_ms, changes).ok());
  }
  const Bytes request = servers.leader.start_job(4, reports, entropy, changes).value();
  const Bytes response = servers.helper.prepare(request, now_ms, changes).value();
  const Bytes commit = servers.leader.on_prepare_response(response, reports, changes).value();
  const Bytes committed = servers.helper.commit(commit, changes).value();
  REQUIRE(servers.leader.on_commit_response(committed, changes).ok());
  CHECK(servers.leader.state().rejected ==
        std::map<ErrorCode, uint64_t>{{ErrorCode::kRejected, 3}});
  CHECK(servers.leader.state().batch.reports == 1);
}

TEST_CASE("when everybody is malicious and rejected, there is no sum, and no crash") {
  const Population people(20);
  ThreadPool pool(2);
  SecureSum secure = simulate(people, {1, PoisonKind::kNorm, 0}, kPine, pool);
  const auto sum = secure.sum(people.job(rows_layout(), people.everybody), pool);
  REQUIRE_FALSE(sum.ok());
  CHECK(sum.error().code == ErrorCode::kTooFewReports);
}

TEST_CASE("an item that no task knows cannot be boosted") {
  const Population people(4);
  ThreadPool pool(1);
  SecureSum secure = simulate(people, {0.5, PoisonKind::kBoost, Population::kItems}, kPine, pool);
  CHECK(secure.sum(people.job(rows_layout(), people.everybody), pool).error().code ==
        ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sotto
