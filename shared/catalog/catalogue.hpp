// The public catalogue as a device holds it: categories of every item, and what is usual for it.
//
// A safetensors file that the publisher makes, named by the manifest. m items, in the order of the
// item index of the same version; T categories (tags):
//   tag_names        U8 [bytes], tag_name_offsets U64 [T + 1]   UTF-8, for people to read
//   item_tags        U32 [n], item_tag_offsets U64 [m + 1]      tags of item i, ascending, each < T
//   dwell_ms         F32 [m]   optional: usual dwell on the item, from released or public data; 0:
//                              unknown
//   scroll           F32 [m]   optional: usual scroll depth, 0 .. 1; 0: unknown
// and metadata: format "sotto-catalogue", version "1", item_index_version.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "catalog/content.hpp"

namespace sotto {

/// Thread safety: a plain value.
struct Catalogue {
  static constexpr uint32_t kMaxTags = 65'536;
  static constexpr size_t kMaxTagName = 256;  ///< bytes
  static constexpr size_t kMaxItemTags = 64;  ///< of one item

  std::vector<std::string> tag_names;
  std::vector<ItemFeatures> items;  ///< Tags only; one an item.
  std::vector<float> dwell_ms;      ///< m, or empty.
  std::vector<float> scroll;        ///< m, or empty.
  uint64_t item_index_version = 0;

  /// Means over items that have one; absent when none does.
  std::optional<double> mean_dwell_ms() const;
  std::optional<double> mean_scroll() const;
};

/// Errors: kInvalidArgument for a catalogue that load_catalogue would refuse.
Result<Bytes> write_catalogue(const Catalogue& catalogue);
/// Every rule above. memory_budget: bytes it may take besides the file, checked beforehand.
/// Errors: kMalformed, kUnsupported (another format version), kOutOfMemory.
Result<Catalogue> load_catalogue(std::span<const uint8_t> file, uint64_t memory_budget);

}  // namespace sotto
