#include "events/item_summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sotto {
namespace {

constexpr uint8_t kFormat = 1;
// Value sums are rounded once an addition; this is 2^32 of the worst of them.
constexpr double kSumSlack = 1e-6;

Error malformed(const char* message) { return {ErrorCode::kMalformed, message}; }

Result<std::optional<Opinion>> decode_opinion(ByteReader& in) {
  SOTTO_TRY(const auto number, in.get<uint8_t>("summary opinion"));
  if (number == 0) return std::optional<Opinion>();
  const auto type = event_type_from_number(number);
  if (!type || !is_opinion(*type)) return malformed("summary opinion: not of such a type");
  Opinion opinion{.type = *type};
  SOTTO_TRY(opinion.value, in.get<double>("summary opinion value"));
  SOTTO_TRY(opinion.timestamp_ms, in.get<int64_t>("summary opinion time"));
  const ValueRange range = value_range(*type);
  if (!(opinion.value >= range.lowest && opinion.value <= range.highest))
    return malformed("summary opinion value: out of range");
  return std::optional<Opinion>(opinion);
}

Status decode_totals(ByteReader& in, ItemSummary& summary) {
  SOTTO_TRY(const auto n_totals, in.get<uint8_t>("summary totals"));
  if (n_totals < 1) return malformed("summary totals: none");
  uint8_t previous = 0;
  for (uint8_t i = 0; i < n_totals; ++i) {
    SOTTO_TRY(const auto number, in.get<uint8_t>("summary type"));
    const auto type = event_type_from_number(number);
    if (!type || number <= previous) return malformed("summary type: unknown or out of order");
    previous = number;
    TypeTotal& total = summary.totals[number - 1u];
    SOTTO_TRY(total.count, in.get<uint32_t>("summary count"));
    SOTTO_TRY(total.value_sum, in.get<double>("summary sum"));
    const ValueRange range = value_range(*type);
    const double count = total.count;
    if (total.count < 1 || !(total.value_sum >= count * range.lowest * (1 - kSumSlack)) ||
        !(total.value_sum <= count * range.highest * (1 + kSumSlack)))
      return malformed("summary total: out of range");
  }
  return {};
}

Status check_consistency(const ItemSummary& summary) {
  if (summary.first_ms < 0 || summary.last_ms < summary.first_ms ||
      summary.last_ms > kMaxTimestampMs)
    return malformed("summary times: out of range");
  const auto inside = [&](int64_t time_ms) {
    return time_ms >= summary.first_ms && time_ms <= summary.last_ms;
  };
  if (summary.has_evidence() ? !inside(summary.evidence_ms)
                             : summary.evidence_ms != 0 || summary.evidence_sequence != 0)
    return malformed("summary evidence: does not fit the events");
  const bool has_opinions = std::any_of(
      kEventTypes.begin(), kEventTypes.end(),
      [&](EventType type) { return is_opinion(type) && summary.total(type).count > 0; });
  if (has_opinions != summary.opinion.has_value())
    return malformed("summary opinion: does not fit the events");
  if (summary.opinion &&
      (summary.total(summary.opinion->type).count == 0 || !inside(summary.opinion->timestamp_ms)))
    return malformed("summary opinion: does not fit the events");
  return {};
}

}  // namespace

void ItemSummary::add(const Event& event, uint64_t sequence) {
  const bool first = n_events() == 0;
  if (first) item = event.item;
  first_ms = first ? event.timestamp_ms : std::min(first_ms, event.timestamp_ms);
  last_ms = first ? event.timestamp_ms : std::max(last_ms, event.timestamp_ms);
  TypeTotal& total = totals[static_cast<size_t>(event.type) - 1];
  if (total.count < std::numeric_limits<uint32_t>::max()) {
    ++total.count;
    total.value_sum += *event.value;
  }
  if (event.type != EventType::kImpression) {
    evidence_ms = std::max(evidence_ms, event.timestamp_ms);
    evidence_sequence = std::max(evidence_sequence, sequence);
  }
  if (is_opinion(event.type) && (!opinion || event.timestamp_ms >= opinion->timestamp_ms))
    opinion = Opinion{event.type, *event.value, event.timestamp_ms};
}

uint64_t ItemSummary::n_events() const {
  uint64_t sum = 0;
  for (const TypeTotal& total : totals) sum += total.count;
  return sum;
}

Bytes encode_item_summary(const ItemSummary& summary) {
  ByteWriter out;
  out.put<uint8_t>(kFormat);
  out.put<uint16_t>(static_cast<uint16_t>(summary.item.size()));
  out.put_bytes({reinterpret_cast<const uint8_t*>(summary.item.data()), summary.item.size()});
  out.put<int64_t>(summary.first_ms);
  out.put<int64_t>(summary.last_ms);
  out.put<int64_t>(summary.evidence_ms);
  out.put<uint64_t>(summary.evidence_sequence);
  if (summary.opinion) {
    out.put<EventType>(summary.opinion->type);
    out.put<double>(summary.opinion->value);
    out.put<int64_t>(summary.opinion->timestamp_ms);
  } else {
    out.put<uint8_t>(0);
  }
  const auto n_totals = std::count_if(summary.totals.begin(), summary.totals.end(),
                                      [](const TypeTotal& total) { return total.count > 0; });
  out.put<uint8_t>(static_cast<uint8_t>(n_totals));
  for (const EventType type : kEventTypes) {
    const TypeTotal& total = summary.total(type);
    if (total.count == 0) continue;
    out.put<EventType>(type);
    out.put<uint32_t>(total.count);
    out.put<double>(total.value_sum);
  }
  return std::move(out).bytes();
}

Result<ItemSummary> decode_item_summary(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("summary format"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "summary: unknown format"};
  SOTTO_TRY(const auto length, in.get<uint16_t>("summary item length"));
  if (length < 1 || length > kMaxEventItemLength)
    return malformed("summary item length: out of range");
  SOTTO_TRY(const auto item, in.get_bytes(length, "summary item"));
  ItemSummary summary;
  summary.item.assign(item.begin(), item.end());
  SOTTO_TRY(summary.first_ms, in.get<int64_t>("summary first time"));
  SOTTO_TRY(summary.last_ms, in.get<int64_t>("summary last time"));
  SOTTO_TRY(summary.evidence_ms, in.get<int64_t>("summary evidence time"));
  SOTTO_TRY(summary.evidence_sequence, in.get<uint64_t>("summary evidence sequence"));
  SOTTO_TRY(summary.opinion, decode_opinion(in));
  SOTTO_CHECK_OK(decode_totals(in, summary));
  SOTTO_CHECK_OK(in.finish("summary"));
  SOTTO_CHECK_OK(check_consistency(summary));
  return summary;
}

}  // namespace sotto
