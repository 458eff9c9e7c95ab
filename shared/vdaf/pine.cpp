#include "vdaf/pine.hpp"

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>

#include "vdaf/field128.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/pine_client.hpp"
#include "vdaf/server_half.hpp"

namespace sotto {
namespace {

template <class Field>
class Pine final : public ServerHalf<PineClient<Field>> {
  using Client = PineClient<Field>;
  using Half = ServerHalf<Client>;
  using Half::aggregators;
  using Half::check_size;
  using Half::client;
  using Half::sizes;
  using Element = typename Field::Element;
  static constexpr size_t kWord = Field::kEncodedSize;

 public:
  using Half::Half;

  Result<Prepared> prepare_init(std::span<const uint8_t> verify_key, size_t aggregator,
                                const Nonce& nonce, std::span<const uint8_t> public_share,
                                SecretBytes input_share) const override {
    if (aggregator >= aggregators())
      return Error{ErrorCode::kInvalidArgument, "pine: no such aggregator"};
    if (verify_key.size() != sizes().verify_key)
      return Error{ErrorCode::kInvalidArgument, "pine: wrong length of verify key"};
    SOTTO_CHECK_OK(check_size(public_share, sizes().public_share, "public share"));
    SOTTO_CHECK_OK(
        check_size(input_share.reveal(), sizes().input_shares[aggregator], "input share"));
    FieldVector<Field> measurement(layout().measurement_size());
    FieldVector<Field> proofs(client().proofs().proofs_size());
    const auto shared = measurement.all().first(layout().shared_size());
    if (!read_input_share(aggregator, input_share.reveal(), shared, proofs.all()))
      return Error{ErrorCode::kMalformed, "pine: no field element in input share"};

    // The blinds are needed once; from then on the seeds that prepare_next compares stand there.
    const auto blinds = input_share.reveal_mutable().last(2 * seed_size());
    const auto wraparound_seed = blinds.first(seed_size());
    const auto joint_rand_seed = blinds.last(seed_size());
    Bytes parts(public_share.begin(), public_share.end());
    client().derive_parts(typename Client::PartBinder(aggregator, nonce, shared), aggregator,
                          blinds, parts);
    Bytes prepare_share(sizes().prepare_share);
    copy_own_parts(parts, aggregator, std::span(prepare_share).last(2 * seed_size()));
    randomness().derive_wraparound_seed(parts, wraparound_seed);
    randomness().derive_joint_rand_seed(parts, joint_rand_seed);

    client().run_checks(wraparound_seed, measurement.all());
    const auto joint_rand = Client::drawn(randomness().joint_rand(joint_rand_seed),
                                          client().proofs().joint_rand_size());
    const auto query_rand = Client::drawn(randomness().query_rand(verify_key, nonce),
                                          client().proofs().query_rand_size());
    FieldVector<Field> verifiers(client().proofs().verifiers_size());
    if (!client().proofs().query(measurement.all(), proofs.all(), query_rand.all(),
                                 joint_rand.all(), verifiers.all()))
      return Error{ErrorCode::kRejected, "pine: the query is at a root of unity"};
    encode<Field>(verifiers.all(), std::span(prepare_share).first(verifiers.size() * kWord));
    return Prepared{{aggregator, std::move(input_share)}, std::move(prepare_share)};
  }

  Result<Bytes> prepare_message(std::span<const Bytes> prepare_shares) const override {
    if (prepare_shares.size() != aggregators())
      return Error{ErrorCode::kInvalidArgument, "pine: wrong number of prepare shares"};
    for (const Bytes& share : prepare_shares)
      SOTTO_CHECK_OK(check_size(share, sizes().prepare_share, "prepare share"));
    FieldVector<Field> verifiers(client().proofs().verifiers_size());
    FieldVector<Field> share(verifiers.size());
    Bytes parts(sizes().public_share);
    for (size_t i = 0; i < aggregators(); ++i) {
      const auto bytes = std::span(prepare_shares[i]);
      if (!decode<Field>(bytes.first(share.size() * kWord), share.all()))
        return Error{ErrorCode::kMalformed, "pine: no field element in prepare share"};
      add_row<Field>(verifiers.data(), share.data(), share.size());
      const auto own_parts = bytes.last(2 * seed_size());
      std::copy_n(own_parts.begin(), seed_size(), randomness().wraparound_part(parts, i).begin());
      std::copy_n(own_parts.last(seed_size()).begin(), seed_size(),
                  randomness().joint_rand_part(parts, i).begin());
    }
    if (!client().proofs().decide(verifiers.all()))
      return Error{ErrorCode::kRejected, "pine: a proof does not hold"};
    Bytes message(sizes().prepare_message);
    randomness().derive_wraparound_seed(parts, std::span(message).first(seed_size()));
    randomness().derive_joint_rand_seed(parts, std::span(message).last(seed_size()));
    return message;
  }

  Result<OutShare> prepare_next(PrepareState state,
                                std::span<const uint8_t> prepare_message) const override {
    SOTTO_CHECK_OK(check_size(prepare_message, sizes().prepare_message, "prepare message"));
    if (!is_own(state.aggregator, state.contents))
      return Error{ErrorCode::kInvalidArgument, "pine: a state that is not of this instance"};
    if (!equal_in_constant_time(state.contents.reveal().last(2 * seed_size()), prepare_message))
      return Error{ErrorCode::kRejected, "pine: the randomness is not as it was"};
    return OutShare{state.aggregator, std::move(state.contents)};
  }

  Status aggregate(AggregateShare& into, const OutShare& out_share) const override {
    if (!is_own(out_share.aggregator, out_share.contents) ||
        into.encoded.size() != sizes().aggregate_share)
      return {ErrorCode::kInvalidArgument, "pine: a share that is not of this instance"};
    const auto share = out_share.contents.reveal();
    const auto sum = into.encoded.reveal_mutable();
    if (out_share.aggregator == 0) {
      add_vector<Field>(sum, share.first(sum.size()));
    } else {
      add_expanded(randomness().measurement_share(out_share.aggregator, share.first(seed_size())),
                   sum);
    }
    return {};
  }

 private:
  const PineLayout& layout() const { return client().layout(); }
  const PineRandomness<Field>& randomness() const { return client().randomness(); }
  size_t seed_size() const { return randomness().seed_size(); }
  bool is_own(size_t aggregator, const SecretBytes& contents) const {
    return aggregator < aggregators() && contents.size() == sizes().input_shares[aggregator];
  }

  /// False when there is no field element where one should be.
  bool read_input_share(size_t aggregator, std::span<const uint8_t> share,
                        std::span<Element> measurement, std::span<Element> proofs) const {
    if (aggregator == 0)
      return decode<Field>(share.first(measurement.size() * kWord), measurement) &&
             decode<Field>(share.subspan(measurement.size() * kWord, proofs.size() * kWord),
                           proofs);
    Xof measurement_xof = randomness().measurement_share(aggregator, share.first(seed_size()));
    expand<Field>(measurement_xof, measurement);
    Xof proofs_xof = randomness().proofs_share(aggregator, randomness().seed_at(share, 1));
    expand<Field>(proofs_xof, proofs);
    return true;
  }

  void copy_own_parts(Bytes& parts, size_t aggregator, std::span<uint8_t> out) const {
    const auto wraparound = randomness().wraparound_part(parts, aggregator);
    const auto joint_rand = randomness().joint_rand_part(parts, aggregator);
    std::copy(wraparound.begin(), wraparound.end(), out.begin());
    std::copy(joint_rand.begin(), joint_rand.end(), out.last(seed_size()).begin());
  }

  // A chunk at a time, so that the share is never written out as a whole.
  static void add_expanded(Xof xof, std::span<uint8_t> sum) {
    constexpr size_t kChunk = 2048;
    FieldVector<Field> elements(kChunk);
    SecretBytes encoded(kChunk * kWord);
    while (!sum.empty()) {
      const size_t n = std::min(kChunk, sum.size() / kWord);
      const auto chunk = encoded.reveal_mutable().first(n * kWord);
      expand<Field>(xof, elements.all().first(n));
      encode<Field>(elements.all().first(n), chunk);
      add_vector<Field>(sum.first(chunk.size()), chunk);
      sum = sum.subspan(chunk.size());
    }
  }
};

/// The half that Interface asks for.
template <class Interface, class Field>
Result<std::unique_ptr<const Interface>> make(PineInstance instance,
                                              const PineParameters& parameters,
                                              const PineLayout& layout) {
  using Half = std::conditional_t<std::is_same_v<Interface, Vdaf>, Pine<Field>, PineClient<Field>>;
  if (!PineProofs<Field>::fits(layout, parameters))
    return Error{ErrorCode::kInvalidArgument, "pine: chunk lengths too short for the field"};
  return std::unique_ptr<const Interface>(
      std::make_unique<Half>(PineClient<Field>(instance, parameters, layout)));
}

}  // namespace

template <class Interface>
Result<std::unique_ptr<const Interface>> make_pine(PineInstance instance,
                                                   const PineParameters& parameters) {
  SOTTO_TRY(const PineLayout layout, pine_layout(instance, parameters));
  switch (instance) {
    case PineInstance::kPine32HmacSha256Aes128:
      return make<Interface, Field32>(instance, parameters, layout);
    case PineInstance::kPine40HmacSha256Aes128:
      return make<Interface, Field40>(instance, parameters, layout);
    case PineInstance::kPine64HmacSha256Aes128:
    case PineInstance::kPine64: return make<Interface, Field64>(instance, parameters, layout);
    case PineInstance::kPine128:
      if constexpr (std::is_same_v<Interface, Vdaf>)
        return make<Interface, Field128>(instance, parameters, layout);
  }
  return Error{ErrorCode::kInvalidArgument, "pine: no such instance"};
}
template Result<VdafPointer> make_pine(PineInstance, const PineParameters&);
template Result<VdafClientPointer> make_pine(PineInstance, const PineParameters&);

}  // namespace sotto
