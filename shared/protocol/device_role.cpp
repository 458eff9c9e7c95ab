#include "protocol/device_role.hpp"
#include "protocol/task_vdaf.hpp"

#include <algorithm>
#include <utility>

namespace sotto {
namespace {

// Looks at all coordinates in any case, in loops that compilers turn into SIMD.
bool within_bound(std::span<const int32_t> vector, int32_t bound) {
  const uint64_t limit = static_cast<uint64_t>(bound) * static_cast<uint64_t>(bound);
  constexpr size_t kBlock = size_t{1} << 20;  // of squares up to 2^40: their sum does not wrap
  uint64_t sum = 0;
  bool within = true;
  while (!vector.empty()) {
    const auto block = vector.first(std::min(kBlock, vector.size()));
    vector = vector.subspan(block.size());
    uint32_t outside = 0;
    uint64_t squares = 0;
    for (const int32_t value : block) {
      outside |= value > bound || value < -bound ? 1U : 0U;
      const auto wide = static_cast<int64_t>(value);
      squares += static_cast<uint64_t>(wide * wide);
    }
    sum = std::min(sum + squares, limit + 1);
    within &= outside == 0 && sum <= limit;
  }
  return within;
}

bool is_zero(std::span<const int32_t> vector) {
  int32_t bits = 0;
  for (const int32_t value : vector) bits |= value;
  return bits == 0;
}

Status check_now(const Task& task, int64_t now_ms) {
  if (now_ms < task.window_start_ms || now_ms >= task.window_end_ms)
    return {ErrorCode::kExpired, "task: outside of its window"};
  return {};
}

Status check_key_time(const SignedKey& key, int64_t now_ms) {
  if (now_ms < key.not_before_ms || now_ms > key.not_after_ms)
    return {ErrorCode::kExpired, "signed key: not valid now"};
  return {};
}

}  // namespace

DeviceTask::DeviceTask(VerifiedTask verified, VdafClientPointer vdaf,
                       std::optional<DiscreteGaussian> noise, const SignedKey& leader,
                       const SignedKey& helper)
    : verified_(std::move(verified)),
      vdaf_(std::move(vdaf)),
      noise_(std::move(noise)),
      leader_(leader),
      helper_(helper) {}

Result<DeviceTask> DeviceTask::open(std::span<const uint8_t> task_file, const PinnedSite& pinned,
                                    const Floors& floors, std::span<const uint8_t> leader_key,
                                    std::span<const uint8_t> helper_key, int64_t now_ms) {
  SOTTO_TRY(VerifiedTask verified, VerifiedTask::open(task_file, pinned));
  const Task& task = verified.task();
  SOTTO_CHECK_OK(floors.check(task));
  SOTTO_CHECK_OK(check_now(task, now_ms));
  SOTTO_TRY(const SignedKey leader,
            open_task_key(leader_key, pinned.leader, KeyRole::kLeader, task.leader_key, now_ms));
  SOTTO_TRY(const SignedKey helper,
            open_task_key(helper_key, pinned.helper, KeyRole::kHelper, task.helper_key, now_ms));
  SOTTO_TRY(auto vdaf, make_vdaf_client(task));
  std::optional<DiscreteGaussian> noise;
  if (task.device_sigma() > 0) {
    SOTTO_TRY(noise, DiscreteGaussian::create(task.device_sigma()));
  }
  return DeviceTask(std::move(verified), std::move(vdaf), std::move(noise), leader, helper);
}

OpenReport::~OpenReport() {
  wipe({reinterpret_cast<uint8_t*>(noised.data()), noised.size() * sizeof(int32_t)});
}

Result<OpenReport> DeviceTask::open_report(std::span<const int32_t> vector,
                                           EntropySource& entropy) const {
  if (vector.size() != task().dimension)
    return Error{ErrorCode::kInvalidArgument, "report: vector is not of the task's dimension"};
  if (!within_bound(vector, task().grid.bound))
    return Error{ErrorCode::kInvalidArgument, "report: vector is longer than the grid's bound"};

  OpenReport open;
  entropy.fill(open.id);
  open.noised.assign(vector.begin(), vector.end());
  if (is_zero(vector)) open.noised = nothing_to_say(task());
  if (noise_.has_value()) {
    EntropyWords words(entropy);
    // sigma <= 2^26 and |value| <= 2^20, so only 31 standard deviations would leave the integers:
    // never seen, and then the VDAF refuses what the clamp gives.
    for (int32_t& value : open.noised)
      value = static_cast<int32_t>(
          std::clamp<int64_t>(value + noise_->sample(words), INT32_MIN, INT32_MAX));
  }
  SOTTO_TRY(open.shards, vdaf_->shard(open.noised, open.id, entropy));
  return open;
}

Result<Bytes> DeviceTask::report(std::span<const int32_t> vector, int64_t now_ms,
                                 EntropySource& entropy) const {
  SOTTO_CHECK_OK(check_now(task(), now_ms));
  for (const SignedKey* key : {&leader_, &helper_}) SOTTO_CHECK_OK(check_key_time(*key, now_ms));
  SOTTO_TRY(const OpenReport open, open_report(vector, entropy));
  const Shards& shards = open.shards;
  Report report;
  report.metadata = {open.id, now_ms - now_ms % task().time_precision_ms};
  report.public_share = shards.public_share;
  SOTTO_TRY(const Bytes leader_sealed,
            seal_input_share(id(), report.metadata, report.public_share, Role::kLeader,
                             leader_.public_key, shards.input_shares[0], entropy));
  SOTTO_TRY(const Bytes helper_sealed,
            seal_input_share(id(), report.metadata, report.public_share, Role::kHelper,
                             helper_.public_key, shards.input_shares[1], entropy));
  report.leader_sealed = leader_sealed;
  report.helper_sealed = helper_sealed;
  return encode_report(id(), report);
}

Result<Bytes> DeviceTask::zero_report(int64_t now_ms, EntropySource& entropy) const {
  return report(std::vector<int32_t>(task().dimension), now_ms, entropy);
}

}  // namespace sotto
