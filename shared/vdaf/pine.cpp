#include "vdaf/pine.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "vdaf/aggregate_share.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/field_xof.hpp"
#include "vdaf/flp.hpp"
#include "vdaf/pine_circuit.hpp"
#include "vdaf/wraparound.hpp"

namespace sotto {
namespace {

constexpr uint8_t kVersion = 1;
/// Tries of shard. One fails with the zero-knowledge error of the parameters; who gives parameters
/// with which ten in a row fail gets an error instead of a loop.
constexpr int kMaxTries = 10;

enum class Usage : uint8_t {
  kMeasurementShare = 1,
  kProofShare = 2,
  kJointRandomness = 3,
  kProveRandomness = 4,
  kQueryRandomness = 5,
  kJointRandSeed = 6,
  kJointRandPart = 7,
  kWraparound = 8,
  kWraparoundSeed = 9,
  kWraparoundPart = 10,
};

using SeedView = std::span<const uint8_t>;

template <class F>
class Pine final : public Vdaf {
  using Field = F;
  using Element = typename Field::Element;
  static constexpr size_t kWord = Field::kEncodedSize;

 public:
  Pine(PineInstance instance, const PineParameters& parameters, const PineLayout& layout)
      : instance_(instance),
        xof_(pine_xof(instance)),
        seed_size_(xof_seed_size(xof_)),
        proofs_(parameters.proofs),
        norm_equality_proofs_(parameters.norm_equality_proofs),
        layout_(layout),
        norm_equality_({layout, parameters.norm_equality_chunk_length}),
        valid_({layout, parameters.chunk_length}),
        shares_inverse_(inverse<Field>(element<Field>(parameters.aggregators))) {
    sizes_.verify_key = seed_size_;
    sizes_.public_share = 2 * parameters.aggregators * seed_size_;
    sizes_.input_shares.assign(parameters.aggregators, 4 * seed_size_);
    sizes_.input_shares[0] = (layout_.shared_size() + proofs_size()) * kWord + 2 * seed_size_;
    sizes_.prepare_share = verifiers_size() * kWord + 2 * seed_size_;
    sizes_.prepare_message = 2 * seed_size_;
    sizes_.aggregate_share = layout_.dimension * kWord;
  }

  VdafId id() const override { return pine_id(instance_); }
  size_t dimension() const override { return layout_.dimension; }
  const VdafSizes& sizes() const override { return sizes_; }

  Result<Shards> shard(std::span<const int32_t> measurement, const Nonce& nonce,
                       EntropySource& entropy) const override {
    if (measurement.size() != layout_.dimension)
      return Error{ErrorCode::kInvalidArgument, "pine: wrong length of measurement"};
    FieldVector<Field> encoded(layout_.measurement_size());
    if (!encode_gradient_and_norm(measurement, encoded.all()))
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

    const auto share = input_share.reveal_mutable();
    FieldVector<Field> measurement(layout_.measurement_size());
    FieldVector<Field> proofs(proofs_size());
    const auto shared = measurement.all().first(layout_.shared_size());
    if (aggregator > 0) {
      expand_measurement_share(aggregator, seed_at(share, 0), shared);
      expand_proofs_share(aggregator, seed_at(share, 1), proofs.all());
    } else if (!decode<Field>(share.first(shared.size() * kWord), shared) ||
               !decode<Field>(share.subspan(shared.size() * kWord, proofs.size() * kWord),
                              proofs.all())) {
      return Error{ErrorCode::kMalformed, "pine: no field element in input share"};
    }

    // The blinds are needed once; from then on the seeds that prepare_next compares stand there.
    Bytes prepare_share(sizes_.prepare_share);
    const auto own_parts = std::span(prepare_share).last(2 * seed_size_);
    const auto blinds = share.last(2 * seed_size_);
    Bytes parts(public_share.begin(), public_share.end());
    FieldVector<Field> joint_rand(joint_rand_size());
    {
      const PartBinder binder(aggregator, nonce, shared);
      derive(Usage::kWraparoundPart, seed_at(blinds, 0), binder.first(layout_.norm_end()),
             own_parts.first(seed_size_));
      derive(Usage::kJointRandPart, seed_at(blinds, 1), binder.first(shared.size()),
             own_parts.last(seed_size_));
    }
    const auto all_parts = std::span(parts);
    std::copy_n(own_parts.begin(), seed_size_, wraparound_part(all_parts, aggregator).begin());
    std::copy_n(own_parts.last(seed_size_).begin(), seed_size_,
                joint_rand_part(all_parts, aggregator).begin());
    derive_seeds(parts, blinds);
    run_checks(seed_at(blinds, 0), measurement.all());
    expand_joint_rand(seed_at(blinds, 1), joint_rand.all());

    FieldVector<Field> verifiers(verifiers_size());
    if (!query(measurement.all(), proofs.all(), verify_key, nonce, joint_rand.all(),
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
    FieldVector<Field> verifiers(verifiers_size());
    FieldVector<Field> share(verifiers.size());
    Bytes parts(sizes_.public_share);
    for (size_t i = 0; i < aggregators(); ++i) {
      const auto bytes = std::span(prepare_shares[i]);
      if (!decode<Field>(bytes.first(share.size() * kWord), share.all()))
        return Error{ErrorCode::kMalformed, "pine: no field element in prepare share"};
      add_row<Field>(verifiers.data(), share.data(), share.size());
      const auto own_parts = bytes.last(2 * seed_size_);
      std::copy_n(own_parts.begin(), seed_size_, wraparound_part(std::span(parts), i).begin());
      std::copy_n(own_parts.last(seed_size_).begin(), seed_size_,
                  joint_rand_part(std::span(parts), i).begin());
    }
    if (!decide(verifiers.all())) return Error{ErrorCode::kRejected, "pine: a proof does not hold"};
    Bytes message(sizes_.prepare_message);
    derive_seeds(parts, message);
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
      add_expanded(out_share.aggregator, seed_at(share, 0), sum);
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
  size_t proofs_size() const {
    return norm_equality_proofs_ * norm_equality_.proof_size() + proofs_ * valid_.proof_size();
  }
  size_t verifiers_size() const {
    return norm_equality_proofs_ * norm_equality_.verifier_size() +
           proofs_ * valid_.verifier_size();
  }
  size_t joint_rand_size() const { return proofs_ * valid_.circuit().joint_rand_size(); }

  static Status check_size(std::span<const uint8_t> bytes, size_t size, const char* what) {
    return check_share_size(bytes, size, "pine", what);
  }
  bool is_own(size_t aggregator, const SecretBytes& contents) const {
    return aggregator < aggregators() && contents.size() == sizes_.input_shares[aggregator];
  }

  // Several seeds that lie one after the other.
  template <class Byte>
  std::span<Byte> seed_at(std::span<Byte> seeds, size_t index) const {
    return seeds.subspan(index * seed_size_, seed_size_);
  }
  // Parts of all aggregators: first those of the wraparound checks, then those of the proofs.
  template <class Byte>
  std::span<Byte> wraparound_part(std::span<Byte> parts, size_t aggregator) const {
    return seed_at(parts, aggregator);
  }
  template <class Byte>
  std::span<Byte> joint_rand_part(std::span<Byte> parts, size_t aggregator) const {
    return seed_at(parts, aggregators() + aggregator);
  }

  /// False when the norm is beyond the bound. No branch depends on the measurement.
  bool encode_gradient_and_norm(std::span<const int32_t> measurement,
                                std::span<Element> encoded) const {
    Uint128 norm = 0;
    for (size_t j = 0; j < measurement.size(); ++j) {
      const auto value = int64_t{measurement[j]};
      encoded[j] = Field::from_signed(value);
      norm += static_cast<uint64_t>(value * value);
    }
    const auto bits = encoded.subspan(layout_.dimension);
    to_bits<Field>(norm, bits.first(layout_.squared_norm_bits));
    to_bits<Field>(layout_.squared_norm_bound - norm,
                   bits.subspan(layout_.squared_norm_bits, layout_.squared_norm_bits));
    return norm <= layout_.squared_norm_bound;
  }

  /// From the dot products at the end of the encoding to its bits. False when too few are in range.
  bool encode_checks(std::span<Element> encoded) const {
    const Element low = Field::negate(element<Field>(layout_.wraparound_bound - 1));
    const Element size = element<Field>(2 * layout_.wraparound_bound);
    const auto dots = encoded.subspan(layout_.shared_size());
    uint64_t counted = 0;
    for (size_t i = 0; i < layout_.wraparound_checks; ++i) {
      const auto bits = encoded.subspan(layout_.norm_end() + i * (layout_.wraparound_bits + 1),
                                        layout_.wraparound_bits + 1);
      const Element moved = Field::subtract(dots[i], low);
      const uint64_t in_range = moved < size ? 1 : 0;
      const uint64_t counts = in_range & (counted < layout_.wraparound_successes ? 1 : 0);
      to_bits<Field>(moved & (Element{0} - static_cast<Element>(in_range)),
                     bits.first(layout_.wraparound_bits));
      bits[layout_.wraparound_bits] = static_cast<Element>(counts);
      counted += counts;
    }
    return counted == layout_.wraparound_successes;
  }

  /// Nothing when too few dot products are in range. Of `encoded` the gradient and norm are given.
  std::optional<Shards> try_shard(FieldVector<Field>& encoded, const Nonce& nonce,
                                  EntropySource& entropy) const {
    // Per helper its seeds of measurement and proofs and its blinds; the leader's blinds; the
    // prover's seed.
    const size_t helpers = aggregators() - 1;
    SecretBytes rand((4 * helpers + 3) * seed_size_);
    entropy.fill(rand.reveal_mutable());
    const auto seeds = rand.reveal();
    const auto helper_seeds = [&](size_t aggregator) {
      return seeds.subspan((aggregator - 1) * 4 * seed_size_, 4 * seed_size_);
    };
    const auto leader_blinds = seeds.subspan(4 * helpers * seed_size_, 2 * seed_size_);
    const auto prove_seed = seed_at(seeds, 4 * helpers + 2);

    Shards shards;
    shards.public_share.resize(sizes_.public_share);
    const auto parts = std::span(shards.public_share);
    FieldVector<Field> leader(layout_.shared_size());
    for (size_t i = 1; i <= helpers; ++i) {
      FieldVector<Field> helper(layout_.shared_size());
      expand_measurement_share(i, seed_at(helper_seeds(i), 0), helper.all());
      const PartBinder binder(i, nonce, helper.all());
      derive(Usage::kWraparoundPart, seed_at(helper_seeds(i), 2), binder.first(layout_.norm_end()),
             wraparound_part(parts, i));
      derive(Usage::kJointRandPart, seed_at(helper_seeds(i), 3), binder.first(helper.size()),
             joint_rand_part(parts, i));
      subtract_row<Field>(leader.data(), helper.data(), helper.size());
    }
    add_row<Field>(leader.data(), encoded.data(), layout_.norm_end());
    PartBinder binder(0, nonce, leader.all());
    derive(Usage::kWraparoundPart, seed_at(leader_blinds, 0), binder.first(layout_.norm_end()),
           wraparound_part(parts, 0));

    SecretBytes wraparound_seed(seed_size_);
    derive(Usage::kWraparoundSeed, zero_seed(), parts.first(aggregators() * seed_size_),
           wraparound_seed.reveal_mutable());
    run_checks(wraparound_seed.reveal(), encoded.all());
    if (!encode_checks(encoded.all())) return std::nullopt;

    add_row<Field>(leader.data() + layout_.norm_end(), encoded.data() + layout_.norm_end(),
                   layout_.checks_size());
    binder.replace_from(layout_.norm_end(), leader.all());
    derive(Usage::kJointRandPart, seed_at(leader_blinds, 1), binder.first(leader.size()),
           joint_rand_part(parts, 0));
    SecretBytes joint_rand_seed(seed_size_);
    derive(Usage::kJointRandSeed, zero_seed(), parts.subspan(aggregators() * seed_size_),
           joint_rand_seed.reveal_mutable());
    FieldVector<Field> joint_rand(joint_rand_size());
    expand_joint_rand(joint_rand_seed.reveal(), joint_rand.all());

    FieldVector<Field> proofs(proofs_size());
    prove(encoded.all(), prove_seed, joint_rand.all(), proofs.all());
    FieldVector<Field> helper_proofs(proofs.size());
    for (size_t i = 1; i <= helpers; ++i) {
      expand_proofs_share(i, seed_at(helper_seeds(i), 1), helper_proofs.all());
      subtract_row<Field>(proofs.data(), helper_proofs.data(), proofs.size());
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

  Bytes tag(Usage usage) const {
    const auto id = static_cast<uint32_t>(pine_id(instance_));
    ByteWriter tag;
    for (const uint32_t byte : {uint32_t{kVersion}, id >> 24, id >> 16, id >> 8, id, uint32_t{0},
                                static_cast<uint32_t>(usage)})
      tag.put<uint8_t>(static_cast<uint8_t>(byte));
    return std::move(tag).bytes();
  }
  uint8_t proofs_byte() const { return static_cast<uint8_t>(proofs_); }
  uint8_t norm_equality_byte() const { return static_cast<uint8_t>(norm_equality_proofs_); }
  SeedView zero_seed() const {
    static constexpr uint8_t kZero[32] = {};
    return std::span(kZero).first(seed_size_);
  }

  // What the parts hash: aggregator, nonce, and the encoding of a share or of its beginning.
  class PartBinder {
   public:
    PartBinder(size_t aggregator, const Nonce& nonce, std::span<const Element> share)
        : bytes_(kPrefix + share.size() * kWord) {
      const auto out = bytes_.reveal_mutable();
      out[0] = static_cast<uint8_t>(aggregator);
      std::copy(nonce.begin(), nonce.end(), out.begin() + 1);
      replace_from(0, share);
    }
    void replace_from(size_t begin, std::span<const Element> share) {
      encode<Field>(share.subspan(begin), bytes_.reveal_mutable().subspan(kPrefix + begin * kWord));
    }
    std::span<const uint8_t> first(size_t elements) const {
      return bytes_.reveal().first(kPrefix + elements * kWord);
    }

   private:
    static constexpr size_t kPrefix = 1 + sizeof(Nonce);
    SecretBytes bytes_;
  };

  void derive(Usage usage, SeedView seed, std::span<const uint8_t> binder,
              std::span<uint8_t> out) const {
    derive_seed(xof_, seed, tag(usage), binder, out);
  }
  // The seeds of the wraparound checks and of the joint randomness from the parts of both.
  void derive_seeds(std::span<const uint8_t> parts, std::span<uint8_t> out) const {
    const size_t half = aggregators() * seed_size_;
    derive(Usage::kWraparoundSeed, zero_seed(), parts.first(half), out.first(seed_size_));
    derive(Usage::kJointRandSeed, zero_seed(), parts.subspan(half), out.last(seed_size_));
  }
  Xof measurement_share(size_t aggregator, SeedView seed) const {
    const uint8_t binder[] = {static_cast<uint8_t>(aggregator)};
    return Xof(xof_, seed, tag(Usage::kMeasurementShare), binder);
  }
  void expand_measurement_share(size_t aggregator, SeedView seed, std::span<Element> out) const {
    Xof xof = measurement_share(aggregator, seed);
    expand<Field>(xof, out);
  }
  // A chunk at a time, so that the share is never written out as a whole.
  void add_expanded(size_t aggregator, SeedView seed, std::span<uint8_t> sum) const {
    constexpr size_t kChunk = 2048;
    Xof xof = measurement_share(aggregator, seed);
    FieldVector<Field> elements(std::min(kChunk, layout_.dimension));
    SecretBytes encoded(elements.size() * kWord);
    while (!sum.empty()) {
      const size_t n = std::min(elements.size(), sum.size() / kWord);
      expand<Field>(xof, elements.all().first(n));
      encode<Field>(elements.all().first(n), encoded.reveal_mutable().first(n * kWord));
      add_vector<Field>(sum.first(n * kWord), encoded.reveal().first(n * kWord));
      sum = sum.subspan(n * kWord);
    }
  }
  void expand_proofs_share(size_t aggregator, SeedView seed, std::span<Element> out) const {
    const uint8_t binder[] = {norm_equality_byte(), proofs_byte(),
                              static_cast<uint8_t>(aggregator)};
    expand<Field>(xof_, seed, tag(Usage::kProofShare), binder, out);
  }
  void expand_joint_rand(SeedView seed, std::span<Element> out) const {
    const uint8_t binder[] = {proofs_byte()};
    expand<Field>(xof_, seed, tag(Usage::kJointRandomness), binder, out);
  }
  // The dot products, to the end of the measurement.
  void run_checks(SeedView seed, std::span<Element> measurement) const {
    Xof xof(xof_, seed, tag(Usage::kWraparound), {});
    const WraparoundDigits<Field> digits(measurement.first(layout_.dimension));
    digits.dots(xof, measurement.subspan(layout_.shared_size()));
  }

  void prove(std::span<const Element> measurement, SeedView prove_seed,
             std::span<const Element> joint_rand, std::span<Element> proofs) const {
    FieldVector<Field> rand(norm_equality_proofs_ * norm_equality_.prove_rand_size() +
                            proofs_ * valid_.prove_rand_size());
    const uint8_t binder[] = {norm_equality_byte(), proofs_byte()};
    expand<Field>(xof_, prove_seed, tag(Usage::kProveRandomness), binder, rand.all());
    std::span<const Element> rands = rand.all();
    for (size_t i = 0; i < norm_equality_proofs_; ++i)
      norm_equality_.prove(measurement, take(rands, norm_equality_.prove_rand_size()), {},
                           take(proofs, norm_equality_.proof_size()));
    for (size_t i = 0; i < proofs_; ++i) {
      const auto r = take(joint_rand, valid_.circuit().joint_rand_size());
      valid_.prove(measurement, take(rands, valid_.prove_rand_size()), r,
                   take(proofs, valid_.proof_size()));
    }
  }
  bool query(std::span<const Element> measurement, std::span<const Element> proofs,
             std::span<const uint8_t> verify_key, const Nonce& nonce,
             std::span<const Element> joint_rand, std::span<Element> verifiers) const {
    FieldVector<Field> rand(norm_equality_proofs_ * norm_equality_.query_rand_size() +
                            proofs_ * valid_.query_rand_size());
    ByteWriter binder;
    binder.put<uint8_t>(norm_equality_byte());
    binder.put<uint8_t>(proofs_byte());
    binder.put_bytes(nonce);
    expand<Field>(xof_, verify_key, tag(Usage::kQueryRandomness), binder.bytes(), rand.all());
    std::span<const Element> rands = rand.all();
    bool usable = true;
    for (size_t i = 0; i < norm_equality_proofs_; ++i)
      usable &=
          norm_equality_.query(measurement, take(proofs, norm_equality_.proof_size()),
                               take(rands, norm_equality_.query_rand_size()), {}, shares_inverse_,
                               take(verifiers, norm_equality_.verifier_size()));
    for (size_t i = 0; i < proofs_; ++i) {
      const auto r = take(joint_rand, valid_.circuit().joint_rand_size());
      usable &= valid_.query(measurement, take(proofs, valid_.proof_size()),
                             take(rands, valid_.query_rand_size()), r, shares_inverse_,
                             take(verifiers, valid_.verifier_size()));
    }
    return usable;
  }
  bool decide(std::span<const Element> verifiers) const {
    bool holds = true;
    for (size_t i = 0; i < norm_equality_proofs_; ++i)
      holds &= norm_equality_.decide(take(verifiers, norm_equality_.verifier_size()));
    for (size_t i = 0; i < proofs_; ++i)
      holds &= valid_.decide(take(verifiers, valid_.verifier_size()));
    return holds;
  }
  // The next `n` of `all`, which has the others afterwards.
  template <class T>
  static std::span<T> take(std::span<T>& all, size_t n) {
    const auto taken = all.first(n);
    all = all.subspan(n);
    return taken;
  }

  PineInstance instance_;
  XofKind xof_;
  size_t seed_size_;
  size_t proofs_;
  size_t norm_equality_proofs_;
  PineLayout layout_;
  Flp<PineNormEquality<Field>, ProofBasis::kMonomial> norm_equality_;
  Flp<PineValid<Field>, ProofBasis::kMonomial> valid_;
  Element shares_inverse_;
  VdafSizes sizes_;
};

template <class Field>
Result<VdafPointer> make(PineInstance instance, const PineParameters& parameters,
                         const PineLayout& layout) {
  using NormEquality = Flp<PineNormEquality<Field>, ProofBasis::kMonomial>;
  using Valid = Flp<PineValid<Field>, ProofBasis::kMonomial>;
  if (!NormEquality::proof_fits({layout, parameters.norm_equality_chunk_length}) ||
      !Valid::proof_fits({layout, parameters.chunk_length}))
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
