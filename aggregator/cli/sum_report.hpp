// What `sotto simulate` says about its sums of reports.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <string>

#include "lab/sum_job.hpp"

namespace sotto {

/// Bytes of a report of `dimension` coordinates with the vdaf `sum`.
size_t sum_report_bytes(size_t dimension);

/// One round's sum, into its entry: participants, cohorts, clipped (null where nobody can know),
/// report_bytes (measured with --secure full); and for the full path the reports rejected by
/// reason, the reports that malicious devices sent, zero_reports and the seconds of devices,
/// leader, helper and collector.
void describe_sum(const SumStatistics& statistics, size_t dimension, boost::json::object& round);

/// Over all rounds of a run: reports, malicious, rejected by reason, upload_bytes_per_report (the
/// largest), upload_bytes_per_device (of one that takes part in every round), and the seconds,
/// added up.
boost::json::object describe_sums(const boost::json::array& rounds);

/// For people. of: what describe_sums gave.
void print_secure_path(const boost::json::object& of, const std::string& vdaf);

}  // namespace sotto
