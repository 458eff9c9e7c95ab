// Polynomials at single points, in the two bases of ntt.hpp.
// Source: draft-irtf-cfrg-vdaf section 6.1.3; Berrut, Trefethen 2004 (barycentric interpolation).
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <span>

#include "vdaf/field.hpp"
#include "vdaf/ntt.hpp"

namespace sotto {

/// sum of coefficients[i] x^i (Horner).
template <class Field>
typename Field::Element evaluate(std::span<const typename Field::Element> coefficients,
                                 typename Field::Element x) {
  typename Field::Element value = 0;
  for (size_t i = coefficients.size(); i-- > 0;)
    value = Field::add(Field::multiply(value, x), coefficients[i]);
  return value;
}

/// x^(2^log_n).
template <class Field>
typename Field::Element square_repeatedly(typename Field::Element x, size_t log_n) {
  for (size_t i = 0; i < log_n; ++i) x = Field::multiply(x, x);
  return x;
}

/// The Lagrange basis at the n-th roots, n = 2^log_n, at the point x:
///   weights[k] = w^k / n * prod over i != k of (x - w^i),  so p(x) = sum of weights[k] p(w^k).
/// Requires weights.size() <= n: the first ones, where the other values are zero or not asked for.
template <class Field>
void lagrange_weights(const Roots<Field>& roots, size_t log_n, typename Field::Element x,
                      std::span<typename Field::Element> weights) {
  using Element = typename Field::Element;
  const size_t n = size_t{1} << log_n;
  const size_t step = roots.size() >> log_n;
  const auto difference = [&](size_t k) { return Field::subtract(x, roots.power(k * step)); };
  // The product of the differences before k, then times that of those after k.
  Element product = 1;
  for (size_t k = 0; k < weights.size(); ++k) {
    weights[k] = product;
    product = Field::multiply(product, difference(k));
  }
  Element rest = inverse_of_power_of_two<Field>(log_n);
  for (size_t k = n; k-- > 0;) {
    if (k < weights.size())
      weights[k] = Field::multiply(Field::multiply(weights[k], rest), roots.power(k * step));
    rest = Field::multiply(rest, difference(k));
  }
}

/// Completes the values of a polynomial of degree below `known` at the n-th roots, n =
/// values.size() = 2^log_n, from the first `known` of them.
/// Multiplied by prod (x - w^s) over all missing s but m it still has a degree below n - 1, and for
/// such polynomials sum over k of p(w^k) w^k = 0; of the missing ones only m is left in that sum.
/// Takes n times the square of how many are missing: meant for one, as all gadgets of degree 2
/// leave it.
template <class Field>
void extend_values(const Roots<Field>& roots, size_t log_n, size_t known,
                   std::span<typename Field::Element> values) {
  using Element = typename Field::Element;
  const size_t n = size_t{1} << log_n;
  const size_t step = roots.size() >> log_n;
  const auto others = [&](size_t missing, size_t at) {
    Element product = roots.power(at * step);
    for (size_t s = known; s < n; ++s)
      if (s != missing)
        product = Field::multiply(product,
                                  Field::subtract(roots.power(at * step), roots.power(s * step)));
    return product;
  };
  for (size_t missing = known; missing < n; ++missing) {
    Element sum = 0;
    for (size_t k = 0; k < known; ++k)
      sum = Field::add(sum, Field::multiply(values[k], others(missing, k)));
    // Of one alone the product is a root.
    const Element weight = n - known == 1 ? roots.inverse_power(missing * step)
                                          : inverse<Field>(others(missing, missing));
    values[missing] = Field::multiply(Field::negate(sum), weight);
  }
}

}  // namespace sotto
