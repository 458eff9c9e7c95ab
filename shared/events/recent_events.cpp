#include "events/recent_events.hpp"

#include <span>
#include <string_view>

namespace sotto {
namespace {

constexpr int64_t kRateWindowMs = 1000;
constexpr int64_t kItemWindowMs = 10'000;

uint64_t fnv1a(uint64_t hash, std::span<const uint8_t> bytes) {
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

// The length goes in too, so that ("a", "bc") and ("ab", "c") differ.
uint64_t fnv1a(uint64_t hash, std::string_view text) {
  const auto length = static_cast<uint64_t>(text.size());
  hash = fnv1a(hash, {reinterpret_cast<const uint8_t*>(&length), sizeof length});
  return fnv1a(hash, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

RecentEvents::Fingerprint RecentEvents::fingerprint(const Event& event) {
  constexpr uint64_t kOffsetBasis = 0xcbf29ce484222325;
  const uint64_t item = fnv1a(kOffsetBasis, event.item);
  const auto type = static_cast<uint8_t>(event.type);
  uint64_t all = fnv1a(item, {&type, 1});
  const double value = event.value.value_or(-1);  // no valid value is negative
  all = fnv1a(all, {reinterpret_cast<const uint8_t*>(&value), sizeof value});
  all = fnv1a(all, event.session);
  return {item, all, event.timestamp_ms, event.type != EventType::kImpression};
}

RecentEvents::Neighborhood RecentEvents::around(const Fingerprint& event,
                                                int64_t duplicate_window_ms) const {
  Neighborhood found;
  for (const Fingerprint& other : ring_) {
    const int64_t difference = event.timestamp_ms - other.timestamp_ms;
    const int64_t distance = difference < 0 ? -difference : difference;
    if (distance <= duplicate_window_ms && other.event == event.event) found.duplicate = true;
    if (distance < kRateWindowMs) {
      ++found.events;
      if (other.act) ++found.acts;
    }
    if (distance < kItemWindowMs && other.act && other.item == event.item) ++found.item_acts;
  }
  return found;
}

void RecentEvents::add(const Fingerprint& event) {
  if (ring_.size() < kReach) {
    ring_.push_back(event);
    return;
  }
  ring_[oldest_] = event;
  oldest_ = (oldest_ + 1) % kReach;
}

void RecentEvents::write(ByteWriter& out) const {
  out.put<uint16_t>(static_cast<uint16_t>(ring_.size()));
  for (size_t i = 0; i < ring_.size(); ++i) {
    const Fingerprint& event = ring_[(oldest_ + i) % ring_.size()];
    out.put<uint64_t>(event.item);
    out.put<uint64_t>(event.event);
    out.put<int64_t>(event.timestamp_ms);
    out.put<uint8_t>(event.act ? 1 : 0);
  }
}

Result<RecentEvents> RecentEvents::read(ByteReader& in) {
  RecentEvents recent;
  SOTTO_TRY(const auto size, in.get<uint16_t>("number of recent events"));
  if (size > kReach) return Error{ErrorCode::kMalformed, "number of recent events: out of range"};
  for (uint16_t i = 0; i < size; ++i) {
    Fingerprint event;
    SOTTO_TRY(event.item, in.get<uint64_t>("recent item"));
    SOTTO_TRY(event.event, in.get<uint64_t>("recent event"));
    SOTTO_TRY(event.timestamp_ms, in.get<int64_t>("recent time"));
    SOTTO_TRY(const auto act, in.get<uint8_t>("recent kind"));
    if (event.timestamp_ms < 0 || event.timestamp_ms > kMaxTimestampMs || act > 1)
      return Error{ErrorCode::kMalformed, "recent event: out of range"};
    event.act = act == 1;
    recent.ring_.push_back(event);
  }
  return recent;
}

}  // namespace sotto
