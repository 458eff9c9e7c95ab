// What has become of every report of a crowd, and whether it all adds up.
//
//   made         = acknowledged + refused + given up + left + never sent
//   acknowledged = in the batch + rejected in preparation + pending, as the leader's status has it
// The second one holds as an interval where answers got lost: a report that was sent as a whole and
// never answered may have arrived (`unanswered`). It holds only for tasks that nobody else
// contributes to.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crowd/latency_histogram.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

/// Reports by a reason's stable name.
using CountsByReason = std::map<std::string, uint64_t>;
uint64_t total(const CountsByReason& counts);

/// The visitors' side of one task.
struct TaskAccount {
  uint64_t made = 0;
  uint64_t zero = 0;          ///< Of these: with nothing to say, or no budget.
  uint64_t unfunded = 0;      ///< Of the zero ones: no budget.
  uint64_t malicious = 0;     ///< Of these.
  uint64_t declined = 0;      ///< Not made: the coin said no.
  CountsByReason not_made{};  ///< Errors of Device::contribute, e.g. a clock outside of the window.

  uint64_t acknowledged = 0;  ///< Distinct ids.
  CountsByReason refused{};   ///< Final answers, by problem code.
  uint64_t given_up = 0;      ///< Tried, and the window (or the run) was over.
  uint64_t left = 0;          ///< Gone in mid-upload for good: cannot have arrived.
  uint64_t never_sent = 0;    ///< Not tried before the window (or the run) was over.
  uint64_t unanswered = 0;    ///< Of those without an acknowledgement: may have arrived.

  int64_t window_end_ms = 0;

  uint64_t accounted() const {
    return acknowledged + total(refused) + given_up + left + never_sent;
  }
};

/// The leader's side.
struct ServerAccount {
  std::string phase{};
  uint64_t batch = 0;    ///< Reports that were aggregated.
  uint64_t pending = 0;  ///< Accepted, and neither aggregated nor rejected yet.
  CountsByReason rejected{};

  uint64_t accounted() const { return batch + pending + total(rejected); }
};
using ServerAccounts = std::map<TaskId, ServerAccount>;

/// GET /v1/admin/status: {"tasks": [{"id": HEX, "phase": TEXT, "reports": N in the batch,
/// "pending": N, "rejected": {CODE: N}}]}; "pending" and "rejected" may be missing, other members
/// are passed over. Errors: kMalformed, naming the member.
Result<ServerAccounts> parse_status(std::string_view json);

/// Of all requests of uploads.
struct UploadTraffic {
  uint64_t requests = 0;
  uint64_t aborted = 0;                ///< Of these: torn down on purpose,
  uint64_t came_back = 0;              ///< and sent again later.
  uint64_t unavailable = 0;            ///< 503 and other 5xx.
  uint64_t limited = 0;                ///< 429.
  uint64_t lost = 0;                   ///< Connections and time-outs, other than on purpose.
  uint64_t duplicates = 0;             ///< Sent again after their acknowledgement,
  CountsByReason duplicate_answers{};  ///< "200" for those that were taken as known.
  uint64_t bytes = 0;                  ///< Of bodies, sent or begun; of aborted ones what was sent.
  LatencyHistogram latency{};          ///< Of requests that were acknowledged.
  int64_t first_ms = 0;                ///< First request and
  int64_t last_ms = 0;                 ///< last acknowledgement; 0: none.
};

using TaskAccounts = std::map<TaskId, TaskAccount>;
TaskAccount sum_of(const TaskAccounts& accounts);

/// Errors: kDisagreement, naming the task and both sides of the sum.
Status check_accounts(const TaskAccounts& accounts);
Status check_accounts(const TaskAccounts& accounts, const ServerAccounts& server);

}  // namespace sotto
