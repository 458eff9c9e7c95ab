#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "base/random.hpp"
#include "vdaf/field.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/test_fields.hpp"

using namespace sotto;

namespace {

// a b mod q by doubling and adding, each step below 2q, which for Field128 does not fit: by the
// field's own addition, whose test comes first.
template <class Field>
typename Field::Element slow_product(typename Field::Element a, typename Field::Element b) {
  typename Field::Element product = 0;
  for (size_t bit = 8 * Field::kEncodedSize; bit-- > 0;) {
    product = Field::add(product, product);
    if (((b >> bit) & 1) != 0) product = Field::add(product, a);
  }
  return product;
}

// Where carries, borrows and foldings happen.
template <class Field>
std::vector<typename Field::Element> corners() {
  using Element = typename Field::Element;
  std::vector<Element> values{0,
                              1,
                              2,
                              Field::kModulus - 1,
                              Field::kModulus - 2,
                              Field::kModulus / 2,
                              Field::kModulus / 2 + 1};
  for (size_t bit = 1; bit < 8 * Field::kEncodedSize; ++bit) {
    const Element power_of_two = Element{1} << bit;
    for (const Element value : {Element(power_of_two - 1), power_of_two, Element(power_of_two + 1),
                                Element(Field::kModulus - power_of_two)})
      if (value < Field::kModulus) values.push_back(value);
  }
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE("a field's operations are those of the integers modulo q", Field, Field32,
                   Field40, Field64, Field128) {
  using Element = typename Field::Element;
  constexpr Element kQ = Field::kModulus;
  Random random(1);
  auto values = corners<Field>();
  for (int i = 0; i < 100; ++i) values.push_back(random_element<Field>(random));
  for (const Element a : values) {
    for (const Element b : values) {
      const bool wraps = a >= kQ - b;  // b = 0: never, since a < q
      REQUIRE(Field::add(a, b) == (wraps ? Element(a - (kQ - b)) : Element(a + b)));
      REQUIRE(Field::subtract(a, b) == (a >= b ? Element(a - b) : Element(kQ - (b - a))));
    }
    REQUIRE(Field::negate(a) == (a == 0 ? Element{0} : Element(kQ - a)));
  }
  for (const Element a : values)
    for (const Element b : values) REQUIRE((Field::multiply(a, b) == slow_product<Field>(a, b)));
}

TEST_CASE_TEMPLATE("every element but zero has an inverse", Field, Field32, Field40, Field64,
                   Field128) {
  Random random(2);
  for (int i = 0; i < 50; ++i) {
    const auto a = random_element<Field>(random);
    if (a == 0) continue;
    CHECK((Field::multiply(a, inverse<Field>(a)) == 1));
  }
  CHECK((inverse<Field>(0) == 0));
  CHECK((inverse<Field>(1) == 1));
  for (size_t exponent = 0; exponent < 20; ++exponent)
    CHECK((inverse_of_power_of_two<Field>(exponent) ==
           inverse<Field>(element<Field>(uint64_t{1} << exponent))));
}

TEST_CASE_TEMPLATE("the generator has the order that is claimed", Field, Field32, Field40, Field64,
                   Field128) {
  auto power_of_generator = Field::kGenerator;
  for (size_t i = 1; i < Field::kLogOrder; ++i)
    power_of_generator = Field::multiply(power_of_generator, power_of_generator);
  CHECK((power_of_generator == Field::kModulus - 1));  // -1, of order 2
  CHECK((root_of_unity<Field>(0) == 1));
  CHECK((root_of_unity<Field>(1) == Field::kModulus - 1));
}

TEST_CASE_TEMPLATE("integers go in and come out of every field", Field, Field32, Field40, Field64,
                   Field128) {
  for (const int64_t value : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1} << 30,
                              -(int64_t{1} << 30), int64_t{2146959360}, -int64_t{2146959360}}) {
    const auto a = Field::from_signed(value);
    CHECK(Field::is_canonical(a));
    CHECK(Field::fits_int64(a));
    CHECK(Field::to_signed(a) == value);
    CHECK((Field::add(a, Field::from_signed(-value)) == 0));
  }
  for (const int64_t value :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    CHECK(Field::is_canonical(Field::from_signed(value)));
    // 2 value + 2 = 2 (value + 1), and the field agrees.
    const auto half = Field::from_signed(value / 2);
    const auto rest = Field::from_signed(value - value / 2 * 2);
    CHECK((Field::add(Field::add(half, half), rest) == Field::from_signed(value)));
  }
}

TEST_CASE("results of Field128 beyond 64 bits are seen") {
  constexpr Uint128 kTooLarge = Uint128{1} << 63;
  CHECK(Field128::fits_int64(kTooLarge - 1));
  CHECK_FALSE(Field128::fits_int64(kTooLarge));
  CHECK(Field128::to_signed(kTooLarge - 1) == std::numeric_limits<int64_t>::max());
  CHECK(Field128::fits_int64(Field128::kModulus - kTooLarge));
  CHECK_FALSE(Field128::fits_int64(Field128::kModulus - kTooLarge - 1));
  CHECK(Field128::to_signed(Field128::kModulus - kTooLarge) == std::numeric_limits<int64_t>::min());
}

TEST_CASE_TEMPLATE("elements are little-endian in every field, and q and above are none", Field,
                   Field32, Field40, Field64, Field128) {
  using Element = typename Field::Element;
  Random random(3);
  FieldVector<Field> elements(100);
  for (size_t i = 0; i < 100; ++i) elements[i] = random_element<Field>(random);
  std::vector<uint8_t> encoded(100 * Field::kEncodedSize);
  encode<Field>(elements.all(), encoded);
  for (size_t i = 0; i < 100; ++i) {
    Element value = 0;
    for (size_t byte = Field::kEncodedSize; byte-- > 0;)
      value = static_cast<Element>(value << 8 | encoded[i * Field::kEncodedSize + byte]);
    CHECK((value == elements[i]));
  }
  FieldVector<Field> decoded(100);
  CHECK(decode<Field>(encoded, decoded.all()));
  for (size_t i = 0; i < 100; ++i) CHECK((decoded[i] == elements[i]));
  for (const size_t at : {size_t{0}, size_t{57}, size_t{99}}) {
    auto bad = encoded;
    Field::store(&bad[at * Field::kEncodedSize], Field::kModulus);
    CHECK_FALSE(decode<Field>(bad, decoded.all()));
    std::fill_n(&bad[at * Field::kEncodedSize], Field::kEncodedSize, uint8_t{0xff});
    CHECK_FALSE(decode<Field>(bad, decoded.all()));
  }
}

TEST_CASE("the moduli are the drafts'") {
  CHECK(Field40::kModulus == 1099489607681);
  CHECK(Field64::kModulus == 18446744069414584321U);
  CHECK(static_cast<uint64_t>(Field128::kModulus >> 64) == 18446744073709551588U);
  CHECK(static_cast<uint64_t>(Field128::kModulus) == 1);
}
