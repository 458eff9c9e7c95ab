// The collector of one task: makes the noised sum from the two servers' shares. A pure state
// machine: messages in, Result out.
//
//   1. open   the leader's and the helper's collected share, over the same reports (number and
//             checksum), at least the minimum batch -> the sum of all vectors and noises.
// Who learns what: the collector learns the noised sum and the number of reports in it, nothing
// else. A task is collected once: the same two messages again give the same sum, others are
// refused.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "protocol/aggregation_messages.hpp"
#include "protocol/floors.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

struct CollectedSum {
  uint64_t reports = 0;
  std::vector<int64_t> sum;  ///< In grid units, noise included; one a coordinate.
};

/// Thread safety: one thread at a time per object.
class CollectorRole {
 public:
  /// signed_key: the collector's own, signed by the publisher, with its pair. opened: what opened()
  /// gave, when the collector was stopped after a collection.
  /// Errors: those of VerifiedTask::open and open_task_key; kBelowFloor; kAuthentication also when
  /// key_pair does not belong to signed_key.
  static Result<CollectorRole> create(std::span<const uint8_t> task_file, const PinnedSite& pinned,
                                      const Floors& floors, std::span<const uint8_t> signed_key,
                                      HpkeKeyPair key_pair, int64_t now_ms,
                                      const std::optional<Digest>& opened = std::nullopt);

  /// Errors: those of decode_collected_share and open_aggregate_share; kMalformed when a share is
  /// not of its sender; kDisagreement when the shares are of different reports; kTooFewReports;
  /// kFull for more than the task's maximum; kReplay for other messages after the first.
  Result<CollectedSum> open(std::span<const uint8_t> leader_share,
                            std::span<const uint8_t> helper_share);

  /// Which two messages were opened; the whole state.
  const std::optional<Digest>& opened() const { return opened_; }

 private:
  CollectorRole(VerifiedTask verified, const Floors& floors, HpkeKeyPair key_pair,
                std::unique_ptr<const Vdaf> vdaf, const std::optional<Digest>& opened);

  VerifiedTask verified_;
  Floors floors_;
  HpkeKeyPair key_pair_;
  std::unique_ptr<const Vdaf> vdaf_;
  std::optional<Digest> opened_;
};

}  // namespace sotto
