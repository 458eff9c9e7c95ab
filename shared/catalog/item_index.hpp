// The append-only index of items: an item keeps its number for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

/// Item id <-> item number (row of every matrix). Numbers are given in order of arrival and never
/// reused; removing an item leaves a tombstone. Every model and task names the version it speaks
/// of. Thread safety: const methods from several threads while nobody writes.
class ItemIndex {
 public:
  static constexpr size_t kMaxIdLength = 256;  ///< bytes
  static constexpr uint32_t kMaxItems = 1u << 28;

  /// The number of the item, which is appended when it is new. Adding an item that was removed
  /// revives it under its old number. Errors: kInvalidArgument for an empty or overlong id or when
  /// the index is full.
  Result<uint32_t> add(std::string_view id);
  /// Leaves a tombstone. Errors: kNotFound.
  Status remove(std::string_view id);

  /// An index as it was: ids of all rows in order, which are live (1, else 0), the version.
  /// Errors: kMalformed for anything that no index can hold: numbers of ids and states that differ,
  /// more than kMaxItems, an id of a wrong length or twice, a version that does not fit the items.
  static Result<ItemIndex> from_rows(std::vector<std::string> ids, std::vector<uint8_t> live,
                                     uint64_t version);

  /// Only live items are found.
  std::optional<uint32_t> find(std::string_view id) const;
  /// Number of rows, tombstones included.
  uint32_t size() const { return static_cast<uint32_t>(ids_.size()); }
  uint32_t live_count() const { return live_count_; }
  bool live(uint32_t number) const { return number < size() && live_[number]; }
  /// The id of a row, tombstones too. number < size().
  const std::string& id(uint32_t number) const { return ids_[number]; }
  /// Grows by one with every change.
  uint64_t version() const { return version_; }

  /// u32 format, u64 version, u32 number of items; for each u8 live, u16 length, id.
  void write(ByteWriter& out) const;
  /// The counterpart. Errors: kUnsupported for another format; kMalformed for anything that no
  /// index can have written (lengths, states, and as from_rows).
  static Result<ItemIndex> read(ByteReader& in);

 private:
  // Where the id is among slots_, or would be. There are slots.
  size_t slot_of(std::string_view id) const;
  // number + 1 of the id, also of a tombstone; 0: there is none.
  uint32_t entry_of(std::string_view id) const;
  // Slots for so many ids: a power of two, so that at most half of them are taken.
  void resize_slots(size_t n_ids);

  std::vector<std::string> ids_;
  std::vector<uint8_t> live_;    // 0 or 1
  std::vector<uint32_t> slots_;  // open addressing: number + 1 of an id, 0 where there is none
  uint32_t live_count_ = 0;
  uint64_t version_ = 0;
};

}  // namespace sotto
