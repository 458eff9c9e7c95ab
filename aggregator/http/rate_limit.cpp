#include "http/rate_limit.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace sotto {
namespace {

// A day a token is the slowest: it keeps every product in 64 bits.
constexpr double kLongestIntervalUs = 86'400e6;

uint64_t read_big_endian(const unsigned char* bytes, size_t n) {
  uint64_t value = 0;
  for (size_t i = 0; i < n; ++i) value = value << 8 | bytes[i];
  return value;
}

// IPv4 addresses lie where IPv6 has no network of anybody (::/32).
uint64_t bucket_key(std::string_view address) {
  const std::string text(address);
  unsigned char bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return read_big_endian(bytes, 4);
  if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) return 0;
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::memcmp(bytes, kMapped, sizeof kMapped) == 0) return read_big_endian(bytes + 12, 4);
  return read_big_endian(bytes, 8);
}

int64_t interval_us(double rate) {
  return static_cast<int64_t>(std::clamp(1e6 / rate, 1.0, kLongestIntervalUs));
}

}  // namespace

RateLimit::RateLimit(double rate, double burst, size_t most_addresses)
    : interval_us_(interval_us(rate)),
      tolerance_us_(static_cast<int64_t>((std::clamp(burst, 1.0, 1e6) - 1) *
                                         static_cast<double>(interval_us_))),
      most_addresses_(std::max<size_t>(most_addresses, 1)) {}

uint32_t RateLimit::take(std::string_view address, int64_t now_ms) {
  const Key key = bucket_key(address);
  const int64_t now_us = now_ms * 1000;
  const std::lock_guard lock(mutex_);
  const auto found = full_at_us_.find(key);
  const int64_t full_at = found == full_at_us_.end() ? now_us : std::max(found->second, now_us);
  const int64_t wait_us = full_at - now_us - tolerance_us_;
  if (wait_us > 0) return static_cast<uint32_t>((wait_us + 999) / 1000);

  const int64_t next = full_at + interval_us_;
  if (found != full_at_us_.end()) {
    auto node = fullest_first_.extract({found->second, key});
    node.value().first = next;
    fullest_first_.insert(std::move(node));
    found->second = next;
    return 0;
  }
  if (full_at_us_.size() >= most_addresses_) {
    full_at_us_.erase(fullest_first_.begin()->second);
    fullest_first_.erase(fullest_first_.begin());
  }
  full_at_us_.emplace(key, next);
  fullest_first_.emplace(next, key);
  return 0;
}

size_t RateLimit::addresses() const {
  const std::lock_guard lock(mutex_);
  return full_at_us_.size();
}

}  // namespace sotto
