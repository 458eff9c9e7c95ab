#include "vdaf/pine.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "vdaf/aggregate_share.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/field_xof.hpp"
#include "vdaf/pine_circuit.hpp"
#include "vdaf/pine_encoding.hpp"
#include "vdaf/pine_proofs.hpp"
#include "vdaf/pine_randomness.hpp"
#include "vdaf/wraparound.hpp"

namespace sotto {
namespace {

/// Tries of shard. One fails with the zero-knowledge error of the parameters; who gives parameters
/// with which ten in a row fail gets an error instead of a loop.
constexpr int kMaxTries = 10;

template <class F>
class Pine final : public Vdaf {
  using Field = F;
  using Element = typename Field::Element;
  using PartBinder = typename PineRandomness<Field>::PartBinder;
  static constexpr size_t kWord = Field::kEncodedSize;

 public:
  Pine(PineInstance instance, const PineParameters& parameters, const PineLayout& layout)
      : id_(pine_id(instance)),
        layout_(layout),
        randomness_(instance, parameters),
        proofs_(layout, parameters),
        seed_size_(randomness_.seed_size()) {
    sizes_.verify_key = seed_size_;
    sizes_.public_share = 2 * parameters.aggregators * seed_size_;
    sizes_.input_shares.assign(parameters.aggregators, 4 * seed_size_);
    sizes_.input_shares[0] =
        (layout_.shared_size() + proofs_.proofs_size()) * kWord + 2 * seed_size_;
    sizes_.prepare_share = proofs_.verifiers_size() * kWord + 2 * seed_size_;
    sizes_.prepare_message = 2 * seed_size_;
    sizes_.aggregate_share = layout_.dimension * kWord;
  }

  VdafId id() const override { return id_; }
  size_t dimension() const override { return layout_.dimension; }
  const VdafSizes& sizes() const override { return sizes_; }

  Result<Shards> shard(std::span<const int32_t> measurement, const Nonce& nonce,
                       EntropySource& entropy) const override {
    if (measurement.size() != layout_.dimension)
      return Error{ErrorCode::kInvalidArgument, "pine: wrong length of measurement"};
    FieldVector<Field> encoded(layout_.measurement_size());
    if (!encode_gradient_and_norm<Field>(layout_, measurement, encoded.all()))
      return Error{ErrorCode::kInvalidArgument, "pine: the norm is beyond the bound"};
    for (int i = 0; i < kMaxTries; ++i) {
      std::optional<Shards> shards = try_shard(encoded, nonce, entropy);
      if (shards.has_value()) return *std::move(shards);
    }
    return Error{ErrorCode::kInternal, "pine: its wraparound checks keep failing"};
  }

  Result<Prepared> prepare_init(std::span<const uint8_t> verify_key, size_t aggregator,
                                const Nonce& nonce, std::span<const uint8_t> public_share,
                                SecretBytes input_share) const override {
    if (aggregator >= aggregators())
      return Error{ErrorCode::kInvalidArgument, "pine: no such aggregator"};
    if (verify_key.size() != sizes_.verify_key)
      return Error{ErrorCode::kInvalidArgument, "pine: wrong length of verify key"};
    SOTTO_CHECK_OK(check_size(public_share, sizes_.public_share, "public share"));
    SOTTO_CHECK_OK(
        check_size(input_share.reveal(), sizes_.input_shares[aggregator], "input share"));
    FieldVector<Field> measurement(layout_.measurement_size());
    FieldVector<Field> proofs(proofs_.proofs_size());
    const auto shared = measurement.all().first(layout_.shared_size());
    if (!read_input_share(aggregator, input_share.reveal(), shared, proofs.all()))
      return Error{ErrorCode::kMalformed, "pine: no field element in input share"};

    // The blinds are needed once; from then on the seeds that prepare_next compares stand there.
    const auto blinds = input_share.reveal_mutable().last(2 * seed_size_);
    const auto wraparound_seed = blinds.first(seed_size_);
    const auto joint_rand_seed = blinds.last(seed_size_);
    Bytes parts(public_share.begin(), public_share.end());
    derive_parts(PartBinder(aggregator, nonce, shared), aggregator, blinds, parts);
    Bytes prepare_share(sizes_.prepare_share);
    copy_own_parts(parts, aggregator, std::span(prepare_share).last(2 * seed_size_));
    randomness_.derive_wraparound_seed(parts, wraparound_seed);
    randomness_.derive_joint_rand_seed(parts, joint_rand_seed);

    run_checks(wraparound_seed, measurement.all());
    const auto joint_rand =
        drawn(randomness_.joint_rand(joint_rand_seed), proofs_.joint_rand_size());
    const auto query_rand =
        drawn(randomness_.query_rand(verify_key, nonce), proofs_.query_rand_size());
    FieldVector<Field> verifiers(proofs_.verifiers_size());
    if (!proofs_.query(measurement.all(), proofs.all(), query_rand.all(), joint_rand.all(),
                       verifiers.all()))
      return Error{ErrorCode::kRejected, "pine: the query is at a root of unity"};
    encode<Field>(verifiers.all(), std::span(prepare_share).first(verifiers.size() * kWord));
    return Prepared{{aggregator, std::move(input_share)}, std::move(prepare_share)};
  }

  Result<Bytes> prepare_message(std::span<const Bytes> prepare_shares) const override {
    if (prepare_shares.size() != aggregators())
      return Error{ErrorCode::kInvalidArgument, "pine: wrong number of prepare shares"};
    for (const Bytes& share : prepare_shares)
      SOTTO_CHECK_OK(check_size(share, sizes_.prepare_share, "prepare share"));
    FieldVector<Field> verifiers(proofs_.verifiers_size());
    FieldVector<Field> share(verifiers.size());
    Bytes parts(sizes_.public_share);
    for (size_t i = 0; i < aggregators(); ++i) {
      const auto bytes = std::span(prepare_shares[i]);
      if (!decode<Field>(bytes.first(share.size() * kWord), share.all()))
        return Error{ErrorCode::kMalformed, "pine: no field element in prepare share"};
      add_row<Field>(verifiers.data(), share.data(), share.size());
      const auto own_parts = bytes.last(2 * seed_size_);
      std::copy_n(own_parts.begin(), seed_size_, randomness_.wraparound_part(parts, i).begin());
      std::copy_n(own_parts.last(seed_size_).begin(), seed_size_,
                  randomness_.joint_rand_part(parts, i).begin());
    }
    if (!proofs_.decide(verifiers.all()))
      return Error{ErrorCode::kRejected, "pine: a proof does not hold"};
    Bytes message(sizes_.prepare_message);
    randomness_.derive_wraparound_seed(parts, std::span(message).first(seed_size_));
    randomness_.derive_joint_rand_seed(parts, std::span(message).last(seed_size_));
    return message;
  }

  Result<OutShare> prepare_next(PrepareState state,
                                std::span<const uint8_t> prepare_message) const override {
    SOTTO_CHECK_OK(check_size(prepare_message, sizes_.prepare_message, "prepare message"));
    if (!is_own(state.aggregator, state.contents))
      return Error{ErrorCode::kInvalidArgument, "pine: a state that is not of this instance"};
    if (!equal_in_constant_time(state.contents.reveal().last(2 * seed_size_), prepare_message))
      return Error{ErrorCode::kRejected, "pine: the randomness is not as it was"};
    return OutShare{state.aggregator, std::move(state.contents)};
  }

  Status aggregate(AggregateShare& into, const OutShare& out_share) const override {
    if (!is_own(out_share.aggregator, out_share.contents) ||
        into.encoded.size() != sizes_.aggregate_share)
      return {ErrorCode::kInvalidArgument, "pine: a share that is not of this instance"};
    const auto share = out_share.contents.reveal();
    const auto sum = into.encoded.reveal_mutable();
    if (out_share.aggregator == 0) {
      add_vector<Field>(sum, share.first(sum.size()));
    } else {
      add_expanded(randomness_.measurement_share(out_share.aggregator, share.first(seed_size_)),
                   sum);
    }
    return {};
  }
  Status merge(AggregateShare& into, const AggregateShare& other) const override {
    return merge_shares<Field>(into, other, sizes_.aggregate_share, "pine");
  }
  Status add_integers(AggregateShare& into, std::span<const int64_t> integers) const override {
    return add_integers_to_share<Field>(into, integers, layout_.dimension, "pine");
  }
  Result<std::vector<int64_t>> unshard(std::span<const AggregateShare> shares,
                                       uint64_t /*reports*/) const override {
    return unshard_shares<Field>(shares, aggregators(), layout_.dimension, "pine");
  }

 private:
  static Status check_size(std::span<const uint8_t> bytes, size_t size, const char* what) {
    return check_share_size(bytes, size, "pine", what);
  }
  bool is_own(size_t aggregator, const SecretBytes& contents) const {
    return aggregator < aggregators() && contents.size() == sizes_.input_shares[aggregator];
  }

  /// Nothing when too few dot products are in range. Of `encoded` the gradient and norm are given.
  std::optional<Shards> try_shard(FieldVector<Field>& encoded, const Nonce& nonce,
                                  EntropySource& entropy) const {
    // For each helper the seeds of its shares and its blinds; the leader's blinds; the prover's
    // seed.
    const size_t helpers = aggregators() - 1;
    SecretBytes rand((4 * helpers + 3) * seed_size_);
    entropy.fill(rand.reveal_mutable());
    const auto seeds = rand.reveal();
    const auto helper_seeds = [&](size_t aggregator) {
      return seeds.subspan((aggregator - 1) * 4 * seed_size_, 4 * seed_size_);
    };
    const auto leader_blinds = seeds.subspan(4 * helpers * seed_size_, 2 * seed_size_);
    const auto prove_seed = seeds.last(seed_size_);

    Shards shards;
    Bytes& parts = shards.public_share;
    parts.resize(sizes_.public_share);
    FieldVector<Field> leader(layout_.shared_size());
    for (size_t i = 1; i <= helpers; ++i) {
      const auto helper =
          drawn(randomness_.measurement_share(i, helper_seeds(i).first(seed_size_)), leader.size());
      derive_parts(PartBinder(i, nonce, helper.all()), i, helper_seeds(i).last(2 * seed_size_),
                   parts);
      subtract_row<Field>(leader.data(), helper.data(), helper.size());
    }

    // Gradient and norm decide the random vectors, and these the rest of the leader's share.
    add_row<Field>(leader.data(), encoded.data(), layout_.norm_end());
    PartBinder binder(0, nonce, leader.all());
    randomness_.derive_part(PineUsage::kWraparoundPart, leader_blinds.first(seed_size_),
                            binder.first(layout_.norm_end()),
                            randomness_.wraparound_part(parts, 0));
    SecretBytes seed(seed_size_);
    randomness_.derive_wraparound_seed(parts, seed.reveal_mutable());
    run_checks(seed.reveal(), encoded.all());
    if (!encode_wraparound_checks<Field>(layout_, encoded.all())) return std::nullopt;
    add_row<Field>(leader.data() + layout_.norm_end(), encoded.data() + layout_.norm_end(),
                   layout_.checks_size());
    binder.replace_from(layout_.norm_end(), leader.all());
    randomness_.derive_part(PineUsage::kJointRandPart, leader_blinds.last(seed_size_),
                            binder.first(leader.size()), randomness_.joint_rand_part(parts, 0));

    randomness_.derive_joint_rand_seed(parts, seed.reveal_mutable());
    const auto joint_rand = drawn(randomness_.joint_rand(seed.reveal()), proofs_.joint_rand_size());
    const auto prove_rand = drawn(randomness_.prove_rand(prove_seed), proofs_.prove_rand_size());
    FieldVector<Field> proofs(proofs_.proofs_size());
    proofs_.prove(encoded.all(), prove_rand.all(), joint_rand.all(), proofs.all());
    for (size_t i = 1; i <= helpers; ++i) {
      const auto helper = drawn(
          randomness_.proofs_share(i, randomness_.seed_at(helper_seeds(i), 1)), proofs.size());
      subtract_row<Field>(proofs.data(), helper.data(), proofs.size());
    }

    SecretBytes leader_share(sizes_.input_shares[0]);
    const auto bytes = leader_share.reveal_mutable();
    encode<Field>(leader.all(), bytes.first(leader.size() * kWord));
    encode<Field>(proofs.all(), bytes.subspan(leader.size() * kWord, proofs.size() * kWord));
    std::copy(leader_blinds.begin(), leader_blinds.end(), bytes.last(2 * seed_size_).begin());
    shards.input_shares.reserve(aggregators());
    shards.input_shares.push_back(std::move(leader_share));
    for (size_t i = 1; i <= helpers; ++i)
      shards.input_shares.push_back(SecretBytes::copy_of(helper_seeds(i)));
    return shards;
  }

  /// False when there is no field element where one should be.
  bool read_input_share(size_t aggregator, std::span<const uint8_t> share,
                        std::span<Element> measurement, std::span<Element> proofs) const {
    if (aggregator == 0)
      return decode<Field>(share.first(measurement.size() * kWord), measurement) &&
             decode<Field>(share.subspan(measurement.size() * kWord, proofs.size() * kWord),
                           proofs);
    Xof measurement_xof = randomness_.measurement_share(aggregator, share.first(seed_size_));
    expand<Field>(measurement_xof, measurement);
    Xof proofs_xof = randomness_.proofs_share(aggregator, randomness_.seed_at(share, 1));
    expand<Field>(proofs_xof, proofs);
    return true;
  }

  // Both parts of one aggregator, into those of all.
  void derive_parts(const PartBinder& binder, size_t aggregator, std::span<const uint8_t> blinds,
                    Bytes& parts) const {
    randomness_.derive_part(PineUsage::kWraparoundPart, blinds.first(seed_size_),
                            binder.first(layout_.norm_end()),
                            randomness_.wraparound_part(parts, aggregator));
    randomness_.derive_part(PineUsage::kJointRandPart, blinds.last(seed_size_),
                            binder.first(layout_.shared_size()),
                            randomness_.joint_rand_part(parts, aggregator));
  }
  void copy_own_parts(Bytes& parts, size_t aggregator, std::span<uint8_t> out) const {
    const auto wraparound = randomness_.wraparound_part(parts, aggregator);
    const auto joint_rand = randomness_.joint_rand_part(parts, aggregator);
    std::copy(wraparound.begin(), wraparound.end(), out.begin());
    std::copy(joint_rand.begin(), joint_rand.end(), out.last(seed_size_).begin());
  }

  static FieldVector<Field> drawn(Xof xof, size_t n) {
    FieldVector<Field> elements(n);
    expand<Field>(xof, elements.all());
    return elements;
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
  // The dot products, to the end of the measurement.
  void run_checks(std::span<const uint8_t> seed, std::span<Element> measurement) const {
    Xof xof = randomness_.wraparound(seed);
    const WraparoundDigits<Field> digits(measurement.first(layout_.dimension));
    digits.dots(xof, measurement.subspan(layout_.shared_size()));
  }

  VdafId id_;
  PineLayout layout_;
  PineRandomness<Field> randomness_;
  PineProofs<Field> proofs_;
  size_t seed_size_;
  VdafSizes sizes_;
};

template <class Field>
Result<VdafPointer> make(PineInstance instance, const PineParameters& parameters,
                         const PineLayout& layout) {
  if (!PineProofs<Field>::fits(layout, parameters))
    return Error{ErrorCode::kInvalidArgument, "pine: chunk lengths too short for the field"};
  return VdafPointer(std::make_unique<Pine<Field>>(instance, parameters, layout));
}

}  // namespace

Result<VdafPointer> make_pine(PineInstance instance, const PineParameters& parameters) {
  SOTTO_TRY(const PineLayout layout, pine_layout(instance, parameters));
  switch (instance) {
    case PineInstance::kPine32HmacSha256Aes128: return make<Field32>(instance, parameters, layout);
    case PineInstance::kPine40HmacSha256Aes128: return make<Field40>(instance, parameters, layout);
    case PineInstance::kPine64HmacSha256Aes128:
    case PineInstance::kPine64: return make<Field64>(instance, parameters, layout);
    case PineInstance::kPine128: return make<Field128>(instance, parameters, layout);
  }
  return Error{ErrorCode::kInvalidArgument, "pine: no such instance"};
}

}  // namespace sotto
