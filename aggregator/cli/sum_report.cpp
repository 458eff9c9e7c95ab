#include "cli/sum_report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "protocol/report.hpp"
#include "vdaf/sum.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

// Keys of entries that are added up over rounds.
constexpr std::array kSeconds{"seconds_devices", "seconds_leader", "seconds_helper",
                              "seconds_collector"};

double seconds_of(const json::object& of, const char* key) {
  return of.at(key).to_number<double>();
}

}  // namespace

size_t sum_report_bytes(size_t dimension) {
  const auto vdaf = Sum::create(dimension);
  return vdaf.ok() ? report_size(vdaf->sizes()) : 0;
}

void describe_sum(const SumStatistics& statistics, size_t dimension, json::object& round) {
  round["participants"] = statistics.reports;
  round["cohorts"] = statistics.cohorts;
  round["clipped"] = statistics.clipped ? json::value(*statistics.clipped) : json::value();
  round["report_bytes"] = sum_report_bytes(dimension);
  if (!statistics.secure) return;
  const SecureStatistics& secure = *statistics.secure;
  round["report_bytes"] = secure.report_bytes;
  json::object rejected;
  for (const auto& [reason, reports] : secure.rejected) rejected[error_code_name(reason)] = reports;
  round["rejected"] = std::move(rejected);
  round["malicious"] = secure.malicious;
  round["zero_reports"] = secure.zero_reports;
  round["seconds_devices"] = secure.device_seconds;
  round["seconds_leader"] = secure.leader_seconds;
  round["seconds_helper"] = secure.helper_seconds;
  round["seconds_collector"] = secure.collector_seconds;
}

json::object describe_sums(const json::array& rounds) {
  uint64_t reports = 0, largest = 0, upload = 0, malicious = 0;
  json::object rejected, seconds;
  for (const auto& value : rounds) {
    const json::object& round = value.as_object();
    reports += round.at("participants").to_number<uint64_t>();
    const auto bytes = round.at("report_bytes").to_number<uint64_t>();
    largest = std::max(largest, bytes);
    upload += bytes;
    if (!round.contains("rejected")) continue;
    malicious += round.at("malicious").to_number<uint64_t>();
    for (const auto& [reason, count] : round.at("rejected").as_object()) {
      json::value& total = rejected[reason];
      total = (total.is_null() ? 0 : total.to_number<uint64_t>()) + count.to_number<uint64_t>();
    }
    for (const char* key : kSeconds) {
      json::value& total = seconds[key];
      total = (total.is_null() ? 0 : total.to_number<double>()) + seconds_of(round, key);
    }
  }
  json::object of{{"reports", reports},
                  {"upload_bytes_per_report", largest},
                  {"upload_bytes_per_device", upload}};
  if (seconds.empty()) return of;
  of["malicious"] = malicious;
  of["rejected"] = std::move(rejected);
  for (auto& [key, value] : seconds) of[key] = std::move(value);
  return of;
}

void print_secure_path(const json::object& of, const std::string& vdaf) {
  uint64_t rejected = 0;
  std::string reasons;
  for (const auto& [reason, reports] : of.at("rejected").as_object()) {
    rejected += reports.to_number<uint64_t>();
    reasons += (reasons.empty() ? " (" : ", ") + std::string(reason) + " " +
               std::to_string(reports.to_number<uint64_t>());
  }
  if (!reasons.empty()) reasons += ")";
  std::printf(
      "\nwhole path with vdaf %s: %llu reports summed, %llu rejected%s; devices %.1f s, leader "
      "%.1f "
      "s, "
      "helper %.1f s, collector %.1f s\n"
      "(keys, shares and noise are drawn from the seed, and no floors are set: a simulation "
      "protects nobody)\n",
      vdaf.c_str(), static_cast<unsigned long long>(of.at("reports").to_number<uint64_t>()),
      static_cast<unsigned long long>(rejected), reasons.c_str(), seconds_of(of, "seconds_devices"),
      seconds_of(of, "seconds_leader"), seconds_of(of, "seconds_helper"),
      seconds_of(of, "seconds_collector"));
}

}  // namespace sotto
