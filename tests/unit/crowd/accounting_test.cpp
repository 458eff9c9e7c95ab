#include "crowd/accounting.hpp"

#include <doctest/doctest.h>

namespace sotto {
namespace {

TEST_CASE("a report that is accounted for twice or not at all is a disagreement") {
  TaskAccounts accounts;
  TaskAccount& account = accounts[TaskId{1}];
  account.made = 10;
  account.acknowledged = 5;
  account.refused = {{"EXPIRED", 1}, {"FULL", 1}};
  account.given_up = 1;
  account.left = 1;
  account.never_sent = 1;
  CHECK(check_accounts(accounts).ok());
  --account.left;
  CHECK(check_accounts(accounts).error().code == ErrorCode::kDisagreement);
  account.left += 2;
  CHECK(check_accounts(accounts).error().code == ErrorCode::kDisagreement);
}

TEST_CASE("the leader must account for what it acknowledged, and may have what went unanswered") {
  TaskAccounts accounts;
  accounts[TaskId{1}].acknowledged = 10;
  accounts[TaskId{1}].unanswered = 2;
  ServerAccounts server;
  CHECK_FALSE(check_accounts(accounts, server).ok());
  ServerAccount& there = server[TaskId{1}];
  there.batch = 6;
  there.pending = 1;
  there.rejected = {{"REJECTED", 2}};
  CHECK(check_accounts(accounts, server).error().code == ErrorCode::kDisagreement);
  for (uint64_t batch = 7; batch <= 9; ++batch) {
    there.batch = batch;
    CHECK(check_accounts(accounts, server).ok());
  }
  there.batch = 10;
  CHECK_FALSE(check_accounts(accounts, server).ok());
}

}  // namespace
}  // namespace sotto
