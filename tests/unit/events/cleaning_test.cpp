#include "events/cleaning.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "events/random_events.hpp"

using namespace sotto;

namespace {

constexpr int64_t kMinuteMs = 60'000;

Event view(std::string item, int64_t timestamp_ms) {
  return event_of(EventType::kView, std::move(item), timestamp_ms);
}
Event dwell(std::string item, int64_t timestamp_ms, std::optional<double> ms) {
  return event_of(EventType::kDwell, std::move(item), timestamp_ms, ms);
}

// Keeps n dwell events, an hour apart; the next hour is free.
void measure(Cleaner& cleaner, size_t n, double ms) {
  for (size_t i = 0; i < n; ++i) {
    const int64_t time_ms = std::max(cleaner.latest_ms(), kNoonMs) + 60 * kMinuteMs;
    REQUIRE(cleaner.clean(dwell("measured", time_ms, ms), time_ms).event.has_value());
  }
}

}  // namespace

TEST_CASE("an event with nothing wrong is kept as it is") {
  Cleaner cleaner;
  const Event event = view("a", kNoonMs);
  const auto outcome = cleaner.clean(event, kNoonMs);
  CHECK(outcome.event == event);
  CHECK_FALSE(outcome.dropped.has_value());
  CHECK(cleaner.counts().received == 1);
  CHECK(cleaner.counts().kept == 1);
}

TEST_CASE("invalid events are dropped") {
  Cleaner cleaner;
  CHECK(cleaner.clean(view("", kNoonMs), kNoonMs).dropped == DropReason::kInvalid);
  CHECK(cleaner.clean(dwell("a", kNoonMs, NAN), kNoonMs).dropped == DropReason::kInvalid);
  CHECK(cleaner.counts().of(DropReason::kInvalid) == 2);
}

TEST_CASE("an event of the future is dropped, one a little ahead is set to now") {
  Cleaner cleaner;
  const int64_t tolerance_ms = cleaner.policy().future_tolerance_ms;
  CHECK(cleaner.clean(view("a", kNoonMs + tolerance_ms + 1), kNoonMs).dropped ==
        DropReason::kFuture);
  const auto ahead = cleaner.clean(view("a", kNoonMs + tolerance_ms), kNoonMs);
  REQUIRE(ahead.event.has_value());
  CHECK(ahead.event->timestamp_ms == kNoonMs);
  CHECK(cleaner.counts().of(Repair::kClockAhead) == 1);
}

TEST_CASE("the latest time ever seen is the clock, also after the clock was set back") {
  Cleaner cleaner;
  REQUIRE(cleaner.clean(view("a", kNoonMs), kNoonMs).event.has_value());
  REQUIRE(cleaner.clean(view("b", kNoonMs + 1000), kNoonMs - 1'000'000).event.has_value());
  CHECK(cleaner.latest_ms() == kNoonMs);
  CHECK(cleaner.clean(view("c", kNoonMs + 3'000'000), kNoonMs).dropped == DropReason::kFuture);
}

TEST_CASE("after the clock was set back events keep the order in which they happened") {
  Cleaner cleaner;
  const int64_t year_ms = int64_t{365} * 24 * 60 * kMinuteMs;
  REQUIRE(cleaner.clean(view("leap", kNoonMs + year_ms), kNoonMs + year_ms).event.has_value());
  for (int i = 0; i < 300; ++i) {
    const int64_t now_ms = kNoonMs + i * kMinuteMs;
    const auto outcome = cleaner.clean(view(std::to_string(i), now_ms), now_ms);
    REQUIRE(outcome.event.has_value());
    CHECK(outcome.event->timestamp_ms == kNoonMs + year_ms);
  }
  CHECK(cleaner.counts().of(Repair::kClockBehind) == 300);
  const int64_t later_ms = kNoonMs + 2 * year_ms;
  CHECK(cleaner.clean(view("z", later_ms), later_ms).event->timestamp_ms == later_ms);
}

TEST_CASE("an event that is a little late keeps its time") {
  Cleaner cleaner;
  const int64_t lateness_ms = cleaner.policy().lateness_ms;
  REQUIRE(cleaner.clean(view("a", kNoonMs), kNoonMs).event.has_value());
  const auto late = cleaner.clean(view("b", kNoonMs - lateness_ms), kNoonMs);
  CHECK(late.event->timestamp_ms == kNoonMs - lateness_ms);
  const auto later = cleaner.clean(view("c", kNoonMs - lateness_ms - 1), kNoonMs);
  CHECK(later.event->timestamp_ms == kNoonMs);
  CHECK(cleaner.counts().of(Repair::kClockBehind) == 1);
}

TEST_CASE("a double fire and a message sent again are dropped, a repetition is not") {
  Cleaner cleaner;
  const int64_t now_ms = kNoonMs + 10 * kMinuteMs;
  const int64_t window_ms = cleaner.policy().duplicate_window_ms;
  const auto dropped = [&](const Event& event) { return cleaner.clean(event, now_ms).dropped; };
  CHECK_FALSE(dropped(view("a", kNoonMs)).has_value());
  CHECK(dropped(view("a", kNoonMs)) == DropReason::kDuplicate);
  CHECK(dropped(view("a", kNoonMs + window_ms)) == DropReason::kDuplicate);
  CHECK(dropped(view("a", kNoonMs - window_ms)) == DropReason::kDuplicate);
  CHECK_FALSE(dropped(view("a", kNoonMs + window_ms + 1)).has_value());
  CHECK_FALSE(dropped(view("b", kNoonMs)).has_value());
  CHECK_FALSE(dropped(event_of(EventType::kClick, "a", kNoonMs)).has_value());
  CHECK_FALSE(dropped(event_of(EventType::kView, "a", kNoonMs, 1.0, "tab 2")).has_value());
  CHECK_FALSE(dropped(dwell("a", kNoonMs, 1000)).has_value());
  CHECK_FALSE(dropped(dwell("a", kNoonMs, 1001)).has_value());
  CHECK(dropped(dwell("a", kNoonMs, 1001)) == DropReason::kDuplicate);
  CHECK(cleaner.counts().of(DropReason::kDuplicate) == 4);
}

TEST_CASE("duplicates are found among the last 256 kept events") {
  for (const size_t between : {255u, 256u}) {
    Cleaner cleaner;
    const int64_t now_ms = kNoonMs + 1000 * kMinuteMs;
    REQUIRE(cleaner.clean(view("first", kNoonMs), now_ms).event.has_value());
    for (size_t i = 0; i < between; ++i) {
      const auto time_ms = kNoonMs + static_cast<int64_t>(i + 1) * kMinuteMs;
      REQUIRE(cleaner.clean(view("x", time_ms), now_ms).event.has_value());
    }
    CHECK(cleaner.clean(view("first", kNoonMs), now_ms).dropped.has_value() == (between < 256));
  }
}

TEST_CASE("nobody does more than ten things a second, though a long list may come into view") {
  Cleaner cleaner;
  const int64_t now_ms = kNoonMs + kMinuteMs;
  size_t n_kept = 0;
  for (int i = 0; i < 50; ++i) {
    const auto outcome = cleaner.clean(view(std::to_string(i), kNoonMs + i), now_ms);
    n_kept += outcome.event.has_value();
    if (i >= 10) CHECK(outcome.dropped == DropReason::kEventRate);
  }
  CHECK(n_kept == 10);
  const auto impression = [&](int i, int64_t time_ms) {
    return cleaner.clean(event_of(EventType::kImpression, std::to_string(i), time_ms), now_ms);
  };
  for (int i = 0; i < 90; ++i) CHECK(impression(i, kNoonMs).event.has_value());
  CHECK(impression(90, kNoonMs).dropped == DropReason::kEventRate);
  CHECK(cleaner.clean(view("later", kNoonMs + 1010), now_ms).event.has_value());
}

TEST_CASE("nobody does more than fifteen things to one item in ten seconds") {
  Cleaner cleaner;
  const int64_t now_ms = kNoonMs + kMinuteMs;
  for (int i = 0; i < 15; ++i)
    CHECK(cleaner.clean(view("a", kNoonMs + i * 600), now_ms).event.has_value());
  CHECK(cleaner.clean(view("a", kNoonMs + 15 * 600), now_ms).dropped == DropReason::kItemRate);
  CHECK(cleaner.clean(view("b", kNoonMs + 15 * 600), now_ms).event.has_value());
  CHECK(cleaner.clean(view("a", kNoonMs + 25'000), now_ms).event.has_value());
}

TEST_CASE("dwell longer than half an hour is cut even when nothing is known of the user") {
  Cleaner cleaner;
  const auto outcome = cleaner.clean(dwell("a", kNoonMs, 7'200'000), kNoonMs);
  CHECK(outcome.event->value == 1'800'000);
  CHECK_FALSE(outcome.event->imputed);
  CHECK(cleaner.counts().of(Repair::kWinsorized) == 1);
}

TEST_CASE("dwell far beyond the user's own is cut, as far as is still usual for the user") {
  Cleaner cleaner;
  for (const double ms : {8e3, 10e3, 12e3, 9e3, 11e3, 10e3, 20e3, 5e3, 10e3, 10e3})
    measure(cleaner, 1, ms);
  REQUIRE(cleaner.counts().of(Repair::kWinsorized) == 0);
  const int64_t time_ms = cleaner.latest_ms() + 60 * kMinuteMs;
  const double limit = *cleaner.clean(dwell("b", time_ms, 1e6), time_ms).event->value;
  CHECK(limit > 20'000);
  CHECK(limit < 60'000);
  CHECK(cleaner.counts().of(Repair::kWinsorized) == 1);
  const auto usual = cleaner.clean(dwell("c", time_ms, 20'000), time_ms);
  CHECK(usual.event->value == 20'000);
}

TEST_CASE("one tab left open does not spoil the mean that missing dwell is imputed by") {
  Cleaner cleaner;
  measure(cleaner, 20, 10'000);
  measure(cleaner, 1, 20'000'000);
  const int64_t time_ms = cleaner.latest_ms() + 60 * kMinuteMs;
  const auto outcome = cleaner.clean(dwell("a", time_ms, std::nullopt), time_ms);
  CHECK(*outcome.event->value > 10'000);
  CHECK(*outcome.event->value < 12'000);
}

TEST_CASE("a lasting change of habit is followed") {
  Cleaner cleaner;
  measure(cleaner, 50, 10e3);
  measure(cleaner, 60, 600e3);
  const uint64_t n_cut = cleaner.counts().of(Repair::kWinsorized);
  CHECK(n_cut > 40);
  measure(cleaner, 50, 600e3);
  CHECK(cleaner.counts().of(Repair::kWinsorized) == n_cut);
}

TEST_CASE("missing dwell: the user's own mean, else the neighbours', else the catalogue's") {
  const std::vector<double> neighbors{20'000, 40'000};
  ImputationPriors priors;
  std::vector<std::string> asked;
  Cleaner cleaner;
  const auto impute = [&] {
    const int64_t time_ms = std::max(cleaner.latest_ms(), kNoonMs) + 60 * kMinuteMs;
    return cleaner.clean(dwell("a", time_ms, std::nullopt), time_ms, priors);
  };
  CHECK(impute().dropped == DropReason::kUnmeasured);

  priors.catalogue_dwell_ms = 50'000;
  auto outcome = impute();
  CHECK(outcome.event->value == 50'000);
  CHECK(outcome.event->imputed);

  priors.neighbor_means = [&](EventType type, std::string_view item) {
    CHECK(type == EventType::kDwell);
    asked.emplace_back(item);
    return std::span<const double>(neighbors);
  };
  CHECK(impute().event->value == 30'000);
  CHECK(asked == std::vector<std::string>{"a"});

  measure(cleaner, 2, 10'000);
  CHECK(impute().event->value == 30'000);  // two values are not enough
  measure(cleaner, 1, 13'000);
  outcome = impute();
  CHECK(*outcome.event->value == doctest::Approx(11'000));
  CHECK(outcome.event->imputed);
  CHECK(*impute().event->value == doctest::Approx(11'000));  // what was imputed is not measured

  CHECK(cleaner.counts().of(DropReason::kUnmeasured) == 1);
  CHECK(cleaner.counts().of(Repair::kImputedFromCatalogue) == 1);
  CHECK(cleaner.counts().of(Repair::kImputedFromNeighbors) == 2);
  CHECK(cleaner.counts().of(Repair::kImputedFromUser) == 2);
}

TEST_CASE("scroll is imputed from scroll, not from dwell") {
  Cleaner cleaner;
  measure(cleaner, 5, 10'000);
  int64_t time_ms = cleaner.latest_ms();
  const auto scroll = [&](std::optional<double> value, const ImputationPriors& priors) {
    time_ms += 60 * kMinuteMs;
    return cleaner.clean(event_of(EventType::kScroll, "a", time_ms, value), time_ms, priors);
  };
  CHECK(scroll(std::nullopt, {.catalogue_dwell_ms = 5000}).dropped == DropReason::kUnmeasured);
  CHECK(scroll(std::nullopt, {.catalogue_scroll = 0.25}).event->value == 0.25);
  for (const double value : {0.5, 0.5, 1.0, 1.0}) scroll(value, {});
  CHECK(scroll(std::nullopt, {}).event->value == 0.75);
}

TEST_CASE("impossible values of neighbours and catalogue are ignored") {
  const std::vector<double> bad{NAN, INFINITY, -5, 1e12};
  const std::vector<double> mixed{NAN, 8000, -1};
  ImputationPriors priors;
  priors.neighbor_means = [&](EventType, std::string_view item) {
    return std::span<const double>(item == "mixed" ? mixed : bad);
  };
  Cleaner cleaner;
  CHECK(cleaner.clean(dwell("mixed", kNoonMs, std::nullopt), kNoonMs, priors).event->value == 8000);
  for (const double mean : {double{NAN}, double{INFINITY}, -1.0, 1e12}) {
    priors.catalogue_dwell_ms = mean;
    CHECK(cleaner.clean(dwell("bad", kNoonMs, std::nullopt), kNoonMs, priors).dropped ==
          DropReason::kUnmeasured);
  }
}

TEST_CASE("policies outside their ranges are refused") {
  const auto code = [](const CleaningPolicy& policy) {
    const auto cleaner = Cleaner::create(policy);
    return cleaner.ok() ? ErrorCode::kOk : cleaner.error().code;
  };
  CHECK(code({}) == ErrorCode::kOk);
  CHECK(code({.future_tolerance_ms = -1}) == ErrorCode::kInvalidArgument);
  CHECK(code({.lateness_ms = kMaxTimestampMs + 1}) == ErrorCode::kInvalidArgument);
  CHECK(code({.events_per_second = 0}) == ErrorCode::kInvalidArgument);
  CHECK(code({.acts_per_second = 257}) == ErrorCode::kInvalidArgument);
  CHECK(code({.item_acts_per_10_s = 0}) == ErrorCode::kInvalidArgument);
  CHECK(code({.outlier_threshold = NAN}) == ErrorCode::kInvalidArgument);
  CHECK(code({.least_values_for_outliers = 0}) == ErrorCode::kInvalidArgument);
  CHECK(code({.longest_dwell_ms = 0}) == ErrorCode::kInvalidArgument);
  CHECK(code({.least_own_values = 102}) == ErrorCode::kInvalidArgument);
}

TEST_CASE("reasons and repairs have names of their own") {
  std::vector<std::string> names;
  for (size_t i = 0; i < kDropReasons; ++i)
    names.emplace_back(drop_reason_name(static_cast<DropReason>(i)));
  for (size_t i = 0; i < kRepairs; ++i) names.emplace_back(repair_name(static_cast<Repair>(i)));
  std::sort(names.begin(), names.end());
  CHECK(std::unique(names.begin(), names.end()) == names.end());
  CHECK(std::count(names.begin(), names.end(), "unknown") == 0);
}
