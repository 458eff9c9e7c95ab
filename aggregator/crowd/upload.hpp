// The uploads of a crowd: each report from its sending moment to its end.
//
//   wait    until the moment, or for a connection
//   send    PUT /v1/tasks/{task}/reports/{report}
//   200           acknowledged; perhaps sent once more, as a device that did not hear the answer
//   429, 5xx      again after Retry-After (without one after a growing pause), while the window
//   lasts no answer     again likewise, with the same bytes anything else refused, by its code
// Thread safety: the timeline's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "base/random.hpp"
#include "crowd/accounting.hpp"
#include "crowd/clear_sums.hpp"
#include "crowd/site_client.hpp"
#include "crowd/timeline.hpp"
#include "crowd/transport.hpp"
#include "crowd/visitor.hpp"

namespace sotto {

struct UploadOptions {
  double dropout = 0;  ///< As CrowdOptions, here and below.
  double duplicates = 0;
  double late = 0;
  double think_s = 0;
  bool prompt = false;
  bool burst = false;
  size_t most_in_flight = 0;  ///< 0: no limit.
  uint64_t seed = 1;
};

class Uploads {
 public:
  Uploads(const UploadOptions& options, CrowdTransport& transport, Timeline& timeline,
          TaskAccounts& accounts, ClearSums* clear);
  ~Uploads();

  /// A report that was made. visitor: outlives the uploads.
  void add(SimulatedVisitor& visitor, std::shared_ptr<const OpenTask> task, Decision decision);
  /// Nothing is sent while held.
  void hold() { held_ = true; }
  void release();
  /// Every report that is not in flight comes to its end.
  void stop();

  size_t in_flight() const { return in_flight_; }
  /// Of a task: reports that have not come to their end, and duplicates under way.
  size_t under_way(const TaskId& task) const;
  size_t under_way() const;
  uint64_t finished() const { return finished_; }
  const UploadTraffic& traffic() const { return traffic_; }

 private:
  struct Upload;
  using UploadPointer = std::shared_ptr<Upload>;
  enum class End { kAcknowledged, kRefused, kGivenUp, kLeft, kNeverSent };

  int64_t first_moment(const Upload& upload, int64_t send_at_ms, bool late);
  void schedule(UploadPointer upload, int64_t at_ms);
  void begin(const UploadPointer& upload);
  bool believes_over(const Upload& upload) const;
  void send_waiting();
  void send(const UploadPointer& upload);
  void on_answer(const UploadPointer& upload, Result<CrowdReply> reply);
  void on_reply(const UploadPointer& upload, const CrowdReply& reply);
  void on_loss(const UploadPointer& upload, const ErrorInfo& error);
  void on_duplicate_answer(const UploadPointer& upload, const Result<CrowdReply>& reply);
  void acknowledge(const UploadPointer& upload, uint64_t latency_us);
  void come_back(const UploadPointer& upload);
  void try_again(const UploadPointer& upload, std::optional<uint32_t> retry_after_s);
  void finish(const UploadPointer& upload, End end, const std::string& code = {});
  int64_t think_ms(Random& random) const;

  UploadOptions options_;
  CrowdTransport& transport_;
  Timeline& timeline_;
  TaskAccounts& accounts_;
  ClearSums* clear_;
  std::deque<UploadPointer> waiting_;  // for a connection
  std::set<UploadPointer> open_;       // not at their end, or with a duplicate under way
  std::map<TaskId, size_t> open_of_;
  std::map<TaskId, std::set<Nonce>> acknowledged_;
  size_t in_flight_ = 0;
  uint64_t finished_ = 0;
  bool held_ = false;
  bool stopped_ = false;
  UploadTraffic traffic_;
};

}  // namespace sotto
