#include "crowd/accounting.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

Error malformed(const char* what) { return {ErrorCode::kMalformed, what}; }

Result<uint64_t> count_of(const json::object& object, std::string_view member, bool required) {
  const json::value* const value = object.if_contains(member);
  if (value == nullptr && !required) return uint64_t{0};
  boost::system::error_code failure;
  if (value != nullptr && value->is_number()) {
    const auto count = value->to_number<uint64_t>(failure);
    if (!failure) return count;
  }
  return Error{ErrorCode::kMalformed, "status: " + std::string(member) + ": no whole number"};
}

Result<ServerAccount> read_account(const json::object& object) {
  ServerAccount account;
  if (const json::value* const phase = object.if_contains("phase");
      phase != nullptr && phase->is_string())
    account.phase = std::string(phase->get_string());
  SOTTO_TRY(account.batch, count_of(object, "reports", true));
  SOTTO_TRY(account.pending, count_of(object, "pending", false));
  const json::value* const rejected = object.if_contains("rejected");
  if (rejected == nullptr) return account;
  if (!rejected->is_object()) return malformed("status: rejected: no object");
  for (const auto& [reason, value] : rejected->get_object()) {
    SOTTO_TRY(account.rejected[std::string(reason)],
              count_of(rejected->get_object(), reason, true));
  }
  return account;
}

void add(CountsByReason& to, const CountsByReason& counts) {
  for (const auto& [reason, count] : counts) to[reason] += count;
}

}  // namespace

uint64_t total(const CountsByReason& counts) {
  uint64_t sum = 0;
  for (const auto& [reason, count] : counts) sum += count;
  return sum;
}

Result<ServerAccounts> parse_status(std::string_view text) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure || !value.is_object()) return malformed("status: no JSON object");
  const json::value* const tasks = value.get_object().if_contains("tasks");
  if (tasks == nullptr || !tasks->is_array()) return malformed("status: tasks: no array");
  ServerAccounts accounts;
  for (const json::value& entry : tasks->get_array()) {
    if (!entry.is_object()) return malformed("status: tasks: an entry is no object");
    const json::value* const id = entry.get_object().if_contains("id");
    if (id == nullptr || !id->is_string()) return malformed("status: id: no string");
    const auto parsed = from_hex<TaskId>(std::string_view(id->get_string()));
    if (!parsed) return malformed("status: id: 64 hexadecimal digits are expected");
    SOTTO_TRY(accounts[*parsed], read_account(entry.get_object()));
  }
  return accounts;
}

TaskAccount sum_of(const TaskAccounts& accounts) {
  TaskAccount sum;
  for (const auto& [task, of] : accounts) {
    sum.made += of.made;
    sum.zero += of.zero;
    sum.unfunded += of.unfunded;
    sum.malicious += of.malicious;
    sum.declined += of.declined;
    add(sum.not_made, of.not_made);
    sum.acknowledged += of.acknowledged;
    add(sum.refused, of.refused);
    sum.given_up += of.given_up;
    sum.left += of.left;
    sum.never_sent += of.never_sent;
    sum.unanswered += of.unanswered;
    sum.window_end_ms = std::max(sum.window_end_ms, of.window_end_ms);
  }
  return sum;
}

Status check_accounts(const TaskAccounts& accounts) {
  for (const auto& [task, of] : accounts)
    if (of.made != of.accounted())
      return {ErrorCode::kDisagreement, "task " + to_hex(task) + ": " + std::to_string(of.made) +
                                            " reports were made and " +
                                            std::to_string(of.accounted()) + " are accounted for"};
  return {};
}

Status check_accounts(const TaskAccounts& accounts, const ServerAccounts& server) {
  for (const auto& [task, of] : accounts) {
    const auto found = server.find(task);
    const uint64_t there = found == server.end() ? 0 : found->second.accounted();
    if (there < of.acknowledged || there > of.acknowledged + of.unanswered)
      return {ErrorCode::kDisagreement,
              "task " + to_hex(task) + ": " + std::to_string(of.acknowledged) +
                  " reports were acknowledged (" + std::to_string(of.unanswered) +
                  " more went unanswered), and the leader accounts for " + std::to_string(there)};
  }
  return {};
}

}  // namespace sotto
