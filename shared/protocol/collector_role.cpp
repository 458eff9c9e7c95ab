#include "protocol/collector_role.hpp"
#include "protocol/task_vdaf.hpp"

#include <algorithm>
#include <utility>

namespace sotto {

CollectorRole::CollectorRole(VerifiedTask verified, const Floors& floors, HpkeKeyPair key_pair,
                             std::unique_ptr<const Vdaf> vdaf, const std::optional<Digest>& opened)
    : verified_(std::move(verified)),
      floors_(floors),
      key_pair_(std::move(key_pair)),
      vdaf_(std::move(vdaf)),
      opened_(opened) {}

Result<CollectorRole> CollectorRole::create(std::span<const uint8_t> task_file,
                                            const PinnedSite& pinned, const Floors& floors,
                                            std::span<const uint8_t> signed_key,
                                            HpkeKeyPair key_pair, int64_t now_ms,
                                            const std::optional<Digest>& opened) {
  SOTTO_TRY(VerifiedTask verified, VerifiedTask::open(task_file, pinned));
  SOTTO_CHECK_OK(floors.check(verified.task()));
  SOTTO_TRY(const SignedKey key, open_task_key(signed_key, pinned.publisher, KeyRole::kCollector,
                                               verified.task().collector_key, now_ms));
  if (key.public_key != key_pair.public_key())
    return Error{ErrorCode::kAuthentication, "signed key: of another key pair"};
  SOTTO_TRY(auto vdaf, make_vdaf(verified.task()));
  return CollectorRole(std::move(verified), floors, std::move(key_pair), std::move(vdaf), opened);
}

Result<CollectedSum> CollectorRole::open(std::span<const uint8_t> leader_share,
                                         std::span<const uint8_t> helper_share) {
  const Task& task = verified_.task();
  const TaskId& id = verified_.id();
  SOTTO_TRY(const CollectedShare leader, decode_collected_share(leader_share, id, vdaf_->sizes()));
  SOTTO_TRY(const CollectedShare helper, decode_collected_share(helper_share, id, vdaf_->sizes()));
  if (leader.sender != Role::kLeader || helper.sender != Role::kHelper)
    return Error{ErrorCode::kMalformed, "collected share: not of its sender"};
  if (leader.reports != helper.reports || leader.checksum != helper.checksum)
    return Error{ErrorCode::kDisagreement, "collected shares: of different reports"};
  if (leader.reports < std::max(task.min_batch, floors_.min_batch))
    return Error{ErrorCode::kTooFewReports, "task: fewer reports than the minimum batch"};
  if (leader.reports > task.max_batch)
    return Error{ErrorCode::kFull, "task: more reports than the maximum batch"};

  // Both have one length, so one hash of the two names them.
  Sha256 hash;
  hash.update(leader_share);
  hash.update(helper_share);
  const Digest digest = std::move(hash).finish();
  if (opened_.has_value() && *opened_ != digest)
    return Error{ErrorCode::kReplay, "task: was collected with other shares"};

  std::vector<AggregateShare> shares(2);
  SOTTO_TRY(shares[0], open_aggregate_share(id, leader, key_pair_));
  SOTTO_TRY(shares[1], open_aggregate_share(id, helper, key_pair_));
  CollectedSum collected{leader.reports, {}};
  SOTTO_TRY(collected.sum, vdaf_->unshard(shares, leader.reports));
  opened_ = digest;
  return collected;
}

}  // namespace sotto
