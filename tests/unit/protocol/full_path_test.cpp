// Devices, leader, helper and collector together: what comes out is exactly what went in.
#include <map>

#include "cast.hpp"

using namespace sotto;

namespace {

std::vector<int64_t> plus(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  for (size_t j = 0; j < a.size(); ++j) a[j] += b[j];
  return a;
}

// Three workers whose blocks come from the last to the first.
class BackwardsExecutor final : public Executor {
 public:
  size_t workers() const override { return 3; }
  void for_blocks(size_t n, size_t grain, const Body& body) override {
    for (size_t block = (n + grain - 1) / grain; block-- > 0;)
      body(block * grain, std::min(n, (block + 1) * grain), block % workers());
  }
};

}  // namespace

TEST_CASE("on three cohorts, any dropouts: the sum of the vectors and the noise drawn, exactly") {
  for (uint64_t cohort = 0; cohort < 3; ++cohort) {
    CAPTURE(cohort);
    Random random(cohort);
    Task task = Cast().task();
    task.dimension = static_cast<uint32_t>(5 + 300 * cohort);
    task.max_batch = 60;
    task.model_sequence = cohort;
    Running run(task);
    std::vector<int64_t> expected(task.dimension);
    uint64_t reports = 0;
    for (int device = 0; device < 50; ++device) {
      const auto vector = random_grid_vector(random, task.dimension, task.grid.bound);
      const Bytes report = run.report(vector);
      if (random.below(3) == 0) continue;  // never arrives
      REQUIRE(run.leader_role.accept(report, kNow).ok());
      for (size_t j = 0; j < expected.size(); ++j) expected[j] += vector[j];
      ++reports;
      if (random.below(8) == 0) run.run_jobs(size_t{1} + static_cast<size_t>(random.below(5)));
    }
    run.run_jobs(7);
    TestEntropy leader_noise(100 + cohort);
    TestEntropy helper_noise(200 + cohort);
    const auto [leader_share, helper_share] = run.collect(leader_noise, helper_noise);
    const CollectedSum sum = run.collector_role.open(leader_share, helper_share).value();
    TestEntropy again(100 + cohort);
    expected = plus(expected, noise_of(again, task.sigma, task.dimension));
    again = TestEntropy(200 + cohort);
    expected = plus(expected, noise_of(again, task.sigma, task.dimension));
    CHECK(sum.reports == reports);
    CHECK(sum.sum == expected);
    CHECK(run.leader_role.state().rejected.empty());
    CHECK(run.helper_role.state().rejected.empty());
  }
}

TEST_CASE("who adds noise is what the task says") {
  for (const NoiseBy noise_by : {NoiseBy::kLeader, NoiseBy::kServers, NoiseBy::kServersAndDevice}) {
    Task task = Cast().task();
    task.noise_by = noise_by;
    struct Unfloored : Cast {
      Unfloored() { floors = Floors::none(); }
    } cast;
    const Bytes file = cast.file(task);
    const DeviceTask device = cast.device(file);
    StoredLeader leader(cast.server(Role::kLeader, file));
    StoredHelper helper(cast.server(Role::kHelper, file));
    std::vector<int64_t> expected(task.dimension);
    for (uint64_t i = 0; i < 4; ++i) {
      TestEntropy entropy(i);
      REQUIRE(leader.accept(device.zero_report(kNow, entropy).value(), kNow).ok());
      if (noise_by != NoiseBy::kServersAndDevice) continue;
      TestEntropy again(i);  // the id is drawn first
      Nonce id;
      again.fill(id);
      expected = plus(expected, noise_of(again, task.device_sigma(), task.dimension));
    }
    const Bytes request = leader.start_job(10, cast.entropy).value();
    const Bytes commit = leader.on_prepare_response(helper.prepare(request, kNow).value()).value();
    REQUIRE(leader.on_commit_response(helper.commit(commit).value()).ok());
    TestEntropy leader_noise(1);
    TestEntropy helper_noise(2);
    const Bytes helper_share =
        helper.collect(leader.start_collection(kEnd).value(), kEnd, helper_noise).value();
    const Bytes leader_share = leader.finish_collection(helper_share, leader_noise).value();
    TestEntropy again(1);
    expected = plus(expected, noise_of(again, task.sigma, task.dimension));
    again = TestEntropy(2);
    if (noise_by != NoiseBy::kLeader)
      expected = plus(expected, noise_of(again, task.sigma, task.dimension));
    CHECK(cast.collector_result(file).value().open(leader_share, helper_share).value().sum ==
          expected);
  }
}

TEST_CASE("a task without noise, where floors allow it, gives the bare sum") {
  struct Bare : Cast {
    Bare() { floors = Floors::none(); }
  } cast;
  Task task = cast.task();
  task.sigma = 0;
  task.min_batch = 1;
  const Bytes file = cast.file(task);
  StoredLeader leader(cast.server(Role::kLeader, file));
  StoredHelper helper(cast.server(Role::kHelper, file));
  const std::vector<int32_t> vector{1, -2, 3, -4, 5, -6, 7, -8};
  REQUIRE(leader.accept(cast.device(file).report(vector, kNow, cast.entropy).value(), kNow).ok());
  const Bytes request = leader.start_job(10, cast.entropy).value();
  const Bytes commit = leader.on_prepare_response(helper.prepare(request, kNow).value()).value();
  REQUIRE(leader.on_commit_response(helper.commit(commit).value()).ok());
  const Bytes helper_share =
      helper.collect(leader.start_collection(kEnd).value(), kEnd, cast.entropy).value();
  const Bytes leader_share = leader.finish_collection(helper_share, cast.entropy).value();
  CHECK(cast.collector_result(file).value().open(leader_share, helper_share).value().sum ==
        std::vector<int64_t>(vector.begin(), vector.end()));
}

TEST_CASE("whatever the executor does, every message and record is the same bytes") {
  Running straight;
  Running lent;
  BackwardsExecutor executor;
  lent.leader_role = StoredLeader(lent.server(Role::kLeader, lent.task_file), &executor);
  lent.helper_role = StoredHelper(lent.server(Role::kHelper, lent.task_file), &executor);
  // Both casts draw the same entropy.
  const auto act = [](Running& run) {
    std::vector<Bytes> messages;
    for (size_t i = 0; i < 11; ++i) {
      Bytes report =
          run.report(std::vector<int32_t>(run.task().dimension, static_cast<int32_t>(i)));
      if (i == 2) report[report.size() - 1] ^= 1;  // the helper cannot open it
      if (i == 5) report[report.size() / 2] ^= 1;  // the leader cannot
      ArrivedReport arrived = run.leader_role.examine(std::move(report)).value();
      REQUIRE(run.leader_role.accept(std::move(arrived), kNow).ok());
    }
    for (const size_t limit : {7U, 7U}) {
      messages.push_back(run.leader_role.start_job(limit, run.entropy).value());
      messages.push_back(run.helper_role.prepare(messages.back(), kNow).value());
      messages.push_back(run.leader_role.on_prepare_response(messages.back()).value());
      messages.push_back(run.helper_role.commit(messages.back()).value());
      REQUIRE(run.leader_role.on_commit_response(messages.back()).ok());
    }
    for (const auto& records : {run.leader_role.role().records(), run.helper_role.role().records()})
      for (const KeyedRecord& record : records) messages.push_back(record.bytes.value());
    return messages;
  };
  CHECK(act(lent) == act(straight));
  CHECK(lent.leader_role.state().batch.reports == 9);
  CHECK(lent.leader_role.state().rejected ==
        std::map<ErrorCode, uint64_t>{{ErrorCode::kAuthentication, 2}});
}
