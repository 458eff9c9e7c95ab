#include "crowd/crowd.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "crowd/fake_site.hpp"

namespace sotto {
namespace {

TEST_CASE("an untroubled crowd: everybody's report is acknowledged, within the window, once") {
  CrowdRun run;
  const CrowdOutcome outcome = run.run(small_crowd());
  const TaskAccount& account = CrowdRun::account(outcome);
  CHECK(account.made == 200);
  CHECK(account.acknowledged == 200);
  CHECK(account.zero > 0);  // of those without history
  CHECK(account.unfunded == 0);
  CHECK(check_accounts(outcome.accounts).ok());
  CHECK(outcome.uploads.requests == 200);
  CHECK(outcome.uploads.latency.count() == 200);
  CHECK(outcome.uploads.latency.max_us() <= 40'000);
  CHECK(run.site.leader().known.size() == 200);
  for (const auto& [path, received] : run.site.received) {
    CHECK(received.whole.size() == 1);
    CHECK(received.at_ms.front() >= FakeSite::kOpens);
    CHECK(received.at_ms.front() < FakeSite::kOpens + FakeSite::kWindowMs);
  }
  CHECK(outcome.site.models == 1);
  CHECK(outcome.site.not_modified == run.site.not_modified);
  CHECK(outcome.site.not_modified + 1 == outcome.site.polls);
  const auto server = run.crowd->ask_leader(outcome, FakeSite::kToken);
  REQUIRE(server.ok());
  CHECK(server->at(run.site.id()).batch == 200);
}

TEST_CASE(
    "everything at once: dropouts, duplicates, late ones, skewed clocks, 503, 429 and lost "
    "connections, and every report is accounted for on both sides") {
  CrowdOptions options = small_crowd();
  options.visitors = 400;
  options.dropout = 0.3;
  options.duplicates = 0.2;
  options.late = 0.1;
  options.skew_s = 90;
  options.poison = {0.05, PoisonKind::kFlip, 0};
  options.participation = 0.9;
  CrowdRun run;
  run.site.faults = {.unavailable = 0.2, .limited = 0.1, .lost_before = 0.1, .lost_after = 0.1};
  const CrowdOutcome outcome = run.run(options);
  const TaskAccount& account = CrowdRun::account(outcome);
  CHECK(check_accounts(outcome.accounts).ok());
  CHECK(account.made + account.declined + total(account.not_made) == 400);
  CHECK(account.acknowledged > 150);
  CHECK(account.declined > 0);
  CHECK(account.left > 0);
  CHECK(account.refused.at("EXPIRED") > 0);
  CHECK(account.malicious > 0);
  CHECK(outcome.uploads.aborted > 0);
  CHECK(outcome.uploads.came_back > 0);
  CHECK(outcome.uploads.unavailable > 0);
  CHECK(outcome.uploads.limited > 0);
  CHECK(outcome.uploads.lost > 0);
  CHECK(outcome.uploads.duplicates > 0);
  const uint64_t there = run.site.leader().known.size();
  CHECK(there >= account.acknowledged);
  CHECK(there <= account.acknowledged + account.unanswered);
  const auto server = run.crowd->ask_leader(outcome, FakeSite::kToken);
  REQUIRE(server.ok());
  CHECK(check_accounts(outcome.accounts, *server).ok());
  CHECK(server->at(run.site.id()).accounted() == there);
}

TEST_CASE("whatever is sent again is the same to the byte, and nothing is torn at its end") {
  CrowdOptions options = small_crowd();
  options.dropout = 0.5;
  options.duplicates = 0.5;
  CrowdRun run;
  run.site.faults = {.unavailable = 0.2, .lost_before = 0.1, .lost_after = 0.2};
  const CrowdOutcome outcome = run.run(options);
  uint64_t repeated = 0, torn = 0, returned = 0;
  for (const auto& [path, received] : run.site.received) {
    for (const Bytes& bytes : received.whole) CHECK(bytes == received.whole.front());
    repeated += received.whole.size() > 1 ? 1 : 0;
    CHECK(received.torn_at.size() <= 1);
    torn += received.torn_at.size();
    if (!received.torn_at.empty() && !received.whole.empty()) {
      ++returned;
      CHECK(received.torn_at.front() < received.whole.front().size());
    }
  }
  CHECK(repeated > 50);
  CHECK(torn == outcome.uploads.aborted);
  // Half of the torn come back: 100 fair coins, a false alarm below 1e-8 at six deviations. The few
  // whose pause ends after the window are none of them.
  CHECK(torn > 60);
  CHECK(std::abs(static_cast<double>(returned) - static_cast<double>(torn) / 2) <=
        3 * std::sqrt(static_cast<double>(torn)));
  CHECK(outcome.uploads.duplicate_answers.at("200") > 0);
  CHECK(total(outcome.uploads.duplicate_answers) == outcome.uploads.duplicates);
  CHECK(run.site.leader().known.size() >= CrowdRun::account(outcome).acknowledged);
}

TEST_CASE("who comes late is refused, and so is nobody else") {
  CrowdOptions options = small_crowd();
  options.late = 1;
  CrowdRun run;
  const CrowdOutcome outcome = run.run(options);
  const TaskAccount& account = CrowdRun::account(outcome);
  CHECK(account.made == 200);
  CHECK(account.refused == CountsByReason{{"EXPIRED", 200}});
  CHECK(run.site.leader().known.empty());
  for (const auto& [path, received] : run.site.received)
    CHECK(received.at_ms.front() >= FakeSite::kOpens + FakeSite::kWindowMs);
}

TEST_CASE("a leader that is never ready: every report is given up, politely") {
  CrowdOptions options = small_crowd();
  options.visitors = 40;
  CrowdRun run;
  run.site.faults = {.unavailable = 1};
  const CrowdOutcome outcome = run.run(options);
  const TaskAccount& account = CrowdRun::account(outcome);
  CHECK(account.made == 40);
  CHECK(account.given_up == 40);
  CHECK(account.unanswered == 0);
  for (const auto& [path, received] : run.site.received)
    for (size_t i = 1; i < received.at_ms.size(); ++i)
      CHECK(received.at_ms[i] - received.at_ms[i - 1] >= 2000 - 40);  // Retry-After less latency
}

TEST_CASE("clocks that are wrong by minutes cost reports at both ends of the window") {
  CrowdOptions options = small_crowd();
  options.skew_s = 600;
  CrowdRun run;
  const CrowdOutcome outcome = run.run(options);
  const TaskAccount& account = CrowdRun::account(outcome);
  CHECK(check_accounts(outcome.accounts).ok());
  CHECK(account.not_made.at("EXPIRED") > 0);  // over, by clocks that are far ahead
  CHECK(account.refused.at("EXPIRED") > 0);   // too early, from the future, or too late
  CHECK(account.acknowledged > 0);
}

TEST_CASE("a budget that does not reach gives zero reports, which are sent as all others") {
  CrowdOptions options = small_crowd();
  options.visitors = 32;
  options.limits = {0.1, 0.1, LedgerLimits::kNinetyDays};
  CrowdRun run;
  const TaskAccount account = CrowdRun::account(run.run(options));
  CHECK(account.acknowledged == 32);
  CHECK(account.zero == 32);
  CHECK(account.unfunded > 24);  // the others have no history
}

TEST_CASE(
    "in a burst no more are under way than there are connections, and no window is waited for") {
  CrowdOptions options = small_crowd();
  options.burst = true;
  options.connections = 7;
  CrowdRun run;
  const CrowdOutcome outcome = run.run(options);
  CHECK(CrowdRun::account(outcome).acknowledged == 200);
  CHECK(run.network.most_under_way <= 7 + 1);  // and a poll
  CHECK(run.clock.now_ms() < FakeSite::kOpens + kMinute);
}

TEST_CASE("reports that are made beforehand are all there before the first one leaves") {
  CrowdOptions options = small_crowd();
  options.made_beforehand = true;
  CrowdRun run;
  uint64_t made_at_first_upload = 0;
  ThreadPool pool(2);
  const std::atomic<bool> stop{false};
  Crowd crowd(options, run.site.site.pinned, false, run.people, run.network, run.clock, pool);
  const auto outcome = crowd.run(stop, [&](const CrowdProgress& progress) {
    if (made_at_first_upload == 0 && progress.in_flight > 0) made_at_first_upload = progress.made;
  });
  REQUIRE(outcome.ok());
  CHECK(made_at_first_upload == 200);
  CHECK(CrowdRun::account(*outcome).acknowledged == 200);
}

TEST_CASE("prompt visitors are done in the first twentieth of the window") {
  CrowdOptions options = small_crowd();
  options.arrivals_per_s = 0;
  options.think_s = 0;
  options.prompt = true;
  CrowdRun run;
  CHECK(CrowdRun::account(run.run(options)).acknowledged == 200);
  for (const auto& [path, received] : run.site.received)
    CHECK(received.at_ms.front() <= FakeSite::kOpens + FakeSite::kWindowMs / 20 + 1000);
}

TEST_CASE("a run is a function of its options: the same with one worker as with three") {
  CrowdOptions options = small_crowd();
  options.visitors = 60;
  options.dropout = 0.3;
  options.skew_s = 60;
  CrowdRun one, three;
  one.run(options, 1);
  three.run(options, 3);
  REQUIRE(one.site.received.size() == three.site.received.size());
  for (const auto& [path, received] : one.site.received)
    CHECK(received.whole == three.site.received.at(path).whole);
}

TEST_CASE("visitors follow the site: three versions of the model, and a task for each") {
  CrowdOptions options = small_crowd();
  options.visitors = 60;
  options.tasks = 3;
  CrowdRun run(3);
  const CrowdOutcome outcome = run.run(options);
  CHECK(outcome.site.models == 3);
  REQUIRE(outcome.accounts.size() == 3);
  for (size_t number = 0; number < 3; ++number) {
    CAPTURE(number);
    CHECK(outcome.accounts.at(run.site.id(number)).acknowledged == 60);
    CHECK(run.site.leader(number).known.size() == 60);
  }
  const auto server = run.crowd->ask_leader(outcome, FakeSite::kToken);
  REQUIRE(server.ok());
  CHECK(check_accounts(outcome.accounts, *server).ok());
}

TEST_CASE("a budget for one task is spent on the first, and the second gets zero reports") {
  CrowdOptions options = small_crowd();
  options.visitors = 32;
  options.tasks = 2;
  options.limits = {0.8, 0.8, LedgerLimits::kNinetyDays};  // 0.56 for learning; a report costs 0.5
  CrowdRun run(2);
  const CrowdOutcome outcome = run.run(options);
  CHECK(outcome.accounts.at(run.site.id(0)).zero < 8);
  CHECK(outcome.accounts.at(run.site.id(0)).unfunded == 0);
  CHECK(outcome.accounts.at(run.site.id(1)).zero == 32);
  CHECK(outcome.accounts.at(run.site.id(1)).unfunded > 24);
  CHECK(outcome.accounts.at(run.site.id(1)).acknowledged == 32);
}

TEST_CASE("the helper's key comes from the helper where its address is known, and once") {
  CrowdOptions options = small_crowd();
  options.visitors = 4;
  options.tasks = 2;
  CrowdRun run(2);
  run.keys_from_helper = true;
  run.run(options);
  const std::string path = "/v1/keys/" + to_hex(run.site.rounds[0].task.helper_key);
  CHECK(run.site.helper_gets == std::map<std::string, uint64_t>{{path, 1}});
}

TEST_CASE("a site that cannot be reached is an error that says so, when patience is at its end") {
  CrowdRun run;
  run.site.down = true;
  const int64_t before = run.clock.now_ms();
  const auto outcome = run.try_run(small_crowd());
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.error().code == ErrorCode::kIo);
  CHECK(outcome.error().message.find("connection refused") != std::string::npos);
  CHECK(run.clock.now_ms() - before >= small_crowd().patience_ms);
}

TEST_CASE("no report is made with a key that the leader's identity did not sign") {
  CrowdRun run;
  CrowdOptions options = small_crowd();
  options.duration_ms = 5 * kMinute;
  run.site.served_leader_key.back() ^= 1;
  const CrowdOutcome outcome = run.run(options);
  CHECK(outcome.accounts.empty());
  CHECK(outcome.site.failures > 0);
  CHECK(run.site.received.empty());
}

TEST_CASE("the leader's status needs a token") {
  CrowdRun run;
  CrowdOptions options = small_crowd();
  options.visitors = 4;
  const CrowdOutcome outcome = run.run(options);
  CHECK(run.crowd->ask_leader(outcome, "another").error().code == ErrorCode::kAuthentication);
}

TEST_CASE("a stop ends a run at once, and what was not sent is accounted for") {
  CrowdRun run;
  std::atomic<bool> stop{false};
  ThreadPool pool(2);
  Crowd crowd(small_crowd(), run.site.site.pinned, false, run.people, run.network, run.clock, pool);
  const auto outcome =
      crowd.run(stop, [&](const CrowdProgress& progress) { stop = progress.acknowledged >= 20; });
  REQUIRE(outcome.ok());
  const TaskAccount& account = CrowdRun::account(*outcome);
  CHECK(check_accounts(outcome->accounts).ok());
  CHECK(account.acknowledged >= 20);
  CHECK(account.acknowledged < 200);
  CHECK(account.never_sent > 0);
  CHECK(run.site.leader().known.size() == account.acknowledged);
}

TEST_CASE("options out of their ranges are refused by name") {
  CrowdRun run;
  CrowdOptions options = small_crowd();
  options.dropout = 1.5;
  CHECK(run.try_run(options).error().message.find("dropout") != std::string::npos);
  options = small_crowd();
  options.participation = 0;
  CHECK(run.try_run(options).error().message.find("participation") != std::string::npos);
}

TEST_CASE("Poisson arrivals come at the rate that was asked for, ascending") {
  constexpr uint32_t kVisitors = 20'000;
  constexpr double kRate = 40;
  const auto moments = arrival_moments(kVisitors, kRate, 23);
  REQUIRE(moments.size() == kVisitors);
  CHECK(std::is_sorted(moments.begin(), moments.end()));
  // The last moment is Gamma: mean n / rate, deviation sqrt(n) / rate. Five deviations are left by
  // chance once in 1.7 million seeds.
  const double seconds = static_cast<double>(moments.back()) / 1000;
  CHECK(std::abs(seconds - kVisitors / kRate) < 5 * std::sqrt(kVisitors) / kRate);
  // Counts in whole seconds are Poisson: variance / mean is 1, with a deviation of sqrt(2 / s) over
  // s seconds. Likewise five.
  std::vector<double> counts(static_cast<size_t>(seconds));
  for (const int64_t moment : moments)
    if (const auto second = static_cast<size_t>(moment / 1000); second < counts.size())
      ++counts[second];
  double mean = 0, variance = 0;
  for (const double count : counts) mean += count / static_cast<double>(counts.size());
  for (const double count : counts)
    variance += (count - mean) * (count - mean) / static_cast<double>(counts.size() - 1);
  CHECK(std::abs(variance / mean - 1) < 5 * std::sqrt(2 / static_cast<double>(counts.size())));
  CHECK(arrival_moments(3, 0, 1) == std::vector<int64_t>{0, 0, 0});
}

}  // namespace
}  // namespace sotto
