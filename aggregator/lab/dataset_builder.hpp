// Gives users and items their numbers while a data set is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "lab/dataset.hpp"

namespace sotto {

/// Numbers are given in order of first appearance. Ids are at most ItemIndex::kMaxIdLength bytes of
/// UTF-8 without control characters. Thread safety: one thread at a time.
class DatasetBuilder {
 public:
  /// What is built. Interactions, names and flags are set directly.
  Dataset data;

  /// The number of the id, which is new when it was not seen before.
  /// Errors: kInvalidArgument without a place; the reader knows it.
  Result<uint32_t> user(std::string_view id);
  Result<uint32_t> item(std::string_view id);
  /// The number of a user that was seen before.
  std::optional<uint32_t> find_user(std::string_view id) const;
  /// The number of a tag, which is new when it was not seen before.
  uint32_t tag(std::string_view name);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <class T>
  using Map = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  Map<uint32_t> user_numbers_;
  Map<uint32_t> tag_numbers_;
  std::vector<uint32_t> user_shortcuts_;  // by id, for ids that are small whole numbers
  std::vector<uint32_t> item_shortcuts_;
};

}  // namespace sotto
