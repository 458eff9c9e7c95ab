#include "vdaf/prio3.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "vdaf/aggregate_share.hpp"
#include "vdaf/chunks.hpp"
#include "vdaf/circuit.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/field_xof.hpp"
#include "vdaf/flp.hpp"
#include "vdaf/prio3_randomness.hpp"

namespace sotto {
namespace {

constexpr size_t kSeedSize = Prio3Randomness::kSeedSize;
constexpr size_t kMaxContext = 65000;
constexpr size_t kMaxElements = size_t{1} << 24;
constexpr uint32_t kMaxInteger = 0x7fffffff;

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
        randomness_(id, proofs, context),
        shares_inverse_(inverse<Field>(element<Field>(aggregators))) {
    sizes_.verify_key = kSeedSize;
    sizes_.public_share = aggregators * blind_size();
    sizes_.input_shares.assign(aggregators, kSeedSize + blind_size());
    sizes_.input_shares[0] = (measurement_size() + proofs_size()) * kWord + blind_size();
    sizes_.prepare_share = verifiers_size() * kWord + blind_size();
    sizes_.prepare_message = blind_size();
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

    // Helpers' shares: a seed and a blind each. Then the leader's blind and the prover's seed.
    const size_t helpers = aggregators() - 1;
    const size_t helper_size = kSeedSize + blind_size();
    SecretBytes rand(helpers * helper_size + blind_size() + kSeedSize);
    entropy.fill(rand.reveal_mutable());
    const auto seeds = rand.reveal();
    const auto helper_share = [&](size_t aggregator) {
      return seeds.subspan((aggregator - 1) * helper_size, helper_size);
    };
    const auto leader_blind = seeds.subspan(helpers * helper_size, blind_size());
    const auto prove_seed = seeds.last(kSeedSize);

    Shards shards;
    Bytes& parts = shards.public_share;
    parts.resize(sizes_.public_share);
    FieldVector<Field> leader(encoded.size());
    std::copy_n(encoded.data(), encoded.size(), leader.data());
    for (size_t i = 1; i <= helpers; ++i) {
      const auto helper =
          drawn(randomness_.measurement_share(i, helper_share(i).first(kSeedSize)), leader.size());
      subtract_row<Field>(leader.data(), helper.data(), helper.size());
      derive_part(i, helper_share(i).last(blind_size()), helper.all(), nonce, parts);
    }
    derive_part(0, leader_blind, leader.all(), nonce, parts);
    FieldVector<Field> joint_rand;
    if (uses_joint_rand()) joint_rand = drawn_joint_rand(randomness_.joint_rand_seed(parts));

    FieldVector<Field> proofs(proofs_size());
    prove(encoded.all(), prove_seed, joint_rand.all(), proofs.all());
    for (size_t i = 1; i <= helpers; ++i) {
      const auto helper =
          drawn(randomness_.proofs_share(i, helper_share(i).first(kSeedSize)), proofs.size());
      subtract_row<Field>(proofs.data(), helper.data(), proofs.size());
    }

    SecretBytes leader_share(sizes_.input_shares[0]);
    const auto bytes = leader_share.reveal_mutable();
    encode<Field>(leader.all(), bytes.first(leader.size() * kWord));
    encode<Field>(proofs.all(), bytes.subspan(leader.size() * kWord, proofs.size() * kWord));
    std::copy(leader_blind.begin(), leader_blind.end(), bytes.last(blind_size()).begin());
    shards.input_shares.reserve(aggregators());
    shards.input_shares.push_back(std::move(leader_share));
    for (size_t i = 1; i <= helpers; ++i)
      shards.input_shares.push_back(SecretBytes::copy_of(helper_share(i)));
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
    FieldVector<Field> measurement(measurement_size());
    FieldVector<Field> proofs(proofs_size());
    if (!read_input_share(aggregator, share, measurement.all(), proofs.all()))
      return Error{ErrorCode::kMalformed, "prio3: no field element in input share"};

    PrepareState state{aggregator, SecretBytes(sizes_.aggregate_share + sizes_.prepare_message)};
    Bytes prepare_share(sizes_.prepare_share);
    FieldVector<Field> joint_rand;
    if (uses_joint_rand()) {
      Bytes parts(public_share.begin(), public_share.end());
      derive_part(aggregator, share.last(kSeedSize), measurement.all(), nonce, parts);
      const auto own_part = part_of(parts, aggregator);
      std::copy(own_part.begin(), own_part.end(), std::span(prepare_share).last(kSeedSize).begin());
      const Seed seed = randomness_.joint_rand_seed(parts);
      joint_rand = drawn_joint_rand(seed);
      std::copy_n(seed.reveal().begin(), kSeedSize,
                  state.contents.reveal_mutable().last(kSeedSize).begin());
    }

    FieldVector<Field> verifiers(verifiers_size());
    if (!query(measurement.all(), proofs.all(), randomness_.query_rand(verify_key, nonce),
               joint_rand.all(), verifiers.all()))
      return Error{ErrorCode::kRejected, "prio3: the query is at a root of unity"};
    encode<Field>(verifiers.all(), std::span(prepare_share).first(verifiers.size() * kWord));

    FieldVector<Field> out_share(dimension());
    flp_.circuit().truncate(measurement.all(), out_share.all());
    encode<Field>(out_share.all(), state.contents.reveal_mutable().first(sizes_.aggregate_share));
    return Prepared{std::move(state), std::move(prepare_share)};
  }

  Result<Bytes> prepare_message(std::span<const Bytes> prepare_shares) const override {
    if (prepare_shares.size() != aggregators())
      return Error{ErrorCode::kInvalidArgument, "prio3: wrong number of prepare shares"};
    for (const Bytes& share : prepare_shares)
      SOTTO_CHECK_OK(check_size(share, sizes_.prepare_share, "prepare share"));
    FieldVector<Field> verifiers(verifiers_size());
    FieldVector<Field> share(verifiers.size());
    ByteWriter parts;
    for (const Bytes& bytes : prepare_shares) {
      if (!decode<Field>(std::span(bytes).first(share.size() * kWord), share.all()))
        return Error{ErrorCode::kMalformed, "prio3: no field element in prepare share"};
      add_row<Field>(verifiers.data(), share.data(), share.size());
      parts.put_bytes(std::span(bytes).last(blind_size()));
    }
    for (size_t i = 0; i < proofs_; ++i)
      if (!flp_.decide(nth(verifiers.all(), i, flp_.verifier_size())))
        return Error{ErrorCode::kRejected, "prio3: a proof does not hold"};
    if (!uses_joint_rand()) return Bytes{};
    const Seed seed = randomness_.joint_rand_seed(parts.bytes());
    return Bytes(seed.reveal().begin(), seed.reveal().end());
  }

  Result<OutShare> prepare_next(PrepareState state,
                                std::span<const uint8_t> prepare_message) const override {
    SOTTO_CHECK_OK(check_size(prepare_message, sizes_.prepare_message, "prepare message"));
    if (state.contents.size() != sizes_.aggregate_share + sizes_.prepare_message)
      return Error{ErrorCode::kInvalidArgument, "prio3: a state that is not of this instance"};
    const auto contents = state.contents.reveal();
    if (!equal_in_constant_time(contents.last(sizes_.prepare_message), prepare_message))
      return Error{ErrorCode::kRejected, "prio3: the joint randomness is not as it was"};
    return OutShare{state.aggregator, SecretBytes::copy_of(contents.first(sizes_.aggregate_share))};
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
  size_t blind_size() const { return uses_joint_rand() ? kSeedSize : 0; }
  size_t joint_rand_size() const { return flp_.circuit().joint_rand_size(); }
  size_t measurement_size() const { return flp_.circuit().measurement_size(); }
  size_t proofs_size() const { return proofs_ * flp_.proof_size(); }
  size_t verifiers_size() const { return proofs_ * flp_.verifier_size(); }

  static Status check_size(std::span<const uint8_t> bytes, size_t size, const char* what) {
    return check_share_size(bytes, size, "prio3", what);
  }
  // What belongs to the i-th proof of `all`.
  template <class T>
  static std::span<T> nth(std::span<T> all, size_t i, size_t size) {
    return all.subspan(i * size, size);
  }
  static std::span<uint8_t> part_of(Bytes& parts, size_t aggregator) {
    return std::span(parts).subspan(aggregator * kSeedSize, kSeedSize);
  }
  void derive_part(size_t aggregator, std::span<const uint8_t> blind,
                   std::span<const Element> share, const Nonce& nonce, Bytes& parts) const {
    if (!uses_joint_rand()) return;
    randomness_.derive_part<Field>(aggregator, blind, share, nonce, part_of(parts, aggregator));
  }

  static FieldVector<Field> drawn(Xof xof, size_t n) {
    FieldVector<Field> elements(n);
    expand<Field>(xof, elements.all());
    return elements;
  }
  FieldVector<Field> drawn_joint_rand(const Seed& seed) const {
    return drawn(randomness_.joint_rand(seed), proofs_ * joint_rand_size());
  }

  /// False when there is no field element where one should be.
  bool read_input_share(size_t aggregator, std::span<const uint8_t> share,
                        std::span<Element> measurement, std::span<Element> proofs) const {
    if (aggregator == 0)
      return decode<Field>(share.first(measurement.size() * kWord), measurement) &&
             decode<Field>(share.subspan(measurement.size() * kWord, proofs.size() * kWord),
                           proofs);
    Xof measurement_xof = randomness_.measurement_share(aggregator, share.first(kSeedSize));
    expand<Field>(measurement_xof, measurement);
    Xof proofs_xof = randomness_.proofs_share(aggregator, share.first(kSeedSize));
    expand<Field>(proofs_xof, proofs);
    return true;
  }

  void prove(std::span<const Element> measurement, std::span<const uint8_t> prove_seed,
             std::span<const Element> joint_rand, std::span<Element> proofs) const {
    const auto rand = drawn(randomness_.prove_rand(prove_seed), proofs_ * flp_.prove_rand_size());
    for (size_t i = 0; i < proofs_; ++i)
      flp_.prove(measurement, nth(rand.all(), i, flp_.prove_rand_size()),
                 nth(joint_rand, i, joint_rand_size()), nth(proofs, i, flp_.proof_size()));
  }
  bool query(std::span<const Element> measurement, std::span<const Element> proofs, Xof query_rand,
             std::span<const Element> joint_rand, std::span<Element> verifiers) const {
    FieldVector<Field> rand(proofs_ * flp_.query_rand_size());
    expand<Field>(query_rand, rand.all());
    bool usable = true;
    for (size_t i = 0; i < proofs_; ++i)
      usable &= flp_.query(measurement, nth(proofs, i, flp_.proof_size()),
                           nth(std::span<const Element>(rand.all()), i, flp_.query_rand_size()),
                           nth(joint_rand, i, joint_rand_size()), shares_inverse_,
                           nth(verifiers, i, flp_.verifier_size()));
    return usable;
  }

  VdafId id_;
  Flp<Circuit, ProofBasis::kLagrange> flp_;
  size_t proofs_;
  Prio3Randomness randomness_;
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
