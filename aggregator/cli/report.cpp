#include "cli/report.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "lab/atomic_file.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

constexpr const char* kTableMetrics[] = {"ndcg@100", "recall@20", "recall@50", "hr@10", "ndcg@10"};
constexpr int kCurveHeight = 8;

json::object metrics_object(const MetricValues& values) {
  json::object out;
  for (size_t j = 0; j < kMetricCount; ++j) out[kMetricNames[j]] = values[j];
  return out;
}

void print_values(const MetricValues& values) {
  for (const char* name : kTableMetrics) std::printf(" %10.4f", values[metric_index(name)]);
}

void pretty(std::ostream& out, const json::value& value, const std::string& indent) {
  if (value.is_object() && !value.get_object().empty()) {
    const std::string deeper = indent + "  ";
    const char* separator = "{\n";
    for (const auto& [key, member] : value.get_object()) {
      out << separator << deeper << json::serialize(key) << ": ";
      pretty(out, member, deeper);
      separator = ",\n";
    }
    out << '\n' << indent << '}';
  } else if (value.is_array() && !value.get_array().empty() &&
             value.get_array().front().is_structured()) {
    const std::string deeper = indent + "  ";
    const char* separator = "[\n";
    for (const auto& element : value.get_array()) {
      out << separator << deeper;
      pretty(out, element, deeper);
      separator = ",\n";
    }
    out << '\n' << indent << ']';
  } else if (value.is_double() && !std::isfinite(value.get_double())) {
    out << "null";
  } else if (value.is_double()) {
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", value.get_double());
    out << text;
  } else {
    out << json::serialize(value);
  }
}

}  // namespace

json::object to_json(const Measurement& measurement) {
  json::object out = metrics_object(measurement.all_items);
  out["coverage@20"] = measurement.coverage;
  if (measurement.sampled) out["sampled"] = metrics_object(*measurement.sampled);
  return out;
}

json::object describe(const std::string& dataset, const Split& split) {
  return {{"dataset", dataset},
          {"protocol", split.protocol},
          {"users", split.train.size()},
          {"items", split.n_items},
          {"interactions", split.train.items.size()},
          {"measured_users", split.targets.size()}};
}

void print_table(const std::vector<TableRow>& rows) {
  std::printf("%-44s", "");
  for (const char* name : kTableMetrics) std::printf(" %10s", name);
  std::printf(" %10s\n", "coverage");
  bool sampled = false;
  for (const auto& row : rows) {
    std::printf("%-44s", row.name.c_str());
    print_values(row.measurement->all_items);
    std::printf(" %10.4f\n", row.measurement->coverage);
    sampled = sampled || row.measurement->sampled.has_value();
  }
  if (!sampled) return;
  std::printf("ranked among the candidates only (compare with care: Krichene, Rendle 2020)\n");
  for (const auto& row : rows) {
    if (!row.measurement->sampled) continue;
    std::printf("%-44s", row.name.c_str());
    print_values(*row.measurement->sampled);
    std::printf("\n");
  }
}

void print_curve(const std::string& title, const std::vector<double>& values,
                 const std::vector<std::pair<std::string, double>>& references) {
  if (values.empty()) return;
  double low = *std::min_element(values.begin(), values.end());
  double high = *std::max_element(values.begin(), values.end());
  for (const auto& reference : references) {
    low = std::min(low, reference.second);
    high = std::max(high, reference.second);
  }
  const double span = std::max(high - low, 1e-9);
  const auto line_of = [&](double value) {
    return static_cast<int>(std::lround((value - low) / span * (kCurveHeight - 1)));
  };
  const size_t width = values.size() > 30 ? 1 : 2;
  std::printf("\n%s\n", title.c_str());
  for (int line = kCurveHeight - 1; line >= 0; --line) {
    std::string label;
    for (const auto& reference : references)
      if (line_of(reference.second) == line) label += (label.empty() ? "" : ", ") + reference.first;
    std::string row;
    for (double value : values) {
      const int top = line_of(value);
      const char* mark = top == line ? "●" : top > line ? "│" : label.empty() ? " " : "╌";
      row += mark;
      row += std::string(width - 1, ' ');
    }
    std::printf("  %6.3f ┤ %s %s\n", low + span * line / (kCurveHeight - 1), row.c_str(),
                label.c_str());
  }
  std::string axis;
  for (size_t j = 0; j < values.size() * width; ++j) axis += "─";
  std::printf("         └─%s rounds 1 to %zu\n", axis.c_str(), values.size());
}

JsonOutput::JsonOutput(std::string path) : path_(std::move(path)) {
  if (path_ != "-") return;
  std::fflush(stdout);
  stdout_ = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
}

Status JsonOutput::write(const json::object& value) {
  std::ostringstream text;
  pretty(text, value, "");
  text << '\n';
  if (path_ != "-") {
    SOTTO_TRY(auto file, AtomicFile::create(path_));
    file.write(text.str());
    return file.commit();
  }
  std::cout.flush();
  std::fflush(stdout);
  dup2(stdout_, STDOUT_FILENO);
  std::cout << text.str() << std::flush;
  if (!std::cout) return {ErrorCode::kIo, "--json: stdout could not be written"};
  return {};
}

}  // namespace sotto
