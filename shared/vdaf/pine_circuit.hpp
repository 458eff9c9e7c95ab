// The two circuits of PINE (draft-chen-cfrg-vdaf-pine-01, section 4), as flp.hpp takes them. They
// share one measurement:
//   gradient   `dimension` elements: the integers that are added up
//   bits       everything that must be 0 or 1:
//     v, u       the squared norm, and what it is below its bound, in binary
//     each check v, the dot product in binary, moved to 0 .. 2 * wraparound_bound - 1, and whether
//                the check is counted
//   dots       one for each wraparound check, computed by every party itself (wraparound.hpp)
// and hold only together, given that the dot products are those of random vectors:
//   PineNormEquality   sum of gradient^2 = v, modulo q
//   PineValid          bits are bits; v + u = bound^2; each check is not counted or its v is its
//                      dot product; as many are counted as are asked for
// A gradient whose squared norm wraps around q has dot products out of range in every second check.
// Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vdaf/field.hpp"
#include "vdaf/gadget.hpp"

namespace sotto {

/// Where what lies in a measurement.
struct PineLayout {
  size_t dimension = 0;
  uint64_t squared_norm_bound = 0;
  size_t squared_norm_bits = 0;
  size_t wraparound_checks = 0;
  size_t wraparound_successes = 0;
  uint64_t wraparound_bound = 0;  ///< A power of two.
  size_t wraparound_bits = 0;

  size_t bits_size() const { return 2 * squared_norm_bits + checks_size(); }
  size_t checks_size() const { return wraparound_checks * (wraparound_bits + 1); }
  /// Gradient, v and u: what the random vectors depend on.
  size_t norm_end() const { return dimension + 2 * squared_norm_bits; }
  /// Gradient and bits: what is shared.
  size_t shared_size() const { return dimension + bits_size(); }
  size_t measurement_size() const { return shared_size() + wraparound_checks; }
};

/// sum of 2^i bits[i].
template <class Field>
typename Field::Element from_bits(std::span<const typename Field::Element> bits) {
  typename Field::Element value = 0;
  for (size_t i = bits.size(); i-- > 0;) value = Field::add(Field::add(value, value), bits[i]);
  return value;
}
template <class Field>
void to_bits(Uint128 value, std::span<typename Field::Element> bits) {
  for (size_t i = 0; i < bits.size(); ++i)
    bits[i] = static_cast<typename Field::Element>((value >> i) & 1);
}

template <class F>
class PineNormEquality {
 public:
  using Field = F;
  using Function = Square<F>;
  using Element = typename F::Element;

  PineNormEquality(const PineLayout& layout, size_t chunk_length)
      : layout_(layout), chunk_length_(chunk_length) {}

  ParallelSum<Function> gadget() const { return {{}, chunk_length_}; }
  size_t gadget_calls() const { return (layout_.dimension + chunk_length_ - 1) / chunk_length_; }
  size_t measurement_size() const { return layout_.measurement_size(); }
  size_t joint_rand_size() const { return 0; }
  size_t outputs_size() const { return 1; }

  void wires(std::span<const Element> measurement, std::span<const Element> /*joint_rand*/,
             Element /*shares_inverse*/, std::span<Element> rows) const {
    std::copy_n(measurement.begin(), layout_.dimension, rows.begin());
  }
  void outputs(std::span<const Element> measurement, std::span<const Element> gadget_outputs,
               std::span<const Element> /*joint_rand*/, Element /*shares_inverse*/,
               std::span<Element> out) const {
    out[0] = from_bits<F>(measurement.subspan(layout_.dimension, layout_.squared_norm_bits));
    for (const Element output : gadget_outputs) out[0] = F::subtract(out[0], output);
  }

 private:
  PineLayout layout_;
  size_t chunk_length_;
};

template <class F>
class PineValid {
 public:
  using Field = F;
  using Function = Mul<F>;
  using Element = typename F::Element;

  PineValid(const PineLayout& layout, size_t chunk_length)
      : layout_(layout), chunk_length_(chunk_length) {}

  ParallelSum<Function> gadget() const { return {{}, chunk_length_}; }
  size_t gadget_calls() const { return bit_calls() + calls_for(layout_.wraparound_checks); }
  size_t measurement_size() const { return layout_.measurement_size(); }
  /// For the bits, for the wraparound checks, for the sum of everything.
  size_t joint_rand_size() const { return 3; }
  size_t outputs_size() const { return 1; }

  void wires(std::span<const Element> measurement, std::span<const Element> joint_rand,
             Element shares_inverse, std::span<Element> rows) const {
    // Calls lie one after the other, so the pairs of each kind do, too.
    Element* pair = rows.data();
    Element r_power = 1;
    for (const Element bit : bits(measurement)) {
      *pair++ = F::multiply(r_power, bit);
      *pair++ = F::subtract(bit, shares_inverse);
      r_power = F::multiply(r_power, joint_rand[0]);
    }
    pair = rows.data() + bit_calls() * 2 * chunk_length_;
    r_power = 1;
    const Element offset = F::multiply(element<F>(layout_.wraparound_bound - 1), shares_inverse);
    for (size_t i = 0; i < layout_.wraparound_checks; ++i) {
      const auto check = check_bits(measurement, i);
      const Element reported =
          F::subtract(from_bits<F>(check.first(layout_.wraparound_bits)), offset);
      const Element dot = measurement[layout_.shared_size() + i];
      *pair++ = F::multiply(r_power, F::subtract(dot, reported));
      *pair++ = check[layout_.wraparound_bits];
      r_power = F::multiply(r_power, joint_rand[1]);
    }
  }

  void outputs(std::span<const Element> measurement, std::span<const Element> gadget_outputs,
               std::span<const Element> joint_rand, Element shares_inverse,
               std::span<Element> out) const {
    const auto norm = bits(measurement).first(2 * layout_.squared_norm_bits);
    const Element v = from_bits<F>(norm.first(layout_.squared_norm_bits));
    const Element u = from_bits<F>(norm.subspan(layout_.squared_norm_bits));
    const Element bound = F::multiply(element<F>(layout_.squared_norm_bound), shares_inverse);
    const Element in_range = F::subtract(F::add(v, u), bound);
    Element counted = 0;
    for (size_t i = 0; i < layout_.wraparound_checks; ++i)
      counted = F::add(counted, check_bits(measurement, i)[layout_.wraparound_bits]);
    const Element asked = F::multiply(element<F>(layout_.wraparound_successes), shares_inverse);
    const Element enough = F::subtract(counted, asked);

    Element bits_hold = 0;
    Element checks_hold = 0;
    for (size_t call = 0; call < gadget_outputs.size(); ++call) {
      Element& sum = call < bit_calls() ? bits_hold : checks_hold;
      sum = F::add(sum, gadget_outputs[call]);
    }
    const Element r = joint_rand[2];
    out[0] = F::add(F::multiply(r, enough), checks_hold);
    out[0] = F::add(F::multiply(r, out[0]), in_range);
    out[0] = F::add(F::multiply(r, out[0]), bits_hold);
  }

 private:
  size_t calls_for(size_t pairs) const { return (pairs + chunk_length_ - 1) / chunk_length_; }
  size_t bit_calls() const { return calls_for(layout_.bits_size()); }
  std::span<const Element> bits(std::span<const Element> measurement) const {
    return measurement.subspan(layout_.dimension, layout_.bits_size());
  }
  std::span<const Element> check_bits(std::span<const Element> measurement, size_t i) const {
    return measurement.subspan(layout_.norm_end() + i * (layout_.wraparound_bits + 1),
                               layout_.wraparound_bits + 1);
  }

  PineLayout layout_;
  size_t chunk_length_;
};

}  // namespace sotto
