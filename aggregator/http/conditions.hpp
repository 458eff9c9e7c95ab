// What clients ask of a cacheable resource: entity tags, ranges, content codings (RFC 9110).
// Pure functions over header values from outside; what does not follow the grammar is ignored, as
// the RFC has it, and never an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace sotto {

/// Whether a list of If-None-Match ("\"a\", W/\"b\"" or "*") names the tag (without quotes), by the
/// weak comparison (13.1.2). Reads up to the first entry that is malformed.
bool etag_listed(std::string_view list, std::string_view etag);

/// Whether an If-Range names exactly this tag: strong, so never a weak one nor a date (13.1.5).
bool range_applies(std::string_view if_range, std::string_view etag);

struct WholeResource {};
struct UnsatisfiableRange {};
struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;  ///< At least 1; offset + length <= size.
};

/// "bytes=a-b", "bytes=a-", "bytes=-n" of a resource of `size` bytes. Several ranges, other units
/// and malformed ones: the whole.
std::variant<WholeResource, ByteRange, UnsatisfiableRange> parse_range(std::string_view range,
                                                                       uint64_t size);

/// Whether Accept-Encoding allows a coding: listed, or under "*", with a weight above 0.
bool coding_accepted(std::string_view accept_encoding, std::string_view coding);

}  // namespace sotto
