// Every VDAF through the whole protocol: honest reports add up, false ones are counted and reach
// no accumulator.
#include "protocol/task_vdaf.hpp"

#include <cmath>

#include "cast.hpp"

using namespace sotto;

namespace {

Bytes numbers(std::initializer_list<uint32_t> values) {
  ByteWriter out;
  for (const uint32_t value : values) out.put<uint32_t>(value);
  return std::move(out).bytes();
}

struct Case {
  const char* name;
  VdafId vdaf;
  uint32_t dimension;
  int32_t bound;
  Bytes parameters;
};

std::vector<Case> prio3_cases() {
  return {{"count", VdafId::kPrio3Count, 1, 1, {}},
          {"sum", VdafId::kPrio3Sum, 1, 100, numbers({100})},
          {"sum vec", VdafId::kPrio3SumVec, 6, 18, numbers({7, 3})},
          {"histogram", VdafId::kPrio3Histogram, 7, 2, numbers({3})},
          {"multihot", VdafId::kPrio3MultihotCountVec, 9, 2, numbers({3, 4})}};
}

Task task_of(const Case& of) {
  Task task = Cast().task();
  task.vdaf = of.vdaf;
  task.vdaf_parameters = of.parameters;
  task.dimension = of.dimension;
  task.grid.bound = of.bound;
  task.sigma = 1000;
  return task;
}

Task pine_task(PineInstance instance, uint32_t dimension = 40) {
  Task task = Cast().task();
  task.dimension = dimension;
  task.grid.bound = 1000;
  REQUIRE(use_pine(task, instance).ok());
  return task;
}

std::vector<int32_t> measurement(const Task& task, Random& random) {
  std::vector<int32_t> vector(task.dimension);
  const auto up_to = [&](uint64_t most) { return static_cast<int32_t>(random.below(most + 1)); };
  switch (task.vdaf) {
    case VdafId::kPrio3Count: vector[0] = up_to(1); break;
    case VdafId::kPrio3Sum: vector[0] = up_to(100); break;
    case VdafId::kPrio3SumVec:
      for (int32_t& value : vector) value = up_to(7);
      break;
    case VdafId::kPrio3Histogram: vector[static_cast<size_t>(random.below(7))] = 1; break;
    case VdafId::kPrio3MultihotCountVec:
      for (int j = 0; j < 3; ++j) vector[static_cast<size_t>(random.below(9))] = 1;
      break;
    default: return random_grid_vector(random, task.dimension, task.grid.bound);
  }
  return vector;
}

// Honest reports and `nothing`, with noise: exactly their sum and the noise comes out.
void check_honest(const Task& task) {
  Running run(task);
  Random random(task.dimension);
  std::vector<int64_t> expected(task.dimension);
  for (int device = 0; device < 7; ++device) {
    const bool nothing = device == 3;
    const auto vector = nothing ? nothing_to_say(task) : measurement(task, random);
    const Bytes report = nothing ? run.report() : run.report(vector);
    REQUIRE(run.leader_role.accept(report, kNow).ok());
    for (size_t j = 0; j < expected.size(); ++j) expected[j] += vector[j];
  }
  run.run_jobs(3);
  CHECK(run.leader_role.state().rejected.empty());
  TestEntropy leader_noise(1), helper_noise(2);
  const auto [leader_share, helper_share] = run.collect(leader_noise, helper_noise);
  const auto sum = run.collector_role.open(leader_share, helper_share);
  REQUIRE(sum.ok());
  leader_noise = TestEntropy(1);
  helper_noise = TestEntropy(2);
  const auto a = noise_of(leader_noise, task.sigma, task.dimension);
  const auto b = noise_of(helper_noise, task.sigma, task.dimension);
  for (size_t j = 0; j < expected.size(); ++j) expected[j] += a[j] + b[j];
  CHECK(sum->reports == 7);
  CHECK(sum->sum == expected);
}

// A report by a client of the attacker's own, which skips the device's checks.
Bytes forged(const Running& run, const Shards& shards, const Nonce& id) {
  Report report;
  report.metadata = {id, kNow - kNow % run.visitor.task().time_precision_ms};
  report.public_share = shards.public_share;
  TestEntropy entropy(3);
  const TaskId task = run.visitor.id();
  // The report only refers to them.
  const Bytes leader_sealed =
      seal_input_share(task, report.metadata, report.public_share, Role::kLeader,
                       run.leader_key.public_key, shards.input_shares[0], entropy)
          .value();
  const Bytes helper_sealed =
      seal_input_share(task, report.metadata, report.public_share, Role::kHelper,
                       run.helper_key.public_key, shards.input_shares[1], entropy)
          .value();
  report.leader_sealed = leader_sealed;
  report.helper_sealed = helper_sealed;
  return encode_report(task, report);
}

}  // namespace

TEST_CASE("every VDAF adds up what honest devices report, through both servers") {
  for (const Case& of : prio3_cases()) {
    CAPTURE(of.name);
    check_honest(task_of(of));
  }
  for (const auto instance :
       {PineInstance::kPine32HmacSha256Aes128, PineInstance::kPine40HmacSha256Aes128,
        PineInstance::kPine64HmacSha256Aes128})
    check_honest(pine_task(instance));
}

TEST_CASE("a false report is rejected by reason and changes nothing of the sum") {
  struct WithPine : Running {
    WithPine() : Running(pine_task(PineInstance::kPine32HmacSha256Aes128)) {}
  } run;
  const auto vdaf = make_vdaf(run.visitor.task()).value();
  Random random(9);
  const auto shard = [&](Nonce& id) {
    run.entropy.fill(id);
    return vdaf->shard(random_grid_vector(random, 40, 1000), id, run.entropy).value();
  };
  REQUIRE(run.leader_role.accept(run.report(), kNow).ok());
  for (int device = 0; device < 12; ++device) {
    Nonce id;
    Shards shards = shard(id);
    // A byte of the leader's share, the helper's seeds, or the public share.
    SecretBytes& input = shards.input_shares[device % 3 == 0 ? 0 : 1];
    if (device % 3 == 2)
      shards.public_share[static_cast<size_t>(device)] ^= 1;
    else
      input.reveal_mutable()[static_cast<size_t>(device)] ^= 1;
    REQUIRE(run.leader_role.accept(forged(run, shards, id), kNow).ok());
  }
  for (int device = 0; device < 3; ++device) run.accept(1);
  run.run_jobs(5);
  const auto& rejected = run.leader_role.state().rejected;
  REQUIRE(rejected.size() == 1);
  CHECK(rejected.at(ErrorCode::kRejected) == 12);
  TestEntropy leader_noise(1), helper_noise(2);
  const auto [leader_share, helper_share] = run.collect(leader_noise, helper_noise);
  const CollectedSum sum = run.collector_role.open(leader_share, helper_share).value();
  CHECK(sum.reports == 4);
  leader_noise = TestEntropy(1);
  helper_noise = TestEntropy(2);
  auto expected = noise_of(leader_noise, run.visitor.task().sigma, 40);
  const auto more = noise_of(helper_noise, run.visitor.task().sigma, 40);
  for (size_t j = 0; j < expected.size(); ++j) expected[j] += more[j];
  CHECK(sum.sum == expected);
}

TEST_CASE("parameters: exactly the documented ones, in range, and never below the least security") {
  const auto code = [](const Task& task) { return code_of(make_vdaf(task)); };
  for (const Case& of : prio3_cases()) {
    CAPTURE(of.name);
    Task task = task_of(of);
    CHECK(code(task) == ErrorCode::kOk);
    task.vdaf_parameters.push_back(0);
    CHECK(code(task) != ErrorCode::kOk);
    if (!of.parameters.empty()) {
      task = task_of(of);
      task.vdaf_parameters.pop_back();
      CHECK(code(task) == ErrorCode::kMalformed);
    }
    task = task_of(of);
    task.grid.bound = of.bound - 1;
    if (of.bound > 1) CHECK(code(task) == ErrorCode::kInvalidArgument);
    task = task_of(of);
    if (of.dimension == 1) {
      task.dimension = 2;
      CHECK(code(task) == ErrorCode::kInvalidArgument);
    }
  }
  const Task good = pine_task(PineInstance::kPine32HmacSha256Aes128);
  CHECK(check_task(good).ok());
  for (size_t size = 0; size < good.vdaf_parameters.size(); ++size) {
    Task task = good;
    task.vdaf_parameters.resize(size);
    CHECK(code(task) == ErrorCode::kMalformed);
  }
  std::vector<Task> proven{good};
  for (const Case& of : prio3_cases()) proven.push_back(task_of(of));
  for (Task& one : proven) {
    CHECK(check_task(one).ok());
    one.noise_by = NoiseBy::kServersAndDevice;
    CHECK(code(one) == ErrorCode::kInvalidArgument);
    CHECK(make_vdaf_client(one).error().message == "task: devices add no noise to what they prove");
  }
  Task task = good;
  task.vdaf = VdafId::kExperimental;
  CHECK(code(task) == ErrorCode::kUnsupported);
  const auto with_target = [&](const PineTarget& target) {
    Task weak = good;
    REQUIRE(use_pine(weak, PineInstance::kPine64HmacSha256Aes128, target).ok());
    return code(weak);
  };
  CHECK(with_target({100, 40, 100}) == ErrorCode::kOk);
  CHECK(with_target({60, 40, 100}) == ErrorCode::kInvalidArgument);
  CHECK(with_target({100, 40, 40}) == ErrorCode::kInvalidArgument);
  // The field must hold the bound: q > 3 B^2 + 2.
  task = good;
  task.grid.bound = 40'000;
  CHECK(code(task) == ErrorCode::kInvalidArgument);
}
