#include "publishing/course.hpp"

#include <algorithm>
#include <cmath>

#include "lab/sum_job.hpp"
#include "model/quantization.hpp"
#include "model/task_layout.hpp"
#include "protocol/task_vdaf.hpp"
#include "publishing/content_rows.hpp"
#include "publishing/course_plan.hpp"
#include "publishing/gate.hpp"

namespace sotto {
namespace {

Status invalid(const char* field) {
  return {ErrorCode::kInvalidArgument, std::string("course: ") + field};
}
Error malformed(const char* what) { return {ErrorCode::kMalformed, what}; }

Status check_content(const SiteContent& content) {
  const auto rows = static_cast<Eigen::Index>(content.items.size());
  if (content.items.live_count() == 0) return invalid("content: there are no items");
  if (content.content.rows() != rows || !content.content.allFinite())
    return invalid("content: vectors are not finite or not one an item");
  if (content.catalogue.items.size() != content.items.size() ||
      content.catalogue.item_index_version != content.items.version())
    return invalid("content: the catalogue is of other items");
  SOTTO_CHECK_OK(write_catalogue(content.catalogue));
  return {};
}

Status check_goes_on(const ItemIndex& items, const ItemIndex& before) {
  if (items.size() < before.size() || items.version() < before.version())
    return invalid("content: rows of items are missing");
  for (uint32_t row = 0; row < before.size(); ++row)
    if (items.id(row) != before.id(row)) return invalid("content: the row of an item has changed");
  return {};
}

Status disagrees(const char* what) {
  return {ErrorCode::kDisagreement, std::string("release: not the next one: ") + what};
}

Result<Task> open_task(const StoredRelease& release) {
  if (release.task_file.size() < kTaskSignatures) return malformed("release: task file");
  if (sha256(release.task_file) != release.task) return malformed("release: task id");
  const std::span file(release.task_file);
  return decode_task(file.first(file.size() - kTaskSignatures));
}

}  // namespace

struct Course::Impl {
  // What is published, of the items that its cycle knows.
  struct Model {
    Matrix items;                   // n x k, as published but for tombstones
    std::vector<float> popularity;  // n
  };
  struct Measured {
    MeasuredMetrics metrics;
    uint64_t sequence = 0;  // of the publication that devices had
    bool live = true;       // it is still the model
  };
  enum class Step : uint8_t { kEvaluation, kCounts, kRound };
  struct Received {
    Task task;
    Step step;
    Release release;  // refers to the stored sum
  };

  CourseOptions options;
  PrivateRecipe recipe;
  SiteContent content;
  std::optional<Model> model{};             // absent: V0 from content
  std::optional<PrivateTrainer> trainer{};  // of this cycle, after its counts
  std::optional<Measured> measured{};       // what was measured last
  std::optional<MeasuredQuality> quality{};
  bool evaluated = false;      // the evaluation of this cycle is over
  uint32_t position = 0;       // of the next release after it: 0 counts, then rounds
  bool ever_trained = false;   // `model` is more than V0
  bool cycle_trained = false;  // a round of this cycle has passed
  uint64_t releases = 0;
  double paid = 0;
  bool counts_refused = false;

  bool begins_cycle() const { return position == 0 && !evaluated; }
  bool may_evaluate() const { return options.evaluation && begins_cycle(); }
  Step next_step(bool evaluate) const {
    if (position > 0) return Step::kRound;
    return evaluate && may_evaluate() ? Step::kEvaluation : Step::kCounts;
  }
  // Whether a cycle began with an evaluation its first release says: the options may have changed.
  Step step_of(const Task& task) const {
    if (!begins_cycle()) return next_step(false);
    return task.kind == TaskKind::kEvaluation ? Step::kEvaluation : Step::kCounts;
  }
  ReleasePlan plan(Step step) const {
    return step == Step::kEvaluation ? plan_of_evaluation(options)
                                     : plan_of_learning(options, position);
  }
  // n_items: that it knows, where the cycle does not say so.
  TaskLayout layout_of(Step step, uint32_t n_items) const {
    if (step == Step::kEvaluation) return QualityTask{{n_items, kQualityBins}};
    if (step == Step::kCounts) return CountsTask{{n_items}, recipe.max_items};
    return trainer->next_task();
  }

  // The published rows of all items of the content, tombstones as they were.
  Result<Matrix> rows() const {
    if (!model) return start();
    std::vector<bool> live(static_cast<size_t>(model->items.rows()));
    for (uint32_t i = 0; i < live.size(); ++i) live[i] = content.items.live(i);
    return with_rows_from_content(model->items, live, content.content);
  }

  Result<Matrix> start() const {
    if (content.content.cols() == 0) {
      Matrix same = Matrix::Zero(content.content.rows(), static_cast<Eigen::Index>(recipe.dim));
      same.col(0).setOnes();
      return same;
    }
    SOTTO_TRY(const auto untrained, PrivateTrainer::create(recipe, content.content, options.seed));
    return untrained.content_model();
  }

  Result<uint32_t> items_of(const Task& task) const;
  Status check_layout(const Task& task, Step step) const;
  Status check_next(const StoredRelease& release, const Task& task, Step step) const;
  Result<Received> receive(const StoredRelease& release) const;
  Result<GateReport> take(const Received& received, Executor& executor);
  GateReport take_quality(const Received& received);
  Result<GateReport> take_counts(const Received& received);
  void measure(const Received& received, const WhitenedTask& task, GateReport& report);
  Result<GateReport> take_round(const Received& received, Executor& executor);
  void move_on(Step step, bool passed);
};

// Items may have come since the task was made, unless it is a round's: it knows the first ones.
Result<uint32_t> Course::Impl::items_of(const Task& task) const {
  if (position > 0) return content.items.size();
  SOTTO_TRY(const TaskLayout layout,
            decode_layout(task.layout, task.layout_parameters, content.items.size()));
  const uint32_t n_items = layout_items(layout);
  if (model && n_items < model->items.rows()) return disagrees("items").error();
  return n_items;
}

Status Course::Impl::check_layout(const Task& task, Step step) const {
  if (task.layout != layout_name(layout_of(step, content.items.size()))) return disagrees("layout");
  SOTTO_TRY(const uint32_t n_items, items_of(task));
  const TaskLayout expected = layout_of(step, n_items);
  if (task.dimension != layout_dimension(expected)) return disagrees("dimension");
  if (task.layout_parameters != encode_layout(expected)) return disagrees("layout parameters");
  return {};
}

Status Course::Impl::check_next(const StoredRelease& release, const Task& task, Step step) const {
  if (release.number != releases) return disagrees("number");
  const ReleasePlan expected = plan(step);
  if (task.kind != expected.kind) return disagrees("kind");
  if (task.grid.bound != expected.grid.bound || task.grid.clip != expected.grid.clip)
    return disagrees("grid");
  if (static_cast<double>(task.sigma) != expected.sigma) return disagrees("sigma");
  if (release.sum.size() != task.dimension) return malformed("release: sum of another length");
  if (release.reports < task.min_batch || release.reports > task.max_batch)
    return malformed("release: reports out of the task's range");
  return check_layout(task, step);
}

Result<Course::Impl::Received> Course::Impl::receive(const StoredRelease& release) const {
  SOTTO_TRY(Task task, open_task(release));
  const Step step = step_of(task);
  SOTTO_CHECK_OK(check_next(release, task, step));
  const double unit = task.grid.unit();
  const double noise_sd = std::sqrt(noise_variance(task, release.reports)) * unit;
  return Received{std::move(task), step, {release.sum, unit, noise_sd, release.reports}};
}

Result<GateReport> Course::Impl::take(const Received& received, Executor& executor) {
  if (const Status possible = check_release(received.release, received.task.grid.clip);
      !possible.ok()) {
    GateReport report;
    report.reason = possible.error().message;
    return report;
  }
  switch (received.step) {
    case Step::kEvaluation: return take_quality(received);
    case Step::kCounts: return take_counts(received);
    case Step::kRound: break;
  }
  return take_round(received, executor);
}

GateReport Course::Impl::take_quality(const Received& received) {
  GateReport report;
  if (const Status possible = check_quality(received.release); !possible.ok()) {
    report.reason = possible.error().message;
    return report;
  }
  report.passed = true;
  report.quality = decode_quality(received.release);
  if (report.quality) quality = {releases, *report.quality};
  return report;
}

Result<GateReport> Course::Impl::take_counts(const Received& received) {
  SOTTO_TRY(const uint32_t known, items_of(received.task));
  const auto n_items = static_cast<Eigen::Index>(known);
  GateReport report;
  if (const Status possible = check_counts(received.release, {known}); !possible.ok()) {
    report.reason = possible.error().message;
    return report;
  }
  SOTTO_TRY(auto fresh,
            PrivateTrainer::create(recipe, content.content.topRows(n_items).eval(), options.seed));
  SOTTO_CHECK_OK(fresh.accept_counts(received.release));
  if (fresh.slice_size() == 0) {
    report.reason = "counts: no item stands above the noise";
    return report;
  }
  if (model) {
    SOTTO_TRY(const Matrix all, rows());
    SOTTO_CHECK_OK(fresh.continue_from(as_published(all.topRows(n_items))));
  }
  // Its V is what devices have already, or, in the first cycle, a V0 that nothing compares with.
  report = judge({&fresh.items(), &fresh.items(), true, true, recipe.inference}, content.items);
  if (!report.passed) return report;
  std::vector<float> popularity(fresh.frequencies().begin(), fresh.frequencies().end());
  if (model) {
    popularity = std::move(model->popularity);
    popularity.resize(static_cast<size_t>(n_items), 0);
  }
  model = Model{fresh.items(), std::move(popularity)};
  trainer = std::move(fresh);
  return report;
}

// How the model did that devices had. It is compared once, with another one: when it is measured
// again, its round having been refused, readers have changed and not the model.
void Course::Impl::measure(const Received& received, const WhitenedTask& task, GateReport& report) {
  const auto found = measure_metrics(received.release, task);
  if (!found) return;
  report.metrics = found->values;
  report.ndcg_sd = found->ndcg_sd;
  if (measured && !measured->live &&
      did_worse(*found, measured->metrics, {.ndcg_fall = options.ndcg_fall}))
    report.roll_back_to = measured->sequence;
  measured = {*found, received.task.model_sequence};
}

Result<GateReport> Course::Impl::take_round(const Received& received, Executor& executor) {
  const WhitenedTask task = trainer->next_task();
  const PrivateTrainer before = *trainer;
  GateReport report;
  Status made = check_round(received.release, task.layout);
  const bool honest = made.ok();
  if (honest) made = trainer->accept_rows(received.release, executor);
  if (made.ok()) {
    const Candidate candidate{&trainer->items(), &before.items(), !ever_trained, !cycle_trained,
                              recipe.inference};
    report = judge(candidate, content.items);
  } else if (made.error().code == ErrorCode::kNumerical) {
    report.reason = made.error().message;
  } else {
    return made.error();
  }
  if (honest) measure(received, task, report);
  if (!report.passed) {
    trainer = before;
    return report;
  }
  if (measured) measured->live = false;
  model = Model{trainer->items(), {trainer->frequencies().begin(), trainer->frequencies().end()}};
  ever_trained = cycle_trained = true;
  return report;
}

void Course::Impl::move_on(Step step, bool passed) {
  if (begins_cycle() && !counts_refused) paid = 0;
  paid += plan(step).rho();
  ++releases;
  if (step == Step::kEvaluation) {
    evaluated = true;
    return;
  }
  if (step == Step::kCounts) {
    counts_refused = !passed;
    cycle_trained = false;
  }
  if (!counts_refused && ++position <= recipe.rounds) return;
  position = 0;
  evaluated = false;
  trainer.reset();
}

Course::Course(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<Course> Course::create(const CourseOptions& options, SiteContent content) {
  SOTTO_CHECK_OK(options.validate());
  SOTTO_CHECK_OK(check_content(content));
  auto impl = std::make_shared<Impl>(Impl{options, recipe_of(options), std::move(content)});
  return Course(std::move(impl));
}

Course Course::fork() const { return Course(std::make_shared<Impl>(*impl_)); }

const CourseOptions& Course::options() const { return impl_->options; }
const SiteContent& Course::content() const { return impl_->content; }
uint64_t Course::releases() const { return impl_->releases; }
double Course::paid_rho() const { return impl_->paid; }

const std::optional<MeasuredQuality>& Course::quality() const { return impl_->quality; }

bool Course::may_evaluate() const { return impl_->may_evaluate(); }
bool Course::begins_training() const { return impl_->position == 0; }
double Course::cycle_rho() const {
  const CourseOptions& options = impl_->options;
  double rho = options.evaluation ? plan_of_evaluation(options).rho() : 0;
  for (size_t position = 0; position <= impl_->recipe.rounds; ++position)
    rho += plan_of_learning(options, position).rho();
  return rho;
}

Result<Task> Course::next_task(bool evaluate) const {
  const CourseOptions& options = impl_->options;
  const Impl::Step step = impl_->next_step(evaluate);
  const TaskLayout layout = impl_->layout_of(step, impl_->content.items.size());
  const ReleasePlan plan = impl_->plan(step);
  Task task;
  task.kind = plan.kind;
  task.layout = layout_name(layout);
  task.layout_parameters = encode_layout(layout);
  if (task.layout_parameters.size() > Task::kMaxLayoutParameters)
    return Error{ErrorCode::kInvalidArgument, "course: more items than a task can name"};
  task.dimension = static_cast<uint32_t>(layout_dimension(layout));
  task.grid = plan.grid;
  task.sigma = static_cast<uint64_t>(plan.sigma);
  task.noise_by = plan.noise_by;
  task.min_batch = options.min_batch;
  task.max_batch = options.max_batch;
  task.vdaf = options.vdaf;
  if (step == Impl::Step::kEvaluation)
    SOTTO_CHECK_OK(use_prio3_histogram(task));
  else if (const auto pine = pine_instance(options.vdaf))
    SOTTO_CHECK_OK(use_pine(task, *pine));
  SOTTO_CHECK_OK(check_batch_fits(task.max_batch, task.grid, task.total_sigma()));
  return task;
}

Result<GateReport> Course::accept(const StoredRelease& release, Executor& executor) {
  Impl& impl = *impl_;
  SOTTO_TRY(const auto received, impl.receive(release));
  SOTTO_TRY(GateReport report, impl.take(received, executor));
  report.evaluation = received.step == Impl::Step::kEvaluation;
  impl.move_on(received.step, report.passed);
  return report;
}

Result<Snapshot> Course::snapshot() const {
  const Impl& impl = *impl_;
  const ItemIndex& items = impl.content.items;
  SOTTO_TRY(Matrix rows, impl.rows());
  for (uint32_t i = 0; i < items.size(); ++i)
    if (!items.live(i)) rows.row(static_cast<Eigen::Index>(i)).setZero();
  QuantizedMatrix quantized = quantize_rows(rows);
  Snapshot snapshot;
  snapshot.gram = published_gram(dequantize(quantized));
  snapshot.rows = std::move(quantized);
  snapshot.items = items;
  snapshot.reg = impl.recipe.inference;
  if (impl.model) {
    snapshot.popularity = impl.model->popularity;
    snapshot.popularity.resize(items.size(), 0);
    for (uint32_t i = 0; i < items.size(); ++i)
      if (!items.live(i)) snapshot.popularity[i] = 0;
  }
  return snapshot;
}

Status Course::use_content(SiteContent content) {
  SOTTO_CHECK_OK(check_content(content));
  SOTTO_CHECK_OK(check_goes_on(content.items, impl_->content.items));
  impl_->content = std::move(content);
  return {};
}

Status Course::use_model(const Snapshot& snapshot) {
  Impl& impl = *impl_;
  const ItemIndex& items = impl.content.items;
  if (snapshot.dim() != static_cast<Eigen::Index>(impl.recipe.dim))
    return invalid("model: of other dimensions");
  if (snapshot.items.size() > items.size()) return invalid("model: of other items");
  for (uint32_t i = 0; i < snapshot.items.size(); ++i)
    if (snapshot.items.id(i) != items.id(i)) return invalid("model: of other items");

  if (!impl.model) return {};  // it is V0, which content alone decides
  const Eigen::Index n = impl.model->items.rows();
  Matrix known(std::min(n, snapshot.n_items()), snapshot.dim());
  for (Eigen::Index i = 0; i < known.rows(); ++i) known.row(i) = snapshot.row(i);
  impl.model->items = std::move(known);
  SOTTO_TRY(const Matrix rows, impl.rows());
  impl.model->items = as_published(rows.topRows(n));
  impl.model->popularity = snapshot.popularity;
  impl.model->popularity.resize(static_cast<size_t>(n), 0);
  impl.ever_trained = impl.cycle_trained = false;
  impl.measured.reset();
  return impl.trainer ? impl.trainer->continue_from(impl.model->items) : Status();
}

}  // namespace sotto
