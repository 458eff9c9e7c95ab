// Bounds-checked little-endian reading and writing: the only way bytes become numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace sotto {

using Bytes = std::vector<uint8_t>;

/// Integers, floats and enums that are stored as their little-endian bytes. Every platform that
/// Sotto supports is little-endian; static_assert below. Not bool, of which most bytes are no
/// value (store a uint8_t and check it), nor long double. Name the type (put<uint32_t>), since
/// size_t has 4 bytes in WASM and 8 elsewhere.
template <class T>
concept Plain = (std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_same_v<T, float> ||
                std::is_same_v<T, double> || std::is_enum_v<T>;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Sotto supports little-endian targets");

/// Appends to a growing buffer. Thread safety: one thread at a time.
class ByteWriter {
 public:
  /// Room for `size` bytes in all, for messages whose length is known.
  void reserve(size_t size) { buffer_.reserve(size); }
  template <Plain T>
  void put(T value) {
    put_bytes({reinterpret_cast<const uint8_t*>(&value), sizeof value});
  }
  void put_bytes(std::span<const uint8_t> bytes);
  /// u64 number of elements, then the elements.
  template <Plain T>
  void put_array(std::span<const T> values) {
    put<uint64_t>(values.size());
    put_bytes({reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
  }
  void put_string(std::string_view text) { put_array(std::span(text.data(), text.size())); }

  const Bytes& bytes() const& { return buffer_; }
  Bytes&& bytes() && { return std::move(buffer_); }

 private:
  Bytes buffer_;
};

/// Reads a buffer that it does not own. Every read checks the length that is left before it
/// allocates; on failure the error is kMalformed and names `what`.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : rest_(bytes) {}

  size_t remaining() const { return rest_.size(); }

  template <Plain T>
  Result<T> get(const char* what) {
    SOTTO_TRY(const auto bytes, get_bytes(sizeof(T), what));
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  Result<std::span<const uint8_t>> get_bytes(size_t n, const char* what);
  /// The counterpart of put_array. At most max_size elements.
  template <Plain T>
  Result<std::vector<T>> get_array(uint64_t max_size, const char* what) {
    SOTTO_TRY(const size_t size, get_size(max_size, sizeof(T), what));
    SOTTO_TRY(const auto bytes, get_bytes(size * sizeof(T), what));
    std::vector<T> values(size);
    if (size > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  Result<std::string> get_string(uint64_t max_size, const char* what);
  /// Fails unless everything was read.
  Status finish(const char* what) const;

 private:
  Result<size_t> get_size(uint64_t max_size, size_t element, const char* what);

  std::span<const uint8_t> rest_;
};

}  // namespace sotto
