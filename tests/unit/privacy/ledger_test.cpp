#include "privacy/ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "privacy/accountant.hpp"
#include "privacy/small_ledger.hpp"

using namespace sotto;

namespace {

bool near(double actual, double expected) { return std::abs(actual - expected) < 1e-12; }

}  // namespace

TEST_CASE("each kind of task has its own part of the window") {
  Ledger ledger = fresh();
  CHECK(near(ledger.left(BudgetKind::kLearning), .7));
  CHECK(near(ledger.left(BudgetKind::kEvaluation), .2));
  CHECK(near(ledger.left(BudgetKind::kExperiment), .1));

  CHECK(code_of(ledger, a_debit(1, .5)) == ErrorCode::kOk);
  CHECK(code_of(ledger, a_debit(2, .200000001)) == ErrorCode::kBudgetExhausted);
  CHECK(code_of(ledger, a_debit(3, .2)) == ErrorCode::kOk);
  CHECK(ledger.left(BudgetKind::kLearning) == 0);
  CHECK(code_of(ledger, a_debit(4, 1e-12)) == ErrorCode::kBudgetExhausted);

  CHECK(code_of(ledger, a_debit(5, .1, BudgetKind::kExperiment)) == ErrorCode::kOk);
  CHECK(code_of(ledger, a_debit(6, .1, BudgetKind::kExperiment)) == ErrorCode::kBudgetExhausted);
  CHECK(code_of(ledger, a_debit(7, .2, BudgetKind::kEvaluation)) == ErrorCode::kOk);
}

TEST_CASE("a refusal says how much is left and charges nothing") {
  Ledger ledger = fresh();
  REQUIRE(ledger.debit(a_debit(1, .45), kStart).ok());
  const auto before = ledger.records();
  const auto refused = ledger.debit(a_debit(2, .3), kStart);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kBudgetExhausted);
  CHECK(refused.error().message == "privacy budget: rho 0.25 is left");
  CHECK(ledger.records() == before);
}

TEST_CASE("the window rolls: a debit is charged for ninety days and no longer") {
  Ledger ledger = fresh();
  REQUIRE(ledger.debit(a_debit(1, .4), kStart).ok());
  REQUIRE(ledger.debit(a_debit(2, .3), kStart + 30 * kDay).ok());
  const int64_t end = kStart + 90 * kDay;
  CHECK(code_of(ledger, a_debit(3, .4, BudgetKind::kLearning, end - 1), end - 1) ==
        ErrorCode::kBudgetExhausted);
  CHECK(code_of(ledger, a_debit(3, .4, BudgetKind::kLearning, end - 1), end) == ErrorCode::kOk);
  CHECK(ledger.left(BudgetKind::kLearning) == 0);
  ledger.observe(end + 30 * kDay);
  CHECK(near(ledger.left(BudgetKind::kLearning), .3));
}

TEST_CASE("the lifetime cap holds over any number of windows") {
  Ledger ledger = fresh();
  double spent = 0;
  for (uint64_t i = 0; i < 20; ++i) {
    const int64_t now = kStart + static_cast<int64_t>(i) * 90 * kDay;
    const double left = ledger.left(BudgetKind::kLearning);
    const auto code = code_of(ledger, a_debit(i, .6, BudgetKind::kLearning, now), now);
    if (code == ErrorCode::kOk) {
      spent += .6;
    } else {
      CHECK(code == ErrorCode::kBudgetExhausted);
      CHECK(left < .6);
    }
  }
  CHECK(near(spent, 1.8));  // 3 x .6 of the 2.1 for learning
  CHECK(near(ledger.left(BudgetKind::kLearning), .3));
  CHECK(near(ledger.left(BudgetKind::kEvaluation), .2));
}

TEST_CASE("a debit is charged once, however often it is asked for") {
  Ledger ledger = fresh();
  const Debit debit = a_debit(1, .1);
  const auto first = ledger.debit(debit, kStart);
  REQUIRE(first.ok());
  CHECK_FALSE(first->repeated);
  const auto again = ledger.debit(debit, kStart);
  REQUIRE(again.ok());
  CHECK(again->repeated);
  CHECK(again->records == first->records);
  CHECK(near(ledger.left(BudgetKind::kLearning), .6));

  for (const Debit& other : {a_debit(1, .2), a_debit(1, .1, BudgetKind::kEvaluation),
                             a_debit(1, .1, BudgetKind::kLearning, kStart - 1)})
    CHECK(code_of(ledger, other) == ErrorCode::kReplay);
}

TEST_CASE("a task that was dropped or forgotten is not debited a second time") {
  Ledger ledger = fresh();
  REQUIRE(ledger.debit(a_debit(1, .1), kStart).ok());
  SUBCASE("dropped") { ledger.observe(kStart + 200 * kDay); }
  SUBCASE("forgotten") { ledger.forget(); }
  const int64_t now = kStart + 200 * kDay;
  CHECK(code_of(ledger, a_debit(1, .1), now) == ErrorCode::kReplay);
  CHECK(code_of(ledger, a_debit(2, .1), now) == ErrorCode::kReplay);  // opened no later
  CHECK(code_of(ledger, a_debit(2, .1, BudgetKind::kLearning, kStart + 1), now) == ErrorCode::kOk);
}

TEST_CASE("a clock that jumps back changes nothing") {
  Ledger ledger = fresh();
  REQUIRE(ledger.debit(a_debit(1, .7), kStart).ok());
  const int64_t end = kStart + 90 * kDay;
  CHECK(code_of(ledger, a_debit(2, .7), 0) == ErrorCode::kBudgetExhausted);
  CHECK(ledger.clock_ms() == kStart);
  REQUIRE(ledger.debit(a_debit(3, .7, BudgetKind::kLearning, end), end).ok());
  // Back to before the first debit: the second stays charged, until ninety days after `end`.
  for (const int64_t now : {int64_t{0}, kStart, kStart + 89 * kDay, end + 90 * kDay - 1})
    CHECK(code_of(ledger, a_debit(4, .1, BudgetKind::kLearning, end), now) ==
          ErrorCode::kBudgetExhausted);
  CHECK(code_of(ledger, a_debit(4, .1, BudgetKind::kLearning, end + 1), end + 90 * kDay) ==
        ErrorCode::kOk);
}

TEST_CASE("a clock that jumps forward frees one window early and then none") {
  Ledger ledger = fresh();
  REQUIRE(ledger.debit(a_debit(1, .7), kStart).ok());
  const int64_t far = kStart + 3000 * kDay;
  CHECK(code_of(ledger, a_debit(2, .7, BudgetKind::kLearning, kStart + 1), far) == ErrorCode::kOk);
  for (int64_t day = 0; day < 3000; day += 100)
    CHECK(code_of(ledger, a_debit(3, .1, BudgetKind::kLearning, kStart + 2), kStart + day * kDay) ==
          ErrorCode::kBudgetExhausted);
}

TEST_CASE("impossible debits are refused") {
  Ledger ledger = fresh();
  for (const double rho :
       {0., -1., std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    CHECK(code_of(ledger, a_debit(1, rho)) == ErrorCode::kInvalidArgument);
  CHECK(code_of(ledger, a_debit(1, 1e300)) == ErrorCode::kBudgetExhausted);
  CHECK(code_of(ledger, a_debit(1, .1, static_cast<BudgetKind>(3))) == ErrorCode::kInvalidArgument);
  CHECK(code_of(ledger, a_debit(1, .1), -1) == ErrorCode::kInvalidArgument);
  CHECK(code_of(ledger, a_debit(1, .1), Ledger::kLatestTime + 1) == ErrorCode::kInvalidArgument);
  CHECK(code_of(ledger, a_debit(1, .1, BudgetKind::kLearning, kStart + 1)) == ErrorCode::kExpired);
  CHECK(near(ledger.left(BudgetKind::kLearning), .7));
}

TEST_CASE("impossible limits are refused") {
  const auto accepts = [](const LedgerLimits& limits) {
    return Ledger::restore({}, Ledger::Installation::kNew, limits, kSeal).ok();
  };
  CHECK(accepts({.window_rho = 1, .lifetime_rho = 1, .window_ms = 1}));
  CHECK_FALSE(accepts({.window_rho = 2, .lifetime_rho = 1}));
  CHECK_FALSE(accepts({.window_rho = 0, .lifetime_rho = 1}));
  CHECK_FALSE(accepts({.window_rho = 1, .lifetime_rho = 1e7}));
  CHECK_FALSE(accepts({.window_rho = std::numeric_limits<double>::quiet_NaN(), .lifetime_rho = 1}));
  CHECK_FALSE(accepts({.window_rho = 1, .lifetime_rho = 1, .window_ms = 0}));
}

TEST_CASE("the number of debits in one window is bounded") {
  Ledger ledger = fresh();
  for (uint64_t i = 0; i < Ledger::kMaxEntries; ++i)
    REQUIRE(ledger.debit(a_debit(i, 1e-6), kStart).ok());
  CHECK(code_of(ledger, a_debit(Ledger::kMaxEntries, 1e-6)) == ErrorCode::kBudgetExhausted);
  CHECK(restored(ledger.records()).state() == Ledger::State::kOpen);
}

TEST_CASE("forgetting keeps totals, clock and opt-out, and no task") {
  Ledger ledger = used();
  const auto before = ledger.overview(1e-6).value();
  ledger.set_opted_out(true);
  const auto records = ledger.forget();
  const auto after = ledger.overview(1e-6).value();
  CHECK(after.window.spent_rho == before.window.spent_rho);
  CHECK(after.lifetime.spent_rho == before.lifetime.spent_rho);
  CHECK(after.left_rho == before.left_rho);
  CHECK(ledger.clock_ms() == kStart + 3 * kDay);
  CHECK(ledger.opted_out());

  const auto task = a_debit(3, 1).task;
  const Bytes& stored = *records.at(0).bytes;
  CHECK(std::search(stored.begin(), stored.end(), task.begin(), task.end()) == stored.end());
  // The window rolls on: from the latest debit of each kind.
  ledger.observe(kStart + 92 * kDay - 1);
  CHECK(near(ledger.overview(1e-6)->window.spent_rho, .25 + .125 + .05));
  ledger.observe(kStart + 92 * kDay);
  CHECK(near(ledger.overview(1e-6)->window.spent_rho, .05));
}

TEST_CASE("a visitor who opted out pays for nothing until opting in") {
  Ledger ledger = restored(fresh().set_opted_out(true));
  CHECK(ledger.state() == Ledger::State::kOptedOut);
  CHECK(code_of(ledger, a_debit(1, .1)) == ErrorCode::kCancelled);
  ledger.set_opted_out(false);
  CHECK(code_of(ledger, a_debit(1, .1)) == ErrorCode::kOk);
}

TEST_CASE("what the visitor is shown adds up") {
  const Ledger ledger = used();
  CHECK_FALSE(ledger.overview(0).ok());
  CHECK_FALSE(ledger.overview(1).ok());
  const auto overview = ledger.overview(1e-6).value();
  CHECK(near(overview.window.spent_rho, .525));
  CHECK(near(overview.window.left_rho, .475));
  CHECK(near(overview.lifetime.left_rho, 2.475));
  CHECK(near(overview.left_rho[0], .325));
  CHECK(overview.window.spent_epsilon == zcdp_epsilon(.525, 1e-6));
  CHECK(overview.window.limit_epsilon == zcdp_epsilon(1, 1e-6));
  CHECK(overview.lifetime.limit_epsilon == zcdp_epsilon(3, 1e-6));
}
