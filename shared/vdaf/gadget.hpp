// Gadgets: the small non-linear functions that a validity circuit is made of
// (draft-irtf-cfrg-vdaf section 7.3.3).
//
// A circuit calls one gadget several times; every call adds up `count` copies of a small function
// of few inputs (the draft's ParallelSum, of which a gadget by itself is the case count = 1).
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <vector>

#include "vdaf/field.hpp"
#include "vdaf/polynomial.hpp"
#include "vdaf/rows.hpp"

namespace sotto {

/// x y. Inputs are pairs.
template <class F>
struct Mul {
  using Field = F;
  static constexpr size_t kInputs = 2;
  static constexpr size_t degree() { return 2; }
  /// The sum over groups of kInputs neighbouring inputs, n in all.
  typename F::Element sum(const typename F::Element* inputs, size_t n) const {
    typename F::Element total = 0;
    for (size_t i = 0; i < n; i += 2) total = F::add(total, F::multiply(inputs[i], inputs[i + 1]));
    return total;
  }
};

/// x^2: the draft's PolyEval([0, 0, 1]).
template <class F>
struct Square {
  using Field = F;
  static constexpr size_t kInputs = 1;
  static constexpr size_t degree() { return 2; }
  typename F::Element sum(const typename F::Element* inputs, size_t n) const {
    return dot<F>(inputs, inputs, n);
  }
};

/// A polynomial of one input, known by its coefficients, the last of which is not zero.
template <class F>
struct PolyEval {
  using Field = F;
  std::vector<typename F::Element> coefficients;
  static constexpr size_t kInputs = 1;
  size_t degree() const { return coefficients.size() - 1; }
  typename F::Element sum(const typename F::Element* inputs, size_t n) const {
    typename F::Element total = 0;
    for (size_t i = 0; i < n; ++i) total = F::add(total, evaluate<F>(coefficients, inputs[i]));
    return total;
  }
};

template <class Function>
struct ParallelSum {
  using Field = typename Function::Field;
  Function function;
  size_t count = 1;

  size_t arity() const { return Function::kInputs * count; }
  size_t degree() const { return function.degree(); }
};

}  // namespace sotto
