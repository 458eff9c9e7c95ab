#include "protocol/aggregation_messages.hpp"

#include <algorithm>
#include <utility>

#include "protocol/fields.hpp"
#include "protocol/message.hpp"

namespace sotto {
namespace {

bool is_reason(ErrorCode code) {
  return code == ErrorCode::kMalformed || code == ErrorCode::kAuthentication ||
         code == ErrorCode::kExpired || code == ErrorCode::kReplay || code == ErrorCode::kRejected;
}

void put_job(ByteWriter& out, const JobId& job, size_t reports) {
  out.put_bytes(job);
  out.put<uint32_t>(static_cast<uint32_t>(reports));
}

// The number of reports, each of which takes at least `least` bytes.
Result<size_t> get_job(ByteReader& in, JobId& job, size_t least) {
  SOTTO_CHECK_OK(get_array(in, job, "job: id"));
  SOTTO_TRY(const auto reports, in.get<uint32_t>("job: number of reports"));
  if (reports < 1 || reports > kMaxJobReports || reports > in.remaining() / least)
    return Error{ErrorCode::kMalformed, "job: number of reports out of range"};
  return size_t{reports};
}

Bytes share_info(Role sender) {
  return hpke_info("sotto v1 aggregate share", sender, Role::kCollector);
}

Bytes associated_data(const TaskId& task, const CollectedShare& share) {
  ByteWriter out;
  out.put_bytes(task);
  out.put(share.sender);
  out.put<uint64_t>(share.reports);
  out.put_bytes(share.checksum);
  return std::move(out).bytes();
}

}  // namespace

ErrorCode rejection_reason(ErrorCode code) {
  return is_reason(code) ? code : ErrorCode::kMalformed;
}

Bytes encode(const TaskId& task, const PrepareRequest& message) {
  ByteWriter out;
  put_header(out, MessageType::kPrepareRequest, task);
  put_job(out, message.job, message.reports.size());
  for (const ReportToPrepare& report : message.reports) {
    out.put_bytes(report.metadata.id);
    out.put<int64_t>(report.metadata.time_ms);
    out.put_bytes(report.public_share);
    out.put_bytes(report.helper_sealed);
    out.put_bytes(report.leader_prepare_share);
  }
  return std::move(out).bytes();
}

Result<PrepareRequest> decode_prepare_request(std::span<const uint8_t> bytes, const TaskId& task,
                                              const VdafSizes& sizes) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kPrepareRequest, task));
  PrepareRequest message;
  const size_t sealed = sizes.input_shares[1] + kHpkeOverhead;
  SOTTO_TRY(const size_t reports,
            get_job(in, message.job,
                    sizeof(ReportMetadata) + sizes.public_share + sealed + sizes.prepare_share));
  for (size_t i = 0; i < reports; ++i) {
    ReportToPrepare& report = message.reports.emplace_back();
    SOTTO_CHECK_OK(get_array(in, report.metadata.id, "prepare request: report id"));
    SOTTO_TRY(report.metadata.time_ms, in.get<int64_t>("prepare request: time"));
    SOTTO_TRY(report.public_share,
              get_bytes(in, sizes.public_share, "prepare request: public share"));
    SOTTO_TRY(report.helper_sealed, get_bytes(in, sealed, "prepare request: helper's share"));
    SOTTO_TRY(report.leader_prepare_share,
              get_bytes(in, sizes.prepare_share, "prepare request: prepare share"));
  }
  SOTTO_CHECK_OK(in.finish("prepare request"));
  return message;
}

Bytes encode(const TaskId& task, const PrepareResponse& message) {
  ByteWriter out;
  put_header(out, MessageType::kPrepareResponse, task);
  put_job(out, message.job, message.outcomes.size());
  for (const PrepareOutcome& outcome : message.outcomes) {
    out.put<uint8_t>(static_cast<uint8_t>(outcome.reason));
    if (outcome.reason == ErrorCode::kOk) out.put_bytes(outcome.prepare_message);
  }
  return std::move(out).bytes();
}

Result<PrepareResponse> decode_prepare_response(std::span<const uint8_t> bytes, const TaskId& task,
                                                const VdafSizes& sizes) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kPrepareResponse, task));
  PrepareResponse message;
  SOTTO_TRY(const size_t reports, get_job(in, message.job, 1));
  for (size_t i = 0; i < reports; ++i) {
    PrepareOutcome& outcome = message.outcomes.emplace_back();
    SOTTO_TRY(const auto reason, in.get<uint8_t>("prepare response: reason"));
    outcome.reason = static_cast<ErrorCode>(reason);
    if (outcome.reason == ErrorCode::kOk) {
      SOTTO_TRY(outcome.prepare_message,
                get_bytes(in, sizes.prepare_message, "prepare response: prepare message"));
    } else if (!is_reason(outcome.reason)) {
      return Error{ErrorCode::kMalformed, "prepare response: unknown reason"};
    }
  }
  SOTTO_CHECK_OK(in.finish("prepare response"));
  return message;
}

Bytes encode(const TaskId& task, const CommitRequest& message) {
  ByteWriter out;
  put_header(out, MessageType::kCommitRequest, task);
  put_job(out, message.job, message.accepted.size());
  out.put_bytes(message.accepted);
  return std::move(out).bytes();
}

Result<CommitRequest> decode_commit_request(std::span<const uint8_t> bytes, const TaskId& task) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kCommitRequest, task));
  CommitRequest message;
  SOTTO_TRY(const size_t reports, get_job(in, message.job, 1));
  SOTTO_TRY(message.accepted, get_bytes(in, reports, "commit request: accepted"));
  if (std::any_of(message.accepted.begin(), message.accepted.end(),
                  [](uint8_t accepted) { return accepted > 1; }))
    return Error{ErrorCode::kMalformed, "commit request: neither 0 nor 1"};
  SOTTO_CHECK_OK(in.finish("commit request"));
  return message;
}

Bytes encode(const TaskId& task, const CommitResponse& message) {
  ByteWriter out;
  put_header(out, MessageType::kCommitResponse, task);
  out.put_bytes(message.job);
  out.put<uint64_t>(message.reports);
  out.put_bytes(message.checksum);
  return std::move(out).bytes();
}

Result<CommitResponse> decode_commit_response(std::span<const uint8_t> bytes, const TaskId& task) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kCommitResponse, task));
  CommitResponse message;
  SOTTO_CHECK_OK(get_array(in, message.job, "commit response: job id"));
  SOTTO_TRY(message.reports, in.get<uint64_t>("commit response: reports"));
  SOTTO_CHECK_OK(get_array(in, message.checksum, "commit response: checksum"));
  SOTTO_CHECK_OK(in.finish("commit response"));
  return message;
}

Bytes encode(const TaskId& task, const CollectRequest& message) {
  ByteWriter out;
  put_header(out, MessageType::kCollectRequest, task);
  out.put<uint64_t>(message.reports);
  out.put_bytes(message.checksum);
  return std::move(out).bytes();
}

Result<CollectRequest> decode_collect_request(std::span<const uint8_t> bytes, const TaskId& task) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kCollectRequest, task));
  CollectRequest message;
  SOTTO_TRY(message.reports, in.get<uint64_t>("collect request: reports"));
  SOTTO_CHECK_OK(get_array(in, message.checksum, "collect request: checksum"));
  SOTTO_CHECK_OK(in.finish("collect request"));
  return message;
}

Bytes encode(const TaskId& task, const CollectedShare& message) {
  ByteWriter out;
  put_header(out, MessageType::kCollectedShare, task);
  out.put(message.sender);
  out.put<uint64_t>(message.reports);
  out.put_bytes(message.checksum);
  out.put_bytes(message.sealed);
  return std::move(out).bytes();
}

Result<CollectedShare> decode_collected_share(std::span<const uint8_t> bytes, const TaskId& task,
                                              const VdafSizes& sizes) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kCollectedShare, task));
  CollectedShare message;
  SOTTO_TRY(message.sender, in.get<Role>("collected share: sender"));
  if (message.sender != Role::kLeader && message.sender != Role::kHelper)
    return Error{ErrorCode::kMalformed, "collected share: unknown sender"};
  SOTTO_TRY(message.reports, in.get<uint64_t>("collected share: reports"));
  SOTTO_CHECK_OK(get_array(in, message.checksum, "collected share: checksum"));
  SOTTO_TRY(message.sealed,
            get_bytes(in, sizes.aggregate_share + kHpkeOverhead, "collected share: share"));
  SOTTO_CHECK_OK(in.finish("collected share"));
  return message;
}

Status seal_aggregate_share(const TaskId& task, CollectedShare& share, const HpkePublicKey& key,
                            const AggregateShare& aggregate, EntropySource& entropy) {
  SOTTO_TRY(share.sealed, hpke_seal(key, share_info(share.sender), associated_data(task, share),
                                    aggregate.encoded.reveal(), entropy));
  return {};
}

Result<AggregateShare> open_aggregate_share(const TaskId& task, const CollectedShare& share,
                                            const HpkeKeyPair& key) {
  SOTTO_TRY(SecretBytes encoded,
            hpke_open(key, share_info(share.sender), associated_data(task, share), share.sealed));
  return AggregateShare{std::move(encoded)};
}

}  // namespace sotto
