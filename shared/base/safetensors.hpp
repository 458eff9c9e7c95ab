// safetensors files: named tensors behind a small header. The format of Hugging Face's library of
// that name, so that Python and JavaScript tools open what we write.
//
//   u64 header length | header, JSON | the tensors' bytes, row-major, little-endian
//   {"__metadata__": {"key": "text", ...},
//    "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
//
// The reader is no JSON parser: it takes that grammar and nothing else, with names and types from
// the caller's list. Whatever it accepts is unambiguous: every byte of the file belongs to the
// header or to exactly one tensor. Strings are printable ASCII without escapes; keys of an object
// come in any order, once; JSON's white space may stand between tokens.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

/// The types that we use; all others are refused.
enum class TensorType : uint8_t { kU8, kI8, kU32, kF32, kU64 };
size_t tensor_type_size(TensorType type);
/// As in the header, e.g. "F32".
std::string_view tensor_type_name(TensorType type);

/// A tensor that a file may hold (at most once).
struct KnownTensor {
  std::string_view name;
  TensorType type;
  size_t rank;
};

struct Tensor {
  std::string name;
  TensorType type = TensorType::kU8;
  std::vector<uint64_t> shape;
  std::span<const uint8_t> bytes;  ///< Not owned, not aligned.
};

/// Thread safety: a plain value. A Safetensors that was read points into the bytes it came from.
struct Safetensors {
  std::vector<Tensor> tensors;
  std::map<std::string, std::string> metadata;

  /// Null when the file does not hold it.
  const Tensor* find(std::string_view name) const;
};

inline constexpr size_t kMostSafetensorsHeader = 64 * 1024;
inline constexpr size_t kMostMetadata = 32;        ///< entries
inline constexpr size_t kLongestMetadataKey = 64;  ///< bytes
inline constexpr size_t kLongestMetadataText = 1024;

/// Allocates in proportion to the header only. Errors: kMalformed for anything outside the grammar
/// and limits above, a name that is not known, another type or rank than known, a shape that does
/// not fit its bytes, gaps, overlaps and bytes that belong to nothing; the message names what.
Result<Safetensors> read_safetensors(std::span<const uint8_t> file,
                                     std::span<const KnownTensor> known);

/// The file. Tensors are laid out by falling size of their type, so that each is aligned.
/// Errors: kInvalidArgument for names twice, text that the reader would refuse, a shape that does
/// not fit its bytes, or a header beyond the limits.
Result<Bytes> write_safetensors(const Safetensors& contents);

}  // namespace sotto
