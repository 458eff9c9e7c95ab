// Secret bytes: owned, wiped, compared in constant time, never printed or copied by accident.
//
// Lengths are public, contents are not. Whoever needs the bytes says reveal(), so that one search
// finds every place where a secret leaves its type.
// Thread safety: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "base/entropy.hpp"

namespace sotto {

/// Overwrites with zeros; the compiler does not remove it.
void wipe(std::span<uint8_t> bytes);

/// Whether the contents are equal, in time that depends on the lengths alone.
bool equal_in_constant_time(std::span<const uint8_t> a, std::span<const uint8_t> b);

/// N secret bytes: keys and seeds. Zero when made without a value, and after it was moved from.
template <size_t N>
class Secret {
 public:
  Secret() = default;
  static Secret random(EntropySource& entropy) {
    Secret secret;
    entropy.fill(secret.bytes_);
    return secret;
  }
  /// The caller wipes what it copied from.
  static Secret copy_of(std::span<const uint8_t, N> bytes) {
    Secret secret;
    std::memcpy(secret.bytes_.data(), bytes.data(), N);
    return secret;
  }
  Secret clone() const { return copy_of(reveal()); }

  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  static constexpr size_t size() { return N; }
  std::span<const uint8_t, N> reveal() const { return bytes_; }
  std::span<uint8_t, N> reveal_mutable() { return bytes_; }

  friend bool operator==(const Secret& a, const Secret& b) {
    return equal_in_constant_time(a.bytes_, b.bytes_);
  }
  template <class Stream>
  friend Stream& operator<<(Stream&, const Secret&) = delete;

 private:
  std::array<uint8_t, N> bytes_{};
};

/// A seed or key of 256 bits.
using Seed = Secret<32>;

/// Any number of secret bytes, fixed when made: shares and opened messages. Aligned for every
/// integer type. Empty after it was moved from.
class SecretBytes {
 public:
  SecretBytes() = default;
  /// `size` zero bytes. The caller has checked the size against its limit.
  explicit SecretBytes(size_t size);
  /// The caller wipes what it copied from.
  static SecretBytes copy_of(std::span<const uint8_t> bytes);
  SecretBytes clone() const { return copy_of(reveal()); }

  SecretBytes(SecretBytes&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { wipe(reveal_mutable()); }

  size_t size() const { return size_; }
  std::span<const uint8_t> reveal() const { return {bytes_.get(), size_}; }
  std::span<uint8_t> reveal_mutable() { return {bytes_.get(), size_}; }

  friend bool operator==(const SecretBytes& a, const SecretBytes& b) {
    return equal_in_constant_time(a.reveal(), b.reveal());
  }
  template <class Stream>
  friend Stream& operator<<(Stream&, const SecretBytes&) = delete;

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  size_t size_ = 0;
};

}  // namespace sotto
