// The sum of what a crowd's reports hold, in the clear, against the one that the servers collect.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "crowd/clear_sums.hpp"
#include "crowd/fake_site.hpp"
#include "protocol/task_vdaf.hpp"

namespace sotto {
namespace {

CrowdOptions watched_crowd() {
  CrowdOptions options = small_crowd();
  options.visitors = 60;
  options.want_clear = true;
  return options;
}

std::vector<int64_t> plus(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t j = 0; j < a.size(); ++j) a[j] += b[j];
  return a;
}

uint64_t rejected(const FakeSite& site) {
  uint64_t sum = 0;
  for (const auto& [code, reports] : site.leader().rejected) sum += reports;
  return sum;
}

Task with_pine(Task task) {
  REQUIRE(use_pine(task, PineInstance::kPine32HmacSha256Aes128).ok());
  return task;
}

TEST_CASE(
    "the sum of the acknowledged reports is the collected one less the servers' noise, to the bit: "
    "with dropouts, duplicates, coins, and devices' noise") {
  for (const NoiseBy by : {NoiseBy::kServers, NoiseBy::kServersAndDevice}) {
    for (const double participation : {1.0, 0.7}) {
      CAPTURE(static_cast<int>(by));
      CAPTURE(participation);
      Task task = SmallSite().rows_task();
      task.noise_by = by;
      CrowdRun run(task);
      run.site.faults = {.unavailable = 0.2, .lost_before = 0.1};
      CrowdOptions options = watched_crowd();
      options.participation = participation;
      options.dropout = 0.3;
      options.duplicates = 0.3;
      options.skew_s = 20;
      const CrowdOutcome outcome = run.run(options);
      const ClearSum& clear = outcome.clear->tasks().at(run.site.id());
      CHECK(clear.honest.size() == CrowdRun::account(outcome).acknowledged);
      CHECK(std::any_of(clear.sum.begin(), clear.sum.end(), [](int64_t v) { return v != 0; }));
      CHECK(run.site.sum_without_noise() == clear.sum);
    }
  }
}

TEST_CASE("malicious visitors by kind: what PINE accepts is in the sum, the rest is rejected") {
  for (const PoisonKind kind :
       {PoisonKind::kNorm, PoisonKind::kFlip, PoisonKind::kBoost, PoisonKind::kMalformed}) {
    CAPTURE(poison_kind_name(kind));
    CrowdRun run(with_pine(SmallSite().rows_task()));
    CrowdOptions options = watched_crowd();
    options.poison = {0.2, kind, 0};
    const CrowdOutcome outcome = run.run(options);
    const TaskAccount& account = CrowdRun::account(outcome);
    CHECK(outcome.malicious == 12);
    CHECK(account.malicious == 12);
    CHECK(account.acknowledged == 60);
    const auto server = run.crowd->ask_leader(outcome, FakeSite::kToken);
    REQUIRE(server.ok());
    CHECK(check_accounts(outcome.accounts, *server).ok());
    const ServerAccount& there = server->at(run.site.id());
    const ClearSum& clear = outcome.clear->tasks().at(run.site.id());
    const bool accepted = kind == PoisonKind::kFlip || kind == PoisonKind::kBoost;
    CHECK(there.batch == (accepted ? 60 : 48));
    CHECK(total(there.rejected) == (accepted ? 0 : 12));
    CHECK(clear.honest.size() == 48);
    CHECK((kind == PoisonKind::kMalformed ? clear.malformed : clear.malicious).size() == 12);
    const auto expected = accepted ? plus(clear.sum, clear.malicious_sum) : clear.sum;
    CHECK(run.site.sum_without_noise() == expected);
  }
}

TEST_CASE("an evaluation's sum is the votes, of all who came, whoever tried what") {
  for (const bool beforehand : {false, true}) {
    CAPTURE(beforehand);
    CrowdRun run(SmallSite().quality_task());
    CrowdOptions options = watched_crowd();
    options.made_beforehand = beforehand;
    options.dropout = 0.2;
    const CrowdOutcome outcome = run.run(options);
    const TaskAccount& account = CrowdRun::account(outcome);
    const ClearSum& clear = outcome.clear->tasks().at(run.site.id());
    CHECK(std::accumulate(clear.sum.begin(), clear.sum.end(), int64_t{0}) ==
          static_cast<int64_t>(account.acknowledged));
    CHECK(clear.sum[0] > 0);
    CHECK(account.zero < account.made / 4);  // they look at lists: most have placements
    CHECK(run.site.sum_without_noise() == clear.sum);
  }
  for (const PoisonKind kind :
       {PoisonKind::kNorm, PoisonKind::kFlip, PoisonKind::kBoost, PoisonKind::kMalformed}) {
    CAPTURE(poison_kind_name(kind));
    CrowdRun run(SmallSite().quality_task());
    CrowdOptions options = watched_crowd();
    options.poison = {0.2, kind, 0};
    const CrowdOutcome outcome = run.run(options);
    const ClearSum& clear = outcome.clear->tasks().at(run.site.id());
    CHECK(clear.honest.size() == 48);
    if (kind != PoisonKind::kBoost) {
      CHECK(run.site.sum_without_noise() == clear.sum);
      CHECK(rejected(run.site) == 12);
      continue;
    }
    // A lie, but one vote each.
    CHECK(clear.malicious_sum.back() == 12);
    CHECK(run.site.sum_without_noise() == plus(clear.sum, clear.malicious_sum));
  }
}

TEST_CASE("without a check a vector that is too long is in the sum as it was wished") {
  CrowdRun run;
  CrowdOptions options = watched_crowd();
  options.poison = {0.05, PoisonKind::kNorm, 0};
  const CrowdOutcome outcome = run.run(options);
  const ClearSum& clear = outcome.clear->tasks().at(run.site.id());
  REQUIRE(clear.malicious.size() == 3);
  CHECK(run.site.sum_without_noise() == plus(clear.sum, clear.malicious_sum));
}

}  // namespace
}  // namespace sotto
