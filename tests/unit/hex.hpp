// For known answers: bytes from hexadecimal text, and entropy that is known beforehand.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/entropy.hpp"

namespace sotto {

/// Two digits a byte; anything else in the text is left out.
inline Bytes from_hex(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  Bytes bytes;
  int high = -1;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) continue;
    if (high < 0) {
      high = static_cast<int>(digit);
    } else {
      bytes.push_back(static_cast<uint8_t>(high * 16 + static_cast<int>(digit)));
      high = -1;
    }
  }
  return bytes;
}

/// The same as an array. The text must have exactly N bytes.
template <size_t N>
std::array<uint8_t, N> array_from_hex(std::string_view text) {
  const Bytes bytes = from_hex(text);
  if (bytes.size() != N) std::abort();
  std::array<uint8_t, N> array;
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

inline Bytes from_text(std::string_view text) { return Bytes(text.begin(), text.end()); }

/// Serves the given bytes, in order and once.
class FixedEntropy final : public EntropySource {
 public:
  explicit FixedEntropy(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<uint8_t> out) override {
    if (out.size() > bytes_.size() - next_) std::abort();
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(next_), out.size(), out.begin());
    next_ += out.size();
  }
  bool used_up() const { return next_ == bytes_.size(); }

 private:
  Bytes bytes_;
  size_t next_ = 0;
};

}  // namespace sotto
