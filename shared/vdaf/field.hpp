// What all prime fields have in common (draft-irtf-cfrg-vdaf section 6.1): powers, inverses, roots
// of unity, and vectors of elements that wipe themselves.
//
// A field is a struct of static functions over its Element: see field32.hpp, field40.hpp,
// field64.hpp, field128.hpp. All of them
//   have kEncodedSize bytes on the wire, little-endian, and a modulus between 2^(8 kEncodedSize -
//   1) and 2^(8 kEncodedSize), so that bytes of an XOF are elements unless they are >= kModulus;
//   take and give canonical elements only (0 .. kModulus - 1), but for load();
//   have a generator of the subgroup of order 2^kLogOrder;
//   are free of branches and indices that depend on a value.
// Thread safety: pure.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "crypto/secret.hpp"
#include "vdaf/constant_time.hpp"

namespace sotto {

template <class F>
concept PrimeField = requires(typename F::Element a, int64_t value, uint8_t* bytes) {
  { F::add(a, a) } -> std::same_as<typename F::Element>;
  { F::subtract(a, a) } -> std::same_as<typename F::Element>;
  { F::multiply(a, a) } -> std::same_as<typename F::Element>;
  { F::from_signed(value) } -> std::same_as<typename F::Element>;
  { F::to_signed(a) } -> std::same_as<int64_t>;
  { F::fits_int64(a) } -> std::same_as<bool>;
  { F::is_canonical(F::load(bytes)) } -> std::same_as<bool>;
  F::store(bytes, a);
  F::kModulus;
  F::kEncodedSize;
  F::kGenerator;
  F::kLogOrder;
};

/// base^exponent. Its time depends on the exponent, which is never secret.
template <class Field>
constexpr typename Field::Element power(typename Field::Element base, Uint128 exponent) {
  typename Field::Element result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = Field::multiply(result, base);
    base = Field::multiply(base, base);
  }
  return result;
}

/// 1 / a, by Fermat; 0 for 0.
template <class Field>
constexpr typename Field::Element inverse(typename Field::Element a) {
  return power<Field>(a, Field::kModulus - 2);
}

/// 1 / 2^exponent, in as many multiplications. Requires exponent < 8 kEncodedSize.
template <class Field>
constexpr typename Field::Element inverse_of_power_of_two(size_t exponent) {
  constexpr auto kHalf = static_cast<typename Field::Element>(Field::kModulus / 2 + 1);
  typename Field::Element result = 1;
  for (size_t i = 0; i < exponent; ++i) result = Field::multiply(result, kHalf);
  return result;
}

/// A number that is never secret, as an element. Requires value < kModulus.
template <class Field>
constexpr typename Field::Element element(uint64_t value) {
  return static_cast<typename Field::Element>(value);
}

/// A root of unity of order 2^log_n, log_n <= kLogOrder: the draft's generator, squared.
template <class Field>
constexpr typename Field::Element root_of_unity(size_t log_n) {
  typename Field::Element root = Field::kGenerator;
  for (size_t i = log_n; i < Field::kLogOrder; ++i) root = Field::multiply(root, root);
  return root;
}

/// Elements that are, or may be, secret: zero when made, wiped at the end, never copied by
/// accident.
template <class Field>
class FieldVector {
 public:
  using Element = typename Field::Element;

  FieldVector() = default;
  explicit FieldVector(size_t size) : elements_(new Element[size]()), size_(size) {}
  ~FieldVector() { wipe_all(); }
  FieldVector(FieldVector&& other) noexcept
      : elements_(std::move(other.elements_)), size_(std::exchange(other.size_, 0)) {}
  FieldVector& operator=(FieldVector&& other) noexcept {
    if (this != &other) {
      wipe_all();
      elements_ = std::move(other.elements_);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  FieldVector(const FieldVector&) = delete;
  FieldVector& operator=(const FieldVector&) = delete;

  size_t size() const { return size_; }
  Element* data() { return elements_.get(); }
  const Element* data() const { return elements_.get(); }
  Element& operator[](size_t i) { return elements_[i]; }
  const Element& operator[](size_t i) const { return elements_[i]; }
  std::span<Element> all() { return {elements_.get(), size_}; }
  std::span<const Element> all() const { return {elements_.get(), size_}; }

 private:
  void wipe_all() {
    if (size_ > 0) wipe({reinterpret_cast<uint8_t*>(elements_.get()), size_ * sizeof(Element)});
  }

  std::unique_ptr<Element[]> elements_;
  size_t size_ = 0;
};

/// Elements to their encoding. Requires encoded.size() == elements.size() * kEncodedSize.
template <class Field>
void encode(std::span<const typename Field::Element> elements, std::span<uint8_t> encoded) {
  if constexpr (sizeof(typename Field::Element) == Field::kEncodedSize) {
    if (!elements.empty()) std::memcpy(encoded.data(), elements.data(), encoded.size());
  } else {
    for (size_t i = 0; i < elements.size(); ++i)
      Field::store(encoded.data() + i * Field::kEncodedSize, elements[i]);
  }
}

/// The way back. False when any is not canonical; looks at all of them in any case. Requires
/// encoded.size() == elements.size() * kEncodedSize.
template <class Field>
bool decode(std::span<const uint8_t> encoded, std::span<typename Field::Element> elements) {
  uint32_t others = 0;
  for (size_t i = 0; i < elements.size(); ++i) {
    elements[i] = Field::load(encoded.data() + i * Field::kEncodedSize);
    others |= Field::is_canonical(elements[i]) ? 0U : 1U;
  }
  return others == 0;
}

}  // namespace sotto
