#include "vdaf/prio3.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "vdaf/aggregate_share.hpp"
#include "vdaf/chunks.hpp"
#include "vdaf/circuit.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/field_xof.hpp"
#include "vdaf/flp.hpp"

namespace sotto {
namespace {

constexpr XofKind kXof = XofKind::kTurboShake128;
constexpr size_t kSeedSize = 32;
constexpr uint8_t kVersion = 18;
constexpr uint8_t kClass = 0;  // a VDAF
constexpr size_t kMaxContext = 65000;
constexpr size_t kMaxElements = size_t{1} << 24;
constexpr uint32_t kMaxInteger = 0x7fffffff;

// draft-irtf-cfrg-vdaf section 7.2, table 11.
enum class Usage : uint8_t {
  kMeasurementShare = 1,
  kProofShare = 2,
  kJointRandomness = 3,
  kProveRandomness = 4,
  kQueryRandomness = 5,
  kJointRandSeed = 6,
  kJointRandPart = 7,
};

using SeedView = std::span<const uint8_t>;

// An offset into a span of seeds that lie one after the other.
SeedView seed_at(std::span<const uint8_t> seeds, size_t index) {
  return seeds.subspan(index * kSeedSize, kSeedSize);
}

template <class Circuit>
class Prio3 final : public Vdaf {
  using Field = typename Circuit::Field;
  using Element = typename Field::Element;
  static constexpr size_t kWord = Field::kEncodedSize;

 public:
  Prio3(VdafId id, Circuit circuit, size_t proofs, std::span<const uint8_t> context,
        size_t aggregators)
      : id_(id),
        flp_(std::move(circuit)),
        proofs_(proofs),
        context_(context.begin(), context.end()),
        shares_inverse_(inverse<Field>(element<Field>(aggregators))) {
    const size_t seed = uses_joint_rand() ? kSeedSize : 0;
    sizes_.verify_key = kSeedSize;
    sizes_.public_share = aggregators * seed;
    sizes_.input_shares.assign(aggregators, kSeedSize + seed);
    sizes_.input_shares[0] = (measurement_size() + proofs_ * flp_.proof_size()) * kWord + seed;
    sizes_.prepare_share = proofs_ * flp_.verifier_size() * kWord + seed;
    sizes_.prepare_message = seed;
    sizes_.aggregate_share = dimension() * kWord;
  }

  VdafId id() const override { return id_; }
  size_t dimension() const override { return flp_.circuit().output_size(); }
  const VdafSizes& sizes() const override { return sizes_; }

  Result<Shards> shard(std::span<const int32_t> measurement, const Nonce& nonce,
                       EntropySource& entropy) const override {
    if (measurement.size() != dimension())
      return Error{ErrorCode::kInvalidArgument, "prio3: wrong length of measurement"};
    FieldVector<Field> encoded(measurement_size());
    if (!flp_.circuit().encode(measurement, encoded.all()))
      return Error{ErrorCode::kInvalidArgument, "prio3: measurement out of range"};

    // Helpers' seeds, each followed by its blind, the leader's blind, the prover's seed.
    const size_t seeds_per_share = uses_joint_rand() ? 2 : 1;
    SecretBytes rand(seeds_per_share * aggregators() * kSeedSize);
    entropy.fill(rand.reveal_mutable());
    const auto seeds = rand.reveal();
    const SeedView prove_seed = seed_at(seeds, seeds_per_share * aggregators() - 1);

    Shards shards;
    FieldVector<Field> leader(measurement_size() + proofs_ * flp_.proof_size());
    std::copy_n(encoded.data(), encoded.size(), leader.data());
    shards.public_share.resize(sizes_.public_share);
    FieldVector<Field> helper(measurement_size());
    for (size_t i = 1; i < aggregators(); ++i) {
      expand_measurement_share(i, seed_at(seeds, (i - 1) * seeds_per_share), helper.all());
      subtract_row<Field>(leader.data(), helper.data(), helper.size());
      if (uses_joint_rand())
        joint_rand_part(i, seed_at(seeds, (i - 1) * seeds_per_share + 1), helper.all(), nonce,
                        part_of(shards.public_share, i));
    }
    FieldVector<Field> joint_rand(proofs_ * joint_rand_size());
    const SeedView leader_blind = seed_at(seeds, seeds_per_share * aggregators() - 2);
    if (uses_joint_rand()) {
      joint_rand_part(0, leader_blind, leader.all().first(measurement_size()), nonce,
                      part_of(shards.public_share, 0));
      const Seed seed = joint_rand_seed(shards.public_share);
      expand_joint_rand(seed.reveal(), joint_rand.all());
    }

    const auto leader_proofs = leader.all().subspan(measurement_size());
    prove(encoded.all(), prove_seed, joint_rand.all(), leader_proofs);
    FieldVector<Field> helper_proofs(leader_proofs.size());
    for (size_t i = 1; i < aggregators(); ++i) {
      expand_proofs_share(i, seed_at(seeds, (i - 1) * seeds_per_share), helper_proofs.all());
      subtract_row<Field>(leader_proofs.data(), helper_proofs.data(), helper_proofs.size());
    }

    SecretBytes leader_share(sizes_.input_shares[0]);
    const auto leader_bytes = leader_share.reveal_mutable();
    encode<Field>(leader.all(), leader_bytes.first(leader.size() * kWord));
    if (uses_joint_rand())
      std::copy(leader_blind.begin(), leader_blind.end(), leader_bytes.last(kSeedSize).begin());
    shards.input_shares.reserve(aggregators());
    shards.input_shares.push_back(std::move(leader_share));
    for (size_t i = 1; i < aggregators(); ++i)
      shards.input_shares.push_back(SecretBytes::copy_of(
          seeds.subspan((i - 1) * seeds_per_share * kSeedSize, seeds_per_share * kSeedSize)));
    return shards;
  }

  Result<Prepared> prepare_init(std::span<const uint8_t> verify_key, size_t aggregator,
                                const Nonce& nonce, std::span<const uint8_t> public_share,
                                SecretBytes input_share) const override {
    if (aggregator >= aggregators())
      return Error{ErrorCode::kInvalidArgument, "prio3: no such aggregator"};
    if (verify_key.size() != sizes_.verify_key)
      return Error{ErrorCode::kInvalidArgument, "prio3: wrong length of verify key"};
    SOTTO_CHECK_OK(check_size(public_share, sizes_.public_share, "public share"));
    SOTTO_CHECK_OK(
        check_size(input_share.reveal(), sizes_.input_shares[aggregator], "input share"));
    const auto share = input_share.reveal();

    FieldVector<Field> elements(measurement_size() + proofs_ * flp_.proof_size());
    const auto measurement = elements.all().first(measurement_size());
    const auto proofs = elements.all().subspan(measurement_size());
    if (aggregator > 0) {
      expand_measurement_share(aggregator, share.first(kSeedSize), measurement);
      expand_proofs_share(aggregator, share.first(kSeedSize), proofs);
    } else if (!decode<Field>(share.first(elements.size() * kWord), elements.all())) {
      return Error{ErrorCode::kMalformed, "prio3: no field element in input share"};
    }

    PrepareState state{aggregator, SecretBytes(sizes_.aggregate_share + sizes_.prepare_message)};
    Bytes prepare_share(sizes_.prepare_share);
    FieldVector<Field> joint_rand(proofs_ * joint_rand_size());
    if (uses_joint_rand()) {
      const auto own_part = std::span(prepare_share).last(kSeedSize);
      joint_rand_part(aggregator, share.last(kSeedSize), measurement, nonce, own_part);
      Bytes parts(public_share.begin(), public_share.end());
      std::copy(own_part.begin(), own_part.end(), part_of(parts, aggregator).begin());
      const Seed corrected = joint_rand_seed(parts);
      expand_joint_rand(corrected.reveal(), joint_rand.all());
      std::copy_n(corrected.reveal().begin(), kSeedSize,
                  state.contents.reveal_mutable().last(kSeedSize).begin());
    }

    FieldVector<Field> verifiers(proofs_ * flp_.verifier_size());
    if (!query(measurement, proofs, verify_key, nonce, joint_rand.all(), verifiers.all()))
      return Error{ErrorCode::kRejected, "prio3: the query is at a root of unity"};
    encode<Field>(verifiers.all(), std::span(prepare_share).first(verifiers.size() * kWord));

    FieldVector<Field> out_share(dimension());
    flp_.circuit().truncate(measurement, out_share.all());
    encode<Field>(out_share.all(), state.contents.reveal_mutable().first(sizes_.aggregate_share));
    return Prepared{std::move(state), std::move(prepare_share)};
  }

  Result<Bytes> prepare_message(std::span<const Bytes> prepare_shares) const override {
    if (prepare_shares.size() != aggregators())
      return Error{ErrorCode::kInvalidArgument, "prio3: wrong number of prepare shares"};
    for (const Bytes& share : prepare_shares)
      SOTTO_CHECK_OK(check_size(share, sizes_.prepare_share, "prepare share"));
    FieldVector<Field> verifiers(proofs_ * flp_.verifier_size());
    FieldVector<Field> share(verifiers.size());
    ByteWriter parts;
    for (const Bytes& bytes : prepare_shares) {
      if (!decode<Field>(std::span(bytes).first(share.size() * kWord), share.all()))
        return Error{ErrorCode::kMalformed, "prio3: no field element in prepare share"};
      add_row<Field>(verifiers.data(), share.data(), share.size());
      parts.put_bytes(std::span(bytes).subspan(share.size() * kWord));
    }
    for (size_t i = 0; i < proofs_; ++i)
      if (!flp_.decide(verifiers.all().subspan(i * flp_.verifier_size(), flp_.verifier_size())))
        return Error{ErrorCode::kRejected, "prio3: a proof does not hold"};
    if (!uses_joint_rand()) return Bytes{};
    const Seed seed = joint_rand_seed(parts.bytes());
    return Bytes(seed.reveal().begin(), seed.reveal().end());
  }

  Result<OutShare> prepare_next(PrepareState state,
                                std::span<const uint8_t> prepare_message) const override {
    SOTTO_CHECK_OK(check_size(prepare_message, sizes_.prepare_message, "prepare message"));
    if (state.contents.size() != sizes_.aggregate_share + sizes_.prepare_message)
      return Error{ErrorCode::kInvalidArgument, "prio3: a state that is not of this instance"};
    if (!equal_in_constant_time(state.contents.reveal().last(sizes_.prepare_message),
                                prepare_message))
      return Error{ErrorCode::kRejected, "prio3: the joint randomness is not as it was"};
    return OutShare{state.aggregator,
                    SecretBytes::copy_of(state.contents.reveal().first(sizes_.aggregate_share))};
  }

  Status aggregate(AggregateShare& into, const OutShare& out_share) const override {
    if (out_share.aggregator >= aggregators() ||
        out_share.contents.size() != sizes_.aggregate_share ||
        into.encoded.size() != sizes_.aggregate_share)
      return {ErrorCode::kInvalidArgument, "prio3: a share that is not of this instance"};
    add_vector<Field>(into.encoded.reveal_mutable(), out_share.contents.reveal());
    return {};
  }
  Status merge(AggregateShare& into, const AggregateShare& other) const override {
    return merge_shares<Field>(into, other, sizes_.aggregate_share, "prio3");
  }
  Status add_integers(AggregateShare& into, std::span<const int64_t> integers) const override {
    return add_integers_to_share<Field>(into, integers, dimension(), "prio3");
  }
  Result<std::vector<int64_t>> unshard(std::span<const AggregateShare> shares,
                                       uint64_t /*reports*/) const override {
    return unshard_shares<Field>(shares, aggregators(), dimension(), "prio3");
  }

 private:
  bool uses_joint_rand() const { return joint_rand_size() > 0; }
  size_t joint_rand_size() const { return flp_.circuit().joint_rand_size(); }
  size_t measurement_size() const { return flp_.circuit().measurement_size(); }

  static Status check_size(std::span<const uint8_t> bytes, size_t size, const char* what) {
    return check_share_size(bytes, size, "prio3", what);
  }
  static std::span<uint8_t> part_of(Bytes& parts, size_t aggregator) {
    return std::span(parts).subspan(aggregator * kSeedSize, kSeedSize);
  }

  // Domain separation tag: version, class, algorithm, usage, context.
  Bytes tag(Usage usage) const {
    const auto id = static_cast<uint32_t>(id_);
    ByteWriter tag;
    for (const uint32_t byte : {uint32_t{kVersion}, uint32_t{kClass}, id >> 24, id >> 16, id >> 8,
                                id, uint32_t{0}, static_cast<uint32_t>(usage)})
      tag.put<uint8_t>(static_cast<uint8_t>(byte));
    tag.put_bytes(context_);
    return std::move(tag).bytes();
  }
  uint8_t proofs_byte() const { return static_cast<uint8_t>(proofs_); }

  void expand_measurement_share(size_t aggregator, SeedView seed, std::span<Element> out) const {
    const uint8_t binder[] = {static_cast<uint8_t>(aggregator)};
    expand<Field>(kXof, seed, tag(Usage::kMeasurementShare), binder, out);
  }
  void expand_proofs_share(size_t aggregator, SeedView seed, std::span<Element> out) const {
    const uint8_t binder[] = {proofs_byte(), static_cast<uint8_t>(aggregator)};
    expand<Field>(kXof, seed, tag(Usage::kProofShare), binder, out);
  }
  void joint_rand_part(size_t aggregator, SeedView blind, std::span<const Element> share,
                       const Nonce& nonce, std::span<uint8_t> out) const {
    SecretBytes binder(1 + nonce.size() + share.size() * kWord);
    const auto bytes = binder.reveal_mutable();
    bytes[0] = static_cast<uint8_t>(aggregator);
    std::copy(nonce.begin(), nonce.end(), bytes.begin() + 1);
    encode<Field>(share, bytes.subspan(1 + nonce.size()));
    derive_seed(kXof, blind, tag(Usage::kJointRandPart), binder.reveal(), out);
  }
  Seed joint_rand_seed(std::span<const uint8_t> parts) const {
    Seed seed;
    const Seed zero;
    derive_seed(kXof, zero.reveal(), tag(Usage::kJointRandSeed), parts, seed.reveal_mutable());
    return seed;
  }
  void expand_joint_rand(SeedView seed, std::span<Element> out) const {
    const uint8_t binder[] = {proofs_byte()};
    expand<Field>(kXof, seed, tag(Usage::kJointRandomness), binder, out);
  }

  void prove(std::span<const Element> measurement, SeedView prove_seed,
             std::span<const Element> joint_rand, std::span<Element> proofs) const {
    FieldVector<Field> prove_rand(proofs_ * flp_.prove_rand_size());
    const uint8_t binder[] = {proofs_byte()};
    expand<Field>(kXof, prove_seed, tag(Usage::kProveRandomness), binder, prove_rand.all());
    const auto rand = std::span<const Element>(prove_rand.all());
    for (size_t i = 0; i < proofs_; ++i)
      flp_.prove(measurement, rand.subspan(i * flp_.prove_rand_size(), flp_.prove_rand_size()),
                 joint_rand.subspan(i * joint_rand_size(), joint_rand_size()),
                 proofs.subspan(i * flp_.proof_size(), flp_.proof_size()));
  }
  bool query(std::span<const Element> measurement, std::span<const Element> proofs,
             std::span<const uint8_t> verify_key, const Nonce& nonce,
             std::span<const Element> joint_rand, std::span<Element> verifiers) const {
    FieldVector<Field> query_rand(proofs_ * flp_.query_rand_size());
    ByteWriter binder;
    binder.put<uint8_t>(proofs_byte());
    binder.put_bytes(nonce);
    expand<Field>(kXof, verify_key, tag(Usage::kQueryRandomness), binder.bytes(), query_rand.all());
    const auto rand = std::span<const Element>(query_rand.all());
    bool usable = true;
    for (size_t i = 0; i < proofs_; ++i)
      usable &=
          flp_.query(measurement, proofs.subspan(i * flp_.proof_size(), flp_.proof_size()),
                     rand.subspan(i * flp_.query_rand_size(), flp_.query_rand_size()),
                     joint_rand.subspan(i * joint_rand_size(), joint_rand_size()), shares_inverse_,
                     verifiers.subspan(i * flp_.verifier_size(), flp_.verifier_size()));
    return usable;
  }

  VdafId id_;
  Flp<Circuit, ProofBasis::kLagrange> flp_;
  size_t proofs_;
  Bytes context_;
  Element shares_inverse_;
  VdafSizes sizes_;
};

template <class Circuit>
Result<VdafPointer> make(VdafId id, Circuit circuit, std::span<const uint8_t> context,
                         size_t aggregators, size_t proofs = 1) {
  if (aggregators < 2 || aggregators > 255)
    return Error{ErrorCode::kInvalidArgument, "prio3: aggregators must be 2 .. 255"};
  if (proofs < 1 || proofs > 255)
    return Error{ErrorCode::kInvalidArgument, "prio3: proofs must be 1 .. 255"};
  if (context.size() > kMaxContext)
    return Error{ErrorCode::kInvalidArgument, "prio3: context is too long"};
  return VdafPointer(
      std::make_unique<Prio3<Circuit>>(id, std::move(circuit), proofs, context, aggregators));
}

Status check_integer(uint32_t max, const char* what) {
  if (max < 1 || max > kMaxInteger)
    return {ErrorCode::kInvalidArgument, std::string("prio3: ") + what + " must be 1 .. 2^31 - 1"};
  return {};
}
// Before anything is multiplied that could overflow.
Status check_length(size_t length, size_t chunk_length) {
  if (length < 1 || length > kMaxElements || chunk_length < 1 || chunk_length > kMaxElements)
    return {ErrorCode::kInvalidArgument, "prio3: lengths must be 1 .. 2^24"};
  return {};
}
Status check_sum_vec(size_t length, uint32_t max, size_t chunk_length) {
  SOTTO_CHECK_OK(check_length(length, chunk_length));
  SOTTO_CHECK_OK(check_integer(max, "max"));
  return check_length(length * BoundedInteger{max}.bits(), chunk_length);
}

}  // namespace

Result<VdafPointer> make_prio3_count(std::span<const uint8_t> context, size_t aggregators) {
  return make(VdafId::kPrio3Count, Count<Field64>(), context, aggregators);
}

Result<VdafPointer> make_prio3_sum(uint32_t max, std::span<const uint8_t> context,
                                   size_t aggregators) {
  SOTTO_CHECK_OK(check_integer(max, "max"));
  return make(VdafId::kPrio3Sum, RangeSum<Field64>(max), context, aggregators);
}

Result<VdafPointer> make_prio3_sum_vec(size_t length, uint32_t max, size_t chunk_length,
                                       std::span<const uint8_t> context, size_t aggregators) {
  SOTTO_CHECK_OK(check_sum_vec(length, max, chunk_length));
  return make(VdafId::kPrio3SumVec, SumVec<Field128>(length, max, chunk_length), context,
              aggregators);
}

Result<VdafPointer> make_prio3_histogram(size_t length, size_t chunk_length,
                                         std::span<const uint8_t> context, size_t aggregators) {
  SOTTO_CHECK_OK(check_length(length, chunk_length));
  return make(VdafId::kPrio3Histogram, Histogram<Field128>(length, chunk_length), context,
              aggregators);
}

Result<VdafPointer> make_prio3_multihot_count_vec(size_t length, uint32_t max_weight,
                                                  size_t chunk_length,
                                                  std::span<const uint8_t> context,
                                                  size_t aggregators) {
  SOTTO_CHECK_OK(check_length(length, chunk_length));
  if (max_weight < 1 || max_weight > length)
    return Error{ErrorCode::kInvalidArgument, "prio3: max weight must be 1 .. length"};
  return make(VdafId::kPrio3MultihotCountVec,
              MultihotCountVec<Field128>(length, max_weight, chunk_length), context, aggregators);
}

Result<VdafPointer> make_prio3_sum_vec_with_multiproof(size_t length, uint32_t max,
                                                       size_t chunk_length, size_t proofs,
                                                       std::span<const uint8_t> context,
                                                       size_t aggregators) {
  SOTTO_CHECK_OK(check_sum_vec(length, max, chunk_length));
  return make(VdafId::kExperimental, SumVec<Field64>(length, max, chunk_length), context,
              aggregators, proofs);
}

Result<VdafPointer> make_prio3_higher_degree(std::span<const uint8_t> context, size_t aggregators) {
  return make(VdafId::kExperimental, HigherDegree<Field64>(), context, aggregators);
}

size_t prio3_chunk_length(size_t elements) {
  return shortest_chunk_length(std::max<size_t>(elements, 1), 2);
}

}  // namespace sotto
