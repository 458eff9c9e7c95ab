#include "events/cleaning.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace sotto {
namespace {

constexpr uint8_t kFormat = 1;

bool possible(double value, EventType type) {
  const ValueRange range = value_range(type);
  return std::isfinite(value) && value >= range.lowest && value <= range.highest;
}

std::optional<double> neighbors_mean(const ImputationPriors& priors, const Event& event) {
  if (!priors.neighbor_means) return std::nullopt;
  double sum = 0;
  size_t n_values = 0;
  for (const double value : priors.neighbor_means(event.type, event.item)) {
    if (!possible(value, event.type)) continue;
    sum += value;
    ++n_values;
  }
  if (n_values == 0) return std::nullopt;
  return std::min(sum / static_cast<double>(n_values), value_range(event.type).highest);
}

std::optional<double> catalogue_mean(const ImputationPriors& priors, EventType type) {
  const auto& mean =
      type == EventType::kDwell ? priors.catalogue_dwell_ms : priors.catalogue_scroll;
  if (!mean || !possible(*mean, type)) return std::nullopt;
  return mean;
}

Status validate(const CleaningPolicy& policy) {
  const auto times = {policy.future_tolerance_ms, policy.lateness_ms, policy.duplicate_window_ms};
  for (const int64_t time : times)
    if (time < 0 || time > kMaxTimestampMs)
      return {ErrorCode::kInvalidArgument, "cleaning policy: a time is out of range"};
  const auto rates = {policy.events_per_second, policy.acts_per_second, policy.item_acts_per_10_s};
  for (const uint32_t rate : rates)
    if (rate < 1 || rate > RecentEvents::kReach)
      return {ErrorCode::kInvalidArgument, "cleaning policy: rates must be 1 .. 256"};
  for (const uint32_t least : {policy.least_values_for_outliers, policy.least_own_values})
    if (least < 1 || least > MeasuredValues::kReach)
      return {ErrorCode::kInvalidArgument, "cleaning policy: numbers of values must be 1 .. 101"};
  for (const double bound : {policy.outlier_threshold, policy.longest_dwell_ms})
    if (!std::isfinite(bound) || !(bound > 0))
      return {ErrorCode::kInvalidArgument, "cleaning policy: bounds must be finite and > 0"};
  return {};
}

}  // namespace

const char* drop_reason_name(DropReason reason) {
  switch (reason) {
    case DropReason::kInvalid: return "invalid";
    case DropReason::kFuture: return "future";
    case DropReason::kDuplicate: return "duplicate";
    case DropReason::kEventRate: return "event_rate";
    case DropReason::kItemRate: return "item_rate";
    case DropReason::kUnmeasured: return "unmeasured";
  }
  return "unknown";
}

const char* repair_name(Repair repair) {
  switch (repair) {
    case Repair::kImputedFromUser: return "imputed_from_user";
    case Repair::kImputedFromNeighbors: return "imputed_from_neighbors";
    case Repair::kImputedFromCatalogue: return "imputed_from_catalogue";
    case Repair::kWinsorized: return "winsorized";
    case Repair::kClockAhead: return "clock_ahead";
    case Repair::kClockBehind: return "clock_behind";
  }
  return "unknown";
}

Result<Cleaner> Cleaner::create(const CleaningPolicy& policy) {
  SOTTO_CHECK_OK(validate(policy));
  Cleaner cleaner;
  cleaner.policy_ = policy;
  return cleaner;
}

CleanOutcome Cleaner::clean(const Event& event, int64_t now_ms, const ImputationPriors& priors) {
  latest_ms_ = std::max(latest_ms_, std::min(now_ms, kMaxTimestampMs));
  ++counts_.received;
  const auto drop = [&](DropReason reason) {
    ++counts_.dropped[static_cast<size_t>(reason)];
    return CleanOutcome{.event = std::nullopt, .dropped = reason};
  };
  if (!validate_event(event).ok()) return drop(DropReason::kInvalid);
  const auto print = RecentEvents::fingerprint(event);
  if (const auto reason = refuse(event, print)) return drop(*reason);
  Event cleaned = event;
  if (const auto reason = complete(cleaned, priors)) return drop(*reason);
  winsorize(cleaned);
  measure(event);
  repair_time(cleaned);
  recent_.add(print);
  ++counts_.kept;
  return {.event = std::move(cleaned), .dropped = std::nullopt};
}

std::optional<DropReason> Cleaner::refuse(const Event& event,
                                          const RecentEvents::Fingerprint& print) const {
  if (event.timestamp_ms - policy_.future_tolerance_ms > latest_ms_) return DropReason::kFuture;
  const auto around = recent_.around(print, policy_.duplicate_window_ms);
  if (around.duplicate) return DropReason::kDuplicate;
  if (around.events >= policy_.events_per_second) return DropReason::kEventRate;
  if (!print.act) return std::nullopt;
  if (around.acts >= policy_.acts_per_second) return DropReason::kEventRate;
  if (around.item_acts >= policy_.item_acts_per_10_s) return DropReason::kItemRate;
  return std::nullopt;
}

std::optional<DropReason> Cleaner::complete(Event& event, const ImputationPriors& priors) {
  if (event.value) return std::nullopt;
  const MeasuredValues& own = event.type == EventType::kDwell ? dwell_ : scroll_;
  event.imputed = true;
  if (own.size() >= policy_.least_own_values) {
    event.value = own.mean(event.type == EventType::kDwell ? dwell_limit() : 1.0);
    count(Repair::kImputedFromUser);
  } else if ((event.value = neighbors_mean(priors, event))) {
    count(Repair::kImputedFromNeighbors);
  } else if ((event.value = catalogue_mean(priors, event.type))) {
    count(Repair::kImputedFromCatalogue);
  } else {
    return DropReason::kUnmeasured;
  }
  return std::nullopt;
}

double Cleaner::dwell_limit() const {
  if (dwell_.size() < policy_.least_values_for_outliers) return policy_.longest_dwell_ms;
  return std::min(policy_.longest_dwell_ms, dwell_.upper_limit(policy_.outlier_threshold));
}

void Cleaner::winsorize(Event& event) {
  if (event.type != EventType::kDwell) return;
  const double limit = dwell_limit();
  if (*event.value <= limit) return;
  event.value = limit;
  count(Repair::kWinsorized);
}

// As measured, not as cut, so that a lasting change of habit moves the limit as soon as it is more
// than half of what is remembered; outliers among it move neither median nor deviation.
void Cleaner::measure(const Event& event) {
  if (!event.value || event.imputed) return;
  if (event.type == EventType::kDwell) dwell_.add(*event.value);
  if (event.type == EventType::kScroll) scroll_.add(*event.value);
}

void Cleaner::repair_time(Event& event) {
  if (event.timestamp_ms > latest_ms_) {
    event.timestamp_ms = latest_ms_;
    count(Repair::kClockAhead);
  }
  if (event.timestamp_ms < latest_kept_ms_ - policy_.lateness_ms) {
    event.timestamp_ms = latest_kept_ms_;
    count(Repair::kClockBehind);
  }
  latest_kept_ms_ = std::max(latest_kept_ms_, event.timestamp_ms);
}

void Cleaner::write(ByteWriter& out) const {
  out.put<uint8_t>(kFormat);
  out.put<int64_t>(latest_ms_);
  out.put<int64_t>(latest_kept_ms_);
  out.put<uint64_t>(counts_.received);
  out.put<uint64_t>(counts_.kept);
  for (const uint64_t count : counts_.dropped) out.put<uint64_t>(count);
  for (const uint64_t count : counts_.repaired) out.put<uint64_t>(count);
  recent_.write(out);
  dwell_.write(out);
  scroll_.write(out);
}

Result<Cleaner> Cleaner::read(ByteReader& in, const CleaningPolicy& policy) {
  SOTTO_TRY(auto cleaner, create(policy));
  SOTTO_TRY(const auto format, in.get<uint8_t>("cleaner format"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "cleaner: unknown format"};
  SOTTO_TRY(cleaner.latest_ms_, in.get<int64_t>("cleaner latest time"));
  SOTTO_TRY(cleaner.latest_kept_ms_, in.get<int64_t>("cleaner latest kept time"));
  if (cleaner.latest_kept_ms_ < 0 || cleaner.latest_kept_ms_ > cleaner.latest_ms_ ||
      cleaner.latest_ms_ > kMaxTimestampMs)
    return Error{ErrorCode::kMalformed, "cleaner times: out of range"};

  CleaningCounts& counts = cleaner.counts_;
  SOTTO_TRY(counts.received, in.get<uint64_t>("cleaner count"));
  SOTTO_TRY(counts.kept, in.get<uint64_t>("cleaner count"));
  for (uint64_t& count : counts.dropped) {
    SOTTO_TRY(count, in.get<uint64_t>("cleaner count"));
  }
  for (uint64_t& count : counts.repaired) {
    SOTTO_TRY(count, in.get<uint64_t>("cleaner count"));
    if (count > counts.kept) return Error{ErrorCode::kMalformed, "cleaner counts: do not add up"};
  }
  const auto total = std::accumulate(counts.dropped.begin(), counts.dropped.end(), counts.kept);
  if (counts.received != total)
    return Error{ErrorCode::kMalformed, "cleaner counts: do not add up"};

  SOTTO_TRY(cleaner.recent_, RecentEvents::read(in));
  SOTTO_TRY(cleaner.dwell_, MeasuredValues::read(in, kMaxDwellMs));
  SOTTO_TRY(cleaner.scroll_, MeasuredValues::read(in, value_range(EventType::kScroll).highest));
  return cleaner;
}

CleanedEvents clean_events(std::span<const Event> events, int64_t now_ms, Cleaner cleaner,
                           const ImputationPriors& priors) {
  CleanedEvents cleaned{.events = {}, .cleaner = std::move(cleaner)};
  for (const Event& event : events)
    if (auto outcome = cleaned.cleaner.clean(event, now_ms, priors); outcome.event)
      cleaned.events.push_back(*std::move(outcome.event));
  return cleaned;
}

}  // namespace sotto
