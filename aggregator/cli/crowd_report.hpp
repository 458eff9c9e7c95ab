// What a crowd has found, for people and for programs.
#pragma once

#include <boost/json.hpp>
#include <optional>

#include "crowd/crowd.hpp"

namespace sotto {

/// Acknowledged reports and bytes of bodies a second, from the first request to the last
/// acknowledgement; 0 when that is no time.
struct Throughput {
  double seconds = 0;
  double reports_per_s = 0;
  double bytes_per_s = 0;
};
Throughput throughput_of(const CrowdOutcome& outcome);

/// server: the leader's account, where it was asked. checked: whether all sums are right.
boost::json::object to_json(const CrowdOptions& options, const CrowdOutcome& outcome,
                            const std::optional<ServerAccounts>& server, const Status& checked);
/// The same on stdout.
void print_crowd(const CrowdOutcome& outcome, const std::optional<ServerAccounts>& server);

}  // namespace sotto
