#include "protocol/report.hpp"

#include "protocol/fields.hpp"
#include "protocol/message.hpp"

namespace sotto {
namespace {

Bytes associated_data(const TaskId& task, const ReportMetadata& metadata,
                      std::span<const uint8_t> public_share) {
  ByteWriter out;
  out.put_bytes(task);
  out.put_bytes(metadata.id);
  out.put<int64_t>(metadata.time_ms);
  out.put_bytes(public_share);
  return std::move(out).bytes();
}

Bytes share_info(Role recipient) {
  return hpke_info("sotto v1 input share", Role::kDevice, recipient);
}

}  // namespace

size_t report_size(const VdafSizes& sizes) {
  return kMessageHeader + std::tuple_size_v<Nonce> + sizeof(int64_t) + sizes.public_share +
         sizes.input_shares[0] + sizes.input_shares[1] + 2 * kHpkeOverhead;
}

Bytes encode_report(const TaskId& task, const Report& report) {
  ByteWriter out;
  out.reserve(kMessageHeader + report.metadata.id.size() + sizeof(int64_t) +
              report.public_share.size() + report.leader_sealed.size() +
              report.helper_sealed.size());
  put_header(out, MessageType::kReport, task);
  out.put_bytes(report.metadata.id);
  out.put<int64_t>(report.metadata.time_ms);
  out.put_bytes(report.public_share);
  out.put_bytes(report.leader_sealed);
  out.put_bytes(report.helper_sealed);
  return std::move(out).bytes();
}

Result<Report> decode_report(std::span<const uint8_t> bytes, const TaskId& task,
                             const VdafSizes& sizes) {
  if (bytes.size() != report_size(sizes))
    return Error{ErrorCode::kMalformed, "report: not the length of this task's reports"};
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_header(in, MessageType::kReport, task));
  Report report;
  SOTTO_CHECK_OK(get_array(in, report.metadata.id, "report: id"));
  SOTTO_TRY(report.metadata.time_ms, in.get<int64_t>("report: time"));
  SOTTO_TRY(report.public_share, in.get_bytes(sizes.public_share, "report: public share"));
  SOTTO_TRY(report.leader_sealed,
            in.get_bytes(sizes.input_shares[0] + kHpkeOverhead, "report: leader's share"));
  SOTTO_TRY(report.helper_sealed,
            in.get_bytes(sizes.input_shares[1] + kHpkeOverhead, "report: helper's share"));
  SOTTO_CHECK_OK(in.finish("report"));
  return report;
}

Status check_report_time(const Task& task, int64_t time_ms) {
  if (time_ms < task.window_start_ms || time_ms >= task.window_end_ms)
    return {ErrorCode::kExpired, "report: time outside of the window"};
  if (time_ms % task.time_precision_ms != 0)
    return {ErrorCode::kMalformed, "report: time is not rounded down"};
  return {};
}

Result<Bytes> seal_input_share(const TaskId& task, const ReportMetadata& metadata,
                               std::span<const uint8_t> public_share, Role recipient,
                               const HpkePublicKey& key, const SecretBytes& share,
                               EntropySource& entropy) {
  return hpke_seal(key, share_info(recipient), associated_data(task, metadata, public_share),
                   share.reveal(), entropy);
}

Result<SecretBytes> open_input_share(const TaskId& task, const ReportMetadata& metadata,
                                     std::span<const uint8_t> public_share, Role recipient,
                                     const HpkeKeyPair& key, std::span<const uint8_t> sealed) {
  return hpke_open(key, share_info(recipient), associated_data(task, metadata, public_share),
                   sealed);
}

}  // namespace sotto
