#include "server/training_service.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "crypto/text_encoding.hpp"
#include "lab/thread_pool.hpp"
#include "server/stored_course.hpp"
#include "server/task_opening.hpp"

namespace sotto {
namespace {

constexpr const char* kServer = "server";
constexpr const char* kPausedKey = "training paused";
constexpr const char* kVoid = "the model was rolled back";
constexpr auto kLook = std::chrono::milliseconds(200);
constexpr int64_t kHelperRetryMs = 2000;
constexpr int kRollbackTries = 3;

// For the audit log.
std::string describe(const QualityRelease& quality) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(),
                "%.0f devices: ndcg@100 mean %.4f (noise %.4f), p10 %.3f, median %.3f, p90 %.3f",
                quality.devices, quality.mean, quality.mean_sd, quality.p10, quality.median,
                quality.p90);
  return text.data();
}

}  // namespace

class TrainingService::Impl {
 public:
  Impl(const ServerContext& context, HpkeKeys& own, HpkeKeys& collector, PeerClient& helper,
       Events events, std::unique_ptr<SitePublisher> site)
      : context_(context),
        own_(own),
        collector_(collector),
        helper_(helper),
        events_(std::move(events)),
        site_(std::move(site)) {}

  Status load();
  LeaderService::Events leader_events();
  void start(LeaderService& leader);
  void stop();
  SitePublisher& site() { return *site_; }
  void roll_back(uint64_t sequence, std::string actor, std::function<void(Result<uint64_t>)> done);
  Status pause(bool paused, const std::string& actor);
  bool paused() const;
  std::optional<MeasuredQuality> quality() const;

 private:
  struct RollBack {
    uint64_t sequence = 0;
    std::string actor;
    std::function<void(Result<uint64_t>)> done;
  };
  using Learnt = StoredCourse::Learnt;

  // The training thread's.
  void run();
  void round();
  bool learn_collected();
  Status learn(const StoredRelease& release);
  Status keep_evaluation(const GateReport& report);
  void remember_quality();
  Status append_to_audit(const char* action, const std::string& detail);
  Status publish_what_is_due();
  Status act_on(const Learnt& learnt);
  Status publish(const char* why, const Learnt* learnt);
  Result<uint64_t> roll_back_now(uint64_t sequence, const std::string& actor,
                                 const std::optional<PrequentialRelease>& metrics = {});
  Status try_roll_back(uint64_t sequence, const std::string& actor,
                       const std::optional<PrequentialRelease>& metrics);
  Status open_next();
  bool tell(const char* what, const Status& status);
  bool sleep(int64_t ms);
  bool task_is_open() const;

  // The queue's thread's, which alone counts releases once the service has started.
  StoredRelease next_release(const ClosedTask& closed) const;
  void keep_sum(ClosedTask& closed, std::vector<StoreChange>& changes) const;
  void closed(const ClosedTask& closed);

  const ServerContext& context_;
  HpkeKeys& own_;
  HpkeKeys& collector_;
  PeerClient& helper_;
  Events events_;
  LeaderService* leader_ = nullptr;
  std::unique_ptr<SitePublisher> site_;

  // The training thread's (and load's): what is learnt.
  ThreadPool pool_{1};
  std::optional<StoredCourse> course_;

  uint64_t next_release_ = 0;  // the queue's: number of the one that the open task gives

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  std::vector<RollBack> roll_backs_;
  std::vector<StoredRelease> unlearnt_;  // collected since the thread last looked
  std::optional<TaskId> open_task_;
  std::optional<MeasuredQuality> quality_;
  bool paused_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

Status TrainingService::Impl::load() {
  SOTTO_TRY(course_, StoredCourse::open(context_, pool_));
  next_release_ = course_->course().releases();
  remember_quality();
  SOTTO_TRY(const auto paused, context_.store.get(kServer, kPausedKey));
  paused_ = paused.has_value();
  return {};
}

// --- What the leader's service tells ------------------------------------------------------------

LeaderService::Events TrainingService::Impl::leader_events() {
  LeaderService::Events events;
  events.closing = [this](ClosedTask& task, std::vector<StoreChange>& changes) {
    keep_sum(task, changes);
  };
  events.closed = [this](const ClosedTask& task) { closed(task); };
  return events;
}

StoredRelease TrainingService::Impl::next_release(const ClosedTask& closed) const {
  return {next_release_, closed.record.id, closed.record.file, closed.sum->reports,
          closed.sum->sum};
}

void TrainingService::Impl::keep_sum(ClosedTask& closed, std::vector<StoreChange>& changes) const {
  if (!closed.sum) return;
  // The course has left what this was asked for: it could not be learnt, nor any later one.
  if (closed.task.model_sequence < site_->rolled_back()) return closed.give_up(kVoid);
  const StoredRelease release = next_release(closed);
  changes.push_back({kReleaseSpace, {sequence_key(release.number), encode_release(release)}});
}

void TrainingService::Impl::closed(const ClosedTask& closed) {
  {
    const std::lock_guard lock(mutex_);
    if (closed.sum) {
      unlearnt_.push_back(next_release(closed));
      ++next_release_;
    }
    if (open_task_ == closed.record.id) open_task_.reset();
  }
  changed_.notify_all();
  if (closed.sum && events_.collected) events_.collected(closed.record.id, closed.sum->reports);
}

// --- The thread ---------------------------------------------------------------------------------

void TrainingService::Impl::start(LeaderService& leader) {
  leader_ = &leader;
  // A stop may have left a task for a model that was rolled back, or one beside its successor.
  {
    const std::lock_guard lock(mutex_);  // one that is closed now is told after this
    for (const auto& [id, task] : leader.unclosed()) {
      if (task.model_sequence < site_->rolled_back()) {
        leader.abandon(id, kVoid);
        continue;
      }
      if (open_task_) leader.abandon(*open_task_, "another task was opened after it");
      open_task_ = id;
    }
  }
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

// Logs what has failed, and waits a little before anything is tried again.
bool TrainingService::Impl::tell(const char* what, const Status& status) {
  if (status.ok()) return true;
  context_.log.warn(
      what, {{"code", error_code_name(status.error().code)}, {"why", status.error().message}});
  sleep(kHelperRetryMs);
  return false;
}

void TrainingService::Impl::round() {
  const bool learnt = learn_collected();
  std::vector<RollBack> roll_backs;
  {
    const std::lock_guard lock(mutex_);
    roll_backs.swap(roll_backs_);
  }
  for (const RollBack& wanted : roll_backs)
    wanted.done(roll_back_now(wanted.sequence, wanted.actor));
  if (!learnt || !tell("publishing failed", publish_what_is_due())) return;
  if (task_is_open() || paused()) return;
  tell("no task could be opened", open_next());
}

bool TrainingService::Impl::learn_collected() {
  std::vector<StoredRelease> releases;
  {
    const std::lock_guard lock(mutex_);
    releases.swap(unlearnt_);
  }
  bool learnt = true;
  for (const StoredRelease& release : releases)
    learnt = tell("a release taught nothing", learn(release)) && learnt;
  return learnt;
}

// The first model, what the latest release asks for, a new catalogue, a manifest that is half-way
// to its expiry.
Status TrainingService::Impl::publish_what_is_due() {
  SOTTO_CHECK_OK(site_->show());
  auto live = site_->published();
  if (live == nullptr) return publish("bootstrap", nullptr);
  if (const auto learnt = course_->learnt()) {
    if (live->publication.releases < learnt->releases) SOTTO_CHECK_OK(act_on(*learnt));
    course_->acted();
    live = site_->published();
  }
  if (live->manifest.catalogue.hash != course_->catalogue_hash())
    return publish("catalogue", nullptr);
  const Manifest& manifest = live->manifest;
  if (context_.clock.now_ms() <
      manifest.created_ms + (manifest.expires_ms - manifest.created_ms) / 2)
    return {};
  return site_->install(
      [&](const Publisher& publisher, std::vector<StoreChange>& changes) {
        return publisher.prepare_renewal(*context_.keys.publisher, context_.audit.head(),
                                         context_.clock.now_ms(), changes);
      },
      kServer, "renew manifest");
}

bool TrainingService::Impl::task_is_open() const {
  const std::lock_guard lock(mutex_);
  return open_task_.has_value() || !unlearnt_.empty();
}

Status TrainingService::Impl::open_next() {
  SOTTO_TRY(auto asked, course_->next_task(context_.clock.now_ms()));
  if (!asked) return {};
  SOTTO_TRY(const AgreedTask agreed,
            agree_on_task(context_, own_, collector_, helper_, site_->published()->manifest,
                          std::move(*asked)));
  {
    const std::lock_guard lock(mutex_);
    open_task_ = agreed.id;
  }
  const Status opened = leader_->open_task(agreed.file, agreed.collector_key, agreed.helper_key);
  if (!opened.ok()) {
    const std::lock_guard lock(mutex_);
    open_task_.reset();
    return opened;
  }
  course_->opened(agreed.task);
  context_.log.info("task opened", {{"task", to_hex(agreed.id)},
                                    {"layout", agreed.task.layout},
                                    {"dimension", std::to_string(agreed.task.dimension)}});
  if (events_.opened) events_.opened(agreed.id, agreed.task);
  return {};
}

Status TrainingService::Impl::learn(const StoredRelease& release) {
  SOTTO_TRY(const GateReport report, course_->learn(release));
  if (report.evaluation) return keep_evaluation(report);
  if (!report.passed) {
    context_.log.warn("candidate refused", {{"why", report.reason}});
    return append_to_audit("refuse candidate", report.reason);
  }
  return {};
}

// Publishes the candidate, unless the live model, to which its contributions were made, did worse
// than the one before: then that one is published again.
Status TrainingService::Impl::act_on(const Learnt& learnt) {
  const GateReport& report = learnt.report;
  if (report.roll_back_to != 0 && context_.config.rollback_share > 0) {
    const auto rolled_back = roll_back_now(report.roll_back_to, kServer, report.metrics);
    // Its files are kept for a while only.
    if (rolled_back.ok() || rolled_back.error().code != ErrorCode::kNotFound)
      return rolled_back.ok() ? Status() : rolled_back.error();
    tell("a model that did worse stays", rolled_back.error());
  }
  return report.passed ? publish("release", &learnt) : Status();
}

Status TrainingService::Impl::keep_evaluation(const GateReport& report) {
  if (!report.passed) {
    context_.log.warn("evaluation refused", {{"why", report.reason}});
    return append_to_audit("refuse evaluation", report.reason);
  }
  const std::string said =
      report.quality ? describe(*report.quality) : "no more devices with placements than noise";
  remember_quality();
  context_.log.info("evaluated", {{"quality", said}});
  return append_to_audit("evaluate", said);
}

void TrainingService::Impl::remember_quality() {
  const std::lock_guard lock(mutex_);
  quality_ = course_->course().quality();
  if (quality_) context_.metrics.set_quality(quality_->values);
}

Status TrainingService::Impl::append_to_audit(const char* action, const std::string& detail) {
  return context_.queue.run([&](std::vector<StoreChange>& changes) {
    changes.push_back(context_.audit.append(kServer, action, detail, context_.clock.now_ms()));
  });
}

Status TrainingService::Impl::publish(const char* why, const Learnt* learnt) {
  const Course& course = course_->course();
  SOTTO_TRY(const Snapshot snapshot, course.snapshot());
  SOTTO_TRY(VersionFiles files, site_->make_files(snapshot, course.content().catalogue));
  Publication lineage;
  lineage.releases = course.releases();
  lineage.why = why;
  lineage.rho = course.paid_rho();
  if (learnt != nullptr) {
    lineage.reports = learnt->reports;
    lineage.metrics = learnt->report.metrics;
    lineage.drift = learnt->report.drift;
    lineage.movers = learnt->report.movers;
  }
  return site_->install(
      [&](const Publisher& publisher,
          std::vector<StoreChange>& changes) -> Result<std::optional<PublishedVersion>> {
        SOTTO_TRY(PublishedVersion version,
                  publisher.prepare(*context_.keys.publisher, std::move(files), lineage,
                                    context_.audit.head(), context_.clock.now_ms(), changes));
        return std::optional(std::move(version));
      },
      kServer, "publish");
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

// A release may be stored in the very moment: it is learnt first, and then it is tried again.
Result<uint64_t> TrainingService::Impl::roll_back_now(
    uint64_t sequence, const std::string& actor, const std::optional<PrequentialRelease>& metrics) {
  Status done;
  for (int tried = 0; tried < kRollbackTries; ++tried) {
    done = try_roll_back(sequence, actor, metrics);
    if (done.ok() || done.error().code != ErrorCode::kDisagreement) break;
    learn_collected();
  }
  SOTTO_CHECK_OK(done);
  return site_->published()->manifest.sequence;
}

Status TrainingService::Impl::try_roll_back(uint64_t sequence, const std::string& actor,
                                            const std::optional<PrequentialRelease>& metrics) {
  SOTTO_TRY(const PublishedVersion wanted, site_->version(sequence));
  const SharedBytes model = site_->file(wanted.manifest.model.hash).bytes;
  if (model == nullptr && site_->keeps(wanted.manifest.model.hash))
    return {ErrorCode::kIo, "model: its file cannot be read"};
  if (model == nullptr) return {ErrorCode::kNotFound, "model: its file is not kept"};
  SOTTO_TRY(StoredCourse::Turn turn, course_->turn_to(*model));
  Publication lineage;
  lineage.rho = course_->course().paid_rho();
  lineage.metrics = metrics;
  const uint64_t before = site_->rolled_back();
  const Status installed = site_->install(
      [&](const Publisher& publisher,
          std::vector<StoreChange>& changes) -> Result<std::optional<PublishedVersion>> {
        if (next_release_ != course_->course().releases())
          return Error{ErrorCode::kDisagreement, "model: a release is not learnt yet"};
        SOTTO_TRY(
            PublishedVersion version,
            publisher.prepare_rollback(*context_.keys.publisher, sequence, std::move(lineage),
                                       context_.audit.head(), context_.clock.now_ms(), changes));
        changes.push_back(std::move(turn.change));
        return std::optional(std::move(version));
      },
      actor, "roll back");
  if (site_->rolled_back() == before) return installed;  // nothing of it is stored
  course_->take(std::move(turn));
  std::optional<TaskId> open;
  {
    const std::lock_guard lock(mutex_);
    open = open_task_;
  }
  if (open) leader_->abandon(*open, kVoid);
  return installed;
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

std::optional<MeasuredQuality> TrainingService::Impl::quality() const {
  const std::lock_guard lock(mutex_);
  return quality_;
}

Result<std::unique_ptr<TrainingService>> TrainingService::open(const ServerContext& context,
                                                               HpkeKeys& own, HpkeKeys& collector,
                                                               PeerClient& helper, Events events) {
  if (!context.keys.publisher)
    return Error{ErrorCode::kNotFound,
                 context.config.keys + "/publisher.key: a leader that trains publishes, too"};
  SOTTO_TRY(auto site, SitePublisher::open(context, events.published));
  auto impl =
      std::make_unique<Impl>(context, own, collector, helper, std::move(events), std::move(site));
  SOTTO_CHECK_OK(impl->load());
  return std::unique_ptr<TrainingService>(new TrainingService(std::move(impl)));
}

TrainingService::TrainingService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrainingService::~TrainingService() { impl_->stop(); }
LeaderService::Events TrainingService::leader_events() { return impl_->leader_events(); }
void TrainingService::start(LeaderService& leader) { impl_->start(leader); }
void TrainingService::stop() { impl_->stop(); }
SitePublisher& TrainingService::site() { return impl_->site(); }
void TrainingService::roll_back(uint64_t sequence, std::string actor,
                                std::function<void(Result<uint64_t>)> done) {
  impl_->roll_back(sequence, std::move(actor), std::move(done));
}
Status TrainingService::pause(bool paused, const std::string& actor) {
  return impl_->pause(paused, actor);
}
bool TrainingService::paused() const { return impl_->paused(); }
std::optional<MeasuredQuality> TrainingService::quality() const { return impl_->quality(); }

}  // namespace sotto
