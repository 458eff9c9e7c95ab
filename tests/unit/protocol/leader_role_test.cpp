#include "protocol/leader_role.hpp"

#include "cast.hpp"

using namespace sotto;

namespace {

constexpr size_t kIdAt = 34;    // in a report
constexpr size_t kTimeAt = 50;  // after the id
constexpr size_t kShareAt = 58;

Bytes with_time(Bytes report, int64_t time_ms) {
  std::memcpy(report.data() + kTimeAt, &time_ms, sizeof time_ms);
  return report;
}

}  // namespace

TEST_CASE_FIXTURE(Running, "a report is accepted once, and known from then on") {
  const Bytes bytes = report();
  CHECK(leader_role.accept(bytes, kNow).value() == Acceptance::kNew);
  CHECK(leader_role.accept(bytes, kNow).value() == Acceptance::kKnown);
  run_jobs();
  CHECK(leader_role.accept(bytes, kNow).value() == Acceptance::kKnown);
  CHECK(leader_role.accept(bytes, kEnd + kMinute).value() == Acceptance::kKnown);
  CHECK(leader_role.state().batch.reports == 1);
  CHECK(leader_role.state().waiting.empty());
}

TEST_CASE_FIXTURE(Running, "another body under a known id is refused") {
  Bytes bytes = report();
  REQUIRE(leader_role.accept(bytes, kNow).ok());
  bytes.back() ^= 1;
  CHECK(code_of(leader_role.accept(bytes, kNow)) == ErrorCode::kReplay);
}

TEST_CASE_FIXTURE(Running, "reports of the wrong length, task or time are refused") {
  const Bytes bytes = report();
  Bytes wrong = bytes;
  wrong.push_back(0);
  CHECK(code_of(leader_role.accept(wrong, kNow)) == ErrorCode::kMalformed);
  wrong.resize(bytes.size() - 1);
  CHECK(code_of(leader_role.accept(wrong, kNow)) == ErrorCode::kMalformed);
  wrong = bytes;
  wrong[2] ^= 1;
  CHECK(code_of(leader_role.accept(wrong, kNow)) == ErrorCode::kAuthentication);
  CHECK(code_of(leader_role.accept(with_time(bytes, kEnd), kNow)) == ErrorCode::kExpired);
  CHECK(code_of(leader_role.accept(with_time(bytes, kStart - kMinute), kNow)) ==
        ErrorCode::kExpired);
  CHECK(code_of(leader_role.accept(with_time(bytes, kStart + 1), kNow)) == ErrorCode::kMalformed);
  CHECK(code_of(leader_role.accept(with_time(bytes, kStart + 12 * kMinute), kNow)) ==
        ErrorCode::kExpired);
  for (const int64_t now : {kStart - 1, kEnd, INT64_MIN, INT64_MAX})
    CHECK(code_of(leader_role.accept(bytes, now)) == ErrorCode::kExpired);
  CHECK(leader_role.state().known.empty());
  CHECK(leader_role.accept(bytes, kNow).ok());
}

TEST_CASE_FIXTURE(Running, "a full task takes no more, but still knows its own") {
  const Bytes first = report();
  REQUIRE(leader_role.accept(first, kNow).ok());
  accept(19);
  CHECK(code_of(leader_role.accept(report(), kNow)) == ErrorCode::kFull);
  CHECK(leader_role.accept(first, kNow).value() == Acceptance::kKnown);
}

TEST_CASE_FIXTURE(Running, "a server opens a task only with its own keys, above its floors") {
  CHECK(server_result(Role::kLeader, task_file).ok());
  ServerKeys wrong = keys(Role::kHelper);
  const auto open = [&](Role role, ServerKeys with, int64_t now_ms = kNow) {
    return code_of(ServerTask::open(role, task_file, pinned, floors, std::move(with), now_ms));
  };
  CHECK(open(Role::kLeader, keys(Role::kHelper)) == ErrorCode::kAuthentication);
  CHECK(open(Role::kHelper, keys(Role::kLeader)) == ErrorCode::kAuthentication);
  wrong = keys(Role::kLeader);
  wrong.key_pair = HpkeKeyPair::generate(entropy);
  CHECK(open(Role::kLeader, std::move(wrong)) == ErrorCode::kAuthentication);
  wrong = keys(Role::kLeader);  // a collector's key of the leader's making
  wrong.collector_key = encode_signed_key(key_of(leader, KeyRole::kCollector, collector_pair));
  CHECK(open(Role::kLeader, std::move(wrong)) == ErrorCode::kAuthentication);
  wrong = keys(Role::kLeader);  // not the one that the task names
  wrong.collector_key = encode_signed_key(key_of(publisher, KeyRole::kCollector, leader_pair));
  CHECK(open(Role::kLeader, std::move(wrong)) == ErrorCode::kAuthentication);
  CHECK(open(Role::kLeader, keys(Role::kLeader), kEnd + 61 * kMinute) == ErrorCode::kExpired);
  for (const Role role : {Role::kLeader, Role::kHelper}) {
    Task low = task();
    low.min_batch = 2;
    CHECK(code_of(server_result(role, file(low))) == ErrorCode::kBelowFloor);
    low = task();
    low.sigma = 499;
    CHECK(code_of(server_result(role, file(low))) == ErrorCode::kBelowFloor);
    CHECK_FALSE(server_result(role, sign_task(publisher, task()).value()).ok());
  }
}

TEST_CASE_FIXTURE(Running, "reports that fail at either server are counted and not aggregated") {
  accept(3);
  Bytes bad_leader = report();
  bad_leader[kShareAt] ^= 1;
  REQUIRE(leader_role.accept(bad_leader, kNow).ok());
  Bytes bad_helper = report();
  bad_helper.back() ^= 1;
  REQUIRE(leader_role.accept(bad_helper, kNow).ok());
  Bytes other_id = report();
  other_id[kIdAt] ^= 1;
  REQUIRE(leader_role.accept(other_id, kNow).ok());
  const Bytes other_time = with_time(report(), kStart);
  REQUIRE(leader_role.accept(other_time, kNow).ok());
  run_jobs();
  CHECK(leader_role.state().batch.reports == 3);
  CHECK(helper_role.state().batch.reports == 3);
  CHECK(leader_role.state().rejected.at(ErrorCode::kAuthentication) == 4);
  CHECK(helper_role.state().rejected.at(ErrorCode::kAuthentication) == 1);
  const auto [leader_share, helper_share] = collect(entropy, entropy);
  CHECK(collector_role.open(leader_share, helper_share).value().reports == 3);
}

TEST_CASE_FIXTURE(Running, "a job with nothing in it is not sent") {
  CHECK(code_of(leader_role.start_job(10, entropy)) == ErrorCode::kNotFound);
  Bytes bad = report();
  bad[kShareAt] ^= 1;
  REQUIRE(leader_role.accept(bad, kNow).ok());
  CHECK(code_of(leader_role.start_job(10, entropy)) == ErrorCode::kNotFound);
  CHECK(leader_role.state().jobs.empty());
  accept(1);
  CHECK(code_of(leader_role.start_job(0, entropy)) == ErrorCode::kInvalidArgument);
  CHECK(code_of(leader_role.start_job(kMaxJobReports + 1, entropy)) == ErrorCode::kInvalidArgument);
}

TEST_CASE_FIXTURE(Running, "repeated, foreign and wrong answers of the helper change nothing") {
  accept(3);
  const Bytes request = leader_role.start_job(3, entropy).value();
  const Bytes response = helper_role.prepare(request, kNow).value();
  PrepareResponse wrong =
      decode_prepare_response(response, visitor.id(), make_vdaf(task()).value()->sizes()).value();
  wrong.outcomes.pop_back();
  CHECK(code_of(leader_role.on_prepare_response(encode(visitor.id(), wrong))) ==
        ErrorCode::kMalformed);
  wrong.job[0] ^= 1;
  CHECK(code_of(leader_role.on_prepare_response(encode(visitor.id(), wrong))) ==
        ErrorCode::kNotFound);
  const Bytes commit = leader_role.on_prepare_response(response).value();
  CHECK(leader_role.on_prepare_response(response).value() == commit);

  const Bytes done = helper_role.commit(commit).value();
  CommitResponse other = decode_commit_response(done, visitor.id()).value();
  other.checksum[0] ^= 1;
  CHECK(code_of(leader_role.on_commit_response(encode(visitor.id(), other))) ==
        ErrorCode::kDisagreement);
  other = decode_commit_response(done, visitor.id()).value();
  --other.reports;
  CHECK(code_of(leader_role.on_commit_response(encode(visitor.id(), other))) ==
        ErrorCode::kDisagreement);
  CHECK(leader_role.state().batch.reports == 0);
  CHECK(leader_role.on_commit_response(done).ok());
  CHECK(code_of(leader_role.on_commit_response(done)) == ErrorCode::kNotFound);
  CHECK(leader_role.state().batch.reports == 3);
}

TEST_CASE_FIXTURE(Running, "a commit response before the commit request is refused") {
  accept(3);
  const Bytes request = leader_role.start_job(3, entropy).value();
  const PrepareRequest decoded =
      decode_prepare_request(request, visitor.id(), make_vdaf(task()).value()->sizes()).value();
  const Bytes early = encode(visitor.id(), CommitResponse{decoded.job, 0, {}});
  CHECK(code_of(leader_role.on_commit_response(early)) == ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(Running, "collection waits for the window, the jobs and the minimum") {
  FixedEntropy none = no_entropy();
  accept(2);
  CHECK(code_of(leader_role.finish_collection({}, none)) == ErrorCode::kInvalidArgument);
  CHECK(code_of(leader_role.start_collection(kEnd)) == ErrorCode::kInvalidArgument);
  run_jobs();
  CHECK(code_of(leader_role.start_collection(kEnd - 1)) == ErrorCode::kExpired);
  CHECK(code_of(leader_role.start_collection(kEnd)) == ErrorCode::kTooFewReports);
  CHECK(leader_role.state().phase == TaskPhase::kOpen);
  accept(1);
  CHECK(code_of(leader_role.start_collection(kEnd)) == ErrorCode::kInvalidArgument);
  const Bytes request = leader_role.start_job(1, entropy).value();
  CHECK(code_of(leader_role.start_collection(kEnd)) == ErrorCode::kInvalidArgument);
  const Bytes commit =
      leader_role.on_prepare_response(helper_role.prepare(request, kNow).value()).value();
  CHECK(code_of(leader_role.start_collection(kEnd)) == ErrorCode::kInvalidArgument);
  REQUIRE(leader_role.on_commit_response(helper_role.commit(commit).value()).ok());
  const Bytes collect = leader_role.start_collection(kEnd).value();
  CHECK(leader_role.start_collection(kEnd).value() == collect);
  // From here on nothing is taken.
  CHECK(code_of(leader_role.accept(report(), kNow)) == ErrorCode::kClosed);
  CHECK(code_of(leader_role.start_job(1, entropy)) == ErrorCode::kClosed);
}

TEST_CASE_FIXTURE(Running, "a complete batch is collected before its window is over") {
  accept(19);
  run_jobs();
  CHECK(code_of(leader_role.start_collection(kNow)) == ErrorCode::kExpired);
  const Bytes last = report();
  REQUIRE(leader_role.accept(last, kNow).ok());
  // Known is not in the batch.
  CHECK(code_of(leader_role.start_collection(kNow)) == ErrorCode::kInvalidArgument);
  run_jobs();
  CHECK(code_of(leader_role.accept(report(), kNow)) == ErrorCode::kFull);
  restart();
  const Bytes request = leader_role.start_collection(kNow).value();
  const Bytes helper_share = helper_role.collect(request, kNow, entropy).value();
  const Bytes leader_share = leader_role.finish_collection(helper_share, entropy).value();
  CHECK(collector_role.open(leader_share, helper_share).value().reports == 20);
  CHECK(leader_role.accept(last, kNow).value() == Acceptance::kKnown);
}

TEST_CASE_FIXTURE(Running, "where a report was rejected the window decides, full or not") {
  accept(19);
  Bytes bad = report();
  bad.back() ^= 1;
  REQUIRE(leader_role.accept(bad, kNow).ok());
  run_jobs();
  CHECK(leader_role.state().batch.reports == 19);
  CHECK(code_of(leader_role.accept(report(), kNow)) == ErrorCode::kFull);
  CHECK(code_of(leader_role.start_collection(kEnd - 1)) == ErrorCode::kExpired);
  CHECK(leader_role.start_collection(kEnd).ok());
}

TEST_CASE_FIXTURE(Running, "the leader's noise is drawn once: the same bytes ever after") {
  accept(3);
  run_jobs();
  const Bytes request = leader_role.start_collection(kEnd).value();
  const Bytes helper_share = helper_role.collect(request, kEnd, entropy).value();
  const Bytes share = leader_role.finish_collection(helper_share, entropy).value();
  FixedEntropy none = no_entropy();
  CHECK(leader_role.finish_collection(helper_share, none).value() == share);
  Bytes other = helper_share;
  other.back() ^= 1;
  CHECK(code_of(leader_role.finish_collection(other, none)) == ErrorCode::kReplay);
  restart();
  CHECK(leader_role.finish_collection(helper_share, none).value() == share);
  CHECK(leader_role.start_collection(kEnd).value() == request);
  leader_role.abandon();
  CHECK(leader_role.finish_collection(helper_share, none).value() == share);
  CHECK(code_of(leader_role.accept(report(), kNow)) == ErrorCode::kClosed);
}

TEST_CASE_FIXTURE(Running, "the leader checks the helper's share before it adds its noise") {
  accept(3);
  run_jobs();
  const Bytes request = leader_role.start_collection(kEnd).value();
  const Bytes good = helper_role.collect(request, kEnd, entropy).value();
  FixedEntropy none = no_entropy();
  const CollectedShare share =
      decode_collected_share(good, visitor.id(), make_vdaf(task()).value()->sizes()).value();
  CollectedShare wrong = share;
  wrong.sender = Role::kLeader;
  CHECK(code_of(leader_role.finish_collection(encode(visitor.id(), wrong), none)) ==
        ErrorCode::kMalformed);
  wrong = share;
  ++wrong.reports;
  CHECK(code_of(leader_role.finish_collection(encode(visitor.id(), wrong), none)) ==
        ErrorCode::kDisagreement);
  wrong = share;
  wrong.checksum[5] ^= 1;
  CHECK(code_of(leader_role.finish_collection(encode(visitor.id(), wrong), none)) ==
        ErrorCode::kDisagreement);
  CHECK(leader_role.finish_collection(good, entropy).ok());
}

TEST_CASE_FIXTURE(Running, "an abandoned task is never collected") {
  accept(3);
  run_jobs();
  leader_role.abandon();
  helper_role.abandon();
  CHECK(code_of(leader_role.accept(report(), kNow)) == ErrorCode::kClosed);
  CHECK(code_of(leader_role.start_job(1, entropy)) == ErrorCode::kClosed);
  CHECK(code_of(leader_role.start_collection(kEnd)) == ErrorCode::kClosed);
  CHECK(code_of(leader_role.finish_collection({}, entropy)) == ErrorCode::kClosed);
  CHECK(code_of(helper_role.collect({}, kEnd, entropy)) == ErrorCode::kClosed);
  restart();
  CHECK(leader_role.state().phase == TaskPhase::kAbandoned);
  CHECK(leader_role.state().batch.reports == 0);
  CHECK(helper_role.state().phase == TaskPhase::kAbandoned);
}
