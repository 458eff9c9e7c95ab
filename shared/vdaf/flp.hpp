// Fully linear proofs (draft-irtf-cfrg-vdaf section 7.3; Boneh, Boyle, Corrigan-Gibbs, Gilboa,
// Ishai 2019, theorem 4.3): a device proves to servers, each of which has a share of its
// measurement, that a circuit of it is zero.
//
// A circuit calls one gadget at calls that depend on the measurement linearly:
//   wires    the inputs of each call, from the measurement and the joint randomness
//   outputs  linear in the calls' outputs and in the measurement; all zero for a valid measurement
// The proof, of a random seed for each wire and one polynomial:
//   prove    each wire becomes a polynomial through its seed (at 1) and its inputs at the calls (at
//            w, w^2, ... for a P-th root of unity w); the gadget of these polynomials is the gadget
//            polynomial, whose values at the calls are the gadget's outputs
//   query    on a share: the outputs from the gadget polynomial, and all polynomials at a random
//            point t that the device does not know
//   decide   on the sum of the shares: the outputs are zero, and at t the gadget of the wires is
//   the
//            gadget polynomial
// Who is not honest passes with probability degree * (P - 1) / (q - P) for t, plus that of guessing
// the joint randomness.
//
// A circuit is a class with: Field, Function (of gadget.hpp), gadget(), gadget_calls(),
// measurement_size(), joint_rand_size(), outputs_size(), wires(measurement, joint_rand,
// shares_inverse, rows) and outputs(measurement, gadget_outputs, joint_rand, shares_inverse, out).
// shares_inverse is 1 / number of shares: constants are added to every share.
// Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "vdaf/field.hpp"
#include "vdaf/gadget.hpp"
#include "vdaf/ntt.hpp"
#include "vdaf/polynomial.hpp"
#include "vdaf/rows.hpp"

namespace sotto {

/// How the gadget polynomial is written in a proof: by its first values at roots of unity
/// (draft-irtf-cfrg-vdaf, wire version 18), or by its coefficients (draft 11, and PINE-01). The
/// rest of the two drafts' proofs is the same for circuits of one output, as PINE's are; several
/// outputs are combined as in the former.
enum class ProofBasis { kLagrange, kMonomial };

template <class C, ProofBasis kBasis>
class Flp {
 public:
  using Circuit = C;
  using Field = typename C::Field;
  using Element = typename Field::Element;

  /// Requires proof_fits<C>(circuit).
  explicit Flp(C circuit)
      : circuit_(std::move(circuit)),
        log_points_(log_points(circuit_)),
        roots_(log2_ceil(polynomial_size())) {}

  /// Whether the field has the roots of unity that the circuit's polynomials need.
  static bool proof_fits(const C& circuit) {
    return log_points(circuit) + log2_ceil(circuit.gadget().degree()) <= Field::kLogOrder &&
           log_points(circuit) + 2 < 8 * sizeof(size_t);
  }

  const C& circuit() const { return circuit_; }
  size_t arity() const { return circuit_.gadget().arity(); }

  size_t prove_rand_size() const { return arity(); }
  size_t query_rand_size() const { return 1 + reduction_size(); }
  size_t proof_size() const { return arity() + polynomial_size(); }
  size_t verifier_size() const { return 1 + arity() + 1; }

  /// Requires a measurement (measurement_size()), prove_rand and joint_rand of their sizes, and a
  /// proof of proof_size().
  void prove(std::span<const Element> measurement, std::span<const Element> prove_rand,
             std::span<const Element> joint_rand, std::span<Element> proof) const {
    FieldVector<Field> rows = wires(measurement, prove_rand, joint_rand, 1);
    FieldVector<Field> values(roots_.size());
    gadget_polynomial(rows, values.all());
    std::copy_n(prove_rand.begin(), arity(), proof.begin());
    if constexpr (kBasis == ProofBasis::kMonomial)
      interpolate<Field>(roots_, roots_.log_size(), values.data());
    std::copy_n(values.data(), polynomial_size(), proof.begin() + offset(arity()));
  }

  /// From shares (or from the whole, with shares_inverse 1) to a share of the verifier. False when
  /// the random point is one of the calls, where polynomials would show what they must hide; that
  /// happens with probability P / q and depends on query_rand alone.
  bool query(std::span<const Element> measurement, std::span<const Element> proof,
             std::span<const Element> query_rand, std::span<const Element> joint_rand,
             Element shares_inverse, std::span<Element> verifier) const {
    const Element t = query_rand[query_rand.size() - 1];
    if (square_repeatedly<Field>(t, log_points_) == 1) return false;

    const size_t calls = circuit_.gadget_calls();
    FieldVector<Field> outputs(calls);
    const auto polynomial = proof.subspan(arity());
    verifier[1 + arity()] = read_polynomial(polynomial, t, outputs.all());

    FieldVector<Field> rows = wires(measurement, proof, joint_rand, shares_inverse);
    FieldVector<Field> weights(calls + 1);
    lagrange_weights<Field>(roots_, log_points_, t, weights.all());
    Element* const wires_at_t = &verifier[1];
    std::fill_n(wires_at_t, arity(), Element{0});
    for (size_t k = 0; k <= calls; ++k)
      add_scaled<Field>(wires_at_t, rows.data() + k * arity(), arity(), weights[k]);

    FieldVector<Field> circuit_outputs(circuit_.outputs_size());
    circuit_.outputs(measurement, outputs.all(), joint_rand, shares_inverse, circuit_outputs.all());
    verifier[0] = reduction_size() == 0
                      ? circuit_outputs[0]
                      : dot<Field>(query_rand.data(), circuit_outputs.data(), reduction_size());
    return true;
  }

  /// Whether the sum of the verifier's shares says that the measurement is valid.
  bool decide(std::span<const Element> verifier) const {
    const Element gadget = circuit_.gadget().function.sum(&verifier[1], arity());
    return verifier[0] == 0 && gadget == verifier[1 + arity()];
  }

 private:
  /// Columns that are transformed at a time: their coset stays in the L2 cache.
  static constexpr size_t kTile = 64;

  static std::ptrdiff_t offset(size_t n) { return static_cast<std::ptrdiff_t>(n); }
  static size_t log_points(const C& circuit) { return log2_ceil(1 + circuit.gadget_calls()); }
  size_t points() const { return size_t{1} << log_points_; }
  size_t polynomial_size() const { return circuit_.gadget().degree() * (points() - 1) + 1; }
  // Several outputs are checked at once by a random combination of them.
  size_t reduction_size() const {
    return circuit_.outputs_size() > 1 ? circuit_.outputs_size() : 0;
  }

  // Row k has the wires at w^k: the seeds, then the calls' inputs. Further rows would be zero.
  FieldVector<Field> wires(std::span<const Element> measurement, std::span<const Element> seeds,
                           std::span<const Element> joint_rand, Element shares_inverse) const {
    FieldVector<Field> rows((circuit_.gadget_calls() + 1) * arity());
    std::copy_n(seeds.begin(), arity(), rows.data());
    circuit_.wires(measurement, joint_rand, shares_inverse, rows.all().subspan(arity()));
    return rows;
  }

  // values[i] is the gadget of the wires at the i-th of roots_. Those at the P-th roots of unity
  // are in `rows`; the others are cosets of them.
  void gadget_polynomial(const FieldVector<Field>& rows, std::span<Element> values) const {
    const auto& function = circuit_.gadget().function;
    const size_t given = circuit_.gadget_calls() + 1;
    const size_t cosets = roots_.size() >> log_points_;
    for (size_t k = 0; k < given; ++k)
      values[k * cosets] = function.sum(rows.data() + k * arity(), arity());
    const Element scale = inverse_of_power_of_two<Field>(log_points_);
    FieldVector<Field> coefficients(points() * std::min(kTile, arity()));
    FieldVector<Field> coset(coefficients.size());
    for (size_t first = 0; first < arity(); first += kTile) {
      const size_t columns = std::min(kTile, arity() - first);
      std::fill_n(coefficients.data() + given * columns, (points() - given) * columns, Element{0});
      for (size_t k = 0; k < given; ++k)
        std::copy_n(rows.data() + k * arity() + first, columns, coefficients.data() + k * columns);
      values_to_coefficients<Field>(roots_, log_points_, columns, coefficients.data());
      for (size_t j = 1; j < cosets; ++j) {
        std::copy_n(coefficients.data(), points() * columns, coset.data());
        twist_coefficients<Field>(roots_, log_points_, columns, coset.data(), j, scale);
        coefficients_to_values<Field>(roots_, log_points_, columns, coset.data());
        for (size_t k = 0; k < points(); ++k) {
          Element& value = values[j + k * cosets];
          value = Field::add(value, function.sum(coset.data() + k * columns, columns));
        }
      }
    }
  }

  // The gadget polynomial at the calls, and at t.
  Element read_polynomial(std::span<const Element> polynomial, Element t,
                          std::span<Element> outputs) const {
    if constexpr (kBasis == ProofBasis::kMonomial) {
      FieldVector<Field> folded(points());  // modulo x^P - 1
      for (size_t i = 0; i < polynomial.size(); ++i) {
        Element& at = folded[i & (points() - 1)];
        at = Field::add(at, polynomial[i]);
      }
      evaluate_at_roots<Field>(roots_, log_points_, folded.data());
      std::copy_n(folded.data() + 1, outputs.size(), outputs.begin());
      return evaluate<Field>(polynomial, t);
    } else {
      FieldVector<Field> values(roots_.size());
      std::copy_n(polynomial.begin(), polynomial.size(), values.data());
      extend_values<Field>(roots_, roots_.log_size(), polynomial.size(), values.all());
      const size_t cosets = roots_.size() >> log_points_;
      for (size_t k = 0; k < outputs.size(); ++k) outputs[k] = values[(k + 1) * cosets];
      FieldVector<Field> weights(roots_.size());
      lagrange_weights<Field>(roots_, roots_.log_size(), t, weights.all());
      return dot<Field>(values.data(), weights.data(), values.size());
    }
  }

  C circuit_;
  size_t log_points_;
  Roots<Field> roots_;
};

}  // namespace sotto
