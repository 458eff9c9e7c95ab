#include "vdaf/prio3.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "vdaf/chunks.hpp"
#include "vdaf/circuit.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/prio3_client.hpp"
#include "vdaf/server_half.hpp"

namespace sotto {
namespace {

constexpr size_t kSeedSize = Prio3Randomness::kSeedSize;
constexpr size_t kMaxContext = 65000;
constexpr size_t kMaxElements = size_t{1} << 24;
constexpr uint32_t kMaxInteger = 0x7fffffff;

template <class Circuit>
class Prio3 final : public ServerHalf<Prio3Client<Circuit>> {
  using Client = Prio3Client<Circuit>;
  using Half = ServerHalf<Client>;
  using Half::aggregators;
  using Half::check_size;
  using Half::client;
  using Half::dimension;
  using Half::sizes;
  using Field = typename Circuit::Field;
  using Element = typename Field::Element;
  static constexpr size_t kWord = Field::kEncodedSize;

 public:
  explicit Prio3(Client of)
      : Half(std::move(of)),
        flp_(client().circuit()),
        shares_inverse_(inverse<Field>(element<Field>(aggregators()))) {}

  Result<Prepared> prepare_init(std::span<const uint8_t> verify_key, size_t aggregator,
                                const Nonce& nonce, std::span<const uint8_t> public_share,
                                SecretBytes input_share) const override {
    if (aggregator >= aggregators())
      return Error{ErrorCode::kInvalidArgument, "prio3: no such aggregator"};
    if (verify_key.size() != sizes().verify_key)
      return Error{ErrorCode::kInvalidArgument, "prio3: wrong length of verify key"};
    SOTTO_CHECK_OK(check_size(public_share, sizes().public_share, "public share"));
    SOTTO_CHECK_OK(
        check_size(input_share.reveal(), sizes().input_shares[aggregator], "input share"));
    const auto share = input_share.reveal();
    FieldVector<Field> measurement(client().measurement_size());
    FieldVector<Field> proofs(client().proofs_size());
    if (!read_input_share(aggregator, share, measurement.all(), proofs.all()))
      return Error{ErrorCode::kMalformed, "prio3: no field element in input share"};

    PrepareState state{aggregator, SecretBytes(sizes().aggregate_share + sizes().prepare_message)};
    Bytes prepare_share(sizes().prepare_share);
    FieldVector<Field> joint_rand;
    if (client().uses_joint_rand()) {
      Bytes parts(public_share.begin(), public_share.end());
      client().derive_part(aggregator, share.last(kSeedSize), measurement.all(), nonce, parts);
      const auto own_part = Client::part_of(parts, aggregator);
      std::copy(own_part.begin(), own_part.end(), std::span(prepare_share).last(kSeedSize).begin());
      const Seed seed = randomness().joint_rand_seed(parts);
      joint_rand = client().drawn_joint_rand(seed);
      std::copy_n(seed.reveal().begin(), kSeedSize,
                  state.contents.reveal_mutable().last(kSeedSize).begin());
    }

    FieldVector<Field> verifiers(client().verifiers_size());
    if (!query(measurement.all(), proofs.all(), randomness().query_rand(verify_key, nonce),
               joint_rand.all(), verifiers.all()))
      return Error{ErrorCode::kRejected, "prio3: the query is at a root of unity"};
    encode<Field>(verifiers.all(), std::span(prepare_share).first(verifiers.size() * kWord));

    FieldVector<Field> out_share(dimension());
    flp_.circuit().truncate(measurement.all(), out_share.all());
    encode<Field>(out_share.all(), state.contents.reveal_mutable().first(sizes().aggregate_share));
    return Prepared{std::move(state), std::move(prepare_share)};
  }

  Result<Bytes> prepare_message(std::span<const Bytes> prepare_shares) const override {
    if (prepare_shares.size() != aggregators())
      return Error{ErrorCode::kInvalidArgument, "prio3: wrong number of prepare shares"};
    for (const Bytes& share : prepare_shares)
      SOTTO_CHECK_OK(check_size(share, sizes().prepare_share, "prepare share"));
    FieldVector<Field> verifiers(client().verifiers_size());
    FieldVector<Field> share(verifiers.size());
    ByteWriter parts;
    for (const Bytes& bytes : prepare_shares) {
      if (!decode<Field>(std::span(bytes).first(share.size() * kWord), share.all()))
        return Error{ErrorCode::kMalformed, "prio3: no field element in prepare share"};
      add_row<Field>(verifiers.data(), share.data(), share.size());
      parts.put_bytes(std::span(bytes).last(client().blind_size()));
    }
    for (size_t i = 0; i < client().proofs(); ++i)
      if (!flp_.decide(Client::nth(verifiers.all(), i, flp_.verifier_size())))
        return Error{ErrorCode::kRejected, "prio3: a proof does not hold"};
    if (!client().uses_joint_rand()) return Bytes{};
    const Seed seed = randomness().joint_rand_seed(parts.bytes());
    return Bytes(seed.reveal().begin(), seed.reveal().end());
  }

  Result<OutShare> prepare_next(PrepareState state,
                                std::span<const uint8_t> prepare_message) const override {
    SOTTO_CHECK_OK(check_size(prepare_message, sizes().prepare_message, "prepare message"));
    if (state.contents.size() != sizes().aggregate_share + sizes().prepare_message)
      return Error{ErrorCode::kInvalidArgument, "prio3: a state that is not of this instance"};
    const auto contents = state.contents.reveal();
    if (!equal_in_constant_time(contents.last(sizes().prepare_message), prepare_message))
      return Error{ErrorCode::kRejected, "prio3: the joint randomness is not as it was"};
    return OutShare{state.aggregator,
                    SecretBytes::copy_of(contents.first(sizes().aggregate_share))};
  }

  Status aggregate(AggregateShare& into, const OutShare& out_share) const override {
    if (out_share.aggregator >= aggregators() ||
        out_share.contents.size() != sizes().aggregate_share ||
        into.encoded.size() != sizes().aggregate_share)
      return {ErrorCode::kInvalidArgument, "prio3: a share that is not of this instance"};
    add_vector<Field>(into.encoded.reveal_mutable(), out_share.contents.reveal());
    return {};
  }

 private:
  const Prio3Randomness& randomness() const { return client().randomness(); }

  /// False when there is no field element where one should be.
  bool read_input_share(size_t aggregator, std::span<const uint8_t> share,
                        std::span<Element> measurement, std::span<Element> proofs) const {
    if (aggregator == 0)
      return decode<Field>(share.first(measurement.size() * kWord), measurement) &&
             decode<Field>(share.subspan(measurement.size() * kWord, proofs.size() * kWord),
                           proofs);
    Xof measurement_xof = randomness().measurement_share(aggregator, share.first(kSeedSize));
    expand<Field>(measurement_xof, measurement);
    Xof proofs_xof = randomness().proofs_share(aggregator, share.first(kSeedSize));
    expand<Field>(proofs_xof, proofs);
    return true;
  }

  bool query(std::span<const Element> measurement, std::span<const Element> proofs, Xof query_rand,
             std::span<const Element> joint_rand, std::span<Element> verifiers) const {
    FieldVector<Field> rand(client().proofs() * flp_.query_rand_size());
    expand<Field>(query_rand, rand.all());
    bool usable = true;
    for (size_t i = 0; i < client().proofs(); ++i)
      usable &=
          flp_.query(measurement, Client::nth(proofs, i, flp_.proof_size()),
                     Client::nth(std::span<const Element>(rand.all()), i, flp_.query_rand_size()),
                     Client::nth(joint_rand, i, client().joint_rand_size()), shares_inverse_,
                     Client::nth(verifiers, i, flp_.verifier_size()));
    return usable;
  }

  Flp<Circuit, ProofBasis::kLagrange> flp_;
  Element shares_inverse_;
};

/// The half that Interface asks for.
template <class Interface, class Circuit>
Result<std::unique_ptr<const Interface>> make(VdafId id, Circuit circuit,
                                              std::span<const uint8_t> context, size_t aggregators,
                                              size_t proofs = 1) {
  if (aggregators < 2 || aggregators > 255)
    return Error{ErrorCode::kInvalidArgument, "prio3: aggregators must be 2 .. 255"};
  if (proofs < 1 || proofs > 255)
    return Error{ErrorCode::kInvalidArgument, "prio3: proofs must be 1 .. 255"};
  if (context.size() > kMaxContext)
    return Error{ErrorCode::kInvalidArgument, "prio3: context is too long"};
  using Client = Prio3Client<Circuit>;
  using Half = std::conditional_t<std::is_same_v<Interface, Vdaf>, Prio3<Circuit>, Client>;
  return std::unique_ptr<const Interface>(
      std::make_unique<Half>(Client(id, std::move(circuit), proofs, context, aggregators)));
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

template <class Interface>
Result<std::unique_ptr<const Interface>> make_prio3_count(std::span<const uint8_t> context,
                                                          size_t aggregators) {
  return make<Interface>(VdafId::kPrio3Count, Count<Field64>(), context, aggregators);
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_prio3_sum(uint32_t max,
                                                        std::span<const uint8_t> context,
                                                        size_t aggregators) {
  SOTTO_CHECK_OK(check_integer(max, "max"));
  return make<Interface>(VdafId::kPrio3Sum, RangeSum<Field64>(max), context, aggregators);
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_prio3_sum_vec(size_t length, uint32_t max,
                                                            size_t chunk_length,
                                                            std::span<const uint8_t> context,
                                                            size_t aggregators) {
  SOTTO_CHECK_OK(check_sum_vec(length, max, chunk_length));
  return make<Interface>(VdafId::kPrio3SumVec, SumVec<Field128>(length, max, chunk_length), context,
                         aggregators);
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_prio3_histogram(size_t length, size_t chunk_length,
                                                              std::span<const uint8_t> context,
                                                              size_t aggregators) {
  SOTTO_CHECK_OK(check_length(length, chunk_length));
  return make<Interface>(VdafId::kPrio3Histogram, Histogram<Field128>(length, chunk_length),
                         context, aggregators);
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_prio3_multihot_count_vec(
    size_t length, uint32_t max_weight, size_t chunk_length, std::span<const uint8_t> context,
    size_t aggregators) {
  SOTTO_CHECK_OK(check_length(length, chunk_length));
  if (max_weight < 1 || max_weight > length)
    return Error{ErrorCode::kInvalidArgument, "prio3: max weight must be 1 .. length"};
  return make<Interface>(VdafId::kPrio3MultihotCountVec,
                         MultihotCountVec<Field128>(length, max_weight, chunk_length), context,
                         aggregators);
}

template Result<VdafPointer> make_prio3_count(std::span<const uint8_t>, size_t);
template Result<VdafPointer> make_prio3_sum(uint32_t, std::span<const uint8_t>, size_t);
template Result<VdafPointer> make_prio3_sum_vec(size_t, uint32_t, size_t, std::span<const uint8_t>,
                                                size_t);
template Result<VdafPointer> make_prio3_histogram(size_t, size_t, std::span<const uint8_t>, size_t);
template Result<VdafPointer> make_prio3_multihot_count_vec(size_t, uint32_t, size_t,
                                                           std::span<const uint8_t>, size_t);
template Result<VdafClientPointer> make_prio3_count(std::span<const uint8_t>, size_t);
template Result<VdafClientPointer> make_prio3_sum(uint32_t, std::span<const uint8_t>, size_t);
template Result<VdafClientPointer> make_prio3_sum_vec(size_t, uint32_t, size_t,
                                                      std::span<const uint8_t>, size_t);
template Result<VdafClientPointer> make_prio3_histogram(size_t, size_t, std::span<const uint8_t>,
                                                        size_t);
template Result<VdafClientPointer> make_prio3_multihot_count_vec(size_t, uint32_t, size_t,
                                                                 std::span<const uint8_t>, size_t);

Result<VdafPointer> make_prio3_sum_vec_with_multiproof(size_t length, uint32_t max,
                                                       size_t chunk_length, size_t proofs,
                                                       std::span<const uint8_t> context,
                                                       size_t aggregators) {
  SOTTO_CHECK_OK(check_sum_vec(length, max, chunk_length));
  return make<Vdaf>(VdafId::kExperimental, SumVec<Field64>(length, max, chunk_length), context,
                    aggregators, proofs);
}

Result<VdafPointer> make_prio3_higher_degree(std::span<const uint8_t> context, size_t aggregators) {
  return make<Vdaf>(VdafId::kExperimental, HigherDegree<Field64>(), context, aggregators);
}

size_t prio3_chunk_length(size_t elements) {
  return shortest_chunk_length(std::max<size_t>(elements, 1), 2);
}

}  // namespace sotto
