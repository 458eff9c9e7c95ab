// Token buckets by address, in a table of bounded size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

namespace sotto {

/// A bucket holds `burst` tokens and gets `rate` new ones a second; a request takes one. It is kept
/// as one number, the time at which it will be full again (the generic cell rate algorithm, as in
/// ITU-T I.371): what is full already need not be kept at all. When the table is full the fullest
/// bucket goes, which is the one that forgives the least.
/// Thread safety: every call from any thread.
class RateLimit {
 public:
  /// rate > 0 (tokens a second), burst >= 1 (less is 1).
  RateLimit(double rate, double burst, size_t most_addresses = 65'536);

  /// Takes a token of the address's bucket: gives 0, or when there is none, after how many
  /// milliseconds there will be one. IPv6 addresses share the bucket of their /64, addresses that
  /// are no IP one bucket. now_ms: of a clock that does not run backwards.
  uint32_t take(std::string_view address, int64_t now_ms);

  size_t addresses() const;

 private:
  using Key = uint64_t;  // An IPv4 address, or the first half of an IPv6 address.

  const int64_t interval_us_;
  const int64_t tolerance_us_;
  const size_t most_addresses_;
  mutable std::mutex mutex_;
  // Ordered maps: nobody can choose addresses that make them slow.
  std::map<Key, int64_t> full_at_us_;
  std::set<std::pair<int64_t, Key>> fullest_first_;
};

}  // namespace sotto
