#include "cli/crowd_report.hpp"

#include <cstdio>
#include <string>
#include <utility>

#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

constexpr double kUsPerMs = 1000;
constexpr std::pair<const char*, double> kPercentiles[] = {
    {"p50", .5}, {"p90", .9}, {"p99", .99}, {"p99.9", .999}};

json::object by_reason(const CountsByReason& counts) {
  json::object out;
  for (const auto& [reason, count] : counts) out[reason] = count;
  return out;
}

json::object to_json(const TaskAccount& account) {
  return {{"made", account.made},
          {"zero_reports", account.zero},
          {"unfunded", account.unfunded},
          {"malicious", account.malicious},
          {"declined", account.declined},
          {"not_made", by_reason(account.not_made)},
          {"acknowledged", account.acknowledged},
          {"refused", by_reason(account.refused)},
          {"given_up", account.given_up},
          {"left", account.left},
          {"never_sent", account.never_sent},
          {"unanswered", account.unanswered}};
}

json::object to_json(const ServerAccount& account) {
  return {{"phase", account.phase},
          {"batch", account.batch},
          {"pending", account.pending},
          {"rejected", by_reason(account.rejected)}};
}

json::object to_json(const LatencyHistogram& latency) {
  json::object out{{"count", latency.count()},
                   {"relative_precision", 1.0 / static_cast<double>(LatencyHistogram::kSteps)}};
  for (const auto& [name, share] : kPercentiles)
    out[name] = static_cast<double>(latency.percentile_us(share)) / kUsPerMs;
  out["mean"] = latency.mean_us() / kUsPerMs;
  out["max"] = static_cast<double>(latency.max_us()) / kUsPerMs;
  return out;
}

json::object to_json(const UploadTraffic& traffic) {
  return {{"requests", traffic.requests},
          {"aborted", traffic.aborted},
          {"came_back", traffic.came_back},
          {"unavailable", traffic.unavailable},
          {"rate_limited", traffic.limited},
          {"lost", traffic.lost},
          {"duplicates", traffic.duplicates},
          {"duplicate_answers", by_reason(traffic.duplicate_answers)},
          {"bytes", traffic.bytes},
          {"latency_ms", to_json(traffic.latency)}};
}

json::object to_json(const SiteTraffic& site) {
  return {{"polls", site.polls},
          {"not_modified", site.not_modified},
          {"models", site.models},
          {"failures", site.failures},
          {"last_failure", site.last_failure}};
}

void print_line(const char* name, uint64_t count, const char* remark = "") {
  std::printf("  %-24s %12llu  %s\n", name, static_cast<unsigned long long>(count), remark);
}

void print_reasons(const char* name, const CountsByReason& counts) {
  for (const auto& [reason, count] : counts)
    print_line((std::string(name) + " " + reason).c_str(), count);
}

void print_reports(const TaskAccount& sum) {
  std::printf("reports\n");
  print_line("made", sum.made);
  print_line("  zero reports", sum.zero, "nothing to say, or no budget");
  print_line("    unfunded", sum.unfunded, "no budget");
  print_line("  malicious", sum.malicious);
  print_line("acknowledged", sum.acknowledged);
  print_reasons("refused", sum.refused);
  print_line("given up", sum.given_up, "the window or the run was over");
  print_line("left", sum.left, "in mid-upload, for good");
  print_line("never sent", sum.never_sent);
  print_line("declined", sum.declined, "not made: the coin said no");
  print_reasons("not made", sum.not_made);
}

void print_server(const TaskAccounts& accounts, const ServerAccounts& server) {
  ServerAccount sum;
  for (const auto& [task, account] : accounts) {
    const auto there = server.find(task);
    if (there == server.end()) continue;
    sum.batch += there->second.batch;
    sum.pending += there->second.pending;
    for (const auto& [reason, count] : there->second.rejected) sum.rejected[reason] += count;
  }
  std::printf("at the leader\n");
  print_line("in the batch", sum.batch);
  print_reasons("rejected", sum.rejected);
  print_line("pending", sum.pending);
}

void print_traffic(const CrowdOutcome& outcome) {
  const UploadTraffic& traffic = outcome.uploads;
  const Throughput throughput = throughput_of(outcome);
  std::printf("uploads\n");
  print_line("requests", traffic.requests);
  print_line("torn down on purpose", traffic.aborted);
  print_line("  came back", traffic.came_back);
  print_line("answered 5xx", traffic.unavailable);
  print_line("answered 429", traffic.limited);
  print_line("lost", traffic.lost);
  print_line("duplicates", traffic.duplicates);
  print_reasons("  answered", traffic.duplicate_answers);
  std::printf("  %.1f MB, %.1f reports/s, %.2f MB/s over %.1f s\n",
              static_cast<double>(traffic.bytes) / 1e6, throughput.reports_per_s,
              throughput.bytes_per_s / 1e6, throughput.seconds);
  std::printf("  latency ms:");
  for (const auto& [name, share] : kPercentiles)
    std::printf(" %s %.1f", name,
                static_cast<double>(traffic.latency.percentile_us(share)) / kUsPerMs);
  std::printf(" max %.1f (percentiles to 1/%llu)\n",
              static_cast<double>(traffic.latency.max_us()) / kUsPerMs,
              static_cast<unsigned long long>(LatencyHistogram::kSteps));
}

}  // namespace

Throughput throughput_of(const CrowdOutcome& outcome) {
  Throughput out;
  const UploadTraffic& traffic = outcome.uploads;
  if (traffic.last_ms <= traffic.first_ms) return out;
  out.seconds = static_cast<double>(traffic.last_ms - traffic.first_ms) / 1000;
  out.reports_per_s = static_cast<double>(sum_of(outcome.accounts).acknowledged) / out.seconds;
  out.bytes_per_s = static_cast<double>(traffic.bytes) / out.seconds;
  return out;
}

json::object to_json(const CrowdOptions& options, const CrowdOutcome& outcome,
                     const std::optional<ServerAccounts>& server, const Status& checked) {
  json::array tasks;
  for (const auto& [id, account] : outcome.accounts) {
    json::object task = to_json(account);
    task["task"] = to_hex(id);
    if (server)
      if (const auto there = server->find(id); there != server->end())
        task["leader"] = to_json(there->second);
    tasks.push_back(std::move(task));
  }
  const Throughput throughput = throughput_of(outcome);
  return {{"visitors", outcome.visitors},
          {"malicious_visitors", outcome.malicious},
          {"seed", options.seed},
          {"seconds", static_cast<double>(outcome.duration_ms) / 1000},
          {"making_seconds", outcome.making_s},
          {"reports", to_json(sum_of(outcome.accounts))},
          {"tasks", std::move(tasks)},
          {"uploads", to_json(outcome.uploads)},
          {"throughput",
           {{"seconds", throughput.seconds},
            {"reports_per_second", throughput.reports_per_s},
            {"bytes_per_second", throughput.bytes_per_s}}},
          {"site", to_json(outcome.site)},
          {"leader_was_asked", server.has_value()},
          {"adds_up", checked.ok()},
          {"disagreement", checked.ok() ? json::value() : json::value(checked.error().message)}};
}

void print_crowd(const CrowdOutcome& outcome, const std::optional<ServerAccounts>& server) {
  std::printf("%llu visitors, %zu tasks, %.1f s; %.1f s of making reports\n",
              static_cast<unsigned long long>(outcome.visitors), outcome.accounts.size(),
              static_cast<double>(outcome.duration_ms) / 1000, outcome.making_s);
  print_reports(sum_of(outcome.accounts));
  if (server) print_server(outcome.accounts, *server);
  print_traffic(outcome);
  if (outcome.site.failures > 0)
    std::printf("%llu of %llu polls failed, the last one: %s\n",
                static_cast<unsigned long long>(outcome.site.failures),
                static_cast<unsigned long long>(outcome.site.polls),
                outcome.site.last_failure.c_str());
}

}  // namespace sotto
