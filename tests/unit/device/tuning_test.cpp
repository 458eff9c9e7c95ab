#include "device/gated_tuning.hpp"
#include "small_site.hpp"

using namespace sotto;

namespace {

// A history as a visitor makes it: new items, items that move to the end, opinions that change,
// items that go.
struct ChangingHistory {
  explicit ChangingHistory(uint64_t seed) : random(seed) {}

  void grow() {
    uint32_t item;
    do item = static_cast<uint32_t>(random.below(SmallSite::kRemoved));
    while (std::find(items.begin(), items.end(), item) != items.end());
    push(item);
  }
  void change() {
    const uint64_t kind = items.empty() ? 9 : random.below(10);
    if (kind == 0) {
      const size_t at = any();
      const uint32_t item = items[at];
      erase(at);
      push(item);
    } else if (kind == 1) {
      strengths[any()] = strength();
    } else if (kind == 2) {
      strengths.back() = strength();
    } else if (kind == 3) {
      erase(random.below(2) == 0 ? any() : items.size() - 1);
    } else if (items.size() < 76) {
      grow();
    }
  }

  Random random;
  std::vector<uint32_t> items;
  std::vector<float> strengths;

 private:
  size_t any() { return static_cast<size_t>(random.below(items.size())); }
  float strength() { return 0.05F + 0.9F * static_cast<float>(random.uniform()); }
  void push(uint32_t item) {
    items.push_back(item);
    strengths.push_back(strength());
  }
  void erase(size_t at) {
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
    strengths.erase(strengths.begin() + static_cast<std::ptrdiff_t>(at));
  }
};

bool same(const FineTuning* a, const FineTuning* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (a->user() != b->user() || a->offset_items() != b->offset_items()) return false;
  const auto items = a->offset_items();
  return std::all_of(items.begin(), items.end(),
                     [&](uint32_t i) { return a->offset(i) == b->offset(i); });
}

// In slices of `slice`; returns how many pieces of work there were.
template <class T>
size_t run_out(T& tuning, ScanScratch& scratch, size_t slice = 1) {
  size_t slices = 0;
  while (!tuning.done()) {
    ++slices;
    REQUIRE(slices < 10'000);
    const bool more = tuning.run(slice, scratch);
    CHECK(more == !tuning.done());
  }
  return slices;
}

FineTuningOptions small_options() {
  FineTuningOptions options;
  options.negatives = 6;
  options.neighbours = 5;
  return options;
}

}  // namespace

TEST_CASE("the replay of a history begins where it says") {
  for (size_t n = 0; n <= 32; ++n) CHECK(replay_base(n, 32) == 0);
  CHECK(replay_base(33, 32) == 16);
  CHECK(replay_base(48, 32) == 16);
  CHECK(replay_base(49, 32) == 32);
  for (const uint32_t last : {0U, 1U, 2U, 7U, 32U, 33U, 1000U})
    for (size_t n = 1; n < 300; ++n) {
      const size_t half = std::max<size_t>(1, last / 2), base = replay_base(n, last);
      CHECK(base <= replay_base(n + 1, last));
      CHECK(n - base <= 2 * half);
      if (base > 0) CHECK(n - base > half);
    }
  CHECK(replay_base(100, UINT32_MAX) == 0);
}

TEST_CASE("tuning is a function of the history alone, to the bit, whatever came before") {
  const auto model = SmallSite().model();
  ScanScratch scratch;
  for (uint64_t trial = 0; trial < 6; ++trial) {
    CAPTURE(trial);
    ChangingHistory history(trial);
    for (uint64_t n = 14 * trial; n > 0; --n) history.grow();
    Tuning tuning(*model, {}, small_options());
    for (int change = 0; change < 40; ++change) {
      CAPTURE(change);
      history.change();
      tuning.set_history(history.items, history.strengths);
      // Often interrupted by the next change.
      if (history.random.below(3) > 0) {
        tuning.run(static_cast<size_t>(history.random.below(40)), scratch);
        continue;
      }
      run_out(tuning, scratch, 1 + static_cast<size_t>(history.random.below(9)));
      Tuning fresh(*model, {}, small_options());
      fresh.set_history(history.items, history.strengths);
      CHECK(fresh.result() == nullptr);
      fresh.run(SIZE_MAX, scratch);
      REQUIRE(fresh.done());
      CHECK((fresh.result() == nullptr) == history.items.empty());
      CHECK(same(tuning.result(), fresh.result()));
    }
  }
}

TEST_CASE("a new event, or another strength of the last one, costs one event's work") {
  const auto model = SmallSite().model();
  ScanScratch scratch;
  ChangingHistory history(3);
  const FineTuningOptions options = small_options();
  const size_t an_event = 1 + options.epochs;
  Tuning tuning(*model, {}, options);
  for (size_t n = 1; n <= 60; ++n) {
    CAPTURE(n);
    history.grow();
    tuning.set_history(history.items, history.strengths);
    const size_t work = run_out(tuning, scratch);
    const bool from_anew = n == 1 || replay_base(n, 32) != replay_base(n - 1, 32);
    CHECK(work == (from_anew ? 1 + (n - replay_base(n, 32)) * an_event : an_event));
    history.strengths.back() /= 2;
    tuning.set_history(history.items, history.strengths);
    CHECK(run_out(tuning, scratch) == an_event);
    tuning.set_history(history.items, history.strengths);
    CHECK(tuning.done());
  }
}

TEST_CASE("the last event's fold-in is that of the profile: fading returns to it") {
  const auto model = SmallSite().model();
  ScanScratch scratch;
  ChangingHistory history(4);
  for (int n = 0; n < 20; ++n) history.grow();
  FineTuningOptions still = small_options();
  still.rate = 0;
  still.offset_rate = 0;
  Tuning tuning(*model, {}, still);
  tuning.set_history(history.items, history.strengths);
  run_out(tuning, scratch);
  const Vector plain = fold_in_history(*model, {}, history.items, history.strengths);
  CHECK((tuning.result()->user() - plain).norm() < 1e-5F * plain.norm());
}

TEST_CASE(
    "the gate's verdict is that of the gains in both lists, and is a function of the history") {
  const SmallSite site;
  const auto model = site.model();
  ScanScratch scratch;
  FineTuningOptions options = small_options();
  options.rate = 1;
  int n_kept = 0, n_judged = 0;
  for (uint64_t trial = 0; trial < 4; ++trial) {
    ChangingHistory history(trial + 50);
    const CrowdPrior prior{trial % 2 == 0 ? 1e-4 : -1e-4, 0.01, 0.01};
    GatedTuning tuning(*model, prior, {}, options);
    for (int change = 0; change < 40; ++change) {
      CAPTURE(change);
      history.change();
      tuning.set_history(history.items, history.strengths);
      if (history.random.below(2) == 0) {
        tuning.run(static_cast<size_t>(history.random.below(30)), scratch);
        continue;
      }
      run_out(tuning, scratch, 1 + static_cast<size_t>(history.random.below(20)));
      const size_t n = history.items.size(), h = std::min<size_t>(5, n / 5);
      const auto first = std::span(history.items).first(n - h);
      const auto strengths = std::span(history.strengths).first(n - h);
      Tuning on_first(*model, {}, options), on_all(*model, {}, options);
      on_first.set_history(first, strengths);
      run_out(on_first, scratch);
      on_all.set_history(history.items, history.strengths);
      run_out(on_all, scratch);

      std::vector<double> gains;
      const Vector plain = fold_in_history(*model, {}, first, strengths);
      for (const uint32_t item : std::span(history.items).last(h)) {
        const auto gain = [&](auto&& score) {
          int rank = 0;
          for (uint32_t i = 0; i < SmallSite::kItems; ++i)
            if (i != SmallSite::kRemoved && std::find(first.begin(), first.end(), i) == first.end())
              rank += ranks_before({i, score(i)}, {item, score(item)}) ? 1 : 0;
          return 1 / std::log2(rank + 2.0);
        };
        const FineTuning& tuned = *on_first.result();
        const std::span<const float> users[] = {{plain.data(), 8}, {tuned.user().data(), 8}};
        gains.push_back(
            gain([&](uint32_t i) { return model->rows.score(i, users[1]) + tuned.offset(i); }) -
            gain([&](uint32_t i) { return model->rows.score(i, users[0]); }));
      }
      const bool keep = n > 0 && keep_fine_tuning(prior, gains);
      CHECK((tuning.result() != nullptr) == keep);
      if (keep) CHECK(same(tuning.result(), on_all.result()));
      n_judged += h > 0 ? 1 : 0;
      n_kept += keep && h > 0 ? 1 : 0;
    }
  }
  CHECK(n_judged > 30);
  CHECK(n_kept > 5);
  CHECK(n_kept < n_judged - 5);
}

TEST_CASE(
    "what the crowd is sure of decides, and where the gate keeps nothing the rest is not run") {
  const auto model = SmallSite().model();
  ScanScratch scratch;
  ChangingHistory history(7);
  for (int n = 0; n < 40; ++n) history.grow();
  GatedTuning never(*model, {-1, 1e-9, 1}, {}, small_options());
  GatedTuning always(*model, {1, 1e-9, 1}, {}, small_options());
  never.set_history(history.items, history.strengths);
  always.set_history(history.items, history.strengths);
  CHECK(never.result() == nullptr);
  CHECK(always.result() == nullptr);
  const size_t of_gate = 1 + (35 - replay_base(35, 32)) * 4 + 2;
  CHECK(run_out(never, scratch) == of_gate);
  CHECK(run_out(always, scratch) == of_gate + 1 + (40 - replay_base(40, 32)) * 4);
  CHECK(never.result() == nullptr);
  CHECK(always.result() != nullptr);
}

TEST_CASE("hostile models never break tuning: it ends, with finite numbers or none") {
  const auto good = SmallSite().model();
  ScanScratch scratch;
  Random random(5);
  for (int trial = 0; trial < 60; ++trial) {
    CAPTURE(trial);
    DeviceModel bad = *good;
    QuantizedMatrix rows;
    rows.codes.resize(SmallSite::kItems, 8);
    for (Eigen::Index i = 0; i < rows.codes.size(); ++i)
      rows.codes.data()[i] = static_cast<int8_t>(static_cast<int>(random.below(255)) - 127);
    const float sizes[] = {0, 1e-38F, 1e-20F, 1e-3F, 1, 1e6F, 1e15F};
    for (uint32_t i = 0; i < SmallSite::kItems; ++i)
      rows.scales.push_back(sizes[random.below(std::size(sizes))]);
    bad.rows = ItemRows::create(std::move(rows)).value();
    if (trial % 4 == 1) bad.gram.setZero();
    if (trial % 4 == 2) bad.gram.setConstant(trial % 8 == 2 ? NAN : INFINITY);
    if (trial % 4 == 3) bad.gram = -1e9F * bad.gram;
    bad.reg.lambda = trial % 3 == 0 ? 1e-30F : trial % 3 == 1 ? 1e9F : 0.01F;
    ChangingHistory history(static_cast<uint64_t>(trial));
    for (int n = 0; n < 36; ++n) history.grow();
    GatedTuning tuning(bad, {1, 1e-9, 1}, {}, small_options());
    tuning.set_history(history.items, history.strengths);
    run_out(tuning, scratch, 7);
    Profile profile;
    profile.history = history.items;
    profile.strengths = history.strengths;
    profile.weights = faded_weights(history.strengths, {});
    profile.hidden.reset(SmallSite::kItems);
    profile.unseen.reset(SmallSite::kItems);
    profile.user = Vector::Constant(8, 0.5F);
    const auto list = recommend(bad, profile, {.count = 30}, scratch, tuning.result());
    REQUIRE(list.ok());
    CHECK(list->size() == 30);
    for (const Recommendation& entry : *list) CHECK(std::isfinite(entry.score));
    if (tuning.result() == nullptr) continue;
    CHECK(tuning.result()->user().allFinite());
    for (const uint32_t item : tuning.result()->offset_items())
      CHECK(std::isfinite(tuning.result()->offset(item)));
  }
}
