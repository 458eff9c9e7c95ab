#include "protocol/helper_role.hpp"

#include "cast.hpp"

using namespace sotto;

namespace {

struct Fixture : Running {
  const TaskId& id = visitor.id();
  VdafSizes sizes = make_vdaf(task()).value()->sizes();

  PrepareRequest request(size_t reports) {
    accept(reports);
    return decode_prepare_request(leader_role.start_job(reports, entropy).value(), id, sizes)
        .value();
  }
  PrepareResponse prepared(const PrepareRequest& message) {
    return decode_prepare_response(helper_role.prepare(encode(id, message), kNow).value(), id,
                                   sizes)
        .value();
  }
  /// As many reports, prepared and committed at the helper alone.
  void aggregate(size_t reports) {
    const PrepareRequest message = request(reports);
    prepared(message);
    REQUIRE(helper_role.commit(encode(id, CommitRequest{message.job, Bytes(reports, 1)})).ok());
  }
  Bytes collect_request() const {
    const Batch& batch = helper_role.state().batch;
    return encode(id, CollectRequest{batch.reports, batch.checksum});
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a job repeated gets the same answers, another body under its id none") {
  const PrepareRequest message = request(3);
  const Bytes bytes = encode(id, message);
  const Bytes response = helper_role.prepare(bytes, kNow).value();
  CHECK(helper_role.prepare(bytes, kNow).value() == response);
  PrepareRequest changed = message;
  changed.reports.pop_back();
  CHECK(code_of(helper_role.prepare(encode(id, changed), kNow)) == ErrorCode::kReplay);

  const Bytes commit = encode(id, CommitRequest{message.job, {1, 0, 1}});
  const Bytes done = helper_role.commit(commit).value();
  CHECK(helper_role.commit(commit).value() == done);
  CHECK(code_of(helper_role.commit(encode(id, CommitRequest{message.job, {1, 1, 1}}))) ==
        ErrorCode::kReplay);
  CHECK(helper_role.prepare(bytes, kNow).value() == response);
  CHECK(helper_role.state().batch.reports == 2);
}

TEST_CASE_FIXTURE(Fixture, "a report is in one job once, whatever the leader sends") {
  PrepareRequest message = request(3);
  message.reports.push_back(message.reports[1]);
  const PrepareResponse first = prepared(message);
  CHECK(first.outcomes[1].reason == ErrorCode::kOk);
  CHECK(first.outcomes[3].reason == ErrorCode::kReplay);
  message.job[0] ^= 1;
  for (const PrepareOutcome& outcome : prepared(message).outcomes)
    CHECK(outcome.reason == ErrorCode::kReplay);
  CHECK(helper_role.state().rejected.at(ErrorCode::kReplay) == 5);
}

TEST_CASE_FIXTURE(Fixture, "the helper opens only what the device sealed to it, for this task") {
  PrepareRequest message = request(5);
  message.reports[0].metadata.id[0] ^= 1;
  message.reports[1].metadata.time_ms = kStart;
  message.reports[2].helper_sealed[40] ^= 1;
  message.reports[3].metadata.time_ms = kEnd;
  const auto outcomes = prepared(message).outcomes;
  CHECK(outcomes[0].reason == ErrorCode::kAuthentication);
  CHECK(outcomes[1].reason == ErrorCode::kAuthentication);
  CHECK(outcomes[2].reason == ErrorCode::kAuthentication);
  CHECK(outcomes[3].reason == ErrorCode::kExpired);
  CHECK(outcomes[4].reason == ErrorCode::kOk);
  CHECK(code_of(helper_role.commit(encode(id, CommitRequest{message.job, {1, 0, 0, 0, 1}}))) ==
        ErrorCode::kDisagreement);
  CHECK(helper_role.state().batch.reports == 0);
  CHECK(helper_role.commit(encode(id, CommitRequest{message.job, {0, 0, 0, 0, 1}})).ok());
}

TEST_CASE_FIXTURE(Fixture, "reports of another task are refused, also under this task's name") {
  Task other = task();
  other.model_sequence = 43;
  const Bytes other_file = file(other);
  Bytes foreign = device(other_file).zero_report(kNow, entropy).value();
  CHECK(code_of(leader_role.accept(foreign, kNow)) == ErrorCode::kAuthentication);
  std::copy(id.begin(), id.end(), foreign.begin() + 2);
  const Report report = decode_report(foreign, id, sizes).value();
  const Bytes sealed(report.helper_sealed.begin(), report.helper_sealed.end());
  const PrepareRequest message{{9}, {{report.metadata, {}, sealed, {}}}};
  CHECK(prepared(message).outcomes[0].reason == ErrorCode::kAuthentication);
  StoredHelper other_helper(server(Role::kHelper, other_file));
  CHECK(code_of(other_helper.prepare(encode(id, message), kNow)) == ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Fixture, "jobs before the window, beyond the maximum or unknown are refused") {
  const PrepareRequest message = request(3);
  CHECK(code_of(helper_role.prepare(encode(id, message), kStart - 1)) == ErrorCode::kExpired);
  CHECK(code_of(helper_role.commit(encode(id, CommitRequest{message.job, {1, 1, 1}}))) ==
        ErrorCode::kNotFound);
  prepared(message);
  CHECK(code_of(helper_role.commit(encode(id, CommitRequest{message.job, {1, 1}}))) ==
        ErrorCode::kMalformed);
  PrepareRequest many{{77}, {}};
  for (uint8_t i = 0; i < 18; ++i) {
    many.reports.push_back(message.reports[0]);
    many.reports.back().metadata.id = {i};
  }
  CHECK(code_of(helper_role.prepare(encode(id, many), kNow)) == ErrorCode::kFull);
  many.reports.pop_back();
  CHECK(helper_role.prepare(encode(id, many), kNow).ok());
}

TEST_CASE_FIXTURE(Fixture, "the helper collects the same reports, after the window, no fewer") {
  FixedEntropy none = no_entropy();
  aggregate(2);
  CHECK(code_of(helper_role.collect(collect_request(), kEnd, none)) == ErrorCode::kTooFewReports);
  aggregate(1);
  const Batch& batch = helper_role.state().batch;
  CHECK(code_of(helper_role.collect(collect_request(), kEnd - 1, none)) == ErrorCode::kExpired);
  CHECK(code_of(helper_role.collect(encode(id, CollectRequest{4, batch.checksum}), kEnd, none)) ==
        ErrorCode::kDisagreement);
  CHECK(code_of(helper_role.collect(encode(id, CollectRequest{3, {}}), kEnd, none)) ==
        ErrorCode::kDisagreement);
  CHECK(helper_role.state().phase == TaskPhase::kOpen);
  CHECK(helper_role.collect(collect_request(), kEnd, entropy).ok());
}

TEST_CASE_FIXTURE(Fixture,
                  "the helper counts for itself whether a batch is complete, whatever it is told") {
  FixedEntropy none = no_entropy();
  aggregate(19);
  const Digest checksum = helper_role.state().batch.checksum;
  CHECK(code_of(helper_role.collect(collect_request(), kNow, none)) == ErrorCode::kExpired);
  // A leader that claims twenty, with a twentieth report that is prepared and not committed.
  const PrepareRequest last = request(1);
  prepared(last);
  for (const uint64_t claimed : {uint64_t{19}, uint64_t{20}, uint64_t{21}, UINT64_MAX})
    CHECK_FALSE(
        helper_role.collect(encode(id, CollectRequest{claimed, checksum}), kNow, none).ok());
  CHECK(helper_role.state().phase == TaskPhase::kOpen);
  REQUIRE(helper_role.commit(encode(id, CommitRequest{last.job, {1}})).ok());
  // Nothing more can join it, not even a job of one report.
  PrepareRequest more = last;
  more.job[0] ^= 1;
  more.reports[0].metadata.id[0] ^= 1;
  CHECK(code_of(helper_role.prepare(encode(id, more), kNow)) == ErrorCode::kFull);
  const Bytes share = helper_role.collect(collect_request(), kNow, entropy).value();
  CHECK(helper_role.collect(collect_request(), kEnd, none).value() == share);
}

TEST_CASE_FIXTURE(Fixture,
                  "the helper's noise is drawn once: second collections get the same bytes") {
  aggregate(3);
  const PrepareRequest late = request(1);
  const PrepareRequest open = request(1);
  prepared(open);
  const Bytes request = collect_request();
  const Bytes share = helper_role.collect(request, kEnd, entropy).value();
  FixedEntropy none = no_entropy();
  CHECK(helper_role.collect(request, kEnd, none).value() == share);
  CHECK(code_of(helper_role.collect(encode(id, CollectRequest{4, {}}), kEnd, none)) ==
        ErrorCode::kReplay);
  restart();
  CHECK(helper_role.collect(request, kEnd, none).value() == share);
  // Nothing is taken any more, not even what was prepared before.
  CHECK(code_of(helper_role.prepare(encode(id, late), kNow)) == ErrorCode::kClosed);
  CHECK(code_of(helper_role.commit(encode(id, CommitRequest{open.job, {1}}))) ==
        ErrorCode::kNotFound);
  helper_role.abandon();
  CHECK(helper_role.collect(request, kEnd, none).value() == share);
}

TEST_CASE_FIXTURE(Fixture, "an abandoned helper takes no commits either") {
  const PrepareRequest message = request(3);
  prepared(message);
  helper_role.abandon();
  CHECK(code_of(helper_role.commit(encode(id, CommitRequest{message.job, {1, 1, 1}}))) ==
        ErrorCode::kNotFound);
  CHECK(code_of(helper_role.prepare(encode(id, message), kNow)) == ErrorCode::kClosed);
}

TEST_CASE_FIXTURE(Fixture, "mutated messages crash nobody, and aggregate nothing") {
  const PrepareRequest message = request(2);
  const Bytes good = encode(id, message);
  Random random(5);
  const auto index = [&](const Bytes& of) { return static_cast<size_t>(random.below(of.size())); };
  for (int i = 0; i < 500; ++i) {
    Bytes bad = good;
    for (uint64_t n = 1 + random.below(4); n > 0; --n)
      bad[index(bad)] = static_cast<uint8_t>(random.below(256));
    if (random.below(4) == 0) bad.resize(index(bad));
    StoredHelper victim(server(Role::kHelper, task_file));
    const auto prepared_bad = victim.prepare(bad, kNow);
    (void)victim.commit(bad);
    (void)victim.collect(bad, kEnd, entropy);
    if (prepared_bad.ok()) (void)leader_role.on_commit_response(*prepared_bad);
    (void)leader_role.accept(bad, kNow);
    CHECK(victim.state().batch.reports == 0);
  }
}
