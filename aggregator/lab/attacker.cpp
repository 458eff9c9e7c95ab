#include "lab/attacker.hpp"

#include <cstring>
#include <utility>
#include <variant>

#include "device/grid_contribution.hpp"
#include "protocol/report.hpp"
#include "protocol/task_vdaf.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"

namespace sotto {
namespace {

// The leader's share begins with its share of the vector, whatever the VDAF.
template <class Field>
void add_to_share(std::span<uint8_t> share, std::span<const int64_t> vector) {
  for (size_t j = 0; j < vector.size(); ++j) {
    uint8_t* const at = share.data() + j * Field::kEncodedSize;
    Field::store(at, Field::add(Field::load(at), Field::from_signed(vector[j])));
  }
}

void add_to_leader(VdafId vdaf, std::span<uint8_t> share, std::span<const int64_t> vector) {
  switch (vdaf) {
    case VdafId::kPine40HmacSha256Aes128: return add_to_share<Field40>(share, vector);
    case VdafId::kPine64HmacSha256Aes128: return add_to_share<Field64>(share, vector);
    case VdafId::kPrio3Histogram: return add_to_share<Field128>(share, vector);
    default: return add_to_share<Field32>(share, vector);
  }
}

bool within(std::span<const int64_t> vector, int32_t bound) {
  double squares = 0;  // exact up to 2^53, far above any bound
  for (const int64_t value : vector)
    squares += static_cast<double>(value) * static_cast<double>(value);
  return squares <= static_cast<double>(bound) * static_cast<double>(bound);
}

Regularization regularization_of(const SumJob& job) {
  if (const auto* rows = std::get_if<RowsTask>(&job.layout)) return rows->reg;
  if (const auto* whitened = std::get_if<WhitenedTask>(&job.layout)) return whitened->reg;
  return job.reg;
}

}  // namespace

Attacker::Attacker(const Poison& poison, const SumJob& job, VerifiedTask task,
                   std::unique_ptr<const Vdaf> vdaf, const SignedKey& leader,
                   const SignedKey& helper)
    : poison_(poison),
      job_(&job),
      verified_(std::move(task)),
      vdaf_(std::move(vdaf)),
      leader_(leader),
      helper_(helper),
      reg_(regularization_of(job)),
      gram_(published_gram(*job.items)) {}

Result<Attacker> Attacker::create(const Poison& poison, const SumJob& job,
                                  const PublishedTask& task, const PinnedSite& pinned,
                                  int64_t now_ms) {
  if (poison.item >= layout_items(job.layout))
    return Error{ErrorCode::kInvalidArgument, "poison: boosts no item of the task"};
  SOTTO_TRY(VerifiedTask verified, VerifiedTask::open(task.file, pinned));
  SOTTO_TRY(const SignedKey leader, open_task_key(task.leader_key, pinned.leader, KeyRole::kLeader,
                                                  verified.task().leader_key, now_ms));
  SOTTO_TRY(const SignedKey helper, open_task_key(task.helper_key, pinned.helper, KeyRole::kHelper,
                                                  verified.task().helper_key, now_ms));
  SOTTO_TRY(auto vdaf, make_vdaf(verified.task()));
  return Attacker(poison, job, std::move(verified), std::move(vdaf), leader, helper);
}

Result<std::vector<int32_t>> Attacker::honest(uint32_t device, EntropySource& entropy) const {
  const auto history = (*job_->histories)[device];
  const size_t dimension = verified_.task().dimension;
  if (history.empty()) return std::vector<int32_t>(dimension);
  const ContributionInput input{history,
                                gather_rows(*job_->items, history),
                                &gram_,
                                static_cast<uint32_t>(job_->items->rows()),
                                {}};
  SOTTO_TRY(const GridContribution contribution,
            grid_contribution(job_->layout, verified_.task().grid, input, entropy));
  return contribution.dense(dimension);
}

Vector Attacker::taste(uint32_t device) const {
  const auto history = (*job_->histories)[device];
  FoldInState state(gram_, job_->items->rows(), reg_);
  state.add_rows(gather_rows(*job_->items, history), {});
  Vector taste = state.solve();
  if (!(taste.norm() > 0)) taste = job_->items->colwise().sum().transpose();
  if (!(taste.norm() > 0)) taste.setOnes();
  return taste;
}

Result<std::vector<int64_t>> Attacker::wish(uint32_t device, EntropySource& entropy) const {
  if (poison_.kind == PoisonKind::kMalformed) return std::vector<int64_t>{};
  const double bound = verified_.task().grid.bound;
  if (poison_.kind == PoisonKind::kBoost) {
    const bool checked = vdaf_->id() != VdafId::kSumField32;
    const Vector own = taste(device);
    const double score = double{job_->items->row(poison_.item).dot(own)};
    const auto direction = boost_direction(job_->layout, poison_.item, own, score);
    auto vector = stretched(direction, checked ? bound : kBoostTimes * bound);
    for (const int64_t value : vector)
      if (value != 0) return vector;
  }
  SOTTO_TRY(const std::vector<int32_t> dense, honest(device, entropy));
  std::vector<double> vector(dense.begin(), dense.end());
  if (poison_.kind == PoisonKind::kBoost) return std::vector<int64_t>(dense.begin(), dense.end());
  bool zero = true;
  for (const double value : vector) zero &= value == 0;
  if (zero) {
    uint64_t drawn;
    std::array<uint8_t, sizeof drawn> bytes;
    entropy.fill(bytes);
    std::memcpy(&drawn, bytes.data(), sizeof drawn);
    vector[drawn % vector.size()] = 1;
  }
  return stretched(vector, poison_.kind == PoisonKind::kNorm ? kNormTimes * bound : -bound);
}

Shards Attacker::shards_of_noise(EntropySource& entropy) const {
  const VdafSizes& sizes = vdaf_->sizes();
  Shards shards;
  shards.public_share.resize(sizes.public_share);
  entropy.fill(shards.public_share);
  for (const size_t size : sizes.input_shares) {
    SecretBytes share(size);
    entropy.fill(share.reveal_mutable());
    shards.input_shares.push_back(std::move(share));
  }
  return shards;
}

Result<Shards> Attacker::shard(std::span<const int64_t> vector, const Nonce& id,
                               EntropySource& entropy) const {
  if (vector.size() != vdaf_->dimension())
    return Error{ErrorCode::kInvalidArgument, "poison: a vector of another dimension"};
  if (within(vector, verified_.task().grid.bound)) {
    const std::vector<int32_t> provable(vector.begin(), vector.end());
    auto shards = vdaf_->shard(provable, id, entropy);
    if (shards.ok()) return std::move(shards).value();
  }
  SOTTO_TRY(Shards shards, vdaf_->shard(nothing_to_say(verified_.task()), id, entropy));
  add_to_leader(vdaf_->id(), shards.input_shares[0].reveal_mutable(), vector);
  return shards;
}

Result<Bytes> Attacker::seal(const Nonce& id, const Shards& shards, int64_t now_ms,
                             EntropySource& entropy) const {
  Report report;
  report.metadata = {id, now_ms - now_ms % verified_.task().time_precision_ms};
  report.public_share = shards.public_share;
  SOTTO_TRY(const Bytes leader_sealed,
            seal_input_share(verified_.id(), report.metadata, report.public_share, Role::kLeader,
                             leader_.public_key, shards.input_shares[0], entropy));
  SOTTO_TRY(const Bytes helper_sealed,
            seal_input_share(verified_.id(), report.metadata, report.public_share, Role::kHelper,
                             helper_.public_key, shards.input_shares[1], entropy));
  report.leader_sealed = leader_sealed;
  report.helper_sealed = helper_sealed;
  return encode_report(verified_.id(), report);
}

Result<Bytes> Attacker::report_of(std::span<const int64_t> vector, int64_t now_ms,
                                  EntropySource& entropy) const {
  Nonce id;
  entropy.fill(id);
  SOTTO_TRY(const Shards shards, shard(vector, id, entropy));
  return seal(id, shards, now_ms, entropy);
}

Result<Bytes> Attacker::report(uint32_t device, int64_t now_ms, EntropySource& entropy) const {
  if (poison_.kind == PoisonKind::kMalformed) {
    Nonce id;
    entropy.fill(id);
    return seal(id, shards_of_noise(entropy), now_ms, entropy);
  }
  SOTTO_TRY(const std::vector<int64_t> vector, wish(device, entropy));
  return report_of(vector, now_ms, entropy);
}

}  // namespace sotto
