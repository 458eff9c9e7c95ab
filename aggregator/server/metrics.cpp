#include "server/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace sotto {
namespace {

using CounterFamily = prometheus::Family<prometheus::Counter>;

CounterFamily& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

void add(CounterFamily& family, const char* label, std::string_view value, double by = 1) {
  family.Add({{label, std::string(value)}}).Increment(by);
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  CounterFamily& uploads = counter(registry, "sotto_uploads_total", "Reports uploaded, by result");
  CounterFamily& rejected =
      counter(registry, "sotto_reports_rejected_total", "Reports rejected in preparation");
  prometheus::Counter& aggregated =
      counter(registry, "sotto_reports_aggregated_total", "Reports added up").Add({});
  CounterFamily& jobs = counter(registry, "sotto_jobs_total", "Aggregation jobs, by result");
  CounterFamily& tasks = counter(registry, "sotto_tasks_total", "Tasks, by what became of them");
  CounterFamily& publications =
      counter(registry, "sotto_publications_total", "Published versions, by why");
  CounterFamily& admin =
      counter(registry, "sotto_admin_requests_total", "Administrators' requests, by result");
  prometheus::Gauge& waiting =
      gauge(registry, "sotto_reports_waiting", "Reports that are stored and in no job");
  prometheus::Gauge& queue =
      gauge(registry, "sotto_queue_waiting", "Works that wait to be durable");
  prometheus::Gauge& sequence =
      gauge(registry, "sotto_published_sequence", "Sequence of the published manifest");
  prometheus::Family<prometheus::Gauge>& quality =
      prometheus::BuildGauge()
          .Name("sotto_quality_ndcg_100")
          .Help("Devices' ndcg@100 in the latest evaluation")
          .Register(registry);
  prometheus::Gauge& quality_devices =
      gauge(registry, "sotto_quality_devices", "Devices with placements in the latest evaluation");
  prometheus::Gauge& connections = gauge(registry, "sotto_http_connections", "Open connections");
  prometheus::Gauge& websockets = gauge(registry, "sotto_http_websockets", "Open WebSockets");
  prometheus::Gauge& body_memory =
      gauge(registry, "sotto_http_body_bytes", "Bytes of request bodies in memory");
  // Counted by the HTTP server itself since its start.
  prometheus::Gauge& requests = gauge(registry, "sotto_http_requests", "Requests since the start");
  prometheus::Gauge& refused =
      gauge(registry, "sotto_http_refused", "Requests refused for limits since the start");
  prometheus::Histogram& commit =
      prometheus::BuildHistogram()
          .Name("sotto_commit_seconds")
          .Help("From an upload's post to its durability")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{.001, .002, .005, .01, .02, .05, .1, .2,
                                                           .5, 1, 2, 5});
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count_upload(std::string_view result) { add(impl_->uploads, "result", result); }
void Metrics::count_rejected(std::string_view reason, uint64_t reports) {
  add(impl_->rejected, "reason", reason, static_cast<double>(reports));
}
void Metrics::count_aggregated(uint64_t reports) {
  impl_->aggregated.Increment(static_cast<double>(reports));
}
void Metrics::count_job(std::string_view result) { add(impl_->jobs, "result", result); }
void Metrics::count_task(std::string_view state) { add(impl_->tasks, "state", state); }
void Metrics::count_publication(std::string_view why) { add(impl_->publications, "why", why); }
void Metrics::count_admin(std::string_view result) { add(impl_->admin, "result", result); }
void Metrics::set_waiting(uint64_t reports) { impl_->waiting.Set(static_cast<double>(reports)); }
void Metrics::set_queue(uint64_t works) { impl_->queue.Set(static_cast<double>(works)); }
void Metrics::set_sequence(uint64_t sequence) {
  impl_->sequence.Set(static_cast<double>(sequence));
}
void Metrics::set_quality(const QualityRelease& quality) {
  const std::pair<const char*, double> values[] = {{"mean", quality.mean},
                                                   {"p10", quality.p10},
                                                   {"median", quality.median},
                                                   {"p90", quality.p90}};
  for (const auto& [of, value] : values) impl_->quality.Add({{"of", of}}).Set(value);
  impl_->quality_devices.Set(quality.devices);
}
void Metrics::observe_commit(double seconds) { impl_->commit.Observe(seconds); }

std::string Metrics::text(const HttpStatistics& http) const {
  impl_->connections.Set(static_cast<double>(http.connections));
  impl_->websockets.Set(static_cast<double>(http.websockets));
  impl_->body_memory.Set(static_cast<double>(http.body_memory));
  impl_->requests.Set(static_cast<double>(http.requests));
  impl_->refused.Set(static_cast<double>(http.refused));
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace sotto
