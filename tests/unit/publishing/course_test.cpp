#include "publishing/course.hpp"

#include <algorithm>
#include <cmath>

#include "model/quantization.hpp"
#include "privacy/accountant.hpp"
#include "protocol/task_vdaf.hpp"
#include "publishing/course_runs.hpp"

namespace sotto {
namespace {

// Before the items from n_items on came.
Histories histories_of(uint32_t n_items) {
  const Histories& all = site().world.split.train;
  Histories known;
  for (size_t u = 0; u < all.size(); ++u) {
    std::vector<uint32_t> items(all[u].begin(), all[u].end());
    std::erase_if(items, [&](uint32_t item) { return item >= n_items; });
    known.add(items);
  }
  return known;
}

// Within the bound of a sum, and no rows that any gate lets pass: the item in this place of the
// slice.
constexpr size_t kAbsurd = 5;
void absurd_rows(StoredRelease& release, const CourseOptions& options) {
  const size_t width = options.recipe->dim + 1;
  const auto room = static_cast<int64_t>(release.reports) * options.grid_bound / 2;
  for (size_t j = 1; j < width; ++j) release.sum[kAbsurd * width + j] += room / 4;
}

TEST_CASE("a cycle beats popularity at epsilon 8, and a second one goes on from it") {
  const Split& split = site().world.split;
  Course course = fresh_course();
  CHECK(zcdp_epsilon(course.cycle_rho(), 1e-6) < 8);
  const double popularity = ndcg_of(split, popularity_scorer(split));
  const Run first = run(course, split.train, 3);
  for (const GateReport& report : first.reports) {
    CAPTURE(report.reason);
    CHECK(report.passed);
  }
  CHECK(course.paid_rho() == doctest::Approx(course.cycle_rho()));
  const double after_one = ndcg_of(split, course.snapshot().value());
  CAPTURE(popularity);
  CHECK(after_one > 1.05 * popularity);

  const Bytes live = published(course);
  const Run counts = run(course, split.train, 1);
  CHECK(counts.reports[0].passed);
  CHECK(counts.reports[0].drift == 0);
  CHECK(published(course) == live);  // until a round passes
  CHECK(course.paid_rho() < course.cycle_rho() / 2);
  const Run second = run(course, split.train, 2);
  for (const GateReport& report : second.reports) {
    CAPTURE(report.reason);
    CHECK(report.passed);
  }
  const double after_two = ndcg_of(split, course.snapshot().value());
  CHECK(after_two > after_one);
  CHECK(course.releases() == 6);
}

TEST_CASE("what two cycles have released gives the very same bytes again") {
  const Split& split = site().world.split;
  Course course = fresh_course();
  const Run all = run(course, split.train, 5);
  Course replayed = fresh_course();
  SerialExecutor executor;
  for (const StoredRelease& release : all.releases) {
    const auto stored = decode_release(encode_release(release));
    REQUIRE(stored.ok());
    REQUIRE(replayed.accept(*stored, executor).ok());
  }
  CHECK(published(replayed) == published(course));
  CHECK(replayed.next_task()->layout_parameters == course.next_task()->layout_parameters);
}

TEST_CASE("content that came on the way is replayed in its place, from its stored form") {
  const SmallWorld& world = site().world;
  const uint32_t n = world.split.n_items;
  const SiteContent small = content_of(world, n - 10);
  const Histories known = histories_of(n - 10);
  Course course = Course::create(course_options(), small).value();
  const Run first = run(course, known, 2);
  REQUIRE(course.use_content(site().content).ok());
  const Run later = run(course, known, 2);  // the last round, and counts of all items

  Course replayed =
      Course::create(course_options(), decode_content(encode_content(small)).value()).value();
  SerialExecutor executor;
  for (const StoredRelease& release : first.releases)
    REQUIRE(replayed.accept(release, executor).ok());
  REQUIRE(replayed.use_content(decode_content(encode_content(site().content)).value()).ok());
  for (const StoredRelease& release : later.releases)
    REQUIRE(replayed.accept(release, executor).ok());
  CHECK(published(replayed) == published(course));
  CHECK(replayed.next_task()->layout_parameters == course.next_task()->layout_parameters);
}

TEST_CASE("the noise that is reckoned with is what the task puts into the sum") {
  for (const NoiseBy by : {NoiseBy::kLeader, NoiseBy::kServers, NoiseBy::kServersAndDevice}) {
    CourseOptions options = course_options();
    options.noise_by = by;
    Course course = fresh_course(options);
    const Histories& devices = site().world.split.train;
    run(course, devices, 1);
    const Task task = course.next_task().value();
    const GateReport report =
        run(course, devices, 1, std::vector<float>{1, 0.5F, 0.4F, 0.3F}).reports[0];
    REQUIRE(report.metrics.has_value());
    const double sd = std::sqrt(noise_variance(task, devices.size())) * task.grid.unit();
    CHECK(report.ndcg_sd == doctest::Approx(sd / (0.5 * report.metrics->devices) *
                                            std::hypot(1.0, report.metrics->ndcg_100)));
  }
}

TEST_CASE("tasks say what the recipe says: layouts, one price, noise rounded up") {
  CourseOptions options = course_options();
  Course course = fresh_course(options);
  const std::vector<double> z = divide_budget(*options.recipe, options.z);
  Task task = course.next_task().value();
  CHECK(task.kind == TaskKind::kLearning);
  CHECK(task.layout == "counts");
  CHECK(task.dimension == site().content.items.size() + 1);
  CHECK(task.grid.bound == options.grid_bound);
  CHECK(task.grid.clip == 1);
  CHECK(task.sigma == static_cast<uint64_t>(std::ceil(z[0] * options.grid_bound)));
  CHECK(task.min_batch == options.min_batch);
  CHECK(task.max_batch == options.max_batch);
  CHECK(task.vdaf == VdafId::kSumField32);
  run(course, site().world.split.train, 1);
  task = course.next_task().value();
  CHECK(task.layout == "whitened");
  CHECK(task.sigma == static_cast<uint64_t>(std::ceil(z[1] * options.grid_bound)));
  const TaskLayout layout =
      decode_layout(task.layout, task.layout_parameters, site().content.items.size()).value();
  CHECK(std::get<WhitenedTask>(layout).layout.n_metrics == kPrequentialMetrics);
  const double total = 1 / (2 * options.z * options.z);
  CHECK(course.cycle_rho() <= total);
  CHECK(course.cycle_rho() > 0.999 * total);
}

TEST_CASE("under PINE a task carries parameters that devices take") {
  CourseOptions options = course_options();
  options.vdaf = VdafId::kPine32HmacSha256Aes128;
  const Course course = fresh_course(options);
  const Task task = course.next_task().value();
  CHECK(task.vdaf == options.vdaf);
  CHECK(make_vdaf_client(task).ok());
  options.noise_by = NoiseBy::kServersAndDevice;
  CHECK(Course::create(options, site().content).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("options out of range are refused by name") {
  const auto refused = [](auto change) {
    CourseOptions options = course_options();
    change(options);
    const Status status = options.validate();
    CHECK(status.error().code == ErrorCode::kInvalidArgument);
    return status.error().message;
  };
  CHECK(refused([](auto& o) { o.z = 0; }).find("z:") != std::string::npos);
  CHECK(refused([](auto& o) { o.z = 1e5; }).find("z:") != std::string::npos);
  CHECK(refused([](auto& o) { o.vdaf = VdafId::kPrio3Sum; }).find("vdaf") != std::string::npos);
  CHECK(refused([](auto& o) { o.grid_bound = 0; }).find("grid_bound") != std::string::npos);
  CHECK(refused([](auto& o) { o.min_batch = 0; }).find("batch") != std::string::npos);
  CHECK(refused([](auto& o) { o.max_batch = 5; }).find("batch") != std::string::npos);
  CHECK(refused([](auto& o) { o.metrics = 2; }).find("metrics") != std::string::npos);
  CHECK(refused([](auto& o) { o.recipe->dim = 0; }).find("dim") != std::string::npos);
}

TEST_CASE("a release that is not the next one is refused, and nothing has changed") {
  SerialExecutor executor;
  Course course = fresh_course();
  const Histories& devices = site().world.split.train;
  const StoredRelease counts = collect(course, devices, 1);
  const auto refused = [&](const StoredRelease& good, auto change, ErrorCode code) {
    const Bytes before = published(course);
    const uint64_t releases = course.releases();
    StoredRelease bad = good;
    change(bad);
    const auto report = course.accept(bad, executor);
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().code == code);
    CHECK(course.releases() == releases);
    CHECK(published(course) == before);
  };
  const auto of_task = [&](auto change) {
    return [&, change](StoredRelease& release) {
      Task task = course.next_task().value();
      change(task);
      release.task_file = file_of(task);
      release.task = sha256(release.task_file);
    };
  };
  refused(
      counts, [](auto& r) { r.number = 1; }, ErrorCode::kDisagreement);
  refused(
      counts, [](auto& r) { r.sum.pop_back(); }, ErrorCode::kMalformed);
  refused(
      counts, [](auto& r) { r.reports = 1; }, ErrorCode::kMalformed);
  refused(
      counts, [](auto& r) { r.task[0] ^= 1; }, ErrorCode::kMalformed);
  refused(
      counts, [](auto& r) { r.task_file.clear(); }, ErrorCode::kMalformed);
  refused(counts, of_task([](Task& t) { ++t.sigma; }), ErrorCode::kDisagreement);
  refused(counts, of_task([](Task& t) { ++t.layout_parameters[4]; }), ErrorCode::kDisagreement);
  refused(counts, of_task([](Task& t) { t.grid.bound /= 2; }), ErrorCode::kDisagreement);
  refused(counts, of_task([](Task& t) { t.kind = TaskKind::kEvaluation; }),
          ErrorCode::kDisagreement);
  REQUIRE(course.accept(counts, executor).ok());
  refused(
      counts, [](auto& r) { r.number = 1; }, ErrorCode::kDisagreement);
  const StoredRelease round = collect(course, devices, 2);
  refused(round, of_task([](Task& t) { t.layout_parameters.back() ^= 1; }),
          ErrorCode::kDisagreement);
  CHECK(course.accept(round, executor).ok());
}

TEST_CASE("a poisoned sum is refused and the model stays; the next honest round passes") {
  SerialExecutor executor;
  CourseOptions options = course_options();
  options.recipe->rounds = 3;
  Course course = fresh_course(options);
  const Histories& devices = site().world.split.train;
  run(course, devices, 2);
  const Bytes live = published(course);
  const Task next = course.next_task().value();

  SUBCASE("longer than any reports can make it") {
    StoredRelease poisoned = collect(course, devices, 7);
    poisoned.sum[3] += int64_t{1} << 40;
    const auto report = course.accept(poisoned, executor);
    REQUIRE(report.ok());
    CHECK_FALSE(report->passed);
    CHECK(report->reason.find("sum:") != std::string::npos);
  }
  SUBCASE("within the bound, with absurd rows") {
    StoredRelease poisoned = collect(course, devices, 7);
    const TaskLayout layout =
        decode_layout(next.layout, next.layout_parameters, site().content.items.size()).value();
    const auto& slot = std::get<WhitenedTask>(layout).slot;
    const auto item =
        static_cast<uint32_t>(std::find(slot.begin(), slot.end(), kAbsurd) - slot.begin());
    absurd_rows(poisoned, options);
    const auto report = course.accept(poisoned, executor);
    REQUIRE(report.ok());
    CHECK_FALSE(report->passed);
    CHECK(report->reason.find("rows:") != std::string::npos);
    CHECK(report->movers[0].first == course.content().items.id(item));
  }
  SUBCASE("no devices in it") {
    StoredRelease poisoned = collect(course, devices, 7);
    std::fill(poisoned.sum.begin(), poisoned.sum.end(), 0);
    const auto report = course.accept(poisoned, executor);
    REQUIRE(report.ok());
    CHECK_FALSE(report->passed);
  }
  CHECK(published(course) == live);
  CHECK(course.releases() == 3);
  const Run honest = run(course, devices, 1);
  CAPTURE(honest.reports[0].reason);
  CHECK(honest.reports[0].passed);
  CHECK(published(course) != live);
}

TEST_CASE("counts that say nothing are asked for, and paid, again") {
  SerialExecutor executor;
  Course course = fresh_course();
  StoredRelease empty = collect(course, site().world.split.train, 1);
  std::fill(empty.sum.begin(), empty.sum.end(), 0);
  const auto report = course.accept(empty, executor);
  REQUIRE(report.ok());
  CHECK_FALSE(report->passed);
  CHECK(course.releases() == 1);
  const double once = course.paid_rho();
  CHECK(course.next_task()->layout == "counts");
  CHECK(run(course, site().world.split.train, 1).reports[0].passed);
  CHECK(course.paid_rho() == doctest::Approx(2 * once));
  CHECK(course.next_task()->layout == "whitened");
}

TEST_CASE("metrics that ride along are released, and a model that did worse is to be rolled back") {
  const Histories& devices = site().world.split.train;
  Course course = fresh_course();
  CHECK_FALSE(run(course, devices, 1).reports[0].metrics.has_value());
  const std::vector<float> good{1, 0.5F, 0.4F, 0.3F}, bad{1, 0.1F, 0.1F, 0.05F};
  const GateReport first = run(course, devices, 1, good).reports[0];
  REQUIRE(first.metrics.has_value());
  CAPTURE(first.ndcg_sd);
  CHECK(first.ndcg_sd < 0.05);
  CHECK(std::abs(first.metrics->ndcg_100 - 0.4) < 5 * first.ndcg_sd);
  CHECK(std::abs(first.metrics->hit_rate_10 - 0.5) < 5 * first.ndcg_sd);
  CHECK(first.roll_back_to == 0);
  const GateReport second = run(course, devices, 1, bad).reports[0];
  CHECK(second.passed);
  CHECK(second.roll_back_to == 2);  // as the counts were published

  CourseOptions none = course_options();
  none.metrics = 0;
  Course silent = fresh_course(none);
  for (const GateReport& report : run(silent, devices, 3, good).reports)
    CHECK_FALSE(report.metrics.has_value());
}

TEST_CASE("the model to go back to is another one, in a later cycle too") {
  const Histories& devices = site().world.split.train;
  const std::vector<float> good{1, 0.5F, 0.4F, 0.3F}, bad{1, 0.1F, 0.1F, 0.05F};
  Course course = fresh_course();
  for (const GateReport& report : run(course, devices, 3, good).reports)
    CHECK(report.roll_back_to == 0);
  // Counts change no row: what is measured next is the second round's model.
  CHECK(run(course, devices, 1).reports[0].roll_back_to == 0);
  const GateReport later = run(course, devices, 1, bad).reports[0];
  CHECK(later.passed);
  CHECK(later.roll_back_to == 3);  // the first round's
}

TEST_CASE("a model whose round was refused is not compared with itself") {
  const Histories& devices = site().world.split.train;
  const std::vector<float> good{1, 0.5F, 0.4F, 0.3F}, bad{1, 0.1F, 0.1F, 0.05F};
  CourseOptions options = course_options();
  options.recipe->rounds = 3;
  Course course = fresh_course(options);
  run(course, devices, 2, good);
  StoredRelease refused = collect(course, devices, 7, good);
  absurd_rows(refused, options);
  SerialExecutor executor;
  const auto report = course.accept(refused, executor);
  REQUIRE(report.ok());
  CHECK_FALSE(report->passed);
  REQUIRE(report->metrics.has_value());
  const GateReport again = run(course, devices, 1, bad).reports[0];
  CHECK(again.metrics.has_value());
  CHECK(again.roll_back_to == 0);
}

TEST_CASE("before any release the model is V0 from content, without popularity") {
  const Course course = fresh_course();
  const Snapshot snapshot = course.snapshot().value();
  CHECK(snapshot.popularity.empty());
  CHECK(smoke_test(snapshot, gram_of(snapshot)).ok());

  SiteContent unknown = site().content;
  unknown.content.resize(unknown.content.rows(), 0);
  const auto blind = Course::create(course_options(), unknown);
  REQUIRE(blind.ok());
  const Snapshot same = blind->snapshot().value();
  CHECK(smoke_test(same, gram_of(same)).ok());
  CHECK(same.row(0) == same.row(1));
}

TEST_CASE("a new item with the content of a trained one lands near it, and a removed one is zero") {
  const SmallWorld& world = site().world;
  Course course = fresh_course();
  run(course, world.split.train, 3);
  const Snapshot before = course.snapshot().value();

  SiteContent grown = site().content;
  const uint32_t n = grown.items.size();
  std::vector<uint32_t> originals;
  for (uint32_t i = 0; i < 40; ++i) originals.push_back(i);
  for (const uint32_t i : originals) {
    REQUIRE(grown.items.add("copy of " + grown.items.id(i)).ok());
    grown.catalogue.items.push_back(grown.catalogue.items[i]);
  }
  REQUIRE(grown.items.remove(grown.items.id(7)).ok());
  grown.catalogue.item_index_version = grown.items.version();
  grown.content.conservativeResize(n + 40, Eigen::NoChange);
  for (const uint32_t i : originals) grown.content.row(n + i) = grown.content.row(i);
  REQUIRE(course.use_content(grown).ok());

  const Snapshot after = course.snapshot().value();
  REQUIRE(after.n_items() == n + 40);
  CHECK(after.row(7).isZero(0));
  CHECK(after.popularity[7] == 0);
  CHECK_FALSE(after.items.live(7));
  CHECK(after.row(3) == before.row(3));
  int near = 0;
  for (const uint32_t i : originals) {
    if (i == 7) continue;
    const double cosine =
        double{after.row(n + i).dot(before.row(i))} /
        std::max(1e-9, double{after.row(n + i).norm()} * double{before.row(i).norm()});
    if (cosine > 0.8) ++near;
    CHECK(after.popularity[n + i] == 0);
  }
  CHECK(near >= 36);  // of 39: a row that its own devices pulled away may be further
  CHECK(course.next_task()->dimension == n + 40 + 1);  // the next cycle asks for them

  SiteContent other = site().content;
  CHECK(course.use_content(other).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a counts task that was made before items came is taken after they came") {
  const SmallWorld& world = site().world;
  const uint32_t n = world.split.n_items;
  SerialExecutor executor;
  Course course = Course::create(course_options(), content_of(world, n - 10)).value();
  const Histories known = histories_of(n - 10);
  const StoredRelease counts = collect(course, known, 1);
  REQUIRE(course.use_content(site().content).ok());
  const auto report = course.accept(counts, executor);
  REQUIRE(report.ok());
  CHECK(report->passed);
  CHECK(course.snapshot()->n_items() == n);
  for (const GateReport& round : run(course, known, 2).reports) CHECK(round.passed);
  CHECK(run(course, world.split.train, 1).reports[0].passed);
}

TEST_CASE("after a rollback training goes on from the model that devices have") {
  const Histories& devices = site().world.split.train;
  Course course = fresh_course();
  run(course, devices, 2);
  const Snapshot old = course.snapshot().value();
  const Bytes old_file = published(course);
  run(course, devices, 1);
  CHECK(published(course) != old_file);
  const Snapshot loaded = load_snapshot(old_file, 1 << 24).value();
  REQUIRE(course.use_model(loaded).ok());
  CHECK(published(course) == old_file);
  for (const GateReport& report : run(course, devices, 3).reports) {
    CAPTURE(report.reason);
    CHECK(report.passed);
  }
  // An operator goes back to a model that does worse: that is no news.
  const std::vector<float> good{1, 0.5F, 0.4F, 0.3F}, bad{1, 0.1F, 0.1F, 0.05F};
  REQUIRE(run(course, devices, 2, good).reports[1].metrics.has_value());
  REQUIRE(course.use_model(old).ok());
  const GateReport back = run(course, devices, 1, bad).reports[0];
  CHECK(back.metrics.has_value());
  CHECK(back.roll_back_to == 0);
  Snapshot narrow = old;
  narrow.rows = Matrix(Matrix::Ones(old.n_items(), 3));
  CHECK(course.use_model(narrow).error().code == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sotto
