// The visitors of a crowd: who they are, when they come, and their work on the executor.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "crowd/crowd.hpp"
#include "crowd/upload.hpp"
#include "crowd/visitor.hpp"

namespace sotto {

/// What the guests work with. Refers to all.
struct GuestsOf {
  const CrowdOptions& options;
  const PinnedSite& pinned;
  const CrowdPeople& people;
  const SiteClient& site;
  Executor& executor;
  Timeline& timeline;
  Uploads& uploads;
  TaskAccounts& accounts;
};

/// Thread safety: the timeline's thread.
class Guests {
 public:
  explicit Guests(const GuestsOf& of);
  ~Guests();

  /// Their arrivals begin. Once, when the site has a model.
  void invite();
  /// Everybody who is here, or comes while it lasts, will decide about it.
  /// Errors: those of Attackers::create.
  Status open(std::shared_ptr<const OpenTask> task);
  /// Some of the work that there is, on the executor; the reports go to the uploads. False: none.
  bool compute_some();

  /// The first failure of a visitor, that is no refusal of a task.
  const Status& failure() const { return failure_; }
  /// All have come and decided about every task that is open.
  bool all_decided() const { return settled_ == guests_.size() && planned_ == 0; }
  uint64_t arrived() const { return arrived_; }
  uint64_t malicious() const;
  double making_s() const { return making_s_; }

 private:
  struct Guest;

  int64_t after_a_thought();
  void plan(Guest& guest, const std::shared_ptr<const OpenTask>& task);
  void enqueue(Guest& guest);
  void work(Guest& guest, int64_t now_ms) const;
  void settle(Guest& guest);
  void browse_later(Guest& guest);
  void decide_about_all(Guest& guest);
  void settle_decisions(Guest& guest);

  GuestsOf of_;
  DeviceOptions device_options_;
  std::vector<std::unique_ptr<Guest>> guests_;
  std::vector<std::shared_ptr<const OpenTask>> tasks_;
  std::map<TaskId, std::unique_ptr<const Attackers>> attackers_;
  std::deque<Guest*> queue_;
  Random thinking_;
  Status failure_;
  uint64_t arrived_ = 0;
  uint64_t settled_ = 0;
  uint64_t planned_ = 0;  // decisions to come
  double making_s_ = 0;
};

}  // namespace sotto
