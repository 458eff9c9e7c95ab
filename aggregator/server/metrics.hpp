// What a server counts, as Prometheus text.
// Thread safety: every call from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/server.hpp"
#include "model/quality_release.hpp"

namespace sotto {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// sotto_uploads_total{result}: "new", "known", or the code of the refusal.
  void count_upload(std::string_view result);
  /// sotto_reports_rejected_total{reason}: in preparation.
  void count_rejected(std::string_view reason, uint64_t reports);
  /// sotto_reports_aggregated_total.
  void count_aggregated(uint64_t reports);
  /// sotto_jobs_total{result}: "committed", "retried", "failed".
  void count_job(std::string_view result);
  /// sotto_tasks_total{state}: "opened", "collected", "abandoned".
  void count_task(std::string_view state);
  /// sotto_publications_total{why}.
  void count_publication(std::string_view why);
  /// sotto_admin_requests_total{result}: "allowed", "unauthenticated", "forbidden", "limited".
  void count_admin(std::string_view result);
  /// sotto_reports_waiting, sotto_queue_waiting, sotto_published_sequence.
  void set_waiting(uint64_t reports);
  void set_queue(uint64_t works);
  void set_sequence(uint64_t sequence);
  /// sotto_quality_ndcg_100{of}: "mean", "p10", "median", "p90"; sotto_quality_devices. Of the
  /// latest evaluation that said anything.
  void set_quality(const QualityRelease& quality);
  /// sotto_commit_seconds (histogram): from a post to its answer.
  void observe_commit(double seconds);

  /// The page, with what the HTTP server says of itself.
  std::string text(const HttpStatistics& http) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sotto
