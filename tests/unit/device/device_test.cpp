#include "device/device.hpp"

#include <algorithm>

#include "events/random_events.hpp"
#include "small_site.hpp"

using namespace sotto;

namespace {

bool same(const std::vector<Recommendation>& a, const std::vector<Recommendation>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Recommendation& x, const Recommendation& y) {
                      return x.item == y.item && x.score == y.score && x.source == y.source;
                    });
}

}  // namespace

TEST_CASE("save and restore at any event give the same recommendations and go on alike") {
  const SmallSite site;
  Visitor steady(site), restored(site);
  Random random(2);
  for (int e = 0; e < 120; ++e) {
    CAPTURE(e);
    const EventType type = kEventTypes[static_cast<size_t>(random.below(kEventTypes.size()))];
    const auto item = static_cast<uint32_t>(random.below(SmallSite::kItems));
    const ValueRange range = value_range(type);
    const double value = type == EventType::kDwell
                             ? 1000 + random.uniform() * 60'000
                             : range.lowest + random.uniform() * (range.highest - range.lowest);
    const auto given =
        random.below(3) == 0 && range.may_be_missing ? std::nullopt : std::optional(value);
    const auto a = steady.track(type, item, given);
    const auto b = restored.track(type, item, given);
    CHECK(a.kept == b.kept);
    CHECK(a.dropped == b.dropped);
    // From the committed changes alone on one side, from save() on the other.
    if (random.below(2) == 0) {
      restored.storage = {};
      restored.storage.commit(restored.device->save());
    }
    restored.open();
    CHECK_FALSE(restored.damage.any());
    CHECK(same(steady.list(), restored.list()));
    CHECK(steady.device->cleaning_counts() == restored.device->cleaning_counts());
  }
  CHECK(steady.device->prequential().placements().size() > 10);
  const auto placed = steady.device->prequential().placements();
  const auto placed_too = restored.device->prequential().placements();
  CHECK(std::equal(placed.begin(), placed.end(), placed_too.begin(), placed_too.end()));
}

TEST_CASE("one event changes few records: never the whole state for one click") {
  const SmallSite site;
  Visitor visitor(site);
  for (uint32_t i = 0; i < 60; ++i) {
    const auto changes = visitor.track(EventType::kClick, i).changes;
    CHECK(changes.size() <= 4);
    size_t bytes = 0;
    for (const KeyedRecord& change : changes)
      if (change.bytes.has_value()) bytes += change.bytes->size();
    CHECK(bytes < 16 * 1024);
  }
}

TEST_CASE("the committed changes are the state: save() gives the same records") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({1, 2, 3, 50});
  visitor.track(EventType::kHide, 7);
  REQUIRE(visitor.contribute(site.file(site.rows_task())).ok());
  Storage saved;
  saved.commit(visitor.device->save());
  // The placements' record is written with the first placement only.
  CHECK(saved.raw() == visitor.storage.raw());
}

TEST_CASE("placements are noted before an item is learnt from, once, and only for personal lists") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({5});
  CHECK(visitor.device->prequential().placements().empty());  // there was no list to stand in
  const auto list = visitor.list({.count = 60});
  const uint32_t chosen = list[17].item;
  visitor.track(EventType::kClick, chosen);
  REQUIRE(visitor.device->prequential().placements().size() == 1);
  const Placement placement = visitor.device->prequential().placements()[0];
  // The scan's integers may swap neighbours that the float scores hardly tell apart.
  CHECK(placement.rank >= 15);
  CHECK(placement.rank <= 19);
  CHECK(placement.candidates == SmallSite::kItems - 2);
  visitor.track(EventType::kLike, chosen);
  visitor.track(EventType::kImpression, 20);
  visitor.track(EventType::kHide, 21);
  CHECK(visitor.device->prequential().placements().size() == 1);
}

TEST_CASE(
    "a placement may be settled later: by the host, the next event, a model, a contribution") {
  SmallSite site;
  Visitor at_once(site);
  at_once.like({5, 9});
  const std::vector<uint32_t> chosen{at_once.list({.count = 60})[17].item, 40, 60};
  for (const uint32_t item : chosen) at_once.track(EventType::kClick, item);
  const auto expected = at_once.device->prequential().placements();

  const auto last_placement = [](const Visitor& visitor) {
    return visitor.device->prequential().placements().back();
  };
  for (const int how : {0, 1, 2, 3}) {
    CAPTURE(how);
    Visitor later(site);
    later.like({5, 9});
    const size_t placed = later.device->prequential().placements().size();
    const auto record = [&](uint32_t item) {
      later.now_ms += 2000;
      const auto outcome = later.device->record({.type = EventType::kClick,
                                                 .item = item_id(item),
                                                 .timestamp_ms = later.now_ms,
                                                 .value = 1},
                                                later.now_ms);
      REQUIRE(outcome.ok());
      later.storage.commit(outcome->changes);
    };
    for (const uint32_t item : chosen) {
      record(item);
      REQUIRE(later.device->prepare(later.now_ms).ok());  // the profile of the list after it
      if (how == 0) later.storage.commit(later.device->settle());
    }
    if (how == 1)
      CHECK(later.device->prequential().placements().size() == placed + chosen.size() - 1);
    if (how == 2) later.storage.commit(later.device->use_model(site.model(2)).value());
    if (how == 3) REQUIRE(later.contribute(site.file(site.rows_task())).ok());
    if (how > 1) CHECK(later.device->prequential().placements().size() == placed + chosen.size());
    later.storage.commit(later.device->settle());
    const auto found = later.device->prequential().placements();
    CHECK(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
    CHECK(later.device->settle().empty());
    if (how == 2) continue;  // what is opened again below knows the first model
    later.open();
    CHECK(last_placement(later) == expected.back());
  }

  Visitor forgetful(site);
  forgetful.like({5, 9});
  REQUIRE(forgetful.device
              ->record({.type = EventType::kClick,
                        .item = item_id(40),
                        .timestamp_ms = forgetful.now_ms,
                        .value = 1},
                       forgetful.now_ms)
              .ok());
  forgetful.storage.commit(forgetful.device->forget());
  CHECK(forgetful.device->settle().empty());
  CHECK(forgetful.device->prequential().placements().empty());
}

TEST_CASE("hostile events never break a device") {
  const SmallSite site;
  Visitor visitor(site);
  Random random(8);
  for (int e = 0; e < 1500; ++e) {
    Event event = hostile_event(random);
    if (random.below(2) == 0) event.item = item_id(static_cast<uint32_t>(random.below(90)));
    const auto outcome = visitor.device->track(event, kNow + e);
    REQUIRE(outcome.ok());
    CHECK(outcome->kept.has_value() != outcome->dropped.has_value());
    visitor.storage.commit(outcome->changes);
    if (e % 100 != 0) continue;
    const auto list = visitor.list({.count = 30});
    CHECK(list.size() == 30);
    visitor.open();
    CHECK_FALSE(visitor.damage.any());
    CHECK(same(visitor.list({.count = 30}), list));
  }
}

TEST_CASE("a new model changes lists, keeps the history; an older one is refused") {
  SmallSite site;
  Visitor visitor(site);
  visitor.like({3, 9});
  const auto before = visitor.list();
  site.snapshot.rows = quantize_rows(random_matrix(SmallSite::kItems, 8, 77, 0.4F));
  site.snapshot.gram.reset();
  visitor.storage.commit(visitor.device->use_model(site.model(2)).value());
  CHECK_FALSE(same(before, visitor.list()));
  CHECK(visitor.device->log().events().size() == 2);
  CHECK(code_of(visitor.device->use_model(site.model(1))) == ErrorCode::kReplay);
  // The sequence survives a restart.
  auto again = Device::open(site.options(), visitor.storage.records(), kNow, visitor.entropy);
  REQUIRE(again.ok());
  REQUIRE(again->device.seen().has_value());
  CHECK(again->device.seen()->sequence == 2);
  CHECK(code_of(again->device.use_model(site.model(1))) == ErrorCode::kReplay);
}

TEST_CASE("without a model events are kept and lists say what is missing") {
  const SmallSite site;
  TestEntropy entropy(1);
  auto opened = Device::open(site.options(), {}, kNow, entropy);
  REQUIRE(opened.ok());
  Device device = std::move(opened->device);
  CHECK(code_of(device.recommend({}, kNow)) == ErrorCode::kNotFound);
  CHECK(code_of(device.interests(kNow)) == ErrorCode::kNotFound);
  REQUIRE(device.track(event_of(EventType::kLike, item_id(4), kNow), kNow)->kept.has_value());
  REQUIRE(device.use_model(site.model()).ok());
  CHECK(device.recommend({}, kNow).value().front().source == ListSource::kPersonal);
}

TEST_CASE("a missing dwell is imputed from the catalogue, from near items first") {
  SmallSite site;
  for (uint32_t i = 0; i < SmallSite::kItems; ++i)
    site.catalogue.dwell_ms[i] = i % 3 == 0 ? 9000 : i % 3 == 1 ? 30'000 : 0;
  Visitor visitor(site);
  CHECK(visitor.track(EventType::kDwell, 6, std::nullopt).kept->value == doctest::Approx(9000));
  CHECK(visitor.track(EventType::kDwell, 10, std::nullopt).kept->value == doctest::Approx(30'000));
  const auto far = visitor.track(EventType::kDwell, 200, std::nullopt);  // not in the catalogue
  CHECK(far.kept->value == doctest::Approx((27 * 9000.0 + 27 * 30'000.0) / 54));
  CHECK(visitor.device->cleaning_counts().of(Repair::kImputedFromNeighbors) == 2);
  CHECK(visitor.device->cleaning_counts().of(Repair::kImputedFromCatalogue) == 1);
}

TEST_CASE("forgetting leaves the ledger's totals, the opt-out and nothing else") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({1, 2, 3, 50});
  REQUIRE(visitor.decide(site.file(site.rows_task())).participation == Participation::kReport);
  const double spent = visitor.device->ledger().overview(1e-6)->lifetime.spent_rho;
  CHECK(spent == doctest::Approx(0.5));
  visitor.storage.commit(visitor.device->forget());
  for (const auto& [key, bytes] : visitor.storage.raw())
    CHECK((key == "ledger/state" || key == "device/installation" || key == "device/model"));
  visitor.open();
  CHECK_FALSE(visitor.damage.any());
  CHECK(visitor.device->log().n_appended() == 0);
  CHECK(visitor.list().front().source == ListSource::kPopular);
  CHECK(visitor.device->ledger().overview(1e-6)->lifetime.spent_rho == doctest::Approx(spent));
  // Whatever was decided before, the same task is not paid for twice.
  visitor.like({1, 2});
  CHECK(code_of(visitor.contribute(site.file(site.rows_task()))) == ErrorCode::kReplay);
}

TEST_CASE("options out of range are refused by name") {
  const SmallSite site;
  TestEntropy entropy(1);
  DeviceOptions options = site.options();
  options.participation = 0;
  CHECK(code_of(Device::open(options, {}, kNow, entropy)) == ErrorCode::kInvalidArgument);
  options = site.options();
  options.limits.window_rho = -1;
  CHECK(code_of(Device::open(options, {}, kNow, entropy)) == ErrorCode::kInvalidArgument);
  options = site.options();
  options.profile.recency_lambda = 0;
  CHECK(code_of(Device::open(options, {}, kNow, entropy)) == ErrorCode::kInvalidArgument);
}
