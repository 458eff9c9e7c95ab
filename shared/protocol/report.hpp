// Reports: what a device sends, once and in one message.
//
// Canonical form, integers little-endian; every length follows from the task, so none is sent:
//   message u8 = 1 | version u8 = 1 | task id 32 | report id 16 | time_ms i64
//   | public share | leader's sealed input share | helper's sealed input share
// time_ms is the window's time rounded down to the task's precision. The input shares are sealed by
// HPKE with
//   info = "sotto v1 input share" | sender role u8 (1 device) | recipient role u8
//   AAD  = task id 32 | report id 16 | time_ms i64 | public share
// so that neither server can be given a share of another task, report, time or recipient.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/hpke.hpp"
#include "protocol/signed_task.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// Who seals and opens. Numbers stand in `info`.
enum class Role : uint8_t { kDevice = 1, kLeader = 2, kHelper = 3, kCollector = 4 };

/// What leader and helper both see of a report.
struct ReportMetadata {
  Nonce id{};
  int64_t time_ms = 0;

  friend bool operator==(const ReportMetadata&, const ReportMetadata&) = default;
};

/// The parts of a report, in the bytes that it was decoded from or will be encoded from: they are
/// megabytes, and whoever holds the message needs no copy of it.
struct Report {
  ReportMetadata metadata;
  std::span<const uint8_t> public_share;
  std::span<const uint8_t> leader_sealed;
  std::span<const uint8_t> helper_sealed;
};

/// Where the id stands in every report.
inline constexpr size_t kReportIdAt = 34;

/// The size of every report of a task.
size_t report_size(const VdafSizes& sizes);

/// Requires shares of the lengths that `sizes` names.
Bytes encode_report(const TaskId& task, const Report& report);

/// What it gives points into `bytes`.
/// Errors: kMalformed for any other length or message; kUnsupported for another version;
/// kAuthentication for a report of another task.
Result<Report> decode_report(std::span<const uint8_t> bytes, const TaskId& task,
                             const VdafSizes& sizes);

/// Whether a report's time can be one of this task: within the window, and rounded down.
/// Errors: kMalformed when it is not rounded; kExpired when it is outside.
Status check_report_time(const Task& task, int64_t time_ms);

/// Seals an input share to `recipient`, who is leader or helper. Errors: those of hpke_seal.
Result<Bytes> seal_input_share(const TaskId& task, const ReportMetadata& metadata,
                               std::span<const uint8_t> public_share, Role recipient,
                               const HpkePublicKey& key, const SecretBytes& share,
                               EntropySource& entropy);

/// Errors: those of hpke_open.
Result<SecretBytes> open_input_share(const TaskId& task, const ReportMetadata& metadata,
                                     std::span<const uint8_t> public_share, Role recipient,
                                     const HpkeKeyPair& key, std::span<const uint8_t> sealed);

}  // namespace sotto
