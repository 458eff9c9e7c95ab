// The leader's training: opens tasks, learns from what they release, publishes, watches, rolls
// back.
//
// One thread of its own goes round:
//   1. bootstrap  nothing is published yet -> the first model, from content alone
//   2. open       the course's next task, for the latest model: signed, countersigned by the helper
//                 (again and again while it is away), stored, announced
//   3. wait       until the task is collected (its release is stored in that very commit) or
//                 abandoned; then an abandoned one is opened anew
//   4. learn      the release -> a candidate; if the gate lets it pass: signed, stored, published,
//                 announced. If the released metric says that the live model, to which its
//                 contributions were made, is worse than the one before: that one is published
//                 again instead. An evaluation gives no candidate: what it says stands in quality()
//                 and, unless the server is stopped in between, in the audit log.
// After the last release of a cycle the next one's counts wait until training.cycle has passed
// since those before them, and so does its evaluation: what a device pays is a cycle's price in any
// such time. The course is rebuilt at every start (stored_course.hpp); a release that was stored
// and not acted upon is acted upon then.
//
// A rollback is one commit: the publication, and the record that the course goes on from its model.
// What was opened for the model before it is worth nothing from then on: its task is abandoned, and
// should it be collected all the same, its sum is not kept (a task names the publication that it
// was opened for). A release that is stored and not learnt yet is learnt before.
//
// Records: those of stored_course.hpp, and (space, key, bytes)
//   "server"   "training paused"        present: no task is opened
// Thread safety: every public call from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "publishing/course.hpp"
#include "server/context.hpp"
#include "server/leader_service.hpp"
#include "server/peer_client.hpp"
#include "server/site_publisher.hpp"

namespace sotto {

class TrainingService {
 public:
  struct Events {
    std::function<void(const PublishedSite&)> published;
    std::function<void(const TaskId&, const Task&)> opened;
    std::function<void(const TaskId&, uint64_t reports)> collected;
  };

  /// Reads releases and publications and learns what has not been learnt. Does not start yet.
  /// Errors: those of the course, the publisher and the store, naming what.
  static Result<std::unique_ptr<TrainingService>> open(const ServerContext& context, HpkeKeys& own,
                                                       HpkeKeys& collector, PeerClient& helper,
                                                       Events events);
  ~TrainingService();

  /// The hooks of the leader's service.
  LeaderService::Events leader_events();
  /// Starts the thread. leader: lent for the life of the service.
  void start(LeaderService& leader);
  void stop();

  /// What is published. Only its constant calls and file() are anybody else's.
  SitePublisher& site();

  /// Publishes a version again under a new sequence, which `done` gets once it is durable; the open
  /// task is abandoned, training goes on from that version. Errors: kNotFound; kIo; kCancelled;
  /// kDisagreement while a release is stored that does not fit the course.
  void roll_back(uint64_t sequence, std::string actor, std::function<void(Result<uint64_t>)> done);
  /// What the latest evaluation that said anything has said, also before a restart.
  std::optional<MeasuredQuality> quality() const;
  /// Durable when it returns. Errors: kIo.
  Status pause(bool paused, const std::string& actor);
  bool paused() const;

 private:
  class Impl;
  explicit TrainingService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
