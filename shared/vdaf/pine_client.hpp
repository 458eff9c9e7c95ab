// The device's half of PINE (pine.hpp). Internal to this room. Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "vdaf/field_xof.hpp"
#include "vdaf/pine_circuit.hpp"
#include "vdaf/pine_encoding.hpp"
#include "vdaf/pine_parameters.hpp"
#include "vdaf/pine_proofs.hpp"
#include "vdaf/pine_randomness.hpp"
#include "vdaf/vdaf.hpp"
#include "vdaf/wraparound.hpp"

namespace sotto {

/// Tries of shard. One fails with the zero-knowledge error of the parameters; who gives parameters
/// with which ten in a row fail gets an error instead of a loop.
inline constexpr int kPineTries = 10;

template <class F>
class PineClient final : public VdafClient {
  using Element = typename F::Element;
  static constexpr size_t kWord = F::kEncodedSize;

 public:
  using Field = F;
  using PartBinder = typename PineRandomness<Field>::PartBinder;
  static constexpr const char* kName = "pine";

  PineClient(PineInstance instance, const PineParameters& parameters, const PineLayout& layout)
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
    for (int i = 0; i < kPineTries; ++i) {
      std::optional<Shards> shards = try_shard(encoded, nonce, entropy);
      if (shards.has_value()) return *std::move(shards);
    }
    return Error{ErrorCode::kInternal, "pine: its wraparound checks keep failing"};
  }

  // What both halves compute from a share.
  const PineLayout& layout() const { return layout_; }
  const PineRandomness<Field>& randomness() const { return randomness_; }
  const PineProofs<Field>& proofs() const { return proofs_; }
  /// Both parts of one aggregator, into those of all.
  void derive_parts(const PartBinder& binder, size_t aggregator, std::span<const uint8_t> blinds,
                    Bytes& parts) const {
    randomness_.derive_part(PineUsage::kWraparoundPart, blinds.first(seed_size_),
                            binder.first(layout_.norm_end()),
                            randomness_.wraparound_part(parts, aggregator));
    randomness_.derive_part(PineUsage::kJointRandPart, blinds.last(seed_size_),
                            binder.first(layout_.shared_size()),
                            randomness_.joint_rand_part(parts, aggregator));
  }
  static FieldVector<Field> drawn(Xof xof, size_t n) {
    FieldVector<Field> elements(n);
    expand<Field>(xof, elements.all());
    return elements;
  }
  /// The dot products, to the end of the measurement.
  void run_checks(std::span<const uint8_t> seed, std::span<Element> measurement) const {
    Xof xof = randomness_.wraparound(seed);
    const WraparoundDigits<Field> digits(measurement.first(layout_.dimension));
    digits.dots(xof, measurement.subspan(layout_.shared_size()));
  }

 private:
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

  VdafId id_;
  PineLayout layout_;
  PineRandomness<Field> randomness_;
  PineProofs<Field> proofs_;
  size_t seed_size_;
  VdafSizes sizes_;
};

}  // namespace sotto
