// Many histories in one block of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sotto {

/// One list of item numbers a user, oldest first. Thread safety: as a vector.
struct Histories {
  std::vector<uint64_t> offsets{0};  ///< size() + 1 entries.
  std::vector<uint32_t> items;

  size_t size() const { return offsets.size() - 1; }
  std::span<const uint32_t> operator[](size_t user) const {
    const auto begin = static_cast<size_t>(offsets[user]);
    return std::span(items).subspan(begin, static_cast<size_t>(offsets[user + 1]) - begin);
  }
  void add(std::span<const uint32_t> history) {
    items.insert(items.end(), history.begin(), history.end());
    offsets.push_back(items.size());
  }
};

}  // namespace sotto
