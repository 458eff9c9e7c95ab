#include "events/item_summary.hpp"

#include <doctest/doctest.h>

#include "events/random_events.hpp"

using namespace sotto;

namespace {

ItemSummary summary_of(const std::vector<Event>& events) {
  ItemSummary summary;
  uint64_t sequence = 10;
  for (const Event& event : events) summary.add(event, sequence++);
  return summary;
}

ItemSummary example() {
  return summary_of({event_of(EventType::kImpression, "item", kNoonMs),
                     event_of(EventType::kDwell, "item", kNoonMs + 10, 5000),
                     event_of(EventType::kRating, "item", kNoonMs + 20, 3.5),
                     event_of(EventType::kDwell, "item", kNoonMs + 30, 7000)});
}

ErrorCode decode_code(const Bytes& bytes) {
  const auto summary = decode_item_summary(bytes);
  return summary.ok() ? ErrorCode::kOk : summary.error().code;
}

}  // namespace

TEST_CASE("a summary counts, sums and remembers when") {
  const ItemSummary summary = example();
  CHECK(summary.item == "item");
  CHECK(summary.first_ms == kNoonMs);
  CHECK(summary.last_ms == kNoonMs + 30);
  CHECK(summary.evidence_ms == kNoonMs + 30);
  CHECK(summary.evidence_sequence == 13);
  CHECK(summary.total(EventType::kDwell) == TypeTotal{2, 12'000});
  CHECK(summary.total(EventType::kImpression) == TypeTotal{1, 1});
  CHECK(summary.total(EventType::kClick) == TypeTotal{});
  CHECK(summary.n_events() == 4);
  CHECK(summary.opinion == Opinion{EventType::kRating, 3.5, kNoonMs + 20});
}

TEST_CASE("impressions alone are no evidence") {
  const auto summary = summary_of({event_of(EventType::kImpression, "i", kNoonMs)});
  CHECK_FALSE(summary.has_evidence());
  CHECK(summary.evidence_ms == 0);
  CHECK(example().has_evidence());
}

TEST_CASE("the latest opinion stands, by time and then by arrival") {
  const Event like = event_of(EventType::kLike, "i", kNoonMs);
  const Event hide = event_of(EventType::kHide, "i", kNoonMs);
  const Event early = event_of(EventType::kRating, "i", kNoonMs - 1, 5);
  CHECK(summary_of({like, hide}).opinion->type == EventType::kHide);
  CHECK(summary_of({hide, like}).opinion->type == EventType::kLike);
  CHECK(summary_of({like, hide, early}).opinion->type == EventType::kHide);
}

TEST_CASE("summaries come back from their stored form") {
  for (const auto& summary :
       {example(), summary_of({event_of(EventType::kImpression, std::string(256, 'x'), 0)}),
        summary_of({event_of(EventType::kScroll, "i", kMaxTimestampMs, 0)})})
    CHECK(decode_item_summary(encode_item_summary(summary)).value() == summary);
  ItemSummary all;
  for (Event event : plausible_events(5, 2000, 1)) {
    event.item = std::string(256, 'x');
    all.add(event, all.n_events());
  }
  const Bytes bytes = encode_item_summary(all);
  CHECK(bytes.size() == 465);
  CHECK(decode_item_summary(bytes).value() == all);
}

TEST_CASE("every truncated and every extended summary is refused") {
  Bytes bytes = encode_item_summary(example());
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK(decode_code(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length))) ==
          ErrorCode::kMalformed);
  bytes.push_back(0);
  CHECK(decode_code(bytes) == ErrorCode::kMalformed);
}

TEST_CASE("summaries that no events can have led to are refused") {
  const auto code = [](auto change) {
    ItemSummary summary = example();
    change(summary);
    return decode_code(encode_item_summary(summary));
  };
  const auto malformed = ErrorCode::kMalformed;
  REQUIRE(code([](ItemSummary&) {}) == ErrorCode::kOk);
  CHECK(code([](ItemSummary& s) { s.item.clear(); }) == malformed);
  CHECK(code([](ItemSummary& s) { s.item.resize(257); }) == malformed);
  CHECK(code([](ItemSummary& s) { s.first_ms = -1; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.first_ms = s.last_ms + 1; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.last_ms = kMaxTimestampMs + 1; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.evidence_ms = s.last_ms + 1; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.opinion.reset(); }) == malformed);
  CHECK(code([](ItemSummary& s) { s.opinion->type = EventType::kLike; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.opinion->type = EventType::kClick; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.opinion->value = 6; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.opinion->value = NAN; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.opinion->timestamp_ms = s.last_ms + 1; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.totals[3].value_sum = -1; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.totals[3].value_sum = NAN; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.totals[3].value_sum = INFINITY; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.totals[0].value_sum = 2; }) == malformed);
  CHECK(code([](ItemSummary& s) { s.totals[5] = {1, 1}; }) == ErrorCode::kOk);
  CHECK(code([](ItemSummary& s) { s.totals = {}; }) == malformed);
  Bytes other = encode_item_summary(example());
  other[0] = 2;
  CHECK(decode_code(other) == ErrorCode::kUnsupported);
}

TEST_CASE("random bytes never crash the decoder and what it accepts it writes back") {
  Random random(6);
  const Bytes good = encode_item_summary(example());
  for (int i = 0; i < 50'000; ++i) {
    Bytes bytes = good;
    for (uint64_t flips = 1 + random.below(3); flips > 0; --flips)
      bytes[static_cast<size_t>(random.below(bytes.size()))] = static_cast<uint8_t>(random.next());
    const auto summary = decode_item_summary(bytes);
    if (summary.ok()) CHECK(encode_item_summary(*summary) == bytes);
  }
}
