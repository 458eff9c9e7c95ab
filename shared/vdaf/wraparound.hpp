// The dot products of PINE's wraparound checks (draft-chen-cfrg-vdaf-pine-01, section 4.1.2): of a
// vector with `checks` random vectors of -1 (probability 1/4), 0 (1/2) and 1 (1/4), two bits of an
// XOF's stream each (00, 01 or 10, 11), the first coordinate in the lowest bits of a byte, every
// random vector from a new byte on.
//
// These are checks * dimension terms, more than everything else in PINE, so they are computed in
// the narrowest form: elements are written once in signed digits of base 2^16, and a processor
// multiplies and adds eight or sixteen digits at a time. The random vectors are made a few at a
// time and never kept; memory is that of a few vectors, whatever the number of checks.
// No branch and no index depends on the vector; the random bits are known to all parties.
// Thread safety: pure, but for the XOF.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"
#include "vdaf/field.hpp"
#include "vdaf/xof.hpp"

namespace sotto {

/// Internal to this room; public for its tests and benchmarks.
///
/// Digit vectors in blocks of 64 coordinates: coordinate 4 i + k of a block is at 16 k + i, so that
/// the same bits of 16 neighbouring random bytes belong to 16 neighbouring digits.
struct WraparoundKernel {
  /// Coordinates in all that one call takes at most: partial sums are 32 bits wide.
  static constexpr size_t kMaxCoordinates = 1 << 15;

  const char* name;  ///< "scalar", "avx2" or "wasm".
  /// sums[l] += sum over the coordinates of r_j digit_l(j), where the digits l lie from digits + l
  /// stride on. n_digits is 2, 3, 4 or 8; coordinates a multiple of 128.
  void (*add_dots)(const int16_t* digits, size_t stride, size_t n_digits, const uint8_t* random,
                   size_t coordinates, int64_t* sums);
};

/// The fastest that this machine has.
const WraparoundKernel& best_wraparound_kernel();
/// All that this machine has.
std::vector<WraparoundKernel> available_wraparound_kernels();

/// A vector as digits.
template <class Field>
class WraparoundDigits {
 public:
  using Element = typename Field::Element;
  static constexpr size_t kDigits = (Field::kEncodedSize + 1) / 2;

  explicit WraparoundDigits(std::span<const Element> vector)
      : dimension_(vector.size()),
        stride_((vector.size() + 127) / 128 * 128),
        digits_(kDigits * stride_ * sizeof(int16_t)) {
    auto* const out = reinterpret_cast<int16_t*>(digits_.reveal_mutable().data());
    for (size_t j = 0; j < dimension_; ++j) {
      const size_t in_block = j % 64;
      write_digits(vector[j], out + (j - in_block) + 16 * (in_block % 4) + in_block / 4);
    }
  }

  /// dots[i] = sum over j of r_ij vector_j. Takes dots.size() times ceil(dimension / 4) bytes.
  void dots(Xof& xof, std::span<Element> dots) const {
    const size_t row = row_size();
    const size_t at_once = std::clamp(kRandomBytes / row, size_t{1}, kMaxAtOnce);
    Bytes random(at_once * row);
    for (size_t first = 0; first < dots.size(); first += at_once) {
      const size_t checks = std::min(at_once, dots.size() - first);
      for (size_t i = 0; i < checks; ++i)
        xof.next(std::span(random).subspan(i * row, (dimension_ + 3) / 4));
      add_checks(random, checks, dots.subspan(first, checks));
    }
  }

  /// The same for at most kMaxAtOnce checks whose random bytes are given, row_size() bytes apart.
  void add_checks(std::span<const uint8_t> random, size_t checks, std::span<Element> dots) const {
    const WraparoundKernel& kernel = best_wraparound_kernel();
    const auto* const digits = reinterpret_cast<const int16_t*>(digits_.reveal().data());
    int64_t sums[kMaxAtOnce][kDigits] = {};
    for (size_t begin = 0; begin < stride_; begin += kBlock)
      for (size_t i = 0; i < checks; ++i)
        kernel.add_dots(digits + begin, stride_, kDigits, &random[i * row_size() + begin / 4],
                        std::min(kBlock, stride_ - begin), sums[i]);
    for (size_t i = 0; i < checks; ++i) {
      dots[i] = 0;
      for (size_t l = kDigits; l-- > 0;)
        dots[i] = Field::add(Field::multiply(dots[i], 1 << 16), Field::from_signed(sums[i][l]));
    }
  }
  static constexpr size_t kMaxAtOnce = 8;
  size_t row_size() const { return stride_ / 4; }

 private:
  using Signed = std::conditional_t<(Field::kEncodedSize > 8), Int128, int64_t>;

  /// Random bytes that are made before they are used: some checks, so that the digits of a block
  /// are read once for all of them, but no more than stay in the L2 cache.
  static constexpr size_t kRandomBytes = 512 * 1024;
  /// Coordinates whose digits stay in the L1 cache meanwhile.
  static constexpr size_t kBlock = 4096;
  static_assert(kBlock <= WraparoundKernel::kMaxCoordinates);

  // The largest number that signed digits can hold. Elements above it are taken less q.
  static constexpr Element largest() {
    Element all = 0;
    for (size_t l = 0; l < kDigits; ++l) all = all | Element{0x7fff} << (16 * l);
    return all;
  }

  void write_digits(Element element, int16_t* out) const {
    const Element reduced = element - only_if(element > largest(), Field::kModulus);
    auto value = static_cast<Signed>(reduced);
    if constexpr (sizeof(Element) == 4) value = static_cast<int32_t>(reduced);
    for (size_t l = 0; l < kDigits; ++l) {
      const auto digit = static_cast<int16_t>(static_cast<uint16_t>(value & 0xffff));
      out[l * stride_] = digit;
      value = (value - digit) >> 16;
    }
  }

  size_t dimension_;
  size_t stride_;
  SecretBytes digits_;
};

}  // namespace sotto
