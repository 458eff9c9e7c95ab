// What the servers store: enough to go on after every call, little enough to restore fast, and
// refused when it is damaged. That each list of changes leads to the records of the whole state is
// checked at every commit of every test (stored_roles.hpp).
#include "protocol/server_records.hpp"

#include <functional>

#include "cast.hpp"
#include "protocol/helper_records.hpp"
#include "protocol/leader_records.hpp"

using namespace sotto;

namespace {

constexpr size_t kShareAt = 58;  // in a report of `sum`: the leader's sealed share

Task sum_task() { return Cast().task(); }
Task pine_task() {
  Task task = Cast().task();
  task.dimension = 40;
  REQUIRE(use_pine(task, PineInstance::kPine32HmacSha256Aes128).ok());
  return task;
}

// Five reports, of which the helper cannot open one, in two jobs; then the collection. Each call
// goes through `step`.
using Act = std::function<Bytes(Running&)>;
using Step = std::function<Bytes(const Act&)>;

std::pair<Bytes, Bytes> whole_life(const Step& step) {
  for (int i = 0; i < 5; ++i) {
    const Bytes report = step([&](Running& run) {
      Bytes bytes = run.report(std::vector<int32_t>(run.visitor.task().dimension, 1));
      if (i == 3) bytes.back() ^= 1;
      return bytes;
    });
    step([&](Running& run) {
      REQUIRE(run.leader_role.accept(report, kNow).ok());
      return Bytes{};
    });
  }
  for (int job = 0; job < 2; ++job) {
    const Bytes request =
        step([](Running& run) { return run.leader_role.start_job(3, run.entropy).value(); });
    const Bytes response =
        step([&](Running& run) { return run.helper_role.prepare(request, kNow).value(); });
    const Bytes commit =
        step([&](Running& run) { return run.leader_role.on_prepare_response(response).value(); });
    const Bytes done = step([&](Running& run) { return run.helper_role.commit(commit).value(); });
    step([&](Running& run) {
      REQUIRE(run.leader_role.on_commit_response(done).ok());
      return Bytes{};
    });
  }
  const Bytes request =
      step([](Running& run) { return run.leader_role.start_collection(kEnd).value(); });
  const Bytes helper_share = step(
      [&](Running& run) { return run.helper_role.collect(request, kEnd, run.entropy).value(); });
  const Bytes leader_share = step([&](Running& run) {
    return run.leader_role.finish_collection(helper_share, run.entropy).value();
  });
  return {leader_share, helper_share};
}

// A leader and a helper with records of every kind, in the middle of their work.
struct Busy : Running {
  Busy() {
    accept(2);
    Bytes bad = report();
    bad.back() ^= 1;  // the helper cannot open it
    REQUIRE(leader_role.accept(bad, kNow).ok());
    run_jobs();
    accept(2);
    answered = leader_role.start_job(2, entropy).value();
    REQUIRE(leader_role.on_prepare_response(helper_role.prepare(answered, kNow).value()).ok());
    accept(3);
    open = leader_role.start_job(2, entropy).value();
    REQUIRE(helper_role.prepare(open, kNow).ok());
  }
  /// Ends a job, again or for the first time.
  void answer(const Bytes& request) {
    const Bytes response = helper_role.prepare(request, kNow).value();
    const Bytes commit = leader_role.on_prepare_response(response).value();
    REQUIRE(leader_role.on_commit_response(helper_role.commit(commit).value()).ok());
  }
  Result<LeaderRole> leader_of(const std::vector<KeyedRecord>& records) const {
    return LeaderRole::restore(server(Role::kLeader, task_file), records,
                               leader_role.store().keys(kReportPrefix));
  }
  Result<HelperRole> helper_of(const std::vector<KeyedRecord>& records) const {
    return HelperRole::restore(server(Role::kHelper, task_file), records);
  }
  std::vector<KeyedRecord> leader_records() const {
    return leader_role.store().records(kReportPrefix);
  }
  std::vector<KeyedRecord> helper_records() const { return helper_role.store().records(); }

  /// What restore does, without opening the task again.
  Result<LeaderState> leader_state(const std::vector<KeyedRecord>& records) const {
    return restore_leader_state(sotto::leader_records(visitor.id(), *vdaf), records,
                                leader_role.store().keys(kReportPrefix));
  }
  Result<HelperState> helper_state(const std::vector<KeyedRecord>& records) const {
    return restore_helper_state(sotto::helper_records(visitor.id(), *vdaf), records);
  }

  VdafPointer vdaf = make_vdaf(task()).value();
  Bytes answered;  ///< Prepare requests.
  Bytes open;
};

// Restores from `records` with every damage to each of them.
template <class Restore>
void torment_records(const std::vector<KeyedRecord>& records, const Restore& restore) {
  REQUIRE(code_of(restore(records)) == ErrorCode::kOk);
  for (size_t i = 0; i < records.size(); ++i) {
    CAPTURE(records[i].key);
    std::vector<KeyedRecord> changed = records;
    const size_t passed = torment(*records[i].bytes, [&](std::span<const uint8_t> bytes) {
      changed[i].bytes = Bytes(bytes.begin(), bytes.end());
      return restore(changed);
    });
    CHECK(passed == 0);
  }
}

bool contains(const Bytes& bytes, std::span<const uint8_t> part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

}  // namespace

TEST_CASE("restored from their records after every call, both servers end with the same bytes") {
  for (const Task& task : {sum_task(), pine_task()}) {
    // Both draw the same entropy, so every message must be equal.
    Running straight(task);
    Running stopped(task);
    const auto shares = whole_life([&](const Act& act) {
      const Bytes expected = act(straight);
      stopped.restart();
      const Bytes bytes = act(stopped);
      CHECK(bytes == expected);
      stopped.restart();
      CHECK(stopped.leader_role.role().unanswered_requests() ==
            straight.leader_role.role().unanswered_requests());
      return expected;
    });
    CHECK(stopped.leader_role.store().raw() == straight.leader_role.store().raw());
    CHECK(stopped.helper_role.store().raw() == straight.helper_role.store().raw());
    CHECK(straight.collector_role.open(shares.first, shares.second).value().reports == 4);
  }
}

TEST_CASE("a commit that fails loses nothing, and its noise is never used") {
  for (const Task& task : {sum_task(), pine_task()}) {
    Running run(task);
    std::vector<Bytes> withheld;
    const auto shares = whole_life([&](const Act& act) {
      const Storage leader_before = run.leader_role.store();
      const Storage helper_before = run.helper_role.store();
      withheld.push_back(act(run));
      run.leader_role.store() = leader_before;
      run.helper_role.store() = helper_before;
      run.restart();
      return act(run);
    });
    const CollectedSum sum = run.collector_role.open(shares.first, shares.second).value();
    CHECK(sum.reports == 4);
    CHECK(withheld.back() != shares.first);
    for (const Bytes& share : {shares.first, shares.second})
      CHECK(std::count(withheld.begin(), withheld.end(), share) == 0);
    // The same bytes ever after, and no noise more.
    run.restart();
    FixedEntropy none = no_entropy();
    CHECK(run.leader_role.finish_collection(shares.second, none).value() == shares.first);
  }
}

TEST_CASE_FIXTURE(Running,
                  "the sum has the noise that was committed, not the noise of a lost try") {
  accept(3);
  run_jobs();
  const Bytes request = leader_role.start_collection(kEnd).value();
  TestEntropy lost_helper(1), kept_helper(2), lost_leader(3), kept_leader(4);
  helper_role.fail_next_commit();
  CHECK(code_of(helper_role.collect(request, kEnd, lost_helper)) == ErrorCode::kIo);
  restart();
  const Bytes helper_share = helper_role.collect(request, kEnd, kept_helper).value();
  leader_role.fail_next_commit();
  CHECK(code_of(leader_role.finish_collection(helper_share, lost_leader)) == ErrorCode::kIo);
  restart();
  const Bytes leader_share = leader_role.finish_collection(helper_share, kept_leader).value();
  TestEntropy helper_again(2), leader_again(4);
  std::vector<int64_t> expected = noise_of(helper_again, task().sigma, task().dimension);
  const auto more = noise_of(leader_again, task().sigma, task().dimension);
  for (size_t j = 0; j < expected.size(); ++j) expected[j] += more[j];
  CHECK(collector_role.open(leader_share, helper_share).value().sum == expected);
}

TEST_CASE_FIXTURE(Running, "a collected server stores its noised share and no unnoised one") {
  accept(4);
  run_jobs();
  CHECK(leader_role.store().keys("batch").size() == 1);
  CHECK(helper_role.store().keys("batch").size() == 1);
  collect(entropy, entropy);
  CHECK(leader_role.store().keys("batch").empty());
  CHECK(leader_role.store().keys("job/").empty());
  CHECK(leader_role.store().keys("report/").empty());
  CHECK(leader_role.store().keys("known/").size() == 4);
  CHECK(helper_role.store().keys("") == std::vector<std::string>{"state"});
}

TEST_CASE_FIXTURE(Busy, "a report's share stands in its own record and in no other") {
  const auto& leader_raw = leader_role.store().raw();
  const VdafSizes sizes = make_vdaf(task()).value()->sizes();
  size_t reports = 0;
  for (const auto& [key, report] : leader_raw) {
    if (!key.starts_with(kReportPrefix)) continue;
    ++reports;
    CHECK(report.size() == report_size(sizes));
    const auto sealed = std::span(report).subspan(kShareAt, 32);
    size_t found = 0;
    for (const auto& [other, bytes] : leader_raw) found += contains(bytes, sealed) ? 1U : 0U;
    for (const auto& [other, bytes] : helper_role.store().raw())
      found += contains(bytes, sealed) ? 1U : 0U;
    CHECK(found == 1);
  }
  CHECK(reports == 5);  // one that waits, and those of two jobs
}

TEST_CASE_FIXTURE(Busy, "counts say what waits and what is under way") {
  for (int restarts = 0; restarts < 2; ++restarts) {
    CHECK(leader_role.role().waiting_reports() == 1);
    CHECK(leader_role.role().reports_in_jobs() == 4);
    CHECK(leader_role.role().unfinished_jobs() == 2);
    CHECK(leader_role.role().unanswered_requests().size() == 2);
    CHECK(helper_role.role().unfinished_jobs() == 2);
    CHECK(helper_role.state().known.size() == 7);
    restart();
  }
}

TEST_CASE_FIXTURE(Running, "reports are prepared in the order of their arrival, over restarts") {
  std::vector<Nonce> arrived;
  for (int i = 0; i < 9; ++i) {
    const Bytes bytes = report();
    REQUIRE(leader_role.accept(bytes, kNow).ok());
    arrived.emplace_back();
    std::copy_n(bytes.begin() + 34, arrived.back().size(), arrived.back().begin());
    if (i % 4 == 0) restart();
  }
  REQUIRE(!std::is_sorted(arrived.begin(), arrived.end()));
  const VdafSizes sizes = make_vdaf(task()).value()->sizes();
  std::vector<Nonce> prepared;
  while (leader_role.role().waiting_reports() > 0) {
    const Bytes request = leader_role.start_job(2, entropy).value();
    const auto decoded = decode_prepare_request(request, visitor.id(), sizes).value();
    for (const ReportToPrepare& one : decoded.reports) prepared.push_back(one.metadata.id);
    restart();
  }
  CHECK(prepared == arrived);
}

TEST_CASE_FIXTURE(Running, "a report whose record is gone or another's is rejected, and no other") {
  accept(6);
  auto& raw = leader_role.store().raw();
  const auto keys = leader_role.store().keys(kReportPrefix);
  raw.erase(keys[1]);
  raw[keys[3]] = raw[keys[4]];  // aggregated once, under its own id
  const Bytes request = leader_role.start_job(10, entropy).value();
  const Bytes commit =
      leader_role.on_prepare_response(helper_role.prepare(request, kNow).value()).value();
  REQUIRE(leader_role.on_commit_response(helper_role.commit(commit).value()).ok());
  CHECK(leader_role.state().rejected == std::map<ErrorCode, uint64_t>{{ErrorCode::kMalformed, 2}});
  CHECK(leader_role.state().batch.reports == 4);
  const auto shares = collect(entropy, entropy);
  CHECK(collector_role.open(shares.first, shares.second).value().reports == 4);
}

TEST_CASE_FIXTURE(Running, "a report that was lost while the leader was down is counted once") {
  accept(5);
  const auto keys = leader_role.store().keys(kReportPrefix);
  leader_role.store().raw().erase(keys[2]);
  for (int restarts = 0; restarts < 2; ++restarts) {
    leader_role.restart(server(Role::kLeader, task_file), false);
    CHECK(leader_role.state().rejected ==
          std::map<ErrorCode, uint64_t>{{ErrorCode::kMalformed, 1}});
  }
  CHECK(leader_role.role().waiting_reports() == 4);
  leader_role.store().commit(leader_role.role().records());  // as the next change of the state does
  run_jobs();
  restart();
  CHECK(leader_role.state().rejected == std::map<ErrorCode, uint64_t>{{ErrorCode::kMalformed, 1}});
  CHECK(leader_role.state().batch.reports == 4);
}

TEST_CASE_FIXTURE(Running,
                  "a report that is gone or altered under a restored job drops out of it") {
  accept(5);
  const Bytes request = leader_role.start_job(5, entropy).value();
  const Bytes response = helper_role.prepare(request, kNow).value();
  const auto keys = leader_role.store().keys(kReportPrefix);
  leader_role.store().raw().erase(keys[0]);
  leader_role.store().raw()[keys[4]].back() ^= 1;  // not the leader's part of it
  leader_role.restart(server(Role::kLeader, task_file), false);
  const Bytes commit = leader_role.on_prepare_response(response).value();
  REQUIRE(leader_role.on_commit_response(helper_role.commit(commit).value()).ok());
  CHECK(leader_role.state().batch.reports == 3);
  CHECK(leader_role.state().rejected.at(ErrorCode::kMalformed) == 2);
  const auto shares = collect(entropy, entropy);
  CHECK(collector_role.open(shares.first, shares.second).value().reports == 3);
}

TEST_CASE_FIXTURE(Running, "a store that cannot be read ends the call and changes nothing") {
  accept(4);
  LeaderRole& role = leader_role.role();
  size_t asked = 0;
  const ReportSource failing = [&](const Nonce& id) -> Result<Bytes> {
    if (++asked == 3) return Error{ErrorCode::kIo, "store: cannot be read"};
    return leader_role.source()(id);
  };
  std::vector<KeyedRecord> changes;
  CHECK(code_of(role.start_job(4, failing, entropy, changes)) == ErrorCode::kIo);
  CHECK(changes.empty());
  CHECK(role.waiting_reports() == 4);
  const Bytes request = leader_role.start_job(4, entropy).value();
  const Bytes response = helper_role.prepare(request, kNow).value();
  restart();
  asked = 0;
  CHECK(code_of(role.on_prepare_response(response, failing, changes)) == ErrorCode::kIo);
  CHECK(changes.empty());
  const Bytes commit = leader_role.on_prepare_response(response).value();
  REQUIRE(leader_role.on_commit_response(helper_role.commit(commit).value()).ok());
  CHECK(leader_role.state().batch.reports == 4);
}

TEST_CASE_FIXTURE(Running,
                  "reports that cannot be opened leave the store even when no job starts") {
  Bytes bad = report();
  bad[kShareAt] ^= 1;
  REQUIRE(leader_role.accept(bad, kNow).ok());
  CHECK(code_of(leader_role.start_job(1, entropy)) == ErrorCode::kNotFound);
  CHECK(leader_role.store().keys(kReportPrefix).empty());
  restart();
  CHECK(leader_role.state().rejected.at(ErrorCode::kAuthentication) == 1);
  CHECK(leader_role.accept(bad, kNow).value() == Acceptance::kKnown);
}

TEST_CASE_FIXTURE(Busy, "abandoning deletes everything but the leader's ids") {
  leader_role.abandon();
  helper_role.abandon();
  CHECK(leader_role.store().keys("known/").size() == 8);
  CHECK(leader_role.store().raw().size() == 9);
  CHECK(helper_role.store().keys("") == std::vector<std::string>{"state"});
  restart();
  CHECK(leader_role.state().phase == TaskPhase::kAbandoned);
  CHECK(helper_role.state().phase == TaskPhase::kAbandoned);
}

TEST_CASE_FIXTURE(Busy, "a record that is cut, longer or changed in any byte is refused") {
  const auto to_leader = [&](const auto& records) { return leader_state(records); };
  const auto to_helper = [&](const auto& records) { return helper_state(records); };
  torment_records(leader_records(), to_leader);
  torment_records(helper_records(), to_helper);
  run_jobs();
  answer(open);
  answer(answered);
  collect(entropy, entropy);
  torment_records(leader_records(), to_leader);
  torment_records(helper_records(), to_helper);
}

TEST_CASE_FIXTURE(Busy, "a record that is missing is refused, but for a job nobody committed yet") {
  const auto without = [](std::vector<KeyedRecord> records, size_t i) {
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(i));
    return records;
  };
  for (size_t i = 0; i < leader_records().size(); ++i) {
    const std::string key = leader_records()[i].key;
    CAPTURE(key);
    const auto restored = leader_of(without(leader_records(), i));
    if (!key.starts_with(kJobPrefix)) {
      CHECK(code_of(restored) == ErrorCode::kMalformed);
      continue;
    }
    REQUIRE(restored.ok());  // its reports wait again, and the helper refuses them
    CHECK(restored->waiting_reports() == 3);
  }
  for (size_t i = 0; i < helper_records().size(); ++i) {
    const std::string key = helper_records()[i].key;
    CAPTURE(key);
    const auto job = parse_record_key(kJobPrefix, key);
    const bool harmless = job.ok() && helper_role.state().jobs.at(*job).commit_response.empty();
    CHECK(code_of(helper_of(without(helper_records(), i))) ==
          (harmless ? ErrorCode::kOk : ErrorCode::kMalformed));
  }
}

TEST_CASE_FIXTURE(Busy, "keys that are unknown, of the other server or stand twice are refused") {
  for (const char* key : {"", "stat", "state2", "batch/", "job", "job/", "job/00", "known/xyz",
                          "report/00112233445566778899aabbccddeeff", "tasks",
                          "job/00112233445566778899AABBCCDDEEFF"}) {
    CAPTURE(key);
    auto records = leader_records();
    records.push_back({key, records.front().bytes});
    CHECK(code_of(leader_of(records)) == ErrorCode::kMalformed);
    records = helper_records();
    records.push_back({key, records.front().bytes});
    CHECK(code_of(helper_of(records)) == ErrorCode::kMalformed);
  }
  for (const KeyedRecord& record : leader_records()) {
    auto records = leader_records();
    records.push_back(record);
    CHECK(code_of(leader_of(records)) == ErrorCode::kMalformed);
    records = leader_records();
    records.push_back({record.key, std::nullopt});
    CHECK(code_of(leader_of(records)) == ErrorCode::kMalformed);
  }
  CHECK_FALSE(leader_of(helper_records()).ok());
  CHECK_FALSE(helper_of(leader_records()).ok());
  auto with_known = helper_records();
  with_known.push_back({leader_role.store().keys("known/").front(), Bytes(106)});
  CHECK(code_of(helper_of(with_known)) == ErrorCode::kMalformed);
  for (const std::string key : {"report/00112233445566778899aabbccddeeff", "report/", "known/"}) {
    auto keys = leader_role.store().keys(kReportPrefix);
    keys.push_back(key);
    CHECK(code_of(LeaderRole::restore(server(Role::kLeader, task_file), leader_records(), keys)) ==
          ErrorCode::kMalformed);
  }
  auto twice = leader_role.store().keys(kReportPrefix);
  twice.insert(twice.end(), twice.begin(), twice.end());
  CHECK(code_of(LeaderRole::restore(server(Role::kLeader, task_file), leader_records(), twice)) ==
        ErrorCode::kMalformed);
}

TEST_CASE_FIXTURE(Busy, "a record under another key is refused") {
  const auto swap_all = [](std::vector<KeyedRecord> records, const auto& restore) {
    for (size_t i = 0; i < records.size(); ++i)
      for (size_t j = 0; j < i; ++j) {
        std::swap(records[i].bytes, records[j].bytes);
        CHECK(code_of(restore(records)) == ErrorCode::kMalformed);
        std::swap(records[i].bytes, records[j].bytes);
      }
  };
  swap_all(leader_records(), [&](const auto& records) { return leader_of(records); });
  swap_all(helper_records(), [&](const auto& records) { return helper_of(records); });
}

TEST_CASE("ten thousand waiting reports are restored from their keys, none of them read") {
  constexpr uint64_t kReports = 10'000;
  Task task = Cast().task();
  task.max_batch = kReports + 1;
  Running run(task);
  run.accept(1);
  const auto vdaf = make_vdaf(task).value();
  const RecordOwner owner = leader_records(run.visitor.id(), *vdaf);
  std::vector<KeyedRecord> more;
  for (uint64_t i = 1; i < kReports; ++i) {
    Nonce id{};
    run.entropy.fill(id);
    more.push_back(known_record(owner, id, {i, Digest{}}));
    more.push_back({report_key(id), Bytes{}});
  }
  run.leader_role.store().commit(more);
  run.leader_role.restart(run.server(Role::kLeader, run.task_file));
  CHECK(run.leader_role.role().waiting_reports() == kReports);
  CHECK(run.leader_role.reports_read == 0);
  // A job reads its own reports and no more: the first is good, the others are not.
  CHECK(run.leader_role.start_job(1, run.entropy).ok());
  CHECK(run.leader_role.reports_read == 1);
}
