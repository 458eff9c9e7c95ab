#include "protocol/server_task.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "crypto/hkdf.hpp"
#include "protocol/task_vdaf.hpp"

namespace sotto {
namespace {

constexpr std::string_view kVerifyKeyInfo = "sotto v1 verify key";

Result<SecretBytes> derive_verify_key(const Seed& seed, const TaskId& task, size_t size) {
  ByteWriter info;
  info.put_bytes({reinterpret_cast<const uint8_t*>(kVerifyKeyInfo.data()), kVerifyKeyInfo.size()});
  info.put_bytes(task);
  SecretBytes key(size);
  SOTTO_CHECK_OK(hkdf_expand(seed, info.bytes(), key.reveal_mutable()));
  return key;
}

}  // namespace

ServerTask::ServerTask(Role role, VerifiedTask verified, const Floors& floors, ServerKeys keys,
                       std::unique_ptr<const Vdaf> vdaf, std::optional<DiscreteGaussian> noise,
                       const HpkePublicKey& collector, SecretBytes verify_key)
    : role_(role),
      verified_(std::move(verified)),
      floors_(floors),
      key_pair_(std::move(keys.key_pair)),
      vdaf_(std::move(vdaf)),
      noise_(std::move(noise)),
      collector_(collector),
      verify_key_(std::move(verify_key)) {}

Result<ServerTask> ServerTask::open(Role role, std::span<const uint8_t> task_file,
                                    const PinnedSite& pinned, const Floors& floors, ServerKeys keys,
                                    int64_t now_ms) {
  SOTTO_TRY(VerifiedTask verified, VerifiedTask::open(task_file, pinned));
  const Task& task = verified.task();
  SOTTO_CHECK_OK(floors.check(task));
  const bool leader = role == Role::kLeader;
  SOTTO_TRY(const SignedKey own,
            open_task_key(keys.signed_key, leader ? pinned.leader : pinned.helper,
                          leader ? KeyRole::kLeader : KeyRole::kHelper,
                          leader ? task.leader_key : task.helper_key, now_ms));
  if (own.public_key != keys.key_pair.public_key())
    return Error{ErrorCode::kAuthentication, "signed key: of another key pair"};
  SOTTO_TRY(const SignedKey collector,
            open_task_key(keys.collector_key, pinned.publisher, KeyRole::kCollector,
                          task.collector_key, now_ms));
  SOTTO_TRY(auto vdaf, make_vdaf(task));
  std::optional<DiscreteGaussian> noise;
  if (task.sigma > 0 && (leader || task.noise_by != NoiseBy::kLeader)) {
    SOTTO_TRY(noise, DiscreteGaussian::create(task.sigma));
  }
  SOTTO_TRY(SecretBytes verify_key,
            derive_verify_key(keys.verify_seed, verified.id(), vdaf->sizes().verify_key));
  return ServerTask(role, std::move(verified), floors, std::move(keys), std::move(vdaf),
                    std::move(noise), collector.public_key, std::move(verify_key));
}

Result<Prepared> ServerTask::open_report(const ReportMetadata& metadata,
                                         std::span<const uint8_t> public_share,
                                         std::span<const uint8_t> sealed) const {
  SOTTO_TRY(SecretBytes share,
            open_input_share(id(), metadata, public_share, role_, key_pair_, sealed));
  return vdaf_->prepare_init(verify_key_.reveal(), role_ == Role::kLeader ? 0 : 1, metadata.id,
                             public_share, std::move(share));
}

Status ServerTask::check_collectable(const Batch& batch, int64_t now_ms) const {
  if (now_ms < task().window_end_ms && batch.reports < task().max_batch)
    return {ErrorCode::kExpired, "task: its window is not over, nor its batch complete"};
  if (batch.reports < std::max(task().min_batch, floors_.min_batch))
    return {ErrorCode::kTooFewReports, "task: fewer reports than the minimum batch"};
  return {};
}

Result<Bytes> ServerTask::noised_share(const Batch& batch, EntropySource& entropy) const {
  AggregateShare noised{batch.share.encoded.clone()};
  if (noise_.has_value()) {
    // Noise is as secret as what it hides.
    SecretBytes storage(size_t{task().dimension} * sizeof(int64_t));
    const std::span<int64_t> noise(reinterpret_cast<int64_t*>(storage.reveal_mutable().data()),
                                   task().dimension);
    EntropyWords words(entropy);
    noise_->add_to(noise, words);
    SOTTO_CHECK_OK(vdaf_->add_integers(noised, noise));
  }
  CollectedShare share{role_, batch.reports, batch.checksum, {}};
  SOTTO_CHECK_OK(seal_aggregate_share(id(), share, collector_, noised, entropy));
  return encode(id(), share);
}

}  // namespace sotto
