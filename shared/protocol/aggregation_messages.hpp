// What leader, helper and collector tell each other. All begin with message u8 | version u8 = 1 |
// task id 32; integers little-endian; every length that follows from the task is not sent.
//
//   prepare request   (2, leader to helper)  job id 16 | n u32 | n times: report id 16 | time_ms
//   i64
//                     | public share | helper's sealed input share | leader's prepare share
//   prepare response  (3)  job id 16 | n u32 | n times: reason u8 | prepare message if reason is 0
//   commit request    (4, leader to helper)  job id 16 | n u32 | n times: 1 to aggregate, 0 to drop
//   commit response   (5)  job id 16 | reports u64 | checksum 32
//   collect request   (6, leader to helper)  reports u64 | checksum 32
//   collected share   (7, each server to the collector)  sender u8 | reports u64 | checksum 32
//                     | sealed aggregate share
// The collected share is sealed by HPKE with
//   info = "sotto v1 aggregate share" | sender role u8 | recipient role u8
//   AAD  = task id 32 | sender u8 | reports u64 | checksum 32
// Decoders: kMalformed for any other length, count or value; kUnsupported for another version;
// kAuthentication for another task. Thread safety: pure functions and plain values.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/report.hpp"

namespace sotto {

using JobId = std::array<uint8_t, 16>;

/// Reports in a job. More would keep both servers' out shares for too long.
inline constexpr size_t kMaxJobReports = 1024;

struct ReportToPrepare {
  ReportMetadata metadata;
  Bytes public_share;
  Bytes helper_sealed;
  Bytes leader_prepare_share;

  friend bool operator==(const ReportToPrepare&, const ReportToPrepare&) = default;
};

/// 1 .. kMaxJobReports reports.
struct PrepareRequest {
  JobId job{};
  std::vector<ReportToPrepare> reports;

  friend bool operator==(const PrepareRequest&, const PrepareRequest&) = default;
};

struct PrepareOutcome {
  /// kOk, or why the helper rejects the report: kMalformed, kAuthentication, kExpired, kReplay or
  /// kRejected.
  ErrorCode reason = ErrorCode::kOk;
  Bytes prepare_message;

  friend bool operator==(const PrepareOutcome&, const PrepareOutcome&) = default;
};

/// One outcome a report of the request, in its order.
struct PrepareResponse {
  JobId job{};
  std::vector<PrepareOutcome> outcomes;

  friend bool operator==(const PrepareResponse&, const PrepareResponse&) = default;
};

/// Which reports both servers have accepted.
struct CommitRequest {
  JobId job{};
  std::vector<uint8_t> accepted;  ///< 1 or 0, one a report.

  friend bool operator==(const CommitRequest&, const CommitRequest&) = default;
};

/// What the helper aggregated of the job.
struct CommitResponse {
  JobId job{};
  uint64_t reports = 0;
  Digest checksum{};

  friend bool operator==(const CommitResponse&, const CommitResponse&) = default;
};

/// What the leader aggregated of the task.
struct CollectRequest {
  uint64_t reports = 0;
  Digest checksum{};

  friend bool operator==(const CollectRequest&, const CollectRequest&) = default;
};

struct CollectedShare {
  Role sender = Role::kLeader;  ///< kLeader or kHelper.
  uint64_t reports = 0;
  Digest checksum{};
  Bytes sealed;

  friend bool operator==(const CollectedShare&, const CollectedShare&) = default;
};

/// The reason that stands in a response for an error of opening or preparing a report: the code
/// itself, or kMalformed for those that PrepareOutcome does not name.
ErrorCode rejection_reason(ErrorCode code);

Bytes encode(const TaskId& task, const PrepareRequest& message);
Bytes encode(const TaskId& task, const PrepareResponse& message);
Bytes encode(const TaskId& task, const CommitRequest& message);
Bytes encode(const TaskId& task, const CommitResponse& message);
Bytes encode(const TaskId& task, const CollectRequest& message);
Bytes encode(const TaskId& task, const CollectedShare& message);

Result<PrepareRequest> decode_prepare_request(std::span<const uint8_t> bytes, const TaskId& task,
                                              const VdafSizes& sizes);
Result<PrepareResponse> decode_prepare_response(std::span<const uint8_t> bytes, const TaskId& task,
                                                const VdafSizes& sizes);
Result<CommitRequest> decode_commit_request(std::span<const uint8_t> bytes, const TaskId& task);
Result<CommitResponse> decode_commit_response(std::span<const uint8_t> bytes, const TaskId& task);
Result<CollectRequest> decode_collect_request(std::span<const uint8_t> bytes, const TaskId& task);
Result<CollectedShare> decode_collected_share(std::span<const uint8_t> bytes, const TaskId& task,
                                              const VdafSizes& sizes);

/// `share.sealed` is what this fills in. Errors: those of hpke_seal.
Status seal_aggregate_share(const TaskId& task, CollectedShare& share, const HpkePublicKey& key,
                            const AggregateShare& aggregate, EntropySource& entropy);
/// Errors: those of hpke_open.
Result<AggregateShare> open_aggregate_share(const TaskId& task, const CollectedShare& share,
                                            const HpkeKeyPair& key);

}  // namespace sotto
