#include "lab/dataset_builder.hpp"

#include <algorithm>
#include <limits>

#include "lab/encoding.hpp"

namespace sotto {
namespace {

// Most files number their users and items; a table of these is several times faster than hashing,
// which is what reading 2 million lines a second would otherwise be spent on.
constexpr uint32_t kMaxShortcut = 1u << 22;
constexpr uint32_t kUnset = std::numeric_limits<uint32_t>::max();

// The id as an index of the table, kUnset when it is not a small number in its shortest form.
uint32_t shortcut_index(std::string_view id) {
  if (id.empty() || id.size() > 7 || id[0] == '0') return kUnset;
  uint32_t index = 0;
  for (const char c : id) {
    if (c < '0' || c > '9') return kUnset;
    index = index * 10 + static_cast<uint32_t>(c - '0');
  }
  return index < kMaxShortcut ? index : kUnset;
}

Status check_id(std::string_view id, const char* what) {
  const auto invalid = [&](const char* reason) {
    return Status(ErrorCode::kInvalidArgument, std::string(what) + " " + reason);
  };
  if (id.empty()) return invalid("id is empty");
  if (id.size() > ItemIndex::kMaxIdLength) return invalid("id is longer than 256 bytes");
  if (std::any_of(id.begin(), id.end(), [](char c) { return c >= 0 && c < 0x20; }))
    return invalid("id has control characters");
  if (!is_utf8(id)) return invalid("id is not UTF-8");
  return {};
}

template <class Add>
Result<uint32_t> number_of(std::string_view id, std::vector<uint32_t>& shortcuts, const Add& add) {
  const uint32_t index = shortcut_index(id);
  if (index == kUnset) return add();
  if (index < shortcuts.size() && shortcuts[index] != kUnset) return shortcuts[index];
  SOTTO_TRY(const uint32_t number, add());
  if (index >= shortcuts.size())
    shortcuts.resize(std::max<size_t>(size_t{index} + 1, shortcuts.size() * 2), kUnset);
  shortcuts[index] = number;
  return number;
}

}  // namespace

Result<uint32_t> DatasetBuilder::user(std::string_view id) {
  return number_of(id, user_shortcuts_, [&]() -> Result<uint32_t> {
    if (const auto known = user_numbers_.find(id); known != user_numbers_.end())
      return known->second;
    SOTTO_CHECK_OK(check_id(id, "the user's"));
    if (data.user_ids.size() == kUnset)
      return Error{ErrorCode::kInvalidArgument, "there are too many users"};
    const auto number = static_cast<uint32_t>(data.user_ids.size());
    data.user_ids.emplace_back(id);
    user_numbers_.emplace(id, number);
    return number;
  });
}

Result<uint32_t> DatasetBuilder::item(std::string_view id) {
  return number_of(id, item_shortcuts_, [&]() -> Result<uint32_t> {
    if (const auto known = data.items.find(id)) return *known;
    SOTTO_CHECK_OK(check_id(id, "the item's"));
    return data.items.add(id);
  });
}

std::optional<uint32_t> DatasetBuilder::find_user(std::string_view id) const {
  const auto known = user_numbers_.find(id);
  if (known == user_numbers_.end()) return std::nullopt;
  return known->second;
}

uint32_t DatasetBuilder::tag(std::string_view name) {
  if (const auto known = tag_numbers_.find(name); known != tag_numbers_.end()) return known->second;
  const auto number = static_cast<uint32_t>(data.tag_names.size());
  data.tag_names.emplace_back(name);
  tag_numbers_.emplace(name, number);
  return number;
}

}  // namespace sotto
