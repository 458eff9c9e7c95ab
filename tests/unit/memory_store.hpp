// A store in memory, for tests: the contract of store/store.hpp, and failures on request.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "store/store.hpp"

namespace sotto {

class MemoryStore final : public Store {
 public:
  bool failing = false;  ///< Commits fail, and nothing changes.

  Status commit(std::span<const StoreChange> changes) override {
    const std::lock_guard lock(mutex_);
    if (failing) return {ErrorCode::kIo, "store: the disk is full"};
    for (const StoreChange& change : changes) {
      auto& records = spaces_[change.space];
      if (change.record.bytes)
        records[change.record.key] = *change.record.bytes;
      else
        records.erase(change.record.key);
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
    const auto records = spaces_.find(std::string(space));
    if (records == spaces_.end()) return std::optional<Bytes>();
    const auto found = records->second.find(std::string(key));
    return found == records->second.end() ? std::optional<Bytes>() : std::optional(found->second);
  }
  Result<std::vector<KeyedRecord>> list(std::string_view space,
                                        std::string_view prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<KeyedRecord> listed;
    const auto records = spaces_.find(std::string(space));
    if (records == spaces_.end()) return listed;
    for (const auto& [key, bytes] : records->second)
      if (key.compare(0, prefix.size(), prefix) == 0) listed.push_back({key, bytes});
    return listed;
  }
  Result<std::vector<std::string>> keys(std::string_view space,
                                        std::string_view prefix) const override {
    std::vector<std::string> keys;
    for (KeyedRecord& record : list(space, prefix).value()) keys.push_back(std::move(record.key));
    return keys;
  }
  Result<std::vector<std::string>> spaces(std::string_view prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, records] : spaces_)
      if (!records.empty() && name.compare(0, prefix.size(), prefix) == 0) names.push_back(name);
    return names;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, Bytes>> spaces_;
};

}  // namespace sotto
