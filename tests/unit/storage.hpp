// Stored records, as whoever runs devices and servers keeps them.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_record.hpp"

namespace sotto {

/// Every list of changes is applied, in which no key may stand twice.
class Storage {
 public:
  void commit(const std::vector<KeyedRecord>& changes) {
    std::set<std::string_view> keys;
    for (const KeyedRecord& change : changes) {
      REQUIRE(keys.insert(change.key).second);
      if (change.bytes.has_value())
        records_[change.key] = *change.bytes;
      else
        records_.erase(change.key);
    }
  }
  /// Ascending by key, without those that begin with `left_out`.
  std::vector<KeyedRecord> records(std::string_view left_out = "\xff") const {
    std::vector<KeyedRecord> records;
    for (const auto& [key, bytes] : records_)
      if (!key.starts_with(left_out)) records.push_back({key, bytes});
    return records;
  }
  std::vector<std::string> keys(std::string_view prefix) const {
    std::vector<std::string> keys;
    for (const auto& [key, bytes] : records_)
      if (key.starts_with(prefix)) keys.push_back(key);
    return keys;
  }
  std::map<std::string, Bytes>& raw() { return records_; }
  const std::map<std::string, Bytes>& raw() const { return records_; }

 private:
  std::map<std::string, Bytes> records_;
};

}  // namespace sotto
