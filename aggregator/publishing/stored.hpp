// How this room's records begin: a tag and a version. Internal to this room.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace sotto {

struct StoredKind {
  std::string_view tag;
  uint8_t version = 1;
  const char* name = "";  ///< For errors.
};

inline void begin_record(ByteWriter& out, const StoredKind& kind) {
  out.put_bytes({reinterpret_cast<const uint8_t*>(kind.tag.data()), kind.tag.size()});
  out.put<uint8_t>(kind.version);
}

/// Errors: kMalformed for another tag, kUnsupported for another version.
inline Status begin_record(ByteReader& in, const StoredKind& kind) {
  SOTTO_TRY(const auto tag, in.get_bytes(kind.tag.size(), kind.name));
  if (!std::equal(tag.begin(), tag.end(), kind.tag.begin()))
    return {ErrorCode::kMalformed, std::string(kind.name) + ": another kind of record"};
  SOTTO_TRY(const auto version, in.get<uint8_t>(kind.name));
  if (version != kind.version)
    return {ErrorCode::kUnsupported, std::string(kind.name) + ": another version"};
  return {};
}

}  // namespace sotto
