#include "server/stored_course.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "catalog/catalogue.hpp"
#include "protocol/manifest.hpp"
#include "server/course_options.hpp"

namespace sotto {
namespace {

constexpr const char* kEvents = "course";
constexpr uint64_t kModelMemory = uint64_t{4} << 30;

enum class EventKind : uint8_t { kContent = 1, kModel = 2 };

}  // namespace

struct StoredCourse::Event {
  EventKind kind = EventKind::kContent;
  uint64_t releases = 0;
  Bytes bytes;
};

Bytes StoredCourse::encode(const Event& event) {
  ByteWriter out;
  out.put<uint8_t>(1);
  out.put(event.kind);
  out.put<uint64_t>(event.releases);
  out.put_bytes(event.bytes);
  return std::move(out).bytes();
}

Result<StoredCourse::Event> StoredCourse::decode(const Bytes& bytes) {
  Event event;
  ByteReader in(bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("course event format"));
  if (format != 1) return Error{ErrorCode::kUnsupported, "course event: unknown format"};
  SOTTO_TRY(event.kind, in.get<EventKind>("course event"));
  if (event.kind != EventKind::kContent && event.kind != EventKind::kModel)
    return Error{ErrorCode::kMalformed, "course event: unknown kind"};
  SOTTO_TRY(event.releases, in.get<uint64_t>("course event"));
  SOTTO_TRY(const auto rest, in.get_bytes(in.remaining(), "course event"));
  event.bytes.assign(rest.begin(), rest.end());
  return event;
}

Result<StoredCourse> StoredCourse::open(const ServerContext& context, Executor& executor) {
  SOTTO_TRY(const CourseOptions options, course_options(context.config));
  SOTTO_TRY(const auto records, context.store.list(kEvents, ""));
  SOTTO_TRY(const auto releases, context.store.keys(kReleaseSpace, ""));
  if (records.empty()) {
    if (!releases.empty())
      return Error{ErrorCode::kMalformed, "course: a release before the first catalogue"};
    SOTTO_TRY(SiteContent content, load_site_content(context.config.items, std::nullopt));
    const Bytes encoded = encode_content(content);
    SOTTO_TRY(Course course, Course::create(options, std::move(content)));
    StoredCourse stored(context, executor, std::move(course));
    const StoreChange change = stored.change_of({EventKind::kContent, 0, encoded});
    SOTTO_CHECK_OK(context.store.commit({&change, 1}));
    stored.n_events_ = 1;
    SOTTO_CHECK_OK(stored.hash_catalogue());
    return stored;
  }
  SOTTO_TRY(const Event first, decode(records.front().bytes.value_or(Bytes())));
  if (first.kind != EventKind::kContent || first.releases != 0)
    return Error{ErrorCode::kMalformed, "course: its first event is no catalogue"};
  SOTTO_TRY(SiteContent content, decode_content(first.bytes));
  SOTTO_TRY(Course course, Course::create(options, std::move(content)));
  StoredCourse stored(context, executor, std::move(course));
  for (size_t i = 1; i < records.size(); ++i) {
    SOTTO_TRY(const Event event, decode(records[i].bytes.value_or(Bytes())));
    SOTTO_CHECK_OK(stored.learn_until(releases, event.releases));
    SOTTO_CHECK_OK(stored.tell(event));
  }
  stored.n_events_ = records.size();
  SOTTO_CHECK_OK(stored.learn_until(releases, releases.size()));
  SOTTO_CHECK_OK(stored.take_catalogue());
  SOTTO_CHECK_OK(stored.hash_catalogue());
  return stored;
}

Status StoredCourse::learn_until(std::span<const std::string> releases, uint64_t end) {
  for (uint64_t next = course_.releases(); next < std::min<uint64_t>(end, releases.size());
       ++next) {
    const std::string& key = releases[static_cast<size_t>(next)];
    SOTTO_TRY(const auto bytes, context_->store.get(kReleaseSpace, key));
    SOTTO_CHECK_OK(learn_again({key, bytes}));
  }
  return {};
}

Status StoredCourse::learn_again(const KeyedRecord& record) {
  SOTTO_TRY(const StoredRelease release, decode_release(record.bytes.value_or(Bytes())));
  SOTTO_TRY(const VerifiedTask task, VerifiedTask::open(release.task_file, context_->pinned));
  opened(task.task());
  const auto report = learn(release);
  if (report.ok()) return {};
  return {report.error().code,
          "training: release " + record.key +
              " does not fit the configuration ([training] epsilon, delta, rounds, dim, noise, "
              "prequential and seed stay as they were when the store was new): " +
              report.error().message};
}

Status StoredCourse::tell(const Event& event) {
  if (event.kind == EventKind::kContent) {
    SOTTO_TRY(SiteContent content, decode_content(event.bytes));
    return course_.use_content(std::move(content));
  }
  SOTTO_TRY(const Snapshot snapshot, load_snapshot(event.bytes, kModelMemory));
  learnt_.reset();
  return course_.use_model(snapshot);
}

// The catalogue as the file has it now.
Status StoredCourse::take_catalogue() {
  SOTTO_TRY(SiteContent content,
            load_site_content(context_->config.items, course_.content().items));
  Event event{EventKind::kContent, course_.releases(), encode_content(content)};
  if (event.bytes == encode_content(course_.content())) return {};
  SOTTO_CHECK_OK(course_.use_content(std::move(content)));
  const StoreChange change = change_of(std::move(event));
  SOTTO_CHECK_OK(context_->store.commit({&change, 1}));
  ++n_events_;
  return {};
}

Status StoredCourse::hash_catalogue() {
  const Catalogue& catalogue = course_.content().catalogue;
  if (catalogue.items.empty()) return {};
  SOTTO_TRY(const Bytes file, write_catalogue(catalogue));
  catalogue_hash_ = published_file(file).hash;
  return {};
}

StoreChange StoredCourse::change_of(Event event) const {
  return {kEvents, {sequence_key(n_events_), encode(event)}};
}

Result<std::optional<Task>> StoredCourse::next_task(int64_t now_ms) const {
  const auto due = [&](int64_t before_ms) {
    return before_ms == 0 || now_ms >= before_ms + context_->config.cycle_ms;
  };
  const bool evaluates = course_.may_evaluate() && due(evaluated_ms_);
  if (!evaluates && course_.begins_training() && !due(counted_ms_)) return std::optional<Task>();
  SOTTO_TRY(Task task, course_.next_task(evaluates));
  return std::optional(std::move(task));
}

void StoredCourse::opened(const Task& task) {
  if (task.kind == TaskKind::kEvaluation)
    evaluated_ms_ = task.window_start_ms;
  else if (course_.begins_training())
    counted_ms_ = task.window_start_ms;
}

Result<GateReport> StoredCourse::learn(const StoredRelease& release) {
  SOTTO_TRY(GateReport report, course_.accept(release, *executor_));
  if (!report.evaluation) learnt_ = {course_.releases(), release.reports, report};
  return report;
}

Result<StoredCourse::Turn> StoredCourse::turn_to(const Bytes& model) const {
  SOTTO_TRY(const Snapshot snapshot, load_snapshot(model, kModelMemory));
  Course turned = course_.fork();
  SOTTO_CHECK_OK(turned.use_model(snapshot));
  return Turn{std::move(turned), change_of({EventKind::kModel, course_.releases(), model})};
}

void StoredCourse::take(Turn turn) {
  course_ = std::move(turn.course);
  learnt_.reset();
  ++n_events_;
}

}  // namespace sotto
