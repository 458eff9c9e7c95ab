// One simulated visitor: a real Device on a machine of its own, with a history and a clock.
//
//   1. arrive      a new installation tracks its history but for the last events, which it does
//   here
//   2. browse      one more event of it, now
//   3. contribute  decides about a task, as any device; a malicious visitor makes its own report
//   4. report      what it sends, the same bytes as often as it is asked
// Times are true times; the visitor adds the error of its clock wherever its device reads it.
//
// Its randomness follows from the crowd's seed: it can be repeated and protects nobody.
// Thread safety: one thread at a time per object.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "crowd/attackers.hpp"
#include "crowd/clear_sums.hpp"
#include "crowd/site_client.hpp"
#include "device/device.hpp"

namespace sotto {

struct VisitorTraits {
  uint32_t number = 0;
  uint64_t seed = 1;    ///< Of everything that it draws.
  int64_t skew_ms = 0;  ///< Its clock less the true time.
  bool malicious = false;
  uint32_t live_events = 0;  ///< Of its history, how many happen on this visit.
};

/// What it decided about a task.
struct Decision {
  Participation participation = Participation::kDeclined;  ///< Malicious: kReport.
  bool unfunded = false;                                   ///< As in ContributeOutcome.
  std::optional<Nonce> report{};                           ///< Its id, when there is one to send.
  int64_t send_at_ms = 0;                                  ///< True time.
  std::optional<ClearVector> clear{};  ///< When asked for; absent for malformed reports.
};

class SimulatedVisitor {
 public:
  SimulatedVisitor(VisitorTraits traits, const DeviceOptions& options, const CrowdPeople& people);

  const VisitorTraits& traits() const { return traits_; }
  /// Phase 1. Errors: those of Device::open and track.
  Status arrive(int64_t now_ms);
  /// Phase 2. Whether there are further events. Errors: those of use_model and track.
  Result<bool> browse(std::shared_ptr<const DeviceModel> model, int64_t now_ms);
  /// Phase 3, once a task. attackers: for malicious ones. want_clear: computes the vector again.
  /// Errors: those of Device::contribute and Attackers::report.
  Result<Decision> contribute(const OpenTask& task, const Attackers* attackers, bool want_clear,
                              int64_t now_ms);
  /// Phase 4. Null when nothing waits for this task.
  std::shared_ptr<const Bytes> report(const TaskId& task) const;
  /// Nothing more of it is sent: its bytes go.
  void drop_report(const TaskId& task);

 private:
  Status track(uint32_t item, int64_t at_ms, int64_t now_ms);
  Result<Decision> attack(const OpenTask& task, const Attackers& attackers, bool want_clear,
                          int64_t now_ms);
  Result<ClearVector> clear_vector(const OpenTask& task, Participation participation,
                                   int64_t own_ms) const;
  uint64_t stream_of(const TaskId& task) const;

  VisitorTraits traits_;
  const DeviceOptions* options_;
  const CrowdPeople* people_;
  std::optional<Device> device_;
  size_t next_event_ = 0;
  std::map<TaskId, std::shared_ptr<const Bytes>> forged_;  // a malicious visitor's outbox
};

}  // namespace sotto
