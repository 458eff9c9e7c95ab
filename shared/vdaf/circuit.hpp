// The validity circuits of Prio3 (draft-irtf-cfrg-vdaf section 7.4), as flp.hpp takes them, each
// with how its measurements are encoded and what of the encoding is added up:
//   measurement  integers, as many as there are in the result: the sum of the measurements
//   encode       integers -> measurement_size() elements; false for what is no valid measurement.
//                No branch depends on the integers.
//   Proven       all of it that a device proves with: SumVec, Histogram and MultihotCountVec differ
//                in encoding and outputs only
//   truncate     linear: (shares of) the encoding -> output_size() elements that add up
// Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vdaf/field.hpp"
#include "vdaf/gadget.hpp"
#include "vdaf/rows.hpp"

namespace sotto {

/// An integer in 0 .. max as bits whose weights are powers of two but for the last, which makes the
/// largest sum be `max`: no bits stand for more. Some integers have two encodings.
struct BoundedInteger {
  uint64_t max;  ///< 1 .. 2^31 - 1

  size_t bits() const {
    size_t n = 0;
    while ((max >> n) != 0) ++n;
    return n;
  }
  uint64_t weight(size_t bit) const {
    const size_t last = bits() - 1;
    return bit < last ? uint64_t{1} << bit : max - ((uint64_t{1} << last) - 1);
  }

  /// Anything for a value out of range.
  template <class Field>
  void encode(int32_t value, typename Field::Element* out) const {
    const size_t last = bits() - 1;
    const uint64_t others_max = (uint64_t{1} << last) - 1;
    const auto number = static_cast<uint64_t>(static_cast<uint32_t>(value));
    const uint64_t top = (others_max - number) >> 63;  // 1 when number > others_max
    const uint64_t rest = number - (weight(last) & (uint64_t{0} - top));
    for (size_t bit = 0; bit < last; ++bit)
      out[bit] = static_cast<typename Field::Element>((rest >> bit) & 1);
    out[last] = static_cast<typename Field::Element>(top);
  }
  template <class Field>
  typename Field::Element decode(const typename Field::Element* encoded) const {
    typename Field::Element sum = 0;
    for (size_t bit = 0, n = bits(); bit < n; ++bit)
      sum = Field::add(sum, Field::multiply(encoded[bit], element<Field>(weight(bit))));
    return sum;
  }
};

/// All of 0 .. max? Looks at all of them in any case.
inline bool all_within(std::span<const int32_t> values, uint32_t max) {
  uint32_t outside = 0;
  for (const int32_t value : values) outside |= static_cast<uint32_t>(value) > max ? 1U : 0U;
  return outside == 0;
}

template <class Field>
typename Field::Element sum_of(std::span<const typename Field::Element> elements) {
  typename Field::Element sum = 0;
  for (const auto a : elements) sum = Field::add(sum, a);
  return sum;
}

/// 0 or 1.
template <class F>
class Count {
 public:
  using Proven = Count;
  using Field = F;
  using Function = Mul<F>;
  using Element = typename F::Element;

  ParallelSum<Function> gadget() const { return {}; }
  size_t gadget_calls() const { return 1; }
  size_t measurement_size() const { return 1; }
  size_t output_size() const { return 1; }
  size_t joint_rand_size() const { return 0; }
  size_t outputs_size() const { return 1; }

  bool encode(std::span<const int32_t> measurement, std::span<Element> out) const {
    out[0] = F::from_signed(int64_t{measurement[0]});
    return all_within(measurement, 1);
  }
  void truncate(std::span<const Element> encoded, std::span<Element> out) const {
    out[0] = encoded[0];
  }
  void wires(std::span<const Element> encoded, std::span<const Element> /*joint_rand*/,
             Element /*shares_inverse*/, std::span<Element> rows) const {
    rows[0] = rows[1] = encoded[0];
  }
  void outputs(std::span<const Element> encoded, std::span<const Element> gadget_outputs,
               std::span<const Element> /*joint_rand*/, Element /*shares_inverse*/,
               std::span<Element> out) const {
    out[0] = F::subtract(gadget_outputs[0], encoded[0]);
  }
};

/// An integer in 0 .. max: each of its bits is 0 or 1.
template <class F>
class RangeSum {
 public:
  using Proven = RangeSum;
  using Field = F;
  using Function = PolyEval<F>;
  using Element = typename F::Element;

  explicit RangeSum(uint64_t max) : integer_{max} {}

  ParallelSum<Function> gadget() const { return {{{0, F::negate(1), 1}}, 1}; }  // x^2 - x
  size_t gadget_calls() const { return integer_.bits(); }
  size_t measurement_size() const { return integer_.bits(); }
  size_t output_size() const { return 1; }
  size_t joint_rand_size() const { return 0; }
  size_t outputs_size() const { return integer_.bits(); }

  bool encode(std::span<const int32_t> measurement, std::span<Element> out) const {
    integer_.encode<F>(measurement[0], out.data());
    return all_within(measurement, static_cast<uint32_t>(integer_.max));
  }
  void truncate(std::span<const Element> encoded, std::span<Element> out) const {
    out[0] = integer_.decode<F>(encoded.data());
  }
  void wires(std::span<const Element> encoded, std::span<const Element> /*joint_rand*/,
             Element /*shares_inverse*/, std::span<Element> rows) const {
    std::copy(encoded.begin(), encoded.end(), rows.begin());
  }
  void outputs(std::span<const Element> /*encoded*/, std::span<const Element> gadget_outputs,
               std::span<const Element> /*joint_rand*/, Element /*shares_inverse*/,
               std::span<Element> out) const {
    std::copy(gadget_outputs.begin(), gadget_outputs.end(), out.begin());
  }

 private:
  BoundedInteger integer_;
};

/// 0, 1 or 2: x (x - 1) (x - 2) = 0. The drafts' example of a gadget of degree 3.
template <class F>
class HigherDegree {
 public:
  using Proven = HigherDegree;
  using Field = F;
  using Function = PolyEval<F>;
  using Element = typename F::Element;

  ParallelSum<Function> gadget() const { return {{{0, 2, F::negate(3), 1}}, 1}; }
  size_t gadget_calls() const { return 1; }
  size_t measurement_size() const { return 1; }
  size_t output_size() const { return 1; }
  size_t joint_rand_size() const { return 0; }
  size_t outputs_size() const { return 1; }

  bool encode(std::span<const int32_t> measurement, std::span<Element> out) const {
    out[0] = F::from_signed(int64_t{measurement[0]});
    return all_within(measurement, 2);
  }
  void truncate(std::span<const Element> encoded, std::span<Element> out) const {
    out[0] = encoded[0];
  }
  void wires(std::span<const Element> encoded, std::span<const Element> /*joint_rand*/,
             Element /*shares_inverse*/, std::span<Element> rows) const {
    rows[0] = encoded[0];
  }
  void outputs(std::span<const Element> /*encoded*/, std::span<const Element> gadget_outputs,
               std::span<const Element> /*joint_rand*/, Element /*shares_inverse*/,
               std::span<Element> out) const {
    out[0] = gadget_outputs[0];
  }
};

/// What SumVec, Histogram and MultihotCountVec share: every element b of the encoding is 0 or 1.
/// Chunk i is one call, that of sum over j of r_i^(j+1) b (b - 1).
template <class F>
class BitChecks {
 public:
  using Proven = BitChecks;
  using Field = F;
  using Function = Mul<F>;
  using Element = typename F::Element;

  /// Requires chunk_length >= 1.
  BitChecks(size_t bits, size_t chunk_length)
      : bits_(bits),
        chunk_length_(chunk_length),
        calls_((bits + chunk_length - 1) / chunk_length) {}  // NOLINT(clang-analyzer-*)

  ParallelSum<Function> gadget() const { return {{}, chunk_length_}; }
  size_t gadget_calls() const { return calls_; }
  size_t measurement_size() const { return bits_; }
  size_t joint_rand_size() const { return gadget_calls(); }

  void wires(std::span<const Element> encoded, std::span<const Element> joint_rand,
             Element shares_inverse, std::span<Element> rows) const {
    const Element minus_one = F::negate(shares_inverse);
    for (size_t call = 0; call < gadget_calls(); ++call) {
      const Element r = joint_rand[call];
      Element r_power = r;
      Element* const row = &rows[call * 2 * chunk_length_];
      for (size_t j = 0; j < chunk_length_; ++j) {
        const size_t index = call * chunk_length_ + j;
        const Element bit = index < encoded.size() ? encoded[index] : Element{0};
        row[2 * j] = F::multiply(r_power, bit);
        row[2 * j + 1] = F::add(bit, minus_one);
        r_power = F::multiply(r_power, r);
      }
    }
  }

 private:
  size_t bits_;
  size_t chunk_length_;
  size_t calls_;
};

/// `length` integers in 0 .. max.
template <class F>
class SumVec : public BitChecks<F> {
 public:
  using typename BitChecks<F>::Element;

  SumVec(size_t length, uint64_t max, size_t chunk_length)
      : BitChecks<F>(length * BoundedInteger{max}.bits(), chunk_length),
        length_(length),
        integer_{max} {}

  size_t output_size() const { return length_; }
  size_t outputs_size() const { return 1; }

  bool encode(std::span<const int32_t> measurement, std::span<Element> out) const {
    const size_t bits = integer_.bits();
    for (size_t i = 0; i < length_; ++i) integer_.encode<F>(measurement[i], &out[i * bits]);
    return all_within(measurement, static_cast<uint32_t>(integer_.max));
  }
  void truncate(std::span<const Element> encoded, std::span<Element> out) const {
    const size_t bits = integer_.bits();
    for (size_t i = 0; i < length_; ++i) out[i] = integer_.decode<F>(&encoded[i * bits]);
  }
  void outputs(std::span<const Element> /*encoded*/, std::span<const Element> gadget_outputs,
               std::span<const Element> /*joint_rand*/, Element /*shares_inverse*/,
               std::span<Element> out) const {
    out[0] = sum_of<F>(gadget_outputs);
  }

 private:
  size_t length_;
  BoundedInteger integer_;
};

/// One of `length` buckets: zeros and one 1.
template <class F>
class Histogram : public BitChecks<F> {
 public:
  using typename BitChecks<F>::Element;

  Histogram(size_t length, size_t chunk_length) : BitChecks<F>(length, chunk_length) {}

  size_t output_size() const { return this->measurement_size(); }
  size_t outputs_size() const { return 2; }

  bool encode(std::span<const int32_t> measurement, std::span<Element> out) const {
    uint32_t ones = 0;
    for (size_t i = 0; i < measurement.size(); ++i) {
      out[i] = F::from_signed(int64_t{measurement[i]});
      ones += static_cast<uint32_t>(measurement[i]);
    }
    return all_within(measurement, 1) && ones == 1;
  }
  void truncate(std::span<const Element> encoded, std::span<Element> out) const {
    std::copy(encoded.begin(), encoded.end(), out.begin());
  }
  void outputs(std::span<const Element> encoded, std::span<const Element> gadget_outputs,
               std::span<const Element> /*joint_rand*/, Element shares_inverse,
               std::span<Element> out) const {
    out[0] = sum_of<F>(gadget_outputs);
    out[1] = F::subtract(sum_of<F>(encoded), shares_inverse);
  }
};

/// `length` bits, at most max_weight of them ones. The encoding holds the weight, too.
template <class F>
class MultihotCountVec : public BitChecks<F> {
 public:
  using typename BitChecks<F>::Element;

  MultihotCountVec(size_t length, uint64_t max_weight, size_t chunk_length)
      : BitChecks<F>(length + BoundedInteger{max_weight}.bits(), chunk_length),
        length_(length),
        weight_{max_weight} {}

  size_t output_size() const { return length_; }
  size_t outputs_size() const { return 2; }

  bool encode(std::span<const int32_t> measurement, std::span<Element> out) const {
    int32_t ones = 0;
    for (size_t i = 0; i < length_; ++i) {
      out[i] = F::from_signed(int64_t{measurement[i]});
      ones =
          static_cast<int32_t>(static_cast<uint32_t>(ones) + static_cast<uint32_t>(measurement[i]));
    }
    weight_.encode<F>(ones, &out[length_]);
    const bool bits = all_within(measurement, 1);
    return all_within({&ones, 1}, static_cast<uint32_t>(weight_.max)) && bits;
  }
  void truncate(std::span<const Element> encoded, std::span<Element> out) const {
    std::copy_n(encoded.begin(), length_, out.begin());
  }
  void outputs(std::span<const Element> encoded, std::span<const Element> gadget_outputs,
               std::span<const Element> /*joint_rand*/, Element /*shares_inverse*/,
               std::span<Element> out) const {
    out[0] = sum_of<F>(gadget_outputs);
    out[1] = F::subtract(sum_of<F>(encoded.first(length_)), weight_.decode<F>(&encoded[length_]));
  }

 private:
  size_t length_;
  BoundedInteger weight_;
};

}  // namespace sotto
