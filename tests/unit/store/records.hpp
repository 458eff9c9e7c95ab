// Short ways to write changes, and a store in memory, for tests of what stands on a store.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.hpp"

namespace sotto::test {

inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

inline StoreChange put(std::string space, std::string key, std::string_view text) {
  return {std::move(space), {std::move(key), bytes_of(text)}};
}

inline StoreChange erase(std::string space, std::string key) {
  return {std::move(space), {std::move(key), std::nullopt}};
}

inline Status commit(Store& store, const std::vector<StoreChange>& changes) {
  return store.commit(changes);
}

/// Commits are counted, and fail as `answer` says; what failed has not happened.
class MemoryStore final : public Store {
 public:
  using Space = std::map<std::string, Bytes, std::less<>>;

  Status commit(std::span<const StoreChange> changes) override {
    const std::lock_guard lock(mutex_);
    ++n_commits_;
    if (answer) {
      if (Status status = answer(); !status.ok()) return status;
    }
    for (const auto& [space, record] : changes) {
      if (record.bytes) {
        spaces_[space][record.key] = *record.bytes;
      } else {
        spaces_[space].erase(record.key);
      }
    }
    return {};
  }
  Status drop(std::string_view space) override {
    const std::lock_guard lock(mutex_);
    spaces_.erase(std::string(space));
    return {};
  }
  Result<std::optional<Bytes>> get(std::string_view space, std::string_view key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = spaces_.find(space);
    if (found == spaces_.end()) return std::optional<Bytes>();
    const auto record = found->second.find(key);
    if (record == found->second.end()) return std::optional<Bytes>();
    return std::optional(record->second);
  }
  Result<std::vector<KeyedRecord>> list(std::string_view space,
                                        std::string_view prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<KeyedRecord> records;
    const auto found = spaces_.find(space);
    if (found == spaces_.end()) return records;
    for (const auto& [key, bytes] : found->second)
      if (key.starts_with(prefix)) records.push_back({key, bytes});
    return records;
  }
  Result<std::vector<std::string>> keys(std::string_view space,
                                        std::string_view prefix) const override {
    SOTTO_TRY(const auto records, list(space, prefix));
    std::vector<std::string> keys;
    for (const auto& record : records) keys.push_back(record.key);
    return keys;
  }
  Result<std::vector<std::string>> spaces(std::string_view prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, space] : spaces_)
      if (!space.empty() && name.starts_with(prefix)) names.push_back(name);
    return names;
  }

  size_t n_commits() const {
    const std::lock_guard lock(mutex_);
    return n_commits_;
  }

  std::function<Status()> answer;  ///< Set before it is used by a second thread.

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Space, std::less<>> spaces_;
  size_t n_commits_ = 0;
};

}  // namespace sotto::test
