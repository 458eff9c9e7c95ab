// The device's half of Prio3 (prio3.hpp). Internal to this room. Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "vdaf/field_xof.hpp"
#include "vdaf/flp.hpp"
#include "vdaf/prio3_randomness.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// Everything but how a measurement is encoded. Proven: what a proof needs of the circuit, which
/// several circuits share (circuit.hpp).
template <class Proven>
class Prio3Sharing : public VdafClient {
  static constexpr size_t kSeedSize = Prio3Randomness::kSeedSize;

 public:
  using Field = typename Proven::Field;
  using Element = typename Field::Element;

  Prio3Sharing(VdafId id, Proven circuit, size_t dimension, size_t proofs,
               std::span<const uint8_t> context, size_t aggregators)
      : id_(id),
        flp_(std::move(circuit)),
        dimension_(dimension),
        proofs_(proofs),
        randomness_(id, proofs, context) {
    sizes_.verify_key = kSeedSize;
    sizes_.public_share = aggregators * blind_size();
    sizes_.input_shares.assign(aggregators, kSeedSize + blind_size());
    sizes_.input_shares[0] = (measurement_size() + proofs_size()) * kWord + blind_size();
    sizes_.prepare_share = verifiers_size() * kWord + blind_size();
    sizes_.prepare_message = blind_size();
    sizes_.aggregate_share = dimension * kWord;
  }

  VdafId id() const override { return id_; }
  size_t dimension() const override { return dimension_; }
  const VdafSizes& sizes() const override { return sizes_; }

  Shards shard_encoded(const FieldVector<Field>& encoded, const Nonce& nonce,
                       EntropySource& entropy) const {
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

  // What both halves compute from a share, or about it.
  const Prio3Randomness& randomness() const { return randomness_; }
  size_t proofs() const { return proofs_; }
  bool uses_joint_rand() const { return joint_rand_size() > 0; }
  size_t blind_size() const { return uses_joint_rand() ? kSeedSize : 0; }
  size_t joint_rand_size() const { return flp_.circuit().joint_rand_size(); }
  size_t measurement_size() const { return flp_.circuit().measurement_size(); }
  size_t proofs_size() const { return proofs_ * flp_.proof_size(); }
  size_t verifiers_size() const { return proofs_ * flp_.verifier_size(); }

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

 private:
  static constexpr size_t kWord = Field::kEncodedSize;

  void prove(std::span<const Element> measurement, std::span<const uint8_t> prove_seed,
             std::span<const Element> joint_rand, std::span<Element> proofs) const {
    const auto rand = drawn(randomness_.prove_rand(prove_seed), proofs_ * flp_.prove_rand_size());
    for (size_t i = 0; i < proofs_; ++i)
      flp_.prove(measurement, nth(rand.all(), i, flp_.prove_rand_size()),
                 nth(joint_rand, i, joint_rand_size()), nth(proofs, i, flp_.proof_size()));
  }

  VdafId id_;
  Flp<Proven, ProofBasis::kLagrange> flp_;
  size_t dimension_;
  size_t proofs_;
  Prio3Randomness randomness_;
  VdafSizes sizes_;
};

template <class C>
class Prio3Client final : public Prio3Sharing<typename C::Proven> {
  using Sharing = Prio3Sharing<typename C::Proven>;

 public:
  using Circuit = C;
  using Field = typename C::Field;
  static constexpr const char* kName = "prio3";

  Prio3Client(VdafId id, C circuit, size_t proofs, std::span<const uint8_t> context,
              size_t aggregators)
      : Sharing(id, circuit, circuit.output_size(), proofs, context, aggregators),
        circuit_(std::move(circuit)) {}

  Result<Shards> shard(std::span<const int32_t> measurement, const Nonce& nonce,
                       EntropySource& entropy) const override {
    if (measurement.size() != this->dimension())
      return Error{ErrorCode::kInvalidArgument, "prio3: wrong length of measurement"};
    FieldVector<Field> encoded(this->measurement_size());
    if (!circuit_.encode(measurement, encoded.all()))
      return Error{ErrorCode::kInvalidArgument, "prio3: measurement out of range"};
    return this->shard_encoded(encoded, nonce, entropy);
  }

  const C& circuit() const { return circuit_; }

 private:
  C circuit_;
};

}  // namespace sotto
