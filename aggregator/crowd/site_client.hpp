// What a crowd knows of its site: the published model, opened once for everybody, and the tasks
// that take reports, with their keys. All of it is checked as every device checks it.
//
//   poll      GET /v1/manifest with If-None-Match. A new one: its files by hash, then the model.
//             Then GET /v1/tasks; of each new one the file, and the keys that it names.
//   on_task   for each task of the model that is published now, once
// After a failure the next poll tries again. Thread safety: the timeline's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crowd/timeline.hpp"
#include "crowd/transport.hpp"
#include "device/device_model.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

/// A task with all that a device needs for it. Immutable, shared by all visitors.
struct OpenTask {
  VerifiedTask verified;
  Bytes file;
  Bytes leader_key;  ///< As encode_signed_key writes them.
  Bytes helper_key;
  std::shared_ptr<const DeviceModel> model;

  const Task& task() const { return verified.task(); }
  const TaskId& id() const { return verified.id(); }
};

struct SiteClientOptions {
  PinnedSite pinned;
  int64_t poll_ms = 1000;
  bool keys_from_helper = false;  ///< The helper's key from itself; else from the leader.
  uint64_t memory_budget = uint64_t{4} << 30;  ///< For the model.
};

struct SiteTraffic {
  uint64_t polls = 0;
  uint64_t not_modified = 0;   ///< Of these.
  uint64_t models = 0;         ///< Opened.
  uint64_t failures = 0;       ///< Polls that did not come to their end,
  std::string last_failure{};  ///< and why the last one did not.
};

class SiteClient {
 public:
  using OnTask = std::function<void(std::shared_ptr<const OpenTask>)>;

  SiteClient(SiteClientOptions options, CrowdTransport& transport, Timeline& timeline);
  /// on_task: called on the timeline's thread.
  void start(OnTask on_task);
  /// No further poll begins.
  void stop() { stopped_ = true; }

  /// Null until one was opened.
  const std::shared_ptr<const DeviceModel>& model() const { return model_; }
  const SiteTraffic& traffic() const { return traffic_; }

 private:
  using Then = std::function<void(CrowdReply)>;
  /// What a manifest names, while it is being fetched.
  struct Arriving {
    std::string etag;
    Bytes manifest, snapshot, catalogue;
  };
  struct ArrivingTask {
    VerifiedTask verified;
    Bytes file;
  };

  void poll();
  void get(bool to_helper, std::string target, std::string etag, Then then);
  void fail(const std::string& what, const ErrorInfo& error);
  void finish_poll();
  void on_manifest(CrowdReply reply);
  void fetch_catalogue(std::shared_ptr<Arriving> arriving, const Manifest& manifest);
  void open_model(const Arriving& arriving);
  void fetch_tasks();
  void on_tasks(const Bytes& list);
  void fetch_next_task();
  void on_task_file(const TaskId& id, Bytes file);
  void fetch_key(const KeyId& id, bool of_helper, std::function<void()> then);
  void offer(const std::shared_ptr<ArrivingTask>& arriving);

  SiteClientOptions options_;
  CrowdTransport& transport_;
  Timeline& timeline_;
  OnTask on_task_;
  std::shared_ptr<const DeviceModel> model_;
  std::string etag_;
  std::set<TaskId> known_;
  std::vector<TaskId> to_fetch_;
  std::map<KeyId, Bytes> keys_;
  SiteTraffic traffic_;
  bool stopped_ = false;
};

/// The ids of the task list whose model_sequence is `sequence`: {"tasks": [{"id", ...}]}.
/// Errors: kMalformed, naming the member.
Result<std::vector<TaskId>> parse_task_list(std::string_view json, uint64_t sequence);

/// The member "code" of a problem document; "HTTP 500" or the like when there is none.
std::string problem_code(const CrowdReply& reply);

}  // namespace sotto
