// Published files under HTTP content codings, made once.
//
// What pays: a catalogue (half and less), and a float32 snapshot, whose rows hold 255 different
// numbers each. int8 codes do not compress. Hashes and signatures are of the bytes themselves; a
// form is a way to send them.
// Thread safety: pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

/// The codings that are made, as HTTP names them.
inline constexpr std::array<const char*, 2> kCodings{"gzip", "br"};

struct CompressedForm {
  std::string coding;
  Bytes bytes;
};

/// The forms that are at least a tenth smaller than the bytes; may be none.
/// Errors: kOutOfMemory.
Result<std::vector<CompressedForm>> compressed_forms(std::span<const uint8_t> bytes);

}  // namespace sotto
