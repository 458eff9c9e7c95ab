#include "server/training_service.hpp"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/bytes.hpp"
#include "crypto/text_encoding.hpp"
#include "lab/thread_pool.hpp"
#include "privacy/accountant.hpp"
#include "publishing/delta.hpp"

namespace sotto {
namespace {

constexpr const char* kReleases = "release";
constexpr const char* kFiles = "file";
constexpr const char* kServer = "server";
constexpr const char* kPausedKey = "training paused";
constexpr auto kLook = std::chrono::milliseconds(200);
constexpr int64_t kHelperRetryMs = 2000;
constexpr size_t kMostPopular = 1000;
constexpr uint64_t kModelMemory = uint64_t{4} << 30;

enum class CourseEvent : uint8_t { kContent = 1, kModel = 2 };
constexpr const char* kCourse = "course";

struct StoredEvent {
  CourseEvent kind = CourseEvent::kContent;
  uint64_t releases = 0;
  Bytes bytes;
};

Bytes encode_event(const StoredEvent& event) {
  ByteWriter out;
  out.put<uint8_t>(1);
  out.put(event.kind);
  out.put<uint64_t>(event.releases);
  out.put_bytes(event.bytes);
  return std::move(out).bytes();
}

Result<StoredEvent> decode_event(const Bytes& bytes) {
  StoredEvent event;
  ByteReader in(bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("course event format"));
  if (format != 1) return Error{ErrorCode::kUnsupported, "course event: unknown format"};
  SOTTO_TRY(event.kind, in.get<CourseEvent>("course event"));
  if (event.kind != CourseEvent::kContent && event.kind != CourseEvent::kModel)
    return Error{ErrorCode::kMalformed, "course event: unknown kind"};
  SOTTO_TRY(event.releases, in.get<uint64_t>("course event"));
  SOTTO_TRY(const auto rest, in.get_bytes(in.remaining(), "course event"));
  event.bytes.assign(rest.begin(), rest.end());
  return event;
}

Result<CourseOptions> course_options(const ServerConfig& config) {
  CourseOptions options;
  SOTTO_TRY(options.z, noise_multiplier_for(Accounting::kZcdp, config.epsilon, config.delta));
  // Both servers' noise is in a sum: its multiplier is what the recipe is chosen for.
  const double noises = config.noise_by == NoiseBy::kServersAndDevice ? 3 : 2;
  PrivateRecipe recipe = PrivateRecipe::for_budget(1 / (options.z * std::sqrt(noises)));
  recipe.rounds = config.rounds;
  if (config.dim > 0) recipe.dim = config.dim;
  options.recipe = recipe;
  options.noise_by = config.noise_by;
  options.vdaf = config.vdaf;
  options.min_batch = config.min_batch;
  options.max_batch = config.max_batch;
  options.metrics = config.prequential ? 1 : 0;
  options.seed = config.seed;
  options.ndcg_fall = config.rollback_share;
  SOTTO_CHECK_OK(options.validate());
  return options;
}

std::vector<std::pair<std::string, float>> most_popular(const Snapshot& snapshot) {
  std::vector<std::pair<std::string, float>> popular;
  for (uint32_t i = 0; i < snapshot.popularity.size(); ++i)
    if (snapshot.items.live(i)) popular.emplace_back(snapshot.items.id(i), snapshot.popularity[i]);
  std::stable_sort(popular.begin(), popular.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  popular.resize(std::min(popular.size(), kMostPopular));
  return popular;
}

}  // namespace

class TrainingService::Impl {
 public:
  Impl(const ServerContext& context, HpkeKeys& own, HpkeKeys& collector, PeerClient& helper,
       Events events, Publisher publisher)
      : context_(context),
        own_(own),
        collector_(collector),
        helper_(helper),
        events_(std::move(events)),
        publisher_(std::move(publisher)) {}

  Status load(const CourseOptions& options);
  LeaderService::Events leader_events();
  void start(LeaderService& leader);
  void stop();
  PublishedSitePointer published() const;
  std::vector<Publication> versions() const;
  SharedBytes file(const Digest& hash) const;
  Result<PublishedVersion> version(uint64_t sequence) const;
  void roll_back(uint64_t sequence, std::string actor, std::function<void(Result<uint64_t>)> done);
  Status pause(bool paused, const std::string& actor);
  bool paused() const;

 private:
  struct RollBack {
    uint64_t sequence = 0;
    std::string actor;
    std::function<void(Result<uint64_t>)> done;
  };
  Course& course() { return *course_; }
  const Course& course() const { return *course_; }
  Status replay(const CourseOptions& options);
  Status take_catalogue(const CourseOptions& options);
  Status apply(const StoredEvent& event, const CourseOptions& options);
  Status learn_again(const KeyedRecord& record);
  Result<uint64_t> roll_back_now(uint64_t sequence, const std::string& actor);
  StoreChange event_change(CourseEvent kind, Bytes bytes) const;
  void run();
  void round();
  Status publish_what_is_due();
  bool task_is_open() const;
  bool cycle_may_begin() const;
  Status open_next();
  Result<Task> next_task() const;
  Status learn(const StoredRelease& release);
  Status publish(std::string why, const GateReport* report, uint64_t reports);
  Status install(
      std::function<Result<std::optional<PublishedVersion>>(std::vector<StoreChange>&)> prepare,
      const std::string& actor, const std::string& action);
  Status show_latest();
  SharedBytes delta_from_parent(const PublishedSite& site) const;
  StoredRelease next_release(const ClosedTask& closed) const;
  bool sleep(int64_t ms);

  const ServerContext& context_;
  HpkeKeys& own_;
  HpkeKeys& collector_;
  PeerClient& helper_;
  Events events_;
  LeaderService* leader_ = nullptr;

  // The training thread's (and load's): what is learnt.
  std::optional<Course> course_;
  uint64_t next_event_ = 0;
  bool catalogue_is_new_ = false;
  bool refused_ = false;  // the latest release gave no model
  ThreadPool pool_{1};
  int64_t cycle_began_ms_ = 0;

  uint64_t next_release_ = 0;  // the queue's: number of the one that the open task gives

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  Publisher publisher_;
  PublishedSitePointer published_;
  std::vector<RollBack> roll_backs_;
  std::vector<StoredRelease> unlearnt_;  // collected since the thread last looked
  std::optional<TaskId> open_task_;
  bool paused_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

Status TrainingService::Impl::load(const CourseOptions& options) {
  SOTTO_CHECK_OK(replay(options));
  SOTTO_CHECK_OK(take_catalogue(options));
  next_release_ = course().releases();
  SOTTO_TRY(const auto paused, context_.store.get(kServer, kPausedKey));
  paused_ = paused.has_value();
  return show_latest();
}

// Everything that the course was told, in its order.
Status TrainingService::Impl::replay(const CourseOptions& options) {
  SOTTO_TRY(const auto events, context_.store.list(kCourse, ""));
  SOTTO_TRY(const auto releases, context_.store.keys(kReleases, ""));
  size_t learnt = 0;
  const auto learn_until = [&](uint64_t end) -> Status {
    for (; learnt < std::min<uint64_t>(end, releases.size()); ++learnt) {
      SOTTO_TRY(const auto bytes, context_.store.get(kReleases, releases[learnt]));
      SOTTO_CHECK_OK(learn_again({releases[learnt], bytes}));
    }
    return {};
  };
  for (const KeyedRecord& record : events) {
    SOTTO_TRY(const StoredEvent event, decode_event(record.bytes.value_or(Bytes())));
    SOTTO_CHECK_OK(learn_until(event.releases));
    SOTTO_CHECK_OK(apply(event, options));
    ++next_event_;
  }
  return learn_until(releases.size());
}

Status TrainingService::Impl::apply(const StoredEvent& event, const CourseOptions& options) {
  if (event.kind == CourseEvent::kContent) {
    SOTTO_TRY(SiteContent content, decode_content(event.bytes));
    if (course_) return course_->use_content(std::move(content));
    SOTTO_TRY(course_, Course::create(options, std::move(content)));
    return {};
  }
  if (!course_) return {ErrorCode::kMalformed, "course: its first event is no catalogue"};
  SOTTO_TRY(const Snapshot snapshot, load_snapshot(event.bytes, kModelMemory));
  return course_->use_model(snapshot);
}

Status TrainingService::Impl::learn_again(const KeyedRecord& record) {
  if (!course_) return {ErrorCode::kMalformed, "course: a release before the first catalogue"};
  SOTTO_TRY(const StoredRelease release, decode_release(record.bytes.value_or(Bytes())));
  SOTTO_TRY(const VerifiedTask task, VerifiedTask::open(release.task_file, context_.pinned));
  if (course_->begins_cycle()) cycle_began_ms_ = task.task().window_start_ms;
  const auto report = course_->accept(release, pool_);
  if (report.ok()) return {};
  return {report.error().code,
          "training: release " + record.key +
              " does not fit the configuration ([training] epsilon, delta, rounds, dim, noise and "
              "prequential must stay as they are until a cycle is over): " +
              report.error().message};
}

// The catalogue as the file has it now, if that is news.
Status TrainingService::Impl::take_catalogue(const CourseOptions& options) {
  std::optional<ItemIndex> before;
  if (course_) before = course_->content().items;
  SOTTO_TRY(SiteContent content, load_site_content(context_.config.items, before));
  const Bytes encoded = encode_content(content);
  if (course_ && encoded == encode_content(course_->content())) return {};
  const StoreChange change = event_change(CourseEvent::kContent, encoded);
  SOTTO_CHECK_OK(apply({CourseEvent::kContent, 0, encoded}, options));
  SOTTO_CHECK_OK(context_.store.commit({&change, 1}));
  ++next_event_;
  catalogue_is_new_ = true;
  return {};
}

StoreChange TrainingService::Impl::event_change(CourseEvent kind, Bytes bytes) const {
  const uint64_t releases = course_ ? course_->releases() : 0;
  return {kCourse, {sequence_key(next_event_), encode_event({kind, releases, std::move(bytes)})}};
}

// What the latest publication's files hold, for those who ask.
Status TrainingService::Impl::show_latest() {
  const PublishedVersion* latest = publisher_.latest();
  if (latest == nullptr) return {};
  auto site = std::make_shared<PublishedSite>();
  site->publication = latest->publication;
  site->manifest = latest->manifest;
  site->signed_manifest = std::make_shared<const Bytes>(latest->publication.manifest);
  const auto read = [this](const PublishedFile& named) -> Result<SharedBytes> {
    if (named.size == 0) return SharedBytes();
    SOTTO_TRY(auto bytes, context_.store.get(kFiles, to_hex(named.hash)));
    if (!bytes) return Error{ErrorCode::kIo, "store: a published file is gone"};
    return SharedBytes(std::make_shared<const Bytes>(std::move(*bytes)));
  };
  SOTTO_TRY(site->model, read(site->manifest.model));
  SOTTO_TRY(site->model_float32, read(site->manifest.model_float32));
  SOTTO_TRY(site->catalogue, read(site->manifest.catalogue));
  site->delta = delta_from_parent(*site);
  SOTTO_TRY(const Snapshot snapshot, load_snapshot(*site->model, kModelMemory));
  site->popular = most_popular(snapshot);
  context_.metrics.set_sequence(site->manifest.sequence);
  const std::lock_guard lock(mutex_);
  published_ = std::move(site);
  return {};
}

// Training changes nearly every byte: only for a new catalogue it pays to look.
SharedBytes TrainingService::Impl::delta_from_parent(const PublishedSite& site) const {
  const auto parent = publisher_.versions().find(site.publication.parent);
  if (site.publication.why != "catalogue" || parent == publisher_.versions().end()) return nullptr;
  const auto old_file = context_.store.get(kFiles, to_hex(parent->second.manifest.model.hash));
  if (!old_file.ok() || !*old_file) return nullptr;
  auto made = std::make_shared<const Bytes>(make_delta(**old_file, *site.model));
  return made->size() < site.model->size() ? made : nullptr;
}

// On the queue's thread, which alone counts releases once the service has started.
StoredRelease TrainingService::Impl::next_release(const ClosedTask& closed) const {
  return {next_release_, closed.record.id, closed.record.file, closed.sum->reports,
          closed.sum->sum};
}

LeaderService::Events TrainingService::Impl::leader_events() {
  LeaderService::Events events;
  events.closing = [this](const ClosedTask& closed, std::vector<StoreChange>& changes) {
    if (!closed.sum) return;
    const StoredRelease release = next_release(closed);
    changes.push_back({kReleases, {sequence_key(release.number), encode_release(release)}});
  };
  events.closed = [this](const ClosedTask& closed) {
    {
      const std::lock_guard lock(mutex_);
      if (closed.sum) {
        unlearnt_.push_back(next_release(closed));
        ++next_release_;
      }
      open_task_.reset();
    }
    changed_.notify_all();
    if (closed.sum && events_.collected) events_.collected(closed.record.id, closed.sum->reports);
  };
  return events;
}

void TrainingService::Impl::start(LeaderService& leader) {
  leader_ = &leader;
  for (const LeaderTaskStatus& task : leader.status())
    if (task.state == TaskState::kOpen) open_task_ = task.id;
  thread_ = std::thread([this] { run(); });
}

void TrainingService::Impl::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (const RollBack& wanted : roll_backs_)
    wanted.done(Error{ErrorCode::kCancelled, "the server is stopping"});
  roll_backs_.clear();
}

// Until something changes or the time is over. false: stopping.
bool TrainingService::Impl::sleep(int64_t ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(ms),
                    [this] { return stopping_ || !unlearnt_.empty() || !roll_backs_.empty(); });
  return !stopping_;
}

void TrainingService::Impl::run() {
  do round();
  while (sleep(kLook.count()));
}

void TrainingService::Impl::round() {
  const auto tell = [this](const char* what, const Status& status) {
    if (status.ok()) return true;
    context_.log.warn(
        what, {{"code", error_code_name(status.error().code)}, {"why", status.error().message}});
    sleep(kHelperRetryMs);
    return false;
  };
  std::vector<StoredRelease> releases;
  std::vector<RollBack> roll_backs;
  {
    const std::lock_guard lock(mutex_);
    releases.swap(unlearnt_);
    roll_backs.swap(roll_backs_);
  }
  for (const StoredRelease& release : releases)
    if (!tell("a release taught nothing", learn(release))) return;
  for (const RollBack& wanted : roll_backs)
    wanted.done(roll_back_now(wanted.sequence, wanted.actor));
  if (!tell("publishing failed", publish_what_is_due())) return;
  if (task_is_open() || paused() || !cycle_may_begin()) return;
  tell("no task could be opened", open_next());
}

// The first model, a new catalogue, a model whose publication a stop has prevented, a manifest that
// is half-way to its expiry.
Status TrainingService::Impl::publish_what_is_due() {
  const auto latest = published();
  if (latest == nullptr || catalogue_is_new_) {
    SOTTO_CHECK_OK(publish(latest == nullptr ? "bootstrap" : "catalogue", nullptr, 0));
    catalogue_is_new_ = false;
    return {};
  }
  if (latest->publication.releases < course().releases() && !refused_ &&
      latest->publication.why != "rollback")
    return publish("release", nullptr, 0);
  const Manifest& manifest = latest->manifest;
  if (context_.clock.now_ms() <
      manifest.created_ms + (manifest.expires_ms - manifest.created_ms) / 2)
    return {};
  return install(
      [&](std::vector<StoreChange>& changes) {
        return publisher_.prepare_renewal(*context_.keys.publisher, context_.audit.head(),
                                          context_.clock.now_ms(), changes);
      },
      "server", "renew manifest");
}

bool TrainingService::Impl::task_is_open() const {
  const std::lock_guard lock(mutex_);
  return open_task_.has_value();
}

bool TrainingService::Impl::cycle_may_begin() const {
  return !course().begins_cycle() || cycle_began_ms_ == 0 ||
         context_.clock.now_ms() >= cycle_began_ms_ + context_.config.cycle_ms;
}

Result<Task> TrainingService::Impl::next_task() const {
  const auto site = published();
  SOTTO_TRY(Task task, course().next_task());
  const ServerConfig& config = context_.config;
  task.site = context_.pinned.site;
  task.kind = TaskKind::kLearning;
  task.model_hash = site->manifest.model.hash;
  task.model_sequence = site->manifest.sequence;
  task.catalogue_hash = site->manifest.catalogue.hash;
  task.catalogue_version = site->manifest.catalogue_version;
  const int64_t begin = context_.clock.now_ms() + config.pause_ms;
  task.window_start_ms = begin - begin % config.time_precision_ms;
  task.window_end_ms = task.window_start_ms + config.window_ms;
  // A window that has nearly passed by rounding gets another precision's time.
  if (task.window_start_ms < begin) task.window_end_ms += config.time_precision_ms;
  task.time_precision_ms = config.time_precision_ms;
  task.leader_key = own_.newest()->key.id();
  task.collector_key = collector_.newest()->key.id();
  return task;
}

Status TrainingService::Impl::open_next() {
  SOTTO_TRY(Task task, next_task());
  // The helper names its own key: it is asked for it, and its signature is checked.
  SOTTO_TRY(const Bytes helper_key, helper_.call("GET", "/v1/keys/current", nullptr));
  SOTTO_TRY(const SignedKey checked, open_signed_key(helper_key, context_.pinned.helper,
                                                     KeyRole::kHelper, context_.clock.now_ms()));
  task.helper_key = checked.id();
  SOTTO_CHECK_OK(context_.floors.check(task));
  SOTTO_TRY(const Bytes half, sign_task(*context_.keys.publisher, task));
  const SharedBytes collector_key = collector_.newest()->signed_key;
  Bytes body = *collector_key;
  body.insert(body.end(), half.begin(), half.end());
  SOTTO_TRY(const Bytes file,
            helper_.call("POST", "/v1/tasks", std::make_shared<const Bytes>(std::move(body))));
  SOTTO_TRY(const VerifiedTask verified, VerifiedTask::open(file, context_.pinned));
  if (!(verified.task() == task))
    return {ErrorCode::kDisagreement, "helper: it has countersigned another task"};
  {
    const std::lock_guard lock(mutex_);
    open_task_ = verified.id();
  }
  const Status opened = leader_->open_task(file, *collector_key, helper_key);
  if (!opened.ok()) {
    const std::lock_guard lock(mutex_);
    open_task_.reset();
    return opened;
  }
  if (course().begins_cycle()) cycle_began_ms_ = task.window_start_ms;
  context_.log.info("task opened", {{"task", to_hex(verified.id())},
                                    {"layout", task.layout},
                                    {"dimension", std::to_string(task.dimension)}});
  if (events_.opened) events_.opened(verified.id(), task);
  return {};
}

Status TrainingService::Impl::learn(const StoredRelease& release) {
  SOTTO_TRY(const GateReport report, course().accept(release, pool_));
  refused_ = !report.passed;
  if (!report.passed) {
    context_.log.warn("candidate refused", {{"why", report.reason}});
    return context_.queue.run([&](std::vector<StoreChange>& changes) {
      changes.push_back(context_.audit.append("server", "refuse candidate", report.reason,
                                              context_.clock.now_ms()));
    });
  }
  const auto before = published();
  SOTTO_CHECK_OK(publish("release", &report, release.reports));
  if (!report.roll_back || context_.config.rollback_share == 0 || before == nullptr ||
      before->publication.parent == 0)
    return {};
  // What was just published comes of contributions to the model that did worse than its parent.
  SOTTO_TRY([[maybe_unused]] const uint64_t sequence,
            roll_back_now(before->publication.parent, "server"));
  return {};
}

Status TrainingService::Impl::publish(std::string why, const GateReport* report, uint64_t reports) {
  SOTTO_TRY(const Snapshot snapshot, course().snapshot());
  const auto before = published();
  Publication lineage;
  lineage.parent = before ? before->manifest.sequence : 0;
  lineage.releases = course().releases();
  lineage.why = why;
  lineage.reports = reports;
  lineage.rho = course().paid_rho();
  if (report != nullptr) {
    lineage.metrics = report->metrics;
    lineage.drift = report->drift;
    lineage.movers = report->movers;
  }
  return install(
      [&](std::vector<StoreChange>& changes) -> Result<std::optional<PublishedVersion>> {
        SOTTO_TRY(
            PublishedVersion version,
            publisher_.prepare(*context_.keys.publisher, snapshot, course().content().catalogue,
                               lineage, context_.audit.head(), context_.clock.now_ms(), changes));
        return std::optional(std::move(version));
      },
      "server", "publish");
}

// One publication, on the training thread: prepared and committed in the queue, then shown.
Status TrainingService::Impl::install(
    std::function<Result<std::optional<PublishedVersion>>(std::vector<StoreChange>&)> prepare,
    const std::string& actor, const std::string& action) {
  std::optional<PublishedVersion> version;
  Status prepared;
  SOTTO_CHECK_OK(context_.queue.run([&](std::vector<StoreChange>& changes) {
    const std::lock_guard lock(mutex_);
    std::vector<StoreChange> own;
    auto made = prepare(own);
    if (!made.ok()) {
      prepared = made.error();
      return;
    }
    version = std::move(*made);
    if (!version) return;
    changes.insert(changes.end(), std::make_move_iterator(own.begin()),
                   std::make_move_iterator(own.end()));
    std::string detail =
        "sequence " + std::to_string(version->manifest.sequence) + ", " + version->publication.why;
    for (const auto& [item, moved] : version->publication.movers)
      detail += "; " + item + " moved " + std::to_string(moved);
    changes.push_back(context_.audit.append(actor, action, detail, context_.clock.now_ms()));
  }));
  SOTTO_CHECK_OK(prepared);
  if (!version) return {};
  const std::string why = version->publication.why;
  {
    const std::lock_guard lock(mutex_);
    publisher_.installed(std::move(*version));
  }
  SOTTO_CHECK_OK(show_latest());
  const auto site = published();
  context_.metrics.count_publication(why);
  context_.log.info("published", {{"sequence", std::to_string(site->manifest.sequence)},
                                  {"why", why},
                                  {"reports", std::to_string(site->publication.reports)}});
  if (events_.published) events_.published(*site);
  malloc_trim(0);  // what training has used goes back to the system
  return {};
}

void TrainingService::Impl::roll_back(uint64_t sequence, std::string actor,
                                      std::function<void(Result<uint64_t>)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      roll_backs_.push_back({sequence, std::move(actor), std::move(done)});
      changed_.notify_all();
      return;
    }
  }
  done(Error{ErrorCode::kCancelled, "the server is stopping"});
}

// On the training thread.
Result<uint64_t> TrainingService::Impl::roll_back_now(uint64_t sequence, const std::string& actor) {
  SOTTO_TRY(const PublishedVersion wanted, version(sequence));
  const SharedBytes model = file(wanted.manifest.model.hash);
  if (model == nullptr) return Error{ErrorCode::kNotFound, "model: its file is not kept"};
  SOTTO_TRY(const Snapshot snapshot, load_snapshot(*model, kModelMemory));
  SOTTO_CHECK_OK(course().use_model(snapshot));
  SOTTO_CHECK_OK(install(
      [&](std::vector<StoreChange>& changes) -> Result<std::optional<PublishedVersion>> {
        SOTTO_TRY(
            PublishedVersion version,
            publisher_.prepare_rollback(*context_.keys.publisher, sequence, context_.audit.head(),
                                        context_.clock.now_ms(), changes));
        changes.push_back(event_change(CourseEvent::kModel, *model));
        return std::optional(std::move(version));
      },
      actor, "roll back"));
  ++next_event_;
  std::optional<TaskId> open;
  {
    const std::lock_guard lock(mutex_);
    open = open_task_;
  }
  if (open) leader_->abandon(*open, "the model was rolled back");
  return published()->manifest.sequence;
}

PublishedSitePointer TrainingService::Impl::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

std::vector<Publication> TrainingService::Impl::versions() const {
  const std::lock_guard lock(mutex_);
  std::vector<Publication> all;
  for (const auto& [sequence, version] : publisher_.versions()) all.push_back(version.publication);
  return all;
}

Result<PublishedVersion> TrainingService::Impl::version(uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto found = publisher_.versions().find(sequence);
  if (found == publisher_.versions().end())
    return Error{ErrorCode::kNotFound, "model: there is no such version"};
  return found->second;
}

SharedBytes TrainingService::Impl::file(const Digest& hash) const {
  if (const auto site = published()) {
    if (hash == site->manifest.model.hash) return site->model;
    if (site->model_float32 && hash == site->manifest.model_float32.hash)
      return site->model_float32;
    if (site->catalogue && hash == site->manifest.catalogue.hash) return site->catalogue;
  }
  auto bytes = context_.store.get(kFiles, to_hex(hash));
  if (!bytes.ok() || !*bytes) return nullptr;
  return std::make_shared<const Bytes>(std::move(**bytes));
}

Status TrainingService::Impl::pause(bool paused, const std::string& actor) {
  SOTTO_CHECK_OK(context_.queue.run([&](std::vector<StoreChange>& changes) {
    changes.push_back({kServer, {kPausedKey, paused ? std::optional(Bytes{1}) : std::nullopt}});
    changes.push_back(context_.audit.append(actor, paused ? "pause training" : "resume training",
                                            "", context_.clock.now_ms()));
  }));
  const std::lock_guard lock(mutex_);
  paused_ = paused;
  return {};
}

bool TrainingService::Impl::paused() const {
  const std::lock_guard lock(mutex_);
  return paused_;
}

Result<std::unique_ptr<TrainingService>> TrainingService::open(const ServerContext& context,
                                                               HpkeKeys& own, HpkeKeys& collector,
                                                               PeerClient& helper, Events events) {
  if (!context.keys.publisher)
    return Error{ErrorCode::kNotFound,
                 context.config.keys + "/publisher.key: a leader that trains publishes, too"};
  SOTTO_TRY(const CourseOptions options, course_options(context.config));
  Publisher::Options publishing;
  publishing.site = context.pinned.site;
  publishing.label = context.config.label;
  SOTTO_TRY(Publisher publisher, Publisher::open(publishing, context.store));
  auto impl = std::make_unique<Impl>(context, own, collector, helper, std::move(events),
                                     std::move(publisher));
  SOTTO_CHECK_OK(impl->load(options));
  return std::unique_ptr<TrainingService>(new TrainingService(std::move(impl)));
}

TrainingService::TrainingService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrainingService::~TrainingService() { impl_->stop(); }
LeaderService::Events TrainingService::leader_events() { return impl_->leader_events(); }
void TrainingService::start(LeaderService& leader) { impl_->start(leader); }
void TrainingService::stop() { impl_->stop(); }
PublishedSitePointer TrainingService::published() const { return impl_->published(); }
std::vector<Publication> TrainingService::versions() const { return impl_->versions(); }
SharedBytes TrainingService::file(const Digest& hash) const { return impl_->file(hash); }
Result<PublishedVersion> TrainingService::version(uint64_t sequence) const {
  return impl_->version(sequence);
}
void TrainingService::roll_back(uint64_t sequence, std::string actor,
                                std::function<void(Result<uint64_t>)> done) {
  impl_->roll_back(sequence, std::move(actor), std::move(done));
}
Status TrainingService::pause(bool paused, const std::string& actor) {
  return impl_->pause(paused, actor);
}
bool TrainingService::paused() const { return impl_->paused(); }

}  // namespace sotto
