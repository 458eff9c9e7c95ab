#include "vdaf/ntt.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/random.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/polynomial.hpp"
#include "vdaf/rows.hpp"
#include "vdaf/test_fields.hpp"

using namespace sotto;

namespace {

template <class Field>
std::vector<typename Field::Element> values_of(const FieldVector<Field>& vector) {
  return {vector.all().begin(), vector.all().end()};
}

}  // namespace

TEST_CASE("every way of computing rows of Field32 gives the same elements") {
  Random random(1);
  const auto all = available_field32_rows();
  const Field32Rows& scalar = all[0];
  for (const Field32Rows& rows : all) {
    CAPTURE(rows.name);
    for (size_t n = 0; n < 70; ++n) {
      auto a = values_of(random_elements<Field32>(random, n));
      auto b = values_of(random_elements<Field32>(random, n));
      for (size_t i = 0; i < n; ++i) {  // the ends of the range, in every lane
        if (random.below(4) == 0) a[i] = random.below(2) == 0 ? 0 : Field32::kModulus - 1;
        if (random.below(4) == 0) b[i] = random.below(2) == 0 ? 0 : Field32::kModulus - 1;
      }
      for (const uint32_t factor :
           {uint32_t{0}, uint32_t{1}, Field32::kModulus - 1, random_element<Field32>(random)}) {
        auto a1 = a, b1 = b, a2 = a, b2 = b;
        rows.butterfly(a1.data(), b1.data(), n, factor);
        scalar.butterfly(a2.data(), b2.data(), n, factor);
        CHECK(a1 == a2);
        CHECK(b1 == b2);
        rows.inverse_butterfly(a1.data(), b1.data(), n, factor);
        scalar.inverse_butterfly(a2.data(), b2.data(), n, factor);
        CHECK(a1 == a2);
        CHECK(b1 == b2);
        rows.add_scaled(a1.data(), b1.data(), n, factor);
        scalar.add_scaled(a2.data(), b2.data(), n, factor);
        CHECK(a1 == a2);
        rows.scale(a1.data(), n, factor);
        scalar.scale(a2.data(), n, factor);
        CHECK(a1 == a2);
      }
      CHECK(rows.dot(a.data(), b.data(), n) == scalar.dot(a.data(), b.data(), n));
    }
  }
}

TEST_CASE_TEMPLATE("values at the roots are what the coefficients evaluate to", Field, Field32,
                   Field40, Field64, Field128) {
  Random random(2);
  for (size_t log_n = 0; log_n < 7; ++log_n) {
    const size_t n = size_t{1} << log_n;
    for (const size_t log_table : {log_n, log_n + 2}) {
      const Roots<Field> roots(log_table);
      const auto coefficients = random_elements<Field>(random, n);
      FieldVector<Field> values(n);
      std::copy_n(coefficients.data(), n, values.data());
      evaluate_at_roots<Field>(roots, log_n, values.data());
      for (size_t k = 0; k < n; ++k) {
        const auto x = roots.power(k << (log_table - log_n));
        CHECK((values[k] == evaluate<Field>(coefficients.all(), x)));
      }
      interpolate<Field>(roots, log_n, values.data());
      for (size_t i = 0; i < n; ++i) CHECK((values[i] == coefficients[i]));
    }
  }
}

TEST_CASE_TEMPLATE("cosets of all columns at once are those of each column", Field, Field32,
                   Field64) {
  Random random(3);
  constexpr size_t kLog = 4;
  constexpr size_t kPoints = 16;
  constexpr size_t kColumns = 11;
  const Roots<Field> roots(kLog + 1);
  auto rows = random_elements<Field>(random, kPoints * kColumns);
  FieldVector<Field> before(rows.size());
  std::copy_n(rows.data(), rows.size(), before.data());
  values_to_coefficients<Field>(roots, kLog, kColumns, rows.data());
  twist_coefficients<Field>(roots, kLog, kColumns, rows.data(), 1,
                            inverse<Field>(element<Field>(kPoints)));
  coefficients_to_values<Field>(roots, kLog, kColumns, rows.data());
  for (size_t column = 0; column < kColumns; ++column) {
    FieldVector<Field> polynomial(kPoints);
    for (size_t k = 0; k < kPoints; ++k) polynomial[k] = before[k * kColumns + column];
    interpolate<Field>(roots, kLog, polynomial.data());
    for (size_t k = 0; k < kPoints; ++k)
      CHECK((rows[k * kColumns + column] ==
             evaluate<Field>(polynomial.all(), roots.power(2 * k + 1))));
  }
}

TEST_CASE_TEMPLATE("Lagrange weights evaluate polynomials that are known by values", Field, Field32,
                   Field40, Field64, Field128) {
  Random random(4);
  for (const size_t log_n : {size_t{0}, size_t{1}, size_t{3}, size_t{5}}) {
    const size_t n = size_t{1} << log_n;
    const Roots<Field> roots(log_n + 1);
    for (const size_t given : {n, std::max<size_t>(1, n - 1), std::max<size_t>(1, n / 2)}) {
      FieldVector<Field> values(n);
      for (size_t k = 0; k < given; ++k) values[k] = random_element<Field>(random);
      FieldVector<Field> polynomial(n);
      std::copy_n(values.data(), n, polynomial.data());
      interpolate<Field>(roots, log_n, polynomial.data());
      // Anywhere, and at roots of this and of a higher order.
      for (const auto x :
           {random_element<Field>(random), roots.power(0), roots.power(1), roots.power(2)}) {
        FieldVector<Field> weights(given);
        lagrange_weights<Field>(roots, log_n, x, weights.all());
        CHECK((dot<Field>(values.data(), weights.data(), given) ==
               evaluate<Field>(polynomial.all(), x)));
      }
    }
  }
}

TEST_CASE_TEMPLATE("missing values follow from the degree", Field, Field32, Field64, Field128) {
  Random random(5);
  for (const size_t log_n : {size_t{1}, size_t{2}, size_t{4}}) {
    const size_t n = size_t{1} << log_n;
    const Roots<Field> roots(log_n);
    for (size_t known = 1; known <= n; ++known) {
      FieldVector<Field> all(n);
      for (size_t i = 0; i < known; ++i) all[i] = random_element<Field>(random);
      evaluate_at_roots<Field>(roots, log_n, all.data());
      FieldVector<Field> extended(n);
      std::copy_n(all.data(), known, extended.data());
      extend_values<Field>(roots, log_n, known, extended.all());
      for (size_t i = 0; i < n; ++i) CHECK((extended[i] == all[i]));
    }
  }
}
