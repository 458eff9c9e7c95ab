// Results for people (tables, a curve in the terminal) and for programs (JSON).
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "lab/measure.hpp"
#include "lab/split.hpp"

namespace sotto {

/// {"recall@20": ..., ...}; with "sampled": {...} when the split has candidates.
boost::json::object to_json(const Measurement& measurement);

/// {"dataset", "protocol", "users", "items", "measured_users", "interactions"}.
boost::json::object describe(const std::string& dataset, const Split& split);

struct TableRow {
  std::string name;
  const Measurement* measurement;
};
/// One row a model, the metrics that the protocol is known for in front.
void print_table(const std::vector<TableRow>& rows);

/// A curve drawn with block characters, one column a point; reference lines are labelled.
void print_curve(const std::string& title, const std::vector<double>& values,
                 const std::vector<std::pair<std::string, double>>& references);

/// Where --json goes: a file (written through a temporary one), stdout for "-", or nowhere.
/// Created before a command prints anything: for "-" all that people read moves to stderr, so that
/// a pipe gets JSON only.
class JsonOutput {
 public:
  explicit JsonOutput(std::string path);

  bool wanted() const { return !path_.empty(); }
  /// Indented. Errors: kIo.
  Status write(const boost::json::object& value);

 private:
  std::string path_;
  int stdout_ = -1;  // the real one, for "-"
};

}  // namespace sotto
