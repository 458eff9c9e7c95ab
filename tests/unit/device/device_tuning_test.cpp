// Fine-tuning as a visitor meets it: in lists and nowhere else.
#include <algorithm>
#include <set>

#include "crypto/random.hpp"
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

// Published with a prior that leaves no doubt, unless told otherwise.
struct TuningSite : SmallSite {
  explicit TuningSite(std::optional<CrowdPrior> prior = CrowdPrior{1, 1e-6, 1}) {
    snapshot.tuning_prior = prior;
  }
  DeviceOptions without() const {
    DeviceOptions without = options();
    without.fine_tuning.reset();
    return without;
  }
};

// To its end, in slices.
size_t tune(Visitor& visitor, size_t slice = 5) {
  size_t slices = 0;
  while (visitor.device->tune(slice, visitor.now_ms).value()) REQUIRE(++slices < 10'000);
  return slices;
}

void random_event(Random& random, Visitor& a, Visitor& b) {
  const EventType type = kEventTypes[static_cast<size_t>(random.below(kEventTypes.size()))];
  const auto item = static_cast<uint32_t>(random.below(SmallSite::kItems));
  const ValueRange range = value_range(type);
  const double value = type == EventType::kDwell
                           ? 1000 + random.uniform() * 60'000
                           : range.lowest + random.uniform() * (range.highest - range.lowest);
  CHECK(a.track(type, item, value).kept == b.track(type, item, value).kept);
}

}  // namespace

TEST_CASE("lists are fine-tuned once tuning is through, and plain until then and after an event") {
  const TuningSite site;
  Visitor visitor(site), plain(site, site.without());
  CHECK_FALSE(visitor.device->tune(100, visitor.now_ms).value());  // no history
  visitor.like({3, 9, 27, 40, 41, 66});
  plain.like({3, 9, 27, 40, 41, 66});
  CHECK(visitor.device->tune(0, visitor.now_ms).value());
  CHECK(same(visitor.list(), plain.list()));
  CHECK(visitor.device->tune(1, visitor.now_ms).value());
  CHECK(same(visitor.list(), plain.list()));
  CHECK(tune(visitor) > 3);
  const auto tuned = visitor.list();
  CHECK_FALSE(same(tuned, plain.list()));
  CHECK(tuned.size() == plain.list().size());
  visitor.track(EventType::kImpression, 50);  // changes nothing
  CHECK(same(visitor.list(), tuned));
  visitor.track(EventType::kLike, 50);
  plain.track(EventType::kLike, 50);
  CHECK(same(visitor.list(), plain.list()));
  tune(visitor);
  CHECK_FALSE(same(visitor.list(), plain.list()));
  CHECK_FALSE(plain.device->tune(100, plain.now_ms).value());
}

TEST_CASE("restored at any event and tuned to the end, a device gives the same lists") {
  const TuningSite site;
  Visitor steady(site), restored(site);
  Random random(12);
  int n_tuned = 0;
  for (int e = 0; e < 90; ++e) {
    CAPTURE(e);
    random_event(random, steady, restored);
    if (random.below(2) == 0) {  // interrupted by the next event
      CHECK(steady.device->tune(random.below(12), steady.now_ms).ok());
      continue;
    }
    restored.open();
    CHECK_FALSE(restored.damage.any());
    const auto plain = steady.list();
    tune(steady, 1 + random.below(9));
    tune(restored, 1 + random.below(60));
    CHECK(same(steady.list(), restored.list()));
    n_tuned += same(steady.list(), plain) ? 0 : 1;
  }
  CHECK(n_tuned > 20);
}

TEST_CASE("without a prior in the model, or a site that wants none, fine-tuning is off") {
  const TuningSite site(std::nullopt);
  Visitor visitor(site), plain(site, site.without());
  visitor.like({3, 9, 27, 40, 41, 66});
  plain.like({3, 9, 27, 40, 41, 66});
  CHECK_FALSE(visitor.device->tune(1000, visitor.now_ms).value());
  CHECK(same(visitor.list(), plain.list()));

  const TuningSite with;
  auto opened = Device::open(with.options(), {}, kNow, visitor.entropy);
  CHECK_FALSE(opened->device.tune(1000, kNow).value());  // no model
}

TEST_CASE("a crowd that loses by fine-tuning keeps it away from lists") {
  const TuningSite site(CrowdPrior{-1, 1e-6, 1});
  Visitor visitor(site), plain(site, site.without());
  Random random(3);
  for (int e = 0; e < 40; ++e) random_event(random, visitor, plain);
  CHECK(tune(visitor) > 3);
  CHECK(same(visitor.list(), plain.list()));
}

TEST_CASE("nothing of tuning enters a contribution, a placement, an explanation or an interest") {
  const TuningSite site;
  Visitor tuned(site), plain(site, site.without());
  Random random(6);
  for (int e = 0; e < 60; ++e) {
    random_event(random, tuned, plain);
    tune(tuned);
  }
  CHECK_FALSE(same(tuned.list(), plain.list()));
  CHECK(tuned.device->prequential().placements().size() > 5);
  const auto placed = tuned.device->prequential().placements();
  const auto placed_too = plain.device->prequential().placements();
  CHECK(std::equal(placed.begin(), placed.end(), placed_too.begin(), placed_too.end()));
  for (const uint32_t item : {1U, 30U, 77U}) {
    const auto a = tuned.device->explain(item_id(item), 3, tuned.now_ms).value();
    const auto b = plain.device->explain(item_id(item), 3, plain.now_ms).value();
    CHECK(a.score == b.score);
    CHECK(a.terms == b.terms);
  }
  CHECK(tuned.device->interests(tuned.now_ms)->front().share ==
        plain.device->interests(plain.now_ms)->front().share);

  for (Visitor* const visitor : {&tuned, &plain}) {
    visitor->entropy = TestEntropy(5);
    CHECK(visitor->decide(site.file(site.rows_task())).participation == Participation::kReport);
  }
  CHECK(tuned.device->outbox().entries() == plain.device->outbox().entries());
  // All that is stored, but for the installation's key and what it seals.
  for (const auto& [key, bytes] : tuned.storage.raw())
    if (key != "device/installation" && key != "ledger/state")
      CHECK(plain.storage.raw().at(key) == bytes);
  CHECK(tuned.storage.raw().size() == plain.storage.raw().size());
}

TEST_CASE("filters never leak from a fine-tuned list") {
  const TuningSite site;
  Random random(4);
  for (int trial = 0; trial < 60; ++trial) {
    CAPTURE(trial);
    Visitor visitor(site);
    std::set<uint32_t> seen, hidden;
    for (uint64_t e = 1 + random.below(40); e > 0; --e) {
      const auto item = static_cast<uint32_t>(random.below(SmallSite::kItems));
      const bool dislike = random.below(4) == 0;
      if (!visitor.track(dislike ? EventType::kHide : EventType::kLike, item).kept.has_value())
        continue;
      (dislike ? hidden : seen).insert(item);
      (dislike ? seen : hidden).erase(item);
    }
    tune(visitor);
    RecommendRequest request;
    request.count = static_cast<uint32_t>(1 + random.below(120));
    request.diversity = random.below(2) == 0 ? 0 : static_cast<float>(random.uniform());
    request.include_seen = random.below(3) == 0;
    request.context_item = static_cast<uint32_t>(random.below(SmallSite::kItems));
    const uint64_t modulus = 1 + random.below(5);
    request.allowed = [modulus](uint32_t row) { return row % modulus == 0; };
    size_t allowed = 0;
    const auto may_appear = [&](uint32_t row) {
      return row != SmallSite::kRemoved && !hidden.contains(row) &&
             (request.include_seen || !seen.contains(row)) && request.context_item != row &&
             row % modulus == 0;
    };
    for (uint32_t row = 0; row < SmallSite::kItems; ++row) allowed += may_appear(row) ? 1U : 0U;
    const auto list = visitor.list(request);
    CHECK(list.size() == std::min<size_t>(request.count, allowed));
    std::set<uint32_t> listed;
    for (const Recommendation& entry : list) {
      CHECK(may_appear(entry.item));
      CHECK(std::isfinite(entry.score));
      CHECK(listed.insert(entry.item).second);
    }
  }
}

TEST_CASE("a new model and forgetting begin fine-tuning anew") {
  TuningSite site;
  Visitor visitor(site);
  visitor.like({3, 9, 27, 40, 41, 66});
  tune(visitor);
  site.snapshot.rows = quantize_rows(random_matrix(SmallSite::kItems, 8, 77, 0.4F));
  site.snapshot.gram.reset();
  visitor.storage.commit(visitor.device->use_model(site.model(2)).value());
  const auto plain = visitor.list();
  tune(visitor);
  const auto tuned = visitor.list();
  CHECK_FALSE(same(plain, tuned));

  visitor.storage.commit(visitor.device->forget());
  CHECK_FALSE(visitor.device->tune(100, visitor.now_ms).value());
  CHECK(visitor.list().front().source == ListSource::kPopular);
  visitor.like({3, 9, 27, 40, 41, 66});
  CHECK(same(visitor.list(), plain));
  tune(visitor);
  CHECK(same(visitor.list(), tuned));
}

TEST_CASE("fine-tuning options out of range are refused by name") {
  const SmallSite site;
  TestEntropy entropy(1);
  DeviceOptions options = site.options();
  options.fine_tuning->temperature = 0;
  const auto opened = Device::open(options, {}, kNow, entropy);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message == "fine-tuning: temperature is out of range");
}
