// Cycles that begin with an evaluation.
#include <doctest/doctest.h>

#include <cmath>

#include "privacy/accountant.hpp"
#include "privacy/ledger.hpp"
#include "protocol/task_vdaf.hpp"
#include "publishing/course_runs.hpp"

namespace sotto {
namespace {

const std::vector<float> kMetrics{1, 0.5F, 0.4F, 0.3F};
constexpr double kMidpoint = 12.5 / 31;  // of the bin of 0.4

CourseOptions evaluating() {
  CourseOptions options = course_options();
  options.evaluation = true;
  return options;
}

const Histories& devices() { return site().world.split.train; }

TEST_CASE(
    "every cycle begins with an evaluation, under Prio3 at the price that is reserved for it") {
  const CourseOptions options = evaluating();
  Course course = fresh_course(options);
  const double learning = fresh_course().cycle_rho();
  const double reserved =
      reserved_share(BudgetKind::kEvaluation) / reserved_share(BudgetKind::kLearning) * learning;
  const double evaluation = course.cycle_rho() - learning;
  CHECK(evaluation <= reserved);
  for (int cycle = 0; cycle < 2; ++cycle) {
    CHECK(course.may_evaluate());
    const Task task = course.next_task().value();
    CHECK(task.kind == TaskKind::kEvaluation);
    CHECK(task.layout == "quality");
    CHECK(task.dimension == 32);
    CHECK(task.vdaf == VdafId::kPrio3Histogram);
    CHECK(task.grid.bound == 2);
    CHECK(task.grid.clip == 2);
    CHECK(task.price_rho() == doctest::Approx(evaluation));
    // One unit less of noise would cost more than there is.
    CHECK(zcdp_rho(static_cast<double>(task.sigma - 1) / 2) > reserved);
    CHECK(task.min_batch == options.min_batch);
    CHECK(make_vdaf_client(task).ok());

    const Bytes live = published(course);
    const GateReport report = run(course, devices(), 1, kMetrics).reports[0];
    CHECK(report.passed);
    CHECK(report.evaluation);
    CHECK(report.roll_back_to == 0);
    CHECK(published(course) == live);
    CHECK(course.paid_rho() == doctest::Approx(evaluation));
    CHECK_FALSE(course.may_evaluate());
    const double sd = std::sqrt(2.0) * static_cast<double>(task.sigma);
    REQUIRE(report.quality.has_value());
    CHECK(std::abs(report.quality->devices - static_cast<double>(devices().size())) < 5 * sd);
    CHECK(std::abs(report.quality->mean - kMidpoint) < 5 * report.quality->mean_sd);
    CHECK(std::abs(report.quality->median - kMidpoint) < 0.02);
    REQUIRE(course.quality().has_value());
    CHECK(course.quality()->release == course.releases() - 1);
    CHECK(course.quality()->values == *report.quality);

    CHECK(course.next_task()->layout == "counts");
    for (const GateReport& learnt : run(course, devices(), 3).reports) {
      CAPTURE(learnt.reason);
      CHECK(learnt.passed);
      CHECK_FALSE(learnt.evaluation);
    }
    CHECK(course.paid_rho() == doctest::Approx(course.cycle_rho()));
  }
  CHECK(course.quality()->release == 4);
}

TEST_CASE("learning is the same with evaluations as without them") {
  Course plain = fresh_course(), evaluated = fresh_course(evaluating());
  run(evaluated, devices(), 1, kMetrics);
  SerialExecutor executor;
  for (int j = 0; j < 3; ++j) {
    StoredRelease release = run(plain, devices(), 1).releases[0];
    ++release.number;
    REQUIRE(evaluated.accept(release, executor).ok());
    CHECK(published(evaluated) == published(plain));
  }
}

TEST_CASE("evaluations are replayed with all the rest") {
  Course course = fresh_course(evaluating());
  const Run all = run(course, devices(), 6, kMetrics);
  Course replayed = fresh_course(evaluating());
  SerialExecutor executor;
  for (const StoredRelease& release : all.releases)
    REQUIRE(replayed.accept(release, executor).ok());
  CHECK(published(replayed) == published(course));
  CHECK(replayed.quality() == course.quality());
  CHECK(replayed.quality()->release == 4);
  CHECK(replayed.paid_rho() == course.paid_rho());
}

TEST_CASE("evaluations may be turned on and off with releases stored") {
  Course course = fresh_course();
  std::vector<StoredRelease> releases = run(course, devices(), 4).releases;
  Course on = fresh_course(evaluating());
  SerialExecutor executor;
  for (const StoredRelease& release : releases) REQUIRE(on.accept(release, executor).ok());
  CHECK(published(on) == published(course));
  CHECK(on.paid_rho() == course.paid_rho());
  for (const StoredRelease& release : run(on, devices(), 2).releases) releases.push_back(release);
  releases.push_back(run(on, devices(), 1, kMetrics).releases[0]);
  REQUIRE(on.quality().has_value());
  Course off = fresh_course();
  for (const StoredRelease& release : releases) REQUIRE(off.accept(release, executor).ok());
  CHECK(off.quality() == on.quality());
  CHECK_FALSE(off.may_evaluate());
  CHECK(off.next_task()->layout == "counts");
  CHECK(off.paid_rho() == on.paid_rho());
}

TEST_CASE("refused counts are followed by a whole new cycle, and all of it is paid") {
  SerialExecutor executor;
  Course course = fresh_course(evaluating());
  run(course, devices(), 1, kMetrics);
  const double evaluation = course.paid_rho();
  StoredRelease empty = collect(course, devices(), 1);
  std::fill(empty.sum.begin(), empty.sum.end(), 0);
  CHECK_FALSE(course.accept(empty, executor)->passed);
  const double refused = course.paid_rho();
  CHECK(course.may_evaluate());
  CHECK(course.next_task()->layout == "quality");
  run(course, devices(), 1, kMetrics);
  CHECK(course.paid_rho() == doctest::Approx(refused + evaluation));
  CHECK(course.next_task()->layout == "counts");
  run(course, devices(), 1);
  CHECK(course.paid_rho() == doctest::Approx(2 * refused));
  run(course, devices(), 2);
  run(course, devices(), 1, kMetrics);
  CHECK(course.paid_rho() == doctest::Approx(evaluation));
}

TEST_CASE("an evaluation that nobody can have made is refused and over; silence is none") {
  SerialExecutor executor;
  Course course = fresh_course(evaluating());
  StoredRelease release = collect(course, devices(), 1, kMetrics);
  SUBCASE("more votes than reports") {
    release.sum[20] += 500;
    const auto report = course.accept(release, executor);
    REQUIRE(report.ok());
    CHECK_FALSE(report->passed);
    CHECK(report->reason.find("votes") != std::string::npos);
    CHECK(report->evaluation);
    CHECK_FALSE(report->quality.has_value());
  }
  SUBCASE("longer than reports can make it") {
    release.sum[20] += 1'000'000;
    CHECK(course.accept(release, executor)->reason.find("sum:") != std::string::npos);
  }
  SUBCASE("nobody had placements") {
    release = collect(course, devices(), 1);
    const auto report = course.accept(release, executor);
    REQUIRE(report.ok());
    CHECK(report->passed);
    CHECK_FALSE(report->quality.has_value());
  }
  CHECK_FALSE(course.quality().has_value());
  CHECK(course.next_task()->layout == "counts");
  CHECK(run(course, devices(), 1).reports[0].passed);
}

TEST_CASE("another task than the evaluation that was asked for is refused") {
  SerialExecutor executor;
  Course course = fresh_course(evaluating());
  const StoredRelease good = collect(course, devices(), 1, kMetrics);
  const auto code = [&](auto change) {
    StoredRelease bad = good;
    Task task = course.next_task().value();
    change(task);
    bad.task_file = file_of(task);
    bad.task = sha256(bad.task_file);
    return course.accept(bad, executor).error().code;
  };
  CHECK(code([](Task& t) { t.kind = TaskKind::kLearning; }) == ErrorCode::kDisagreement);
  CHECK(code([](Task& t) { ++t.sigma; }) == ErrorCode::kDisagreement);
  CHECK(code([](Task& t) { t.grid.bound = 3; }) == ErrorCode::kDisagreement);
  CHECK(code([](Task& t) { --t.layout_parameters[4]; }) == ErrorCode::kDisagreement);
  CHECK(code([](Task& t) { t.layout = "counts"; }) == ErrorCode::kDisagreement);
  CHECK(code([](Task& t) { t.layout_parameters[3] = 1; }) == ErrorCode::kInvalidArgument);
  CHECK(code([](Task& t) { t.kind = TaskKind::kExperiment; }) == ErrorCode::kDisagreement);
  CHECK(course.accept(good, executor).ok());
}

TEST_CASE("items that came since the evaluation was asked for do not matter") {
  const SmallWorld& world = site().world;
  SerialExecutor executor;
  Course course = Course::create(evaluating(), content_of(world, world.split.n_items - 10)).value();
  StoredRelease release = collect(course, Histories(), 1);
  release.reports = 100;
  release.sum[0] += 40;
  release.sum[9] += 60;
  REQUIRE(course.use_content(site().content).ok());
  const auto report = course.accept(release, executor);
  REQUIRE(report.ok());
  CHECK(report->passed);
  CHECK(course.next_task()->dimension == world.split.n_items + 1);
}

TEST_CASE("devices add no noise to an evaluation; otherwise noise is by whom the options say") {
  for (const NoiseBy by : {NoiseBy::kLeader, NoiseBy::kServers, NoiseBy::kServersAndDevice}) {
    CourseOptions options = evaluating();
    options.noise_by = by;
    Course course = fresh_course(options);
    const Task task = course.next_task().value();
    CHECK(task.noise_by == (by == NoiseBy::kLeader ? by : NoiseBy::kServers));
    CHECK(check_task([&] {
            Task whole = task;
            whole.site = "shop.example";
            whole.window_end_ms = 60'000;
            whole.time_precision_ms = 60'000;
            return whole;
          }())
              .ok());
  }
}

TEST_CASE("a rollback between an evaluation and its counts changes nothing of the order") {
  Course course = fresh_course(evaluating());
  run(course, devices(), 2, kMetrics);
  const Bytes counted = published(course);
  run(course, devices(), 2);
  run(course, devices(), 1, kMetrics);
  const auto quality = course.quality();
  REQUIRE(course.use_model(load_snapshot(counted, 1 << 24).value()).ok());
  CHECK(published(course) == counted);
  CHECK(course.quality() == quality);
  CHECK(course.next_task()->layout == "counts");
  for (const GateReport& report : run(course, devices(), 3).reports) {
    CAPTURE(report.reason);
    CHECK(report.passed);
  }
  CHECK(course.may_evaluate());
}

}  // namespace
}  // namespace sotto
