// A crowd: thousands of simulated visitors against a running site.
//
//   1. the site's manifest, model, tasks and keys are fetched and followed   site_client.hpp
//   2. visitors arrive, browse, and contribute to every task that is open     visitor.hpp
//   3. each report is sent at its moment, and again if need be                upload.hpp
//   4. every report is accounted for                                         accounting.hpp
// Everything happens on one timeline on the calling thread; contributions are computed on the
// executor, and answers come from the transport's threads through the timeline. On a simulated
// clock and transport a run is a function of its options.
//
// Memory: a device and its history a visitor (some 150 bytes an event), and every report from when
// it was made until it was acknowledged (4 bytes a coordinate): with made_beforehand all of a task.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "crowd/accounting.hpp"
#include "crowd/attackers.hpp"
#include "crowd/clear_sums.hpp"
#include "crowd/site_client.hpp"
#include "crowd/timeline.hpp"
#include "crowd/transport.hpp"
#include "device/device.hpp"

namespace sotto {

struct CrowdOptions {
  uint32_t visitors = 1000;
  double arrivals_per_s = 50;  ///< Poisson; 0: everybody at once.
  double think_s = 5;     ///< Mean of the exponential time between events, and before decisions.
  double dropout = 0;     ///< Share of reports whose first upload is torn down in the middle;
                          ///< half of these are sent again.
  double duplicates = 0;  ///< Share of reports that are sent again when acknowledged.
  double late = 0;        ///< Share of reports that are first sent when the window is over.
  double skew_s = 0;      ///< Standard deviation of visitors' clocks.
  Poison poison{};
  double participation = 1;
  LedgerLimits limits = DeviceOptions{}.limits;
  std::optional<uint64_t> tasks{};  ///< Ends after so many; absent: goes on.
  int64_t duration_ms = 0;          ///< Ends after it; 0: goes on.
  bool prompt = false;  ///< Sending moments in the first twentieth of what is left of a window.
  bool burst = false;   ///< No arrivals, no thinking, no sending moments: as fast as it goes.
  bool made_beforehand = false;  ///< burst, and nothing is sent before all reports are made.
  uint32_t connections = 64;     ///< In burst: requests under way at a time.
  int64_t poll_ms = 1000;
  int64_t patience_ms = 30'000;  ///< How long the site may be unreachable at the beginning.
  uint64_t seed = 1;
  bool want_clear = false;  ///< For CrowdOutcome::clear.

  bool at_once() const { return burst || made_beforehand; }
  /// Errors: kInvalidArgument, naming the option.
  Status check() const;
};

struct CrowdProgress {
  uint64_t arrived = 0;
  uint64_t tasks = 0;
  uint64_t made = 0;
  uint64_t acknowledged = 0;
  uint64_t finished = 0;  ///< Reports that came to an end.
  uint64_t in_flight = 0;
};

struct CrowdOutcome {
  TaskAccounts accounts;
  UploadTraffic uploads;
  SiteTraffic site;
  uint64_t visitors = 0;  ///< Who arrived.
  uint64_t malicious = 0;
  int64_t duration_ms = 0;
  double making_s = 0;  ///< Time in which contributions were computed, on all workers.
  std::optional<ClearSums> clear{};
};

class Crowd {
 public:
  /// Refers to all but the options. The clock must outlive the transport, whose late answers wake
  /// it.
  Crowd(CrowdOptions options, PinnedSite pinned, bool keys_from_helper, const CrowdPeople& people,
        CrowdTransport& transport, CrowdClock& clock, Executor& executor);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// Until what the options say, or until `stop`; then what is in flight is waited for. progress:
  /// called some ten times a second. Once. Errors: those of CrowdOptions::check; kIo when the site
  /// was not reached; kInvalidArgument without people.
  Result<CrowdOutcome> run(const std::atomic<bool>& stop,
                           const std::function<void(const CrowdProgress&)>& progress = {});
  /// What the leader says about its tasks, with a token of the administration; asks again for some
  /// seconds while it disagrees with the outcome, since preparation goes on. After run().
  /// Errors: kIo, kAuthentication; those of parse_status.
  Result<ServerAccounts> ask_leader(const CrowdOutcome& outcome, const std::string& token);

 private:
  class Run;
  std::unique_ptr<Run> run_;
};

/// Moments of Poisson arrivals, ms after the start, ascending; all 0 for a rate of 0.
std::vector<int64_t> arrival_moments(uint32_t visitors, double per_second, uint64_t seed);

}  // namespace sotto
