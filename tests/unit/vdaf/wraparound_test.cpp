#include "vdaf/wraparound.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/test_fields.hpp"

using namespace sotto;

namespace {

constexpr XofKind kXof = XofKind::kHmacSha256Aes128;

// The draft's run_wr_checks, byte by byte.
template <class Field>
std::vector<typename Field::Element> slow_dots(Xof& xof, const FieldVector<Field>& vector,
                                               size_t checks) {
  std::vector<typename Field::Element> dots(checks);
  for (auto& dot : dots) {
    uint8_t byte = 0;
    for (size_t j = 0; j < vector.size(); ++j) {
      if (j % 4 == 0) xof.next({&byte, 1});
      if ((byte & 3) == 0) dot = Field::subtract(dot, vector[j]);
      if ((byte & 3) == 3) dot = Field::add(dot, vector[j]);
      byte = static_cast<uint8_t>(byte >> 2);
    }
  }
  return dots;
}

}  // namespace

TEST_CASE_TEMPLATE("dot products are those of the draft, for every length", Field, Field32, Field40,
                   Field64, Field128) {
  Random random(1);
  const Bytes seed(xof_seed_size(kXof), 3);
  for (const size_t dimension :
       {1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 129, 1000, 4096, 4097, 9001}) {
    CAPTURE(dimension);
    auto vector = random_elements<Field>(random, dimension);
    for (size_t j = 0; j < dimension; ++j) {  // ends of the range of elements and of digits
      const uint64_t kind = random.below(12);
      if (kind == 0) vector[j] = Field::kModulus - 1;
      if (kind == 1) vector[j] = 0;
      if (kind == 2) vector[j] = Field::kModulus / 2 + element<Field>(random.below(2));
      if (kind == 3) vector[j] = 0x7fff8000 - element<Field>(random.below(3));
      if (kind == 4) vector[j] = 0x8000;
    }
    for (const size_t checks : {size_t{1}, size_t{8}, size_t{13}}) {
      Xof xof(kXof, seed, {}, {});
      Xof slow(kXof, seed, {}, {});
      FieldVector<Field> dots(checks);
      WraparoundDigits<Field>(vector.all()).dots(xof, dots.all());
      const auto expected = slow_dots<Field>(slow, vector, checks);
      for (size_t i = 0; i < checks; ++i) CHECK((dots[i] == expected[i]));
      uint8_t next[2];
      xof.next({&next[0], 1});
      slow.next({&next[1], 1});
      CHECK(next[0] == next[1]);  // as many bytes were taken
    }
  }
}

TEST_CASE("every kernel adds up the same, at the ends of its range, too") {
  Random random(2);
  const auto kernels = available_wraparound_kernels();
  for (const size_t n_digits : {size_t{2}, size_t{3}, size_t{4}, size_t{8}}) {
    for (const size_t coordinates :
         {size_t{128}, size_t{1280}, WraparoundKernel::kMaxCoordinates}) {
      std::vector<int16_t> digits(n_digits * coordinates);
      Bytes bytes(coordinates / 4);
      for (int kind = 0; kind < 3; ++kind) {
        for (int16_t& digit : digits)
          digit = kind == 0 ? static_cast<int16_t>(random.below(65536)) : INT16_MIN;
        for (uint8_t& byte : bytes)
          byte = kind == 0 ? static_cast<uint8_t>(random.below(256)) : kind == 1 ? 0 : 0xff;
        std::vector<int64_t> expected(n_digits, 7);
        kernels[0].add_dots(digits.data(), coordinates, n_digits, bytes.data(), coordinates,
                            expected.data());
        if (kind > 0)
          CHECK(expected[0] ==
                7 + (kind == 1 ? 1 : -1) * 32768 * static_cast<int64_t>(coordinates));
        for (const WraparoundKernel& kernel : kernels) {
          CAPTURE(kernel.name);
          std::vector<int64_t> sums(n_digits, 7);
          kernel.add_dots(digits.data(), coordinates, n_digits, bytes.data(), coordinates,
                          sums.data());
          CHECK(sums == expected);
        }
      }
    }
  }
}
