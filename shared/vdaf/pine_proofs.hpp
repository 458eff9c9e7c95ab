// All proofs of one report of PINE: those of the norm equality, then those of everything else, as
// they lie in shares one after the other.
// Thread safety: immutable.
#pragma once

#include <cstddef>
#include <span>

#include "vdaf/flp.hpp"
#include "vdaf/pine_circuit.hpp"
#include "vdaf/pine_parameters.hpp"

namespace sotto {

template <class Field>
class PineProofs {
 public:
  using Element = typename Field::Element;
  using NormEquality = Flp<PineNormEquality<Field>, ProofBasis::kMonomial>;
  using Valid = Flp<PineValid<Field>, ProofBasis::kMonomial>;

  /// Whether the field has the roots of unity that the chunk lengths ask for.
  static bool fits(const PineLayout& layout, const PineParameters& parameters) {
    return NormEquality::proof_fits({layout, parameters.norm_equality_chunk_length}) &&
           Valid::proof_fits({layout, parameters.chunk_length});
  }

  PineProofs(const PineLayout& layout, const PineParameters& parameters)
      : norm_equality_({layout, parameters.norm_equality_chunk_length}),
        valid_({layout, parameters.chunk_length}),
        norm_equality_proofs_(parameters.norm_equality_proofs),
        proofs_(parameters.proofs),
        shares_inverse_(inverse<Field>(element<Field>(parameters.aggregators))) {}

  size_t prove_rand_size() const {
    return total(norm_equality_.prove_rand_size(), valid_.prove_rand_size());
  }
  size_t query_rand_size() const {
    return total(norm_equality_.query_rand_size(), valid_.query_rand_size());
  }
  size_t joint_rand_size() const { return proofs_ * valid_.circuit().joint_rand_size(); }
  size_t proofs_size() const { return total(norm_equality_.proof_size(), valid_.proof_size()); }
  size_t verifiers_size() const {
    return total(norm_equality_.verifier_size(), valid_.verifier_size());
  }

  void prove(std::span<const Element> measurement, std::span<const Element> prove_rand,
             std::span<const Element> joint_rand, std::span<Element> proofs) const {
    for (size_t i = 0; i < norm_equality_proofs_; ++i)
      norm_equality_.prove(measurement, take(prove_rand, norm_equality_.prove_rand_size()), {},
                           take(proofs, norm_equality_.proof_size()));
    for (size_t i = 0; i < proofs_; ++i)
      valid_.prove(measurement, take(prove_rand, valid_.prove_rand_size()),
                   take(joint_rand, valid_.circuit().joint_rand_size()),
                   take(proofs, valid_.proof_size()));
  }

  /// Of shares. False as Flp::query.
  bool query(std::span<const Element> measurement, std::span<const Element> proofs,
             std::span<const Element> query_rand, std::span<const Element> joint_rand,
             std::span<Element> verifiers) const {
    bool usable = true;
    for (size_t i = 0; i < norm_equality_proofs_; ++i)
      usable &=
          norm_equality_.query(measurement, take(proofs, norm_equality_.proof_size()),
                               take(query_rand, norm_equality_.query_rand_size()), {},
                               shares_inverse_, take(verifiers, norm_equality_.verifier_size()));
    for (size_t i = 0; i < proofs_; ++i)
      usable &= valid_.query(measurement, take(proofs, valid_.proof_size()),
                             take(query_rand, valid_.query_rand_size()),
                             take(joint_rand, valid_.circuit().joint_rand_size()), shares_inverse_,
                             take(verifiers, valid_.verifier_size()));
    return usable;
  }

  /// Of the sum of all shares' verifiers: whether all proofs hold.
  bool decide(std::span<const Element> verifiers) const {
    bool holds = true;
    for (size_t i = 0; i < norm_equality_proofs_; ++i)
      holds &= norm_equality_.decide(take(verifiers, norm_equality_.verifier_size()));
    for (size_t i = 0; i < proofs_; ++i)
      holds &= valid_.decide(take(verifiers, valid_.verifier_size()));
    return holds;
  }

 private:
  size_t total(size_t norm_equality, size_t valid) const {
    return norm_equality_proofs_ * norm_equality + proofs_ * valid;
  }
  // The next `n` of `all`, which has the others afterwards.
  template <class T>
  static std::span<T> take(std::span<T>& all, size_t n) {
    const auto taken = all.first(n);
    all = all.subspan(n);
    return taken;
  }

  NormEquality norm_equality_;
  Valid valid_;
  size_t norm_equality_proofs_;
  size_t proofs_;
  Element shares_inverse_;
};

}  // namespace sotto
