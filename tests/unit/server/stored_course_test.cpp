#include "server/stored_course.hpp"

#include "lab/item_files.hpp"
#include "publishing/site.hpp"
#include "server/server_parts.hpp"
#include "temp_folder.hpp"

namespace sotto {
namespace {

Bytes published(const StoredCourse& stored) {
  return write_snapshot(stored.course().snapshot().value()).value();
}

struct Fixture : ServerParts {
  const TrainingSite site = training_site();
  test::TempFolder folder;

  Fixture() {
    const SmallWorld& world = site.world;
    std::string items;
    for (const uint32_t row : world.split.catalogue)
      items += items_jsonl_row(world.data.items.id(row), world.data.item_info[row],
                               world.data.tag_names, -1);
    config.items = folder.write("items.jsonl", items);
    config.epsilon = 8;
    config.dim = 10;
    config.rounds = 3;
    config.vdaf = VdafId::kSumField32;
    config.min_batch = 10;
    config.max_batch = 2000;
    config.prequential = false;
  }
  StoredCourse open() {
    auto stored = StoredCourse::open(context, executor);
    if (!stored.ok()) FAIL(stored.error().message);
    return std::move(stored).value();
  }
  /// What the course's next task gives, signed by both.
  StoredRelease collected(const StoredCourse& stored, std::span<const float> noted = {}) {
    StoredRelease release =
        collect(stored.course(), site.world.split.train, 100 + stored.course().releases(), noted);
    const std::span file(release.task_file);
    const Task task = decode_task(file.first(file.size() - kTaskSignatures)).value();
    release.task_file =
        countersign_task(helper, pinned, Floors::none(), sign_task(publisher, task).value(), 1000)
            .value();
    release.task = sha256(release.task_file);
    return release;
  }
  void keep(const StoredRelease& release) {
    const StoreChange change{kReleaseSpace,
                             {sequence_key(release.number), encode_release(release)}};
    REQUIRE(store.commit({&change, 1}).ok());
  }
  void learn_next(StoredCourse& stored, std::span<const float> noted = {}) {
    const StoredRelease release = collected(stored, noted);
    keep(release);
    const auto report = stored.learn(release);
    REQUIRE(report.ok());
    CAPTURE(report->reason);
    CHECK(report->passed);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a stored course stands after a restart where it stood, also rolled back") {
  StoredCourse stored = open();
  learn_next(stored);
  const Bytes counted = published(stored);
  learn_next(stored);
  CHECK(published(stored) != counted);
  const Bytes before_turn = published(stored);
  // Asked for before the rollback, and collected too late.
  const StoredRelease late = collected(stored);

  auto turn = stored.turn_to(counted);
  REQUIRE(turn.ok());
  CHECK(published(stored) == before_turn);  // nothing has happened yet
  REQUIRE(store.commit({&turn->change, 1}).ok());
  stored.take(std::move(*turn));
  CHECK(published(stored) == counted);
  CHECK(stored.learn(late).error().code == ErrorCode::kDisagreement);
  CHECK(published(stored) == counted);
  learn_next(stored);

  const StoredCourse again = open();
  CHECK(again.catalogue_hash() == stored.catalogue_hash());
  CHECK(again.course().releases() == 3);
  CHECK(published(again) == published(stored));
}

TEST_CASE_FIXTURE(Fixture, "a rollback that was not stored has not happened") {
  StoredCourse stored = open();
  learn_next(stored);
  const Bytes counted = published(stored);
  learn_next(stored);
  { const auto given_up = stored.turn_to(counted); }
  learn_next(stored);
  CHECK(published(open()) == published(stored));
}

TEST_CASE_FIXTURE(Fixture,
                  "an evaluation gives no model, and what it said is known after a restart") {
  config.evaluation = true;
  StoredCourse stored = open();
  const Bytes before = published(stored);
  const std::vector<float> noted{1, 0.5F, 0.4F, 0.3F};
  const StoredRelease evaluation = collected(stored, noted);
  keep(evaluation);
  const auto report = stored.learn(evaluation);
  REQUIRE(report.ok());
  CHECK(report->passed);
  CHECK_FALSE(stored.learnt().has_value());
  CHECK(published(stored) == before);
  const auto check_restarted = [&](bool learnt) {
    const StoredCourse again = open();
    CHECK(again.learnt().has_value() == learnt);
    REQUIRE(again.course().quality().has_value());
    CHECK(again.course().quality() == stored.course().quality());
    CHECK(published(again) == published(stored));
  };
  check_restarted(false);
  learn_next(stored);
  check_restarted(true);

  // Turned off between an evaluation and its counts, and on again in mid cycle.
  config.evaluation = false;
  check_restarted(true);
  StoredCourse off = open();
  for (int round = 0; round < 3; ++round) learn_next(off);
  CHECK(off.course().next_task()->layout == "counts");
  config.evaluation = true;
  CHECK(open().course().next_task()->layout == "quality");
}

TEST_CASE_FIXTURE(Fixture, "what the latest release asks for is known after a restart") {
  StoredCourse stored = open();
  learn_next(stored);
  StoredRelease poisoned = collected(stored);
  for (int64_t& number : poisoned.sum) number *= 1'000'000;
  keep(poisoned);
  CHECK_FALSE(stored.learn(poisoned).value().passed);
  for (const StoredCourse& one : {stored, open()}) {
    REQUIRE(one.learnt().has_value());
    CHECK(one.learnt()->releases == 2);
    CHECK_FALSE(one.learnt()->report.passed);
  }
  learn_next(stored);
  for (const StoredCourse& one : {stored, open()}) {
    REQUIRE(one.learnt().has_value());
    CHECK(one.learnt()->releases == 3);
    CHECK(one.learnt()->reports == stored.learnt()->reports);
    CHECK(one.learnt()->report.passed);
  }
  stored.acted();
  CHECK_FALSE(stored.learnt().has_value());
}

TEST_CASE_FIXTURE(Fixture, "a rollback that is due is known after a restart, until it is made") {
  config.prequential = true;
  const std::vector<float> good{1, 0.5F, 0.4F, 0.3F}, bad{1, 0.1F, 0.1F, 0.05F};
  StoredCourse stored = open();
  learn_next(stored);
  const Bytes counted = published(stored);
  learn_next(stored, good);
  CHECK(stored.learnt()->report.roll_back_to == 0);
  learn_next(stored, bad);
  CHECK(stored.learnt()->report.roll_back_to == 2);
  REQUIRE(open().learnt().has_value());
  CHECK(open().learnt()->report.roll_back_to == 2);
  auto turn = stored.turn_to(counted);
  REQUIRE(turn.ok());
  CHECK(stored.learnt().has_value());
  REQUIRE(store.commit({&turn->change, 1}).ok());
  stored.take(std::move(*turn));
  CHECK_FALSE(stored.learnt().has_value());
  CHECK_FALSE(open().learnt().has_value());
}

TEST_CASE_FIXTURE(Fixture,
                  "counts and evaluations have a pace each: one that came to nothing is not asked "
                  "for again soon, and holds up nothing") {
  config.evaluation = true;
  config.cycle_ms = 1000;
  StoredCourse stored = open();
  const auto layout_at = [&](int64_t now_ms) {
    const auto task = stored.next_task(now_ms);
    REQUIRE(task.ok());
    return task->has_value() ? (*task)->layout : std::string();
  };
  const auto opened_at = [&](int64_t now_ms) {
    Task task = **stored.next_task(now_ms);
    task.window_start_ms = now_ms;
    stored.opened(task);
  };
  REQUIRE(layout_at(5000) == "quality");
  opened_at(5000);  // and is abandoned
  REQUIRE(layout_at(5100) == "counts");
  opened_at(5100);  // and so is this
  CHECK(layout_at(5999).empty());
  CHECK(layout_at(6000) == "quality");
  opened_at(6000);
  CHECK(layout_at(6099).empty());
  CHECK(layout_at(6100) == "counts");
}

}  // namespace sotto
