#include "base/bytes.hpp"

namespace sotto {

void ByteWriter::put_bytes(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  // Not insert(): g++ 12 warns of an overflow there that cannot happen (-Wstringop-overflow).
  const size_t end = buffer_.size();
  buffer_.resize(end + bytes.size());
  std::memcpy(buffer_.data() + end, bytes.data(), bytes.size());
}

Result<std::span<const uint8_t>> ByteReader::get_bytes(size_t n, const char* what) {
  if (n > rest_.size()) return Error{ErrorCode::kMalformed, what, "the data ends too early"};
  const auto taken = rest_.first(n);
  rest_ = rest_.subspan(n);
  return taken;
}

Result<std::string> ByteReader::get_string(uint64_t max_size, const char* what) {
  SOTTO_TRY(const auto chars, get_array<char>(max_size, what));
  return std::string(chars.begin(), chars.end());
}

Status ByteReader::finish(const char* what) const {
  if (!rest_.empty()) return {ErrorCode::kMalformed, what, "bytes left over at the end"};
  return {};
}

// The number of elements that is stored next, when so many can follow.
Result<size_t> ByteReader::get_size(uint64_t max_size, size_t element, const char* what) {
  SOTTO_TRY(const auto size, get<uint64_t>(what));
  if (size > max_size || size > rest_.size() / element)
    return Error{ErrorCode::kMalformed, what, "length out of range"};
  return static_cast<size_t>(size);
}

}  // namespace sotto
