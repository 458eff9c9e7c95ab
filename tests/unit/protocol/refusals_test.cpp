// What device, leader, helper and collector refuse alike: whatever one of them is asked, the
// others must not be the weak one. The roles' own tests have the rest.
#include <cmath>
#include <functional>

#include "cast.hpp"

using namespace sotto;

namespace {

struct Fixture : Running {
  const TaskId& id = visitor.id();
  VdafSizes sizes = make_vdaf(task()).value()->sizes();

  Task other_task() const {
    Task other = task();
    other.model_sequence = 43;
    return other;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "device, leader, helper and collector refuse the same tasks") {
  struct Case {
    const char* what;
    std::function<void(Task&)> change;
  };
  const Case cases[] = {
      {"a batch below the minimum", [](Task& t) { t.min_batch = 2; }},
      {"a batch of one", [](Task& t) { t.min_batch = 1; }},
      {"less noise", [](Task& t) { t.sigma = 499; }},
      {"no noise", [](Task& t) { t.sigma = 0; }},
      {"a larger bound for the same noise", [](Task& t) { t.grid.bound = 2001; }},
      {"one server's noise", [](Task& t) { t.noise_by = NoiseBy::kLeader; }},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    Task low = task();
    one.change(low);
    const Bytes bytes = file(low);  // properly signed by publisher and helper
    CHECK(code_of(device_result(bytes)) == ErrorCode::kBelowFloor);
    CHECK(code_of(server_result(Role::kLeader, bytes)) == ErrorCode::kBelowFloor);
    CHECK(code_of(server_result(Role::kHelper, bytes)) == ErrorCode::kBelowFloor);
    CHECK(code_of(collector_result(bytes)) == ErrorCode::kBelowFloor);
    CHECK(code_of(countersign_task(helper, pinned, floors, sign_task(publisher, low).value(),
                                   kNow)) == ErrorCode::kBelowFloor);
  }
  const auto all_refuse = [&](std::span<const uint8_t> bytes) {
    const ErrorCode code = code_of(device_result(bytes));
    CHECK(code != ErrorCode::kOk);
    CHECK(code_of(server_result(Role::kLeader, bytes)) == code);
    CHECK(code_of(server_result(Role::kHelper, bytes)) == code);
    CHECK(code_of(collector_result(bytes)) == code);
  };
  all_refuse({});
  all_refuse(sign_task(publisher, task()).value());  // not countersigned
  for (const size_t from_end : {size_t{1}, size_t{65}, size_t{129}}) {
    Bytes changed = task_file;
    changed[changed.size() - from_end] ^= 1;
    all_refuse(changed);
  }
  pinned.site = "shop2.example";
  all_refuse(task_file);
}

TEST_CASE_FIXTURE(Fixture, "the helper takes the wrong keys no more than the leader does") {
  for (const Role role : {Role::kLeader, Role::kHelper}) {
    const auto open = [&](const std::function<void(ServerKeys&)>& change, int64_t now_ms = kNow) {
      ServerKeys with = keys(role);
      change(with);
      return code_of(ServerTask::open(role, task_file, pinned, floors, std::move(with), now_ms));
    };
    CHECK(open([](ServerKeys&) {}) == ErrorCode::kOk);
    CHECK(open([&](ServerKeys& k) { k.key_pair = HpkeKeyPair::generate(entropy); }) ==
          ErrorCode::kAuthentication);
    CHECK(open([&](ServerKeys& k) {
            k.collector_key =
                encode_signed_key(key_of(helper, KeyRole::kCollector, collector_pair));
          }) == ErrorCode::kAuthentication);
    CHECK(open([&](ServerKeys& k) {
            k.collector_key =
                encode_signed_key(key_of(publisher, KeyRole::kCollector, helper_pair));
          }) == ErrorCode::kAuthentication);
    CHECK(open([&](ServerKeys& k) { k.collector_key.clear(); }) != ErrorCode::kOk);
    CHECK(open([](ServerKeys&) {}, kEnd + 61 * kMinute) == ErrorCode::kExpired);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "messages of another task are refused by whoever gets them, at any time") {
  // Two tasks that differ in nothing but the model, each with its own servers.
  Running other(other_task());
  REQUIRE(other.task_file != task_file);
  const auto foreign = [](const auto& result) {
    return code_of(result) == ErrorCode::kAuthentication;
  };
  accept(3);
  other.accept(3);
  CHECK(foreign(leader_role.accept(other.report(), kNow)));

  const Bytes request = leader_role.start_job(3, entropy).value();
  const Bytes other_request = other.leader_role.start_job(3, entropy).value();
  CHECK(foreign(helper_role.prepare(other_request, kNow)));
  const Bytes response = helper_role.prepare(request, kNow).value();
  const Bytes other_response = other.helper_role.prepare(other_request, kNow).value();
  CHECK(foreign(leader_role.on_prepare_response(other_response)));
  const Bytes commit = leader_role.on_prepare_response(response).value();
  const Bytes other_commit = other.leader_role.on_prepare_response(other_response).value();
  CHECK(foreign(helper_role.commit(other_commit)));
  const Bytes done = helper_role.commit(commit).value();
  const Bytes other_done = other.helper_role.commit(other_commit).value();
  CHECK(foreign(leader_role.on_commit_response(other_done)));
  REQUIRE(leader_role.on_commit_response(done).ok());
  REQUIRE(other.leader_role.on_commit_response(other_done).ok());

  FixedEntropy none = no_entropy();
  const Bytes collect = leader_role.start_collection(kEnd).value();
  const Bytes other_collect = other.leader_role.start_collection(kEnd).value();
  CHECK(foreign(helper_role.collect(other_collect, kEnd, none)));
  const Bytes helper_share = helper_role.collect(collect, kEnd, entropy).value();
  const Bytes other_helper = other.helper_role.collect(other_collect, kEnd, entropy).value();
  CHECK(foreign(leader_role.finish_collection(other_helper, none)));
  const Bytes leader_share = leader_role.finish_collection(helper_share, entropy).value();
  const Bytes other_leader = other.leader_role.finish_collection(other_helper, entropy).value();
  CHECK(foreign(collector_role.open(other_leader, other_helper)));
  CHECK(foreign(collector_role.open(leader_share, other_helper)));
  CHECK(foreign(collector_role.open(other_leader, helper_share)));
  // Under this task's name they do not open either: the id is in what was sealed.
  Bytes renamed = other_helper;
  std::copy(id.begin(), id.end(), renamed.begin() + 2);
  CHECK_FALSE(collector_role.open(leader_share, renamed).ok());
  CHECK(collector_role.open(leader_share, helper_share).ok());
}

TEST_CASE_FIXTURE(Fixture, "no message makes a server collect below its minimum") {
  FixedEntropy none = no_entropy();  // and so none of this draws noise
  accept(2);
  run_jobs();
  const Digest checksum = helper_role.state().batch.checksum;
  REQUIRE(helper_role.state().batch.reports == 2);
  for (const uint64_t claimed :
       {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{100}, UINT64_MAX}) {
    const Bytes request = encode(id, CollectRequest{claimed, checksum});
    CHECK_FALSE(helper_role.collect(request, kEnd, none).ok());
    CHECK_FALSE(helper_role.collect(request, INT64_MAX, none).ok());
    const CollectedShare share{Role::kHelper, claimed, checksum,
                               Bytes(sizes.aggregate_share + kHpkeOverhead, 1)};
    CHECK_FALSE(leader_role.finish_collection(encode(id, share), none).ok());
  }
  const Bytes good = encode(id, CollectRequest{2, checksum});
  for (size_t i = 0; i < good.size(); ++i)
    for (int value = 0; value < 256; ++value) {
      Bytes changed = good;
      changed[i] = static_cast<uint8_t>(value);
      if (helper_role.collect(changed, kEnd, none).ok()) FAIL("collected two reports");
    }
  CHECK(code_of(leader_role.start_collection(kEnd)) == ErrorCode::kTooFewReports);
  // Both are where they were, and collect when there are enough.
  CHECK(leader_role.state().phase == TaskPhase::kOpen);
  CHECK(helper_role.state().phase == TaskPhase::kOpen);
  accept(1);
  run_jobs();
  collect(entropy, entropy);
}

TEST_CASE_FIXTURE(Fixture,
                  "no stored state of another minimum makes a server collect below its own") {
  Task low = task();
  low.min_batch = 2;
  floors = Floors::none();
  const Bytes low_file = file(low);
  StoredLeader low_leader(server(Role::kLeader, low_file));
  StoredHelper low_helper(server(Role::kHelper, low_file));
  REQUIRE(low_leader.accept(device(low_file).zero_report(kNow, entropy).value(), kNow).ok());
  const Bytes request = low_leader.start_job(1, entropy).value();
  REQUIRE(low_helper.prepare(request, kNow).ok());
  floors = Cast().floors;
  CHECK(code_of(LeaderRole::restore(
            server(Role::kLeader, task_file), low_leader.store().records(kReportPrefix),
            low_leader.store().keys(kReportPrefix))) == ErrorCode::kAuthentication);
  CHECK(code_of(HelperRole::restore(server(Role::kHelper, task_file),
                                    low_helper.store().records())) == ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Fixture,
                  "collected once: nobody draws noise again, whatever the order of retries") {
  accept(3);
  run_jobs();
  const Bytes request = leader_role.start_collection(kEnd).value();
  const Bytes helper_share = helper_role.collect(request, kEnd, entropy).value();
  const Bytes leader_share = leader_role.finish_collection(helper_share, entropy).value();
  FixedEntropy none = no_entropy();
  for (int retry = 0; retry < 3; ++retry) {
    CHECK(leader_role.start_collection(kEnd + retry).value() == request);
    CHECK(helper_role.collect(request, kEnd + retry, none).value() == helper_share);
    CHECK(leader_role.finish_collection(helper_share, none).value() == leader_share);
    restart();
    // Other collections of the same task, before and after a restart.
    for (const uint64_t reports : {uint64_t{2}, uint64_t{3}, uint64_t{4}}) {
      const Bytes other = encode(id, CollectRequest{reports, {}});
      CHECK(code_of(helper_role.collect(other, kEnd, none)) == ErrorCode::kReplay);
    }
    Bytes other = helper_share;
    other.back() ^= 1;
    CHECK_FALSE(leader_role.finish_collection(other, none).ok());
  }
  // And nothing more comes in, from devices or from the other server.
  CHECK(code_of(leader_role.accept(report(), kNow)) == ErrorCode::kClosed);
  CHECK(code_of(leader_role.start_job(1, entropy)) == ErrorCode::kClosed);
}

TEST_CASE_FIXTURE(Fixture, "a report replayed through any door is aggregated once") {
  const Bytes one = report();
  REQUIRE(leader_role.accept(one, kNow).value() == Acceptance::kNew);
  accept(2);
  const Bytes request = leader_role.start_job(3, entropy).value();
  // The device sends again, while its report is in a job.
  CHECK(leader_role.accept(one, kNow).value() == Acceptance::kKnown);
  const Bytes response = helper_role.prepare(request, kNow).value();
  CHECK(helper_role.prepare(request, kNow).value() == response);
  const Bytes commit = leader_role.on_prepare_response(response).value();
  const Bytes done = helper_role.commit(commit).value();
  CHECK(helper_role.commit(commit).value() == done);
  REQUIRE(leader_role.on_commit_response(done).ok());
  CHECK_FALSE(leader_role.on_commit_response(done).ok());
  // Again when it is aggregated, and after both servers were restored.
  CHECK(leader_role.accept(one, kNow).value() == Acceptance::kKnown);
  restart();
  CHECK(leader_role.accept(one, kNow).value() == Acceptance::kKnown);
  CHECK(code_of(leader_role.start_job(3, entropy)) == ErrorCode::kNotFound);
  CHECK(helper_role.prepare(request, kNow).value() == response);
  // Another job with the same reports.
  PrepareRequest again = decode_prepare_request(request, id, sizes).value();
  again.job[0] ^= 1;
  const auto outcomes =
      decode_prepare_response(helper_role.prepare(encode(id, again), kNow).value(), id, sizes)
          .value()
          .outcomes;
  for (const PrepareOutcome& outcome : outcomes) CHECK(outcome.reason == ErrorCode::kReplay);
  CHECK_FALSE(helper_role.commit(encode(id, CommitRequest{again.job, {1, 1, 1}})).ok());
  CHECK(helper_role.state().batch.reports == 3);
  CHECK(leader_role.state().batch.reports == 3);
}
