#include "catalog/item_index.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace sotto {
namespace {

constexpr uint32_t kFormat = 1;
constexpr size_t kSmallestEntry = sizeof(uint16_t) + 1 + sizeof(uint8_t);

}  // namespace

size_t ItemIndex::slot_of(std::string_view id) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = std::hash<std::string_view>{}(id)&mask;
  while (slots_[slot] != 0 && ids_[slots_[slot] - 1] != id) slot = (slot + 1) & mask;
  return slot;
}

uint32_t ItemIndex::entry_of(std::string_view id) const {
  return slots_.empty() ? 0 : slots_[slot_of(id)];
}

void ItemIndex::resize_slots(size_t n_ids) {
  slots_.assign(std::bit_ceil(2 * std::max<size_t>(n_ids, 1)), 0);
  for (uint32_t number = 0; number < size(); ++number) slots_[slot_of(ids_[number])] = number + 1;
}

Result<uint32_t> ItemIndex::add(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength)
    return Error{ErrorCode::kInvalidArgument, "item id: must have 1 .. 256 bytes"};
  if (const uint32_t entry = entry_of(id); entry != 0) {
    const uint32_t number = entry - 1;
    if (!live_[number]) {
      live_[number] = true;
      ++live_count_;
      ++version_;
    }
    return number;
  }
  if (size() >= kMaxItems)
    return Error{ErrorCode::kInvalidArgument, "item index: no more than 2^28 items"};
  const uint32_t number = size();
  if (2 * (ids_.size() + 1) > slots_.size()) resize_slots(ids_.size() + 1);
  slots_[slot_of(id)] = number + 1;
  ids_.emplace_back(id);
  live_.push_back(true);
  ++live_count_;
  ++version_;
  return number;
}

Status ItemIndex::remove(std::string_view id) {
  const auto number = find(id);
  if (!number) return {ErrorCode::kNotFound, "item index: no live item of that id"};
  live_[*number] = false;
  --live_count_;
  ++version_;
  return {};
}

std::optional<uint32_t> ItemIndex::find(std::string_view id) const {
  const uint32_t entry = entry_of(id);
  if (entry == 0 || !live_[entry - 1]) return std::nullopt;
  return entry - 1;
}

void ItemIndex::write(ByteWriter& out) const {
  out.put<uint32_t>(kFormat);
  out.put<uint64_t>(version_);
  out.put<uint32_t>(size());
  for (uint32_t number = 0; number < size(); ++number) {
    const std::string& text = ids_[number];
    out.put<uint8_t>(live_[number] ? 1 : 0);
    out.put<uint16_t>(static_cast<uint16_t>(text.size()));
    out.put_bytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
}

Result<ItemIndex> ItemIndex::read(ByteReader& in) {
  SOTTO_TRY(const auto format, in.get<uint32_t>("item index format"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "item index: unknown format"};
  SOTTO_TRY(const auto version, in.get<uint64_t>("item index version"));
  SOTTO_TRY(const auto n_items, in.get<uint32_t>("item index size"));
  if (n_items > kMaxItems || n_items > in.remaining() / kSmallestEntry)
    return Error{ErrorCode::kMalformed, "item index size: out of range"};

  std::vector<std::string> ids;
  std::vector<uint8_t> states;
  ids.reserve(n_items);
  states.reserve(n_items);
  for (uint32_t number = 0; number < n_items; ++number) {
    SOTTO_TRY(const auto live, in.get<uint8_t>("item state"));
    if (live > 1) return Error{ErrorCode::kMalformed, "item state: neither live nor removed"};
    SOTTO_TRY(const auto length, in.get<uint16_t>("item id length"));
    if (length > kMaxIdLength) return Error{ErrorCode::kMalformed, "item id length: out of range"};
    SOTTO_TRY(const auto text, in.get_bytes(length, "item id"));
    ids.emplace_back(text.begin(), text.end());
    states.push_back(live == 1);
  }
  return from_rows(std::move(ids), std::move(states), version);
}

Result<ItemIndex> ItemIndex::from_rows(std::vector<std::string> ids, std::vector<uint8_t> live,
                                       uint64_t version) {
  if (ids.size() != live.size() || ids.size() > kMaxItems)
    return Error{ErrorCode::kMalformed, "item index size: out of range"};
  ItemIndex index;
  index.resize_slots(ids.size());
  index.ids_ = std::move(ids);
  index.live_ = std::move(live);
  for (uint32_t number = 0; number < index.size(); ++number) {
    const std::string& id = index.ids_[number];
    if (id.empty() || id.size() > kMaxIdLength)
      return Error{ErrorCode::kMalformed, "item id length: out of range"};
    uint32_t& slot = index.slots_[index.slot_of(id)];
    if (slot != 0) return Error{ErrorCode::kMalformed, "item id: twice in the index"};
    slot = number + 1;
    if (index.live_[number]) ++index.live_count_;
  }
  // Every item was added once, a removed one was removed once more than it was revived.
  const uint64_t least = uint64_t{index.size()} + (index.size() - index.live_count_);
  if (version < least || (version - least) % 2 != 0)
    return Error{ErrorCode::kMalformed, "item index version: cannot have led to these items"};
  index.version_ = version;
  return index;
}

}  // namespace sotto
