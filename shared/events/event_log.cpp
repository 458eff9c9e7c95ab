#include "events/event_log.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/sort.hpp"

namespace sotto {
namespace {

constexpr uint32_t kMostLimit = 1'000'000;
// One transaction in so many appends is longer, instead of every one.
constexpr size_t kMostChunk = 32;

}  // namespace

Result<EventLog> EventLog::create(const EventLogLimits& limits) {
  for (const uint32_t limit : {limits.max_events, limits.max_summaries})
    if (limit < 1 || limit > kMostLimit)
      return Error{ErrorCode::kInvalidArgument, "event log limits: must be 1 .. 1000000"};
  EventLog log;
  log.limits_ = limits;
  return log;
}

Result<std::vector<KeyedRecord>> EventLog::append(const Event& event) {
  SOTTO_CHECK_OK(validate_event(event));
  if (!event.value)
    return Error{ErrorCode::kInvalidArgument, "value: the log takes cleaned events only"};
  events_.push_back(event);
  sequences_.push_back(next_sequence_++);
  Changes changes;
  KeyedRecord added = event_record(events_.size() - 1);
  changes.insert_or_assign(std::move(added.key), std::move(added.bytes));
  if (events_.size() > limits_.max_events)
    summarize_oldest(std::clamp<size_t>(limits_.max_events / 8, 1, kMostChunk), changes);
  forget_summaries(changes);
  KeyedRecord head = head_record();
  changes.insert_or_assign(std::move(head.key), std::move(head.bytes));
  return as_list(std::move(changes));
}

std::vector<KeyedRecord> EventLog::clear() {
  std::vector<KeyedRecord> deletions = records();
  for (KeyedRecord& record : deletions) record.bytes.reset();
  events_.clear();
  sequences_.clear();
  summaries_.clear();
  slots_.clear();
  positions_.clear();
  n_forgotten_ = 0;
  return deletions;
}

uint64_t EventLog::n_appended() const {
  uint64_t sum = n_forgotten_ + events_.size();
  for (const ItemSummary& summary : summaries_) sum += summary.n_events();
  return sum;
}

void EventLog::summarize_oldest(size_t n_events, Changes& changes) {
  std::vector<size_t> touched;
  for (size_t i = 0; i < n_events; ++i) {
    const auto [known, fresh] = positions_.emplace(events_[i].item, summaries_.size());
    if (fresh) {
      summaries_.emplace_back();
      slots_.push_back(next_slot_++);
    }
    summaries_[known->second].add(events_[i], sequences_[i]);
    touched.push_back(known->second);
    changes.insert_or_assign(event_record(i).key, std::nullopt);
  }
  for (const size_t position : touched) {
    KeyedRecord record = summary_record(position);
    changes.insert_or_assign(std::move(record.key), std::move(record.bytes));
  }
  const auto n = static_cast<ptrdiff_t>(n_events);
  events_.erase(events_.begin(), events_.begin() + n);
  sequences_.erase(sequences_.begin(), sequences_.begin() + n);
}

void EventLog::forget_summaries(Changes& changes) {
  if (summaries_.size() <= limits_.max_summaries) return;
  std::vector<size_t> order(summaries_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto rank = [&](size_t i) {
    return std::tuple(summaries_[i].opinion.has_value(), summaries_[i].last_ms, slots_[i]);
  };
  const size_t n_victims = summaries_.size() - limits_.max_summaries;
  sort_first(std::span(order), n_victims, [&](size_t a, size_t b) { return rank(a) < rank(b); });
  std::vector<uint8_t> forgotten(summaries_.size());
  for (size_t i = 0; i < n_victims; ++i) forgotten[order[i]] = true;

  size_t kept = 0;
  for (size_t i = 0; i < summaries_.size(); ++i) {
    if (forgotten[i]) {
      n_forgotten_ += summaries_[i].n_events();
      changes.insert_or_assign(summary_record(i).key, std::nullopt);
      continue;
    }
    if (kept != i) summaries_[kept] = std::move(summaries_[i]);
    slots_[kept++] = slots_[i];
  }
  summaries_.resize(kept);
  slots_.resize(kept);
  index_summaries();
}

void EventLog::index_summaries() {
  positions_.clear();
  for (size_t i = 0; i < summaries_.size(); ++i) positions_.emplace(summaries_[i].item, i);
}

}  // namespace sotto
