// The number theoretic transform of all columns of a matrix at once: rows are what is neighbouring
// in memory, so every step is a loop over whole rows, and a single polynomial is one column.
//
// A polynomial p of degree below n is known by its values p(w^0), p(w^1), ... at the n-th roots of
// unity (the Lagrange basis of draft-irtf-cfrg-vdaf section 6.1.3) or by its coefficients (the
// monomial basis). In between, coefficients lie in bit-reversed order: row i is the one of
// x^bit_reversed(i), which saves the permutation in both directions.
// Thread safety: pure; a table is immutable.
#pragma once

#include <cstddef>
#include <vector>

#include "vdaf/field.hpp"
#include "vdaf/rows.hpp"

namespace sotto {

constexpr size_t bit_reversed(size_t index, size_t log_n) {
  size_t reversed = 0;
  for (size_t bit = 0; bit < log_n; ++bit) reversed |= ((index >> bit) & 1) << (log_n - 1 - bit);
  return reversed;
}

/// The smallest l with 2^l >= n. Requires n >= 1.
constexpr size_t log2_ceil(size_t n) {
  size_t log = 0;
  while ((size_t{1} << log) < n) ++log;
  return log;
}

/// w^0 .. w^(n-1) for n = 2^log_n and w the draft's root of unity of that order.
template <class Field>
class Roots {
 public:
  using Element = typename Field::Element;

  /// Requires log_n <= Field::kLogOrder.
  explicit Roots(size_t log_n) : log_size_(log_n), powers_(size_t{1} << log_n) {
    const Element root = root_of_unity<Field>(log_n);
    powers_[0] = 1;
    for (size_t i = 1; i < powers_.size(); ++i) powers_[i] = Field::multiply(powers_[i - 1], root);
  }

  size_t log_size() const { return log_size_; }
  size_t size() const { return powers_.size(); }
  /// w^i, for every i: taken mod n.
  Element power(size_t i) const { return powers_[i & (size() - 1)]; }
  /// w^-i.
  Element inverse_power(size_t i) const { return powers_[(size() - i) & (size() - 1)]; }

 private:
  size_t log_size_;
  std::vector<Element> powers_;
};

/// Values at the n-th roots, in order, become n times the coefficients, in bit-reversed order; in
/// place, for each of `columns` columns. n = 2^log_n must divide roots.size().
template <class Field>
void values_to_coefficients(const Roots<Field>& roots, size_t log_n, size_t columns,
                            typename Field::Element* rows) {
  for (size_t level = 0; level < log_n; ++level) {
    const size_t half = (size_t{1} << (log_n - level - 1)) * columns;
    for (size_t group = 0; group < size_t{1} << level; ++group) {
      // Modulo x^(2 half) - s^2, of which s is w^-exponent: two residues, modulo x^half -+ s.
      const size_t exponent = bit_reversed(group, level) << (roots.log_size() - level - 1);
      auto* const first = rows + group * 2 * half;
      butterfly<Field>(first, first + half, half, roots.inverse_power(exponent));
    }
  }
}

/// Coefficients in bit-reversed order become the values at the n-th roots, in order.
template <class Field>
void coefficients_to_values(const Roots<Field>& roots, size_t log_n, size_t columns,
                            typename Field::Element* rows) {
  for (size_t level = log_n; level-- > 0;) {
    const size_t half = (size_t{1} << (log_n - level - 1)) * columns;
    for (size_t group = 0; group < size_t{1} << level; ++group) {
      const size_t exponent = bit_reversed(group, level) << (roots.log_size() - level - 1);
      auto* const first = rows + group * 2 * half;
      inverse_butterfly<Field>(first, first + half, half, roots.power(exponent));
    }
  }
}

/// Row i, the coefficient of x^bit_reversed(i), times factor s^bit_reversed(i), where s is
/// root^shift of the table: afterwards coefficients_to_values gives the values at s w^k.
template <class Field>
void twist_coefficients(const Roots<Field>& roots, size_t log_n, size_t columns,
                        typename Field::Element* rows, size_t shift,
                        typename Field::Element factor) {
  for (size_t i = 0; i < size_t{1} << log_n; ++i) {
    const size_t exponent = bit_reversed(i, log_n) * shift;
    scale<Field>(rows + i * columns, columns, Field::multiply(roots.power(exponent), factor));
  }
}

/// One polynomial: values in order to coefficients in order.
template <class Field>
void interpolate(const Roots<Field>& roots, size_t log_n, typename Field::Element* polynomial) {
  const size_t n = size_t{1} << log_n;
  values_to_coefficients<Field>(roots, log_n, 1, polynomial);
  scale<Field>(polynomial, n, inverse_of_power_of_two<Field>(log_n));
  for (size_t i = 0; i < n; ++i) {
    const size_t other = bit_reversed(i, log_n);
    if (i < other) std::swap(polynomial[i], polynomial[other]);
  }
}

/// The way back: coefficients in order to values in order.
template <class Field>
void evaluate_at_roots(const Roots<Field>& roots, size_t log_n,
                       typename Field::Element* polynomial) {
  const size_t n = size_t{1} << log_n;
  for (size_t i = 0; i < n; ++i) {
    const size_t other = bit_reversed(i, log_n);
    if (i < other) std::swap(polynomial[i], polynomial[other]);
  }
  coefficients_to_values<Field>(roots, log_n, 1, polynomial);
}

}  // namespace sotto
